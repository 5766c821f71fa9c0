import type { Clock } from '../model/ports.ts';

/** A process that did nothing for longer than this was stopped, or the machine was, in milliseconds. */
const LONGEST_STILLNESS = 2_000;
/** Between two beats, in milliseconds. */
const BEAT = 500;

/**
 * Notices that the process stood still: SIGSTOP, a machine that was suspended, a loop that was blocked. Either clock may
 * be the one that shows it: the monotonic one stands still on a suspended machine, the other one can be set.
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

  /** Whether there was a gap since this was last asked. */
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
