import type { Clock } from '../model/ports.ts';
import type { DesiredSource, Snapshot } from '../model/source.ts';

/** What the files asked for at the last look, and when that was. */
export class LastLook {
  readonly #clock: Clock;
  snapshot: Snapshot | undefined;
  /** Milliseconds since 1970. */
  at: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same source; what it gives is remembered. */
  of(source: DesiredSource): DesiredSource {
    return {
      refresh: async (hint) => {
        const snapshot = await source.refresh(hint);
        this.snapshot = snapshot;
        this.at = this.#clock.now();
        return snapshot;
      },
      close: () => source.close(),
    };
  }
}
