import PQueue from 'p-queue';
import type { Clock } from '../model/ports.ts';
import { TIMINGS } from './timings.ts';

/** A place in the allowance for one request. */
export interface Ticket {
  /** The request has been handed to the network, or no connection could be made for it: from now on its second runs. */
  departed(): void;
  /** The service has answered: the request had reached it by now, so its second is over a second from now at the latest. */
  answered(): void;
  /** There will be no answer. */
  lost(): void;
  /** Nothing was tried: the place is free again. */
  giveBack(): void;
}

/** So many answers tell how long one takes. */
const RECENT = 20;
/** The first answers may all be late: they count as that beyond the margin. */
const UNTRIED: readonly number[] = [TIMINGS.windowMargin];

/**
 * At most `rate` requests in any sliding second, as the service sees them: the places of a p-queue. A request keeps its
 * place from the moment it is let through until a second and a margin after it has left, so a connection that takes
 * long to set up cannot push two bursts together; or until a second after its answer, which proves that it has arrived.
 * One whose answer takes longer than the quickest of late may have arrived later by just that, and keeps its place for so
 * much longer: on a busy machine requests that left one after the other arrive together.
 * Times are slept on the clock that is handed in, so steps of the wall clock neither release nor hold anything.
 */
export class Limiter {
  readonly #clock: Clock;
  readonly #full: number;
  readonly #window: number;
  readonly #queue: PQueue;
  readonly #over = new AbortController();
  readonly #waiting = new Set<(ticket: undefined) => void>();
  /** What keeps everything back at the moment. */
  readonly #pauses = new Set<string>();
  /** How long the last answers took, in milliseconds. */
  #took: readonly number[] = UNTRIED;
  #heldUntil = Number.NEGATIVE_INFINITY;
  /** 429s in a row. */
  #inRow = 0;
  #recovery: symbol | undefined;

  /**
   * @param rate requests a second; below 1, one request in 1/rate seconds
   * @param sentAgo how long ago (milliseconds) an earlier process sent its last requests
   */
  constructor(rate: number, clock: Clock, sentAgo: readonly number[] = []) {
    this.#clock = clock;
    this.#full = Math.max(1, Math.floor(rate));
    this.#window = 1_000 * Math.max(1, 1 / rate) + TIMINGS.windowMargin;
    this.#queue = new PQueue({ concurrency: this.#full });
    // A departure in the future is a wall clock that was set back, and counts as just now. More than all places can
    // not be taken.
    const left = sentAgo.map((ago) => this.#window - Math.max(0, ago)).filter((ms) => ms > 0);
    for (const ms of left.sort((a, b) => b - a).slice(0, this.#full))
      void this.#queue.add(() => clock.sleep(ms, this.#over.signal));
  }

  /** Requests a second at the moment: lower for a while after the service complained. */
  get rate(): number {
    return this.#queue.concurrency;
  }

  /** Of the last answers the one that took the shortest, in milliseconds. */
  get #quickest(): number {
    return Math.min(...this.#took);
  }

  /** Places taken at the moment. */
  get inUse(): number {
    return this.#queue.pending;
  }

  /** How much longer everything is held back after a 429, in milliseconds. */
  get held(): number {
    return Math.max(0, this.#heldUntil - this.#clock.monotonic());
  }

  /**
   * Resolves when there is a place, and none that waits is more urgent; undefined when it is dismissed first.
   * @param urgency larger is sooner
   * @param onAdmitted is called before any other place can be had
   */
  take(urgency = 0, onAdmitted: () => void = () => {}): Promise<Ticket | undefined> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      void this.#queue.add(
        () => {
          this.#waiting.delete(resolve);
          const { ticket, over } = this.#place();
          onAdmitted();
          resolve(ticket);
          return over;
        },
        { priority: urgency },
      );
    });
  }

  #place(): { ticket: Ticket; over: Promise<void> } {
    let giveBack = () => {};
    const over = new Promise<void>((resolve) => {
      giveBack = resolve;
    });
    const after = (ms: number) => this.#clock.sleep(ms, this.#over.signal);
    let departedAt: number | undefined;
    let isOver = false;
    const end = (shortest: number) => {
      if (isOver) return;
      isOver = true;
      if (departedAt === undefined) return;
      const took = this.#clock.monotonic() - departedAt;
      const late = Math.min(TIMINGS.longestLateness, Math.max(0, took - this.#quickest));
      void after(Math.max(0, Math.min(shortest, this.#window + late - took))).then(giveBack);
      if (shortest < Number.POSITIVE_INFINITY) this.#took = [...this.#took, took].slice(-RECENT);
    };
    const ticket = {
      departed: () => {
        if (departedAt !== undefined) return;
        departedAt = this.#clock.monotonic();
        void after(this.#window)
          .then(() => {
            // Before anything was answered nothing says that this is late.
            if (!isOver && this.#took !== UNTRIED && this.#quickest < this.#window)
              return after(TIMINGS.longestLateness);
            return isOver ? over : undefined;
          })
          .then(giveBack);
      },
      answered: () => end(this.#window - TIMINGS.windowMargin + TIMINGS.answerMargin),
      lost: () => end(Number.POSITIVE_INFINITY),
      giveBack,
    };
    return { ticket, over };
  }

  /** Nothing is let through until `resume` with the same reason. */
  pause(reason: string): void {
    this.#pauses.add(reason);
    this.#queue.pause();
  }

  resume(reason: string): void {
    this.#pauses.delete(reason);
    if (this.#pauses.size === 0) this.#queue.start();
  }

  /** Everything that waits goes without a place. */
  dismiss(): void {
    this.#queue.clear();
    for (const resolve of this.#waiting) resolve(undefined);
    this.#waiting.clear();
  }

  /** Ends all that is slept for, because a timer keeps a process alive. */
  close(): void {
    this.dismiss();
    this.#over.abort();
  }

  /** The service said 429: nothing goes out for a while, then half as much, then step by step as before. @returns the hold in milliseconds */
  slowDown(retryAfter?: number): number {
    const now = this.#clock.monotonic();
    // The other calls of one burst bring the same news: it counts once.
    const isNews = now >= this.#heldUntil;
    const hold = retryAfter ?? (isNews ? Math.min(TIMINGS.cap, TIMINGS.throttled * 2 ** this.#inRow) : 0);
    if (isNews) {
      this.#inRow++;
      this.#queue.concurrency = Math.max(1, Math.floor(this.#queue.concurrency / 2));
    }
    this.#heldUntil = Math.max(this.#heldUntil, now + hold);
    void this.#recover();
    return this.#heldUntil - now;
  }

  async #recover(): Promise<void> {
    const mine = Symbol('recovery');
    this.#recovery = mine;
    const isOver = () => this.#recovery !== mine || this.#over.signal.aborted;
    this.pause('429');
    await this.#clock.sleep(this.held, this.#over.signal);
    if (isOver()) return;
    this.resume('429');
    while (this.#queue.concurrency < this.#full) {
      await this.#clock.sleep(TIMINGS.recovery, this.#over.signal);
      if (isOver()) return;
      this.#queue.concurrency++;
      this.#inRow = 0;
    }
  }
}
