import type { Clock } from '../model/ports.ts';

/** Paths that are still being written, and when each is to be checked again. */
export class Moving {
  readonly #clock: Clock;
  readonly #paths = new Map<string, { shown: string; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param after so many milliseconds */
  set(path: string, shown: string, after: number): void {
    this.#paths.set(path, { shown, at: this.#clock.monotonic() + after });
  }

  delete(path: string): void {
    this.#paths.delete(path);
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  paths(): Iterable<string> {
    return this.#paths.keys();
  }

  /** Those to be checked now. */
  due(): string[] {
    const now = this.#clock.monotonic();
    return [...this.#paths].filter(([, { at }]) => at <= now).map(([path]) => path);
  }

  /** As the user would type them, in order. */
  shown(): string[] {
    return [...new Set([...this.#paths.values()].map(({ shown }) => shown))].sort();
  }

  /** Milliseconds until the first is to be checked; undefined where nothing is being written. */
  again(): number | undefined {
    let first: number | undefined;
    for (const { at } of this.#paths.values()) first = Math.min(first ?? at, at);
    return first === undefined ? undefined : Math.max(0, first - this.#clock.monotonic());
  }
}
