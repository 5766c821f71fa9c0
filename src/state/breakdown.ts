/** What ends a writer: the first error after which nothing more is recorded. */
export class Breakdown {
  error: unknown;
  #reject: (error: unknown) => void = () => {};
  readonly broken: Promise<never> = new Promise((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    // Without a handler the rejection would end the process; what is asked of the writer rethrows it.
    this.broken.catch(() => {});
  }

  /** @returns the first error */
  fail(error: unknown): unknown {
    this.error ??= error;
    this.#reject(this.error);
    return this.error;
  }
}
