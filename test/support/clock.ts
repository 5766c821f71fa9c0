import { setMaxListeners } from 'node:events';
import type { Clock } from '../../src/model/ports.ts';

/** A clock that stands still until a test moves it. Both of its hands move together unless the wall clock is set. */
export class FakeClock implements Clock {
  #monotonic = 1_000;
  #wallOffset = 1_750_000_000_000;
  #timers: { at: number; fire: () => void }[] = [];

  now(): number {
    return this.#wallOffset + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Somebody sets the wall clock by `ms`. */
  stepWall(ms: number): void {
    this.#wallOffset += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = { at: this.#monotonic + Math.max(0, ms), fire: end };
      this.#timers.push(timer);
      if (!signal) return;
      setMaxListeners(0, signal);
      signal.addEventListener('abort', end);
    });
  }

  /** Moves on from timer to timer, letting everything settle in between, until nothing waits or `ms` are over. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    for (;;) {
      await settle();
      const next = this.#timers.sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#timers.shift();
      this.#monotonic = Math.max(this.#monotonic, next.at);
      next.fire();
    }
    if (Number.isFinite(end)) this.#monotonic = end;
  }
}

/** Lets everything run that is ready to. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}
