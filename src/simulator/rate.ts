/** REST, overview: the window over which requests are counted. */
const WINDOW_MS = 1000;

/** Counts an account's requests over a sliding second. */
export class SlidingSecond {
  readonly #most: number;
  readonly #admitted = new Map<string, number[]>();

  /** @param most requests in any second, 0 for no limit */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Whether a request that arrives at `mono` (monotonic milliseconds) is within the account's allowance. A request
   * that is turned away does not count, as at the gateway that words the answer, Kong.
   */
  admit(account: string, mono: number): boolean {
    if (this.#most === 0) return true;
    const recent = (this.#admitted.get(account) ?? []).filter((at) => mono - at < WINDOW_MS);
    const within = recent.length < this.#most;
    if (within) recent.push(mono);
    this.#admitted.set(account, recent);
    return within;
  }
}
