import type { Clock } from '../model/ports.ts';

/** Milliseconds of work after which everybody else gets a turn. */
const AT_A_STRETCH = 10;

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
      this.#pause ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
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
