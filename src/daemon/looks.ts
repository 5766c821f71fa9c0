import type { Clock } from '../model/ports.ts';

export interface LooksPorts {
  clock: Clock;
  /** Aborts when nothing is to be looked at any more. */
  stop: AbortSignal;
  /** One look, and all that follows from it. @param hint paths that are said to have changed; left out: everything */
  look: (hint: readonly string[] | undefined) => Promise<void>;
  /** Told of a look that failed. */
  onFailure: (error: unknown) => void;
  /** Told of how long each look took, in seconds, and whether it succeeded. */
  onLook: (seconds: number, result: 'ok' | 'failed') => void;
}

/**
 * Looks, one after the other. What is said to have changed while one is under way is gathered, and one more look takes
 * all of it up: a hint is never lost, and a thousand of them are not a thousand looks.
 */
export class Looks {
  readonly #ports: LooksPorts;
  #hints: Set<string> | 'everything' | undefined;
  /** Told when the next look at everything is done. */
  readonly #forEverything: (() => void)[] = [];
  #looking: Promise<void> | undefined;
  /** On the monotonic clock. */
  #began: number | undefined;

  constructor(ports: LooksPorts) {
    this.#ports = ports;
  }

  /** Something changed. @param paths what is said to have changed; left out: anything may have */
  hint(paths?: readonly string[]): void {
    if (!paths) this.#hints = 'everything';
    else if (this.#hints !== 'everything') this.#hints = new Set([...(this.#hints ?? []), ...paths]);
    this.#looking ??= this.#lookWhileHinted().finally(() => {
      this.#looking = undefined;
      if (this.#hints && !this.#ports.stop.aborted) this.hint([]);
    });
  }

  /** Looks at everything. Resolves when a look that began after this is done, however it ended, or nothing is looked at any more. */
  async atEverything(): Promise<void> {
    const done = new Promise<void>((resolve) => this.#forEverything.push(resolve));
    this.hint();
    await Promise.race([done, this.settled()]);
  }

  /** Resolves when every look that has been asked for is done. */
  async settled(): Promise<void> {
    while (this.#looking) await this.#looking;
  }

  /** Whether one more look has been asked for since the one that is under way began: that one is not to be kept waiting. */
  get isAsked(): boolean {
    return this.#hints !== undefined;
  }

  /** For how long a look has been under way, in milliseconds; 0 where none is. */
  get lasting(): number {
    return this.#began === undefined ? 0 : this.#ports.clock.monotonic() - this.#began;
  }

  async #lookWhileHinted(): Promise<void> {
    const { clock, stop, look, onFailure, onLook } = this.#ports;
    while (this.#hints && !stop.aborted) {
      const hint = this.#hints;
      this.#hints = undefined;
      const waiting = hint === 'everything' ? this.#forEverything.splice(0) : [];
      const began = clock.monotonic();
      this.#began = began;
      const done = (result: 'ok' | 'failed') => {
        this.#began = undefined;
        for (const resolve of waiting) resolve();
        onLook((clock.monotonic() - began) / 1000, result);
      };
      try {
        await look(hint === 'everything' ? undefined : [...hint]);
        done('ok');
      } catch (error) {
        if (stop.aborted) return;
        // Nothing is lost by it: the sweep asks again.
        onFailure(error);
        done('failed');
      }
    }
  }
}
