import PQueue from 'p-queue';
import type { Clock } from '../model/ports.ts';
import { TIMINGS } from './timings.ts';

/** A place in the allowance for one request. */
export interface Ticket {
  /** The request has been handed to the network, or no connection could be made for it: from now on its second runs. */
  departed(): void;
  /** The service has answered: the request had reached it by now, so its second is over a second from now at the latest. */
  answered(): void;
  /** Nothing was tried: the place is free again. */
  giveBack(): void;
}

/**
 * At most `rate` requests in any sliding second, as the service sees them: the places of a p-queue. A request keeps its
 * place from the moment it is let through, so a connection that takes long to set up cannot push two bursts together.
 * An answer proves that it has arrived, some time before: what is certain of that time is drawn from the shortest way
 * seen so far. A second after that its place is free. What is not answered keeps it for a second and a margin after it
 * has left.
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
  #heldUntil = Number.NEGATIVE_INFINITY;
  /** 429s in a row. */
  #inRow = 0;
  #recovery: symbol | undefined;
  /** The shortest time from a departure to its answer so far, in milliseconds, and how many there were. */
  #shortest = Number.POSITIVE_INFINITY;
  #answers = 0;
  /** How long the latest answer took from its departure, in milliseconds. */
  #latest = 0;

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
    const earlier = this.#window - TIMINGS.windowMargin + TIMINGS.earlierMargin;
    const left = sentAgo.map((ago) => earlier - Math.max(0, ago)).filter((ms) => ms > 0);
    for (const ms of left.sort((a, b) => b - a).slice(0, this.#full))
      void this.#queue.add(() => clock.sleep(ms, this.#over.signal));
  }

  /** Requests a second at the moment: lower for a while after the service complained. */
  get rate(): number {
    return this.#queue.concurrency;
  }

  /** Places taken at the moment. */
  get inUse(): number {
    return this.#queue.pending;
  }

  /** How long the latest answer took, in milliseconds. */
  get latest(): number {
    return this.#latest;
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
    const after = (ms: number) => void this.#clock.sleep(ms, this.#over.signal).then(giveBack);
    let departed: number | undefined;
    const ticket = {
      departed: () => {
        if (departed === undefined) after(this.#window);
        departed ??= this.#clock.monotonic();
      },
      answered: () => {
        const way = this.#clock.monotonic() - (departed ?? Number.NEGATIVE_INFINITY);
        this.#latest = way;
        this.#shortest = Math.min(this.#shortest, way);
        this.#answers += 1;
        const certain =
          this.#answers < TIMINGS.answersKnown
            ? 0
            : Math.max(0, TIMINGS.knownShare * this.#shortest - TIMINGS.knownLess);
        after(this.#window - TIMINGS.windowMargin + TIMINGS.answerMargin - certain);
      },
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

  /** Everything that waits is resolved with undefined. */
  dismiss(): void {
    this.#queue.clear();
    for (const resolve of this.#waiting) resolve(undefined);
    this.#waiting.clear();
  }

  /** Ends all timers, because a timer keeps a process alive. */
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
