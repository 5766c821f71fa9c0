import type { Clock } from '../model/ports.ts';

/** A pause between two beats longer than this means that the process or the machine was suspended, in milliseconds. */
const LONGEST_STILLNESS = 2_000;
/** Between two beats, in milliseconds. */
const BEAT = 500;

/**
 * Notices that the process was suspended: SIGSTOP, a suspended machine, a blocked event loop. Both clocks are compared:
 * the monotonic one stops on a suspended machine, the wall clock can be set.
 */
export class Gap {
  readonly #clock: Clock;
  #last: { monotonic: number; now: number };
  #open = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#last = { monotonic: clock.monotonic(), now: clock.now() };
  }

  /** Beats until `stop` aborts. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#clock.sleep(BEAT, stop);
      this.#beat();
    }
  }

  /** Whether there was a gap since the last call. */
  take(): boolean {
    // Timers that fell due during the gap may run before the next beat.
    this.#beat();
    const wasOpen = this.#open;
    this.#open = false;
    return wasOpen;
  }

  #beat(): void {
    const now = { monotonic: this.#clock.monotonic(), now: this.#clock.now() };
    const still = now.monotonic - this.#last.monotonic > LONGEST_STILLNESS;
    const stepped = Math.abs(now.now - this.#last.now) > LONGEST_STILLNESS;
    this.#open ||= still || stepped;
    this.#last = now;
  }
}
