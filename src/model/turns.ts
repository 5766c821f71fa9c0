import { setImmediate } from 'node:timers/promises';
import type { Clock } from './ports.ts';

/*
 * Makes long work yield to the event loop: answers and signals must not wait for all of it.
 */

/** Milliseconds of work after which everything else gets a turn. */
const AT_A_STRETCH = 10;

/** The same in steps, for work that has no clock. */
const STEPS = 16;

/** Files that are read at the same time: enough to keep a disk busy, far from any limit on open files. */
export const AT_ONCE = 16;

/** Tells long work when to yield to other work. It is checked after a piece of work, never before the first. */
export interface Stop {
  isDue(): boolean;
  /** Resolves when it is. */
  due: Promise<void>;
}

/** Yields to the event loop once. */
export function turn(): Promise<void> {
  return setImmediate();
}

/** Called at every step; now and then it returns a promise to await. */
export function takingTurns(): () => Promise<void> | undefined {
  let steps = 0;
  return () => {
    steps++;
    return steps % STEPS === 0 ? turn() : undefined;
  };
}

/** Makes long work yield to the event loop. */
export class Pace {
  readonly #clock: Clock;
  #since: number;
  #pause: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** Awaited between two items; undefined where there is no need to yield. */
  breathe(): Promise<void> | undefined {
    return this.#pause || this.#isDue() ? this.#wait() : undefined;
  }

  /** Of the tasks that wait for the same pause only as many go on as there is time for. */
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

/**
 * Results in the order of the items; never more than AT_ONCE at work. Where one fails, what is under way is waited
 * for, and no other is begun.
 */
export async function eachBounded<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    try {
      for (let index = next++; index < items.length; index = next++)
        results[index] = await work(items[index] as T);
    } catch (error) {
      next = items.length;
      throw error;
    }
  };
  const workers = Array.from({ length: Math.min(AT_ONCE, items.length) }, worker);
  await Promise.allSettled(workers);
  // Throws what the first of them has thrown.
  await Promise.all(workers);
  return results;
}
