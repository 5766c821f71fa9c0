import type { Clock } from '../model/ports.ts';
import type { ApplyEvent } from '../model/work.ts';
import type { UseView } from '../page/views.ts';

/** How long is remembered, and what is summed up, in seconds. */
const SPAN = 600;
const EVERY = 5;
const SLOTS = SPAN / EVERY;

interface Slot {
  /** Which five seconds these are, on the monotonic clock. */
  number: number;
  requests: number;
  throttled: number;
  repeated: number;
}

/** What the service was asked in the last ten minutes, in steps of five seconds. */
export class RateUse {
  readonly #clock: Clock;
  readonly #slots: (Slot | undefined)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(event: ApplyEvent): void {
    if (event.type === 'repeat') this.#slot().repeated += 1;
    if (event.type !== 'answered') return;
    const slot = this.#slot();
    slot.requests += 1;
    if (event.status === 429) slot.throttled += 1;
  }

  view(): UseView {
    const newest = this.#number();
    const slots = Array.from({ length: SLOTS }, (_, index) => {
      const number = newest - SLOTS + 1 + index;
      const slot = this.#slots[((number % SLOTS) + SLOTS) % SLOTS];
      return slot?.number === number ? slot : undefined;
    });
    return {
      every: EVERY,
      requests: slots.map((slot) => slot?.requests ?? 0),
      throttled: slots.map((slot) => slot?.throttled ?? 0),
      repeated: slots.map((slot) => slot?.repeated ?? 0),
    };
  }

  #number(): number {
    return Math.floor(this.#clock.monotonic() / 1000 / EVERY);
  }

  #slot(): Slot {
    const number = this.#number();
    const slot = this.#slots[number % SLOTS];
    if (slot?.number === number) return slot;
    const fresh = { number, requests: 0, throttled: 0, repeated: 0 };
    this.#slots[number % SLOTS] = fresh;
    return fresh;
  }
}
