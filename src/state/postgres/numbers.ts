/** How many are taken at once. */
const TOGETHER = 50;

/** Numbers of events, taken from the database some at a time. */
export class Numbers {
  readonly #take: (count: number) => Promise<readonly number[]>;
  #left: number[] = [];
  #taking: Promise<void> | undefined;

  constructor(take: (count: number) => Promise<readonly number[]>) {
    this.#take = take;
  }

  async next(): Promise<number> {
    for (;;) {
      const number = this.#left.shift();
      if (number !== undefined) return number;
      this.#taking ??= this.#take(TOGETHER)
        .then((numbers) => {
          this.#left.push(...numbers);
        })
        .finally(() => {
          this.#taking = undefined;
        });
      await this.#taking;
    }
  }

  /** Those that are left are older than what another process has recorded since they were taken. */
  drop(): void {
    this.#left = [];
  }
}
