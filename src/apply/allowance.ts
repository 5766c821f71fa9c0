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
 * At most `rate` requests in any sliding second, as the service sees them. Kept on a monotonic clock, so steps of
 * the wall clock neither release nor hold anything. A request occupies its place from the moment it is
 * let through, because nobody knows when it will leave, until a second and a margin after it has left: a
 * connection that takes long to set up cannot push two bursts together. An answer proves that the request has
 * arrived, so a second after it the place is free whatever the network does.
 */
export class Allowance {
  readonly #clock: Clock;
  readonly #full: number;
  readonly #window: number;
  #cap: number;
  #taken: { until: number }[] = [];
  #heldUntil = Number.NEGATIVE_INFINITY;
  #inRow = 0;
  #raiseAt = Number.POSITIVE_INFINITY;
  #wake = new AbortController();

  /**
   * @param rate requests a second; below 1, one request in 1/rate seconds
   * @param sentAgo how long ago (milliseconds) an earlier process sent its last requests
   */
  constructor(rate: number, clock: Clock, sentAgo: readonly number[] = []) {
    this.#clock = clock;
    this.#full = Math.max(1, Math.floor(rate));
    this.#cap = this.#full;
    this.#window = 1_000 * Math.max(1, 1 / rate) + TIMINGS.windowMargin;
    // Between a departure on record and the arrival at the service lies what the margin is for; a departure in
    // the future is a wall clock that was set back, and counts as just now.
    const now = clock.monotonic();
    for (const ago of sentAgo)
      if (ago < this.#window) this.#taken.push({ until: now - Math.max(0, ago) + this.#window });
  }

  /** Requests a second at the moment: lower for a while after the service complained. */
  get rate(): number {
    return this.#cap;
  }

  /** Places taken at the moment. */
  get inUse(): number {
    this.#expire();
    return this.#taken.length;
  }

  /** Resolves when there is a place; undefined when `signal` aborts first. One caller at a time. */
  async take(signal: AbortSignal): Promise<Ticket | undefined> {
    while (!signal.aborted) {
      this.#expire();
      const now = this.#clock.monotonic();
      if (now >= this.#heldUntil && this.#taken.length < this.#cap) return this.#ticket();
      // Of the places beyond the cap, the one whose end makes room.
      const ends = this.#taken.map(({ until }) => until).sort((a, b) => a - b);
      const room = ends[this.#taken.length - this.#cap] ?? now;
      const wait = Math.max(room, this.#heldUntil) - now;
      this.#wake = new AbortController();
      await this.#clock.sleep(
        Math.min(wait, this.#raiseAt - now, 60_000),
        AbortSignal.any([signal, this.#wake.signal]),
      );
    }
    return undefined;
  }

  #ticket(): Ticket {
    const place = { until: Number.POSITIVE_INFINITY };
    this.#taken.push(place);
    return {
      departed: () => {
        if (place.until !== Number.POSITIVE_INFINITY) return;
        place.until = this.#clock.monotonic() + this.#window;
        this.#wake.abort();
      },
      answered: () => {
        const over = this.#clock.monotonic() + this.#window - TIMINGS.windowMargin + TIMINGS.answerMargin;
        if (over >= place.until) return;
        place.until = over;
        this.#wake.abort();
      },
      giveBack: () => {
        this.#taken = this.#taken.filter((other) => other !== place);
        this.#wake.abort();
      },
    };
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    this.#taken = this.#taken.filter(({ until }) => until > now);
    while (now >= this.#raiseAt) {
      this.#cap++;
      this.#inRow = 0;
      this.#raiseAt = this.#cap < this.#full ? this.#raiseAt + TIMINGS.recovery : Number.POSITIVE_INFINITY;
    }
  }

  /** The service said 429: nothing goes out for a while, then half as much, then step by step as before. @returns the hold in milliseconds */
  slowDown(retryAfter?: number): number {
    const now = this.#clock.monotonic();
    // The other calls of one burst bring the same news: it counts once.
    const news = now >= this.#heldUntil;
    const hold = retryAfter ?? (news ? Math.min(TIMINGS.cap, TIMINGS.throttled * 2 ** this.#inRow) : 0);
    if (news) {
      this.#inRow++;
      this.#cap = Math.max(1, Math.floor(this.#cap / 2));
    }
    this.#heldUntil = Math.max(this.#heldUntil, now + hold);
    this.#raiseAt = this.#cap < this.#full ? this.#heldUntil + TIMINGS.recovery : Number.POSITIVE_INFINITY;
    this.#wake.abort();
    return this.#heldUntil - now;
  }

  /** How much longer everything is held back, in milliseconds. */
  get held(): number {
    return Math.max(0, this.#heldUntil - this.#clock.monotonic());
  }
}
