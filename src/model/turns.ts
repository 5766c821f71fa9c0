import { setImmediate } from 'node:timers/promises';
import type { Clock } from './ports.ts';

/*
 * Long work on many things leaves the event loop to others in between: answers and signals must not wait for all of it.
 */

/** Milliseconds of work after which everything else gets a turn. */
const AT_A_STRETCH = 10;

/** The same in steps, for work that has no clock. */
const STEPS = 16;

/** Resolves when everything else that is due has had its turn. */
export function turn(): Promise<void> {
  return setImmediate();
}

/** Called at every step: now and then it gives something to wait for. */
export function takingTurns(): () => Promise<void> | undefined {
  let steps = 0;
  return () => {
    steps++;
    return steps % STEPS === 0 ? turn() : undefined;
  };
}

/** Lets a long piece of work on many things leave the event loop to others in between. */
export class Pace {
  readonly #clock: Clock;
  #since: number;
  #pause: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** To be awaited between any two things. undefined where there is no need to wait. */
  breathe(): Promise<void> | undefined {
    return this.#pause || this.#isDue() ? this.#wait() : undefined;
  }

  /** Of all who wait for the same pause only as many go on as there is time for. */
  async #wait(): Promise<void> {
    do {
      this.#pause ??= turn().then(() => {
        this.#since = this.#clock.monotonic();
        this.#pause = undefined;
      });
      await this.#pause;
    } while (this.#isDue());
  }

  #isDue(): boolean {
    return this.#clock.monotonic() - this.#since >= AT_A_STRETCH;
  }
}
