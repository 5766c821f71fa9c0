import type { Clock } from '../model/ports.ts';
import { masked } from './mask.ts';

/** One request to the API as it arrived, and what became of it. */
export interface Arrival {
  /** Counts from 1 in the order of arrival. */
  n: number;
  /** Wall clock, milliseconds. */
  at: number;
  /** Monotonic clock, milliseconds. */
  mono: number;
  method: string;
  path: string;
  sid: string | null;
  endpoint: string | null;
  /** The HTTP status that was answered; null while none is, or where the connection was cut. */
  status: number | null;
  /** Monotonic time at which the answer was complete or the connection gone; null while neither is. */
  done: number | null;
  /** The ids of the fault rules that bore on it, joined with "+". */
  fault: string | null;
  /** The parsed body; the text itself where it is not JSON; null where there was none. */
  body: unknown;
  /** Whether another changing call on the same recording was in flight at the same time. */
  overlapped: boolean;
}

/** Something that a careful client never does. */
export interface Violation {
  kind: 'overlap' | 'rate';
  /** The arrival that broke the rule. */
  n: number;
  at: number;
  mono: number;
  sid: string | null;
  detail: string;
}

/** The calls that change a recording; two of them at once leave an undefined result. Reading does not. */
const CHANGING = ['update', 'updateLayout', 'stop'];

/** What arrived, the newest `capacity` requests of it, and which rules were broken. */
export class Journal {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #slots: Arrival[] = [];
  readonly #inFlight = new Map<string, Set<Arrival>>();
  #violations: Violation[] = [];
  #last = 0;
  #cleared = 0;

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /** Notes an arrival, and an overlap if the recording has a changing call in flight. */
  arrive(request: Pick<Arrival, 'method' | 'path' | 'sid' | 'endpoint'>): Arrival {
    this.#last += 1;
    const arrival: Arrival = {
      n: this.#last,
      at: this.#clock.now(),
      mono: this.#clock.monotonic(),
      ...request,
      status: null,
      done: null,
      fault: null,
      body: null,
      overlapped: false,
    };
    this.#slots[(arrival.n - 1) % this.#capacity] = arrival;
    if (arrival.sid !== null && CHANGING.includes(arrival.endpoint ?? '')) this.#fly(arrival, arrival.sid);
    return arrival;
  }

  #fly(arrival: Arrival, sid: string): void {
    const others = this.#inFlight.get(sid) ?? new Set();
    if (others.size > 0) {
      arrival.overlapped = true;
      for (const other of others) other.overlapped = true;
      const which = [...others].map((other) => `${other.endpoint} (${other.n})`).join(', ');
      this.#note('overlap', arrival, `${arrival.endpoint} while ${which} was not answered`);
    }
    this.#inFlight.set(sid, others.add(arrival));
  }

  /** Notes that the account went over its allowance. */
  overLimit(arrival: Arrival, most: number): void {
    this.#note('rate', arrival, `more than ${most} requests in a second`);
  }

  #note(kind: Violation['kind'], arrival: Arrival, detail: string): void {
    const { n, at, mono, sid } = arrival;
    this.#violations.push({ kind, n, at, mono, sid, detail });
  }

  /** The request is over: answered with `status`, or without an answer. Only the first word counts. */
  finish(arrival: Arrival, status: number | null): void {
    if (arrival.done !== null) return;
    arrival.status = status;
    arrival.done = this.#clock.monotonic();
    if (arrival.sid !== null) this.#inFlight.get(arrival.sid)?.delete(arrival);
  }

  /** Arrivals after number `since`, oldest first; secrets replaced unless asked for. */
  requests(since: number, secrets: boolean): Arrival[] {
    const oldest = Math.max(this.#last - this.#capacity, this.#cleared, since);
    const found: Arrival[] = [];
    for (let n = oldest + 1; n <= this.#last; n++) {
      const arrival = this.#slots[(n - 1) % this.#capacity];
      if (arrival) found.push(secrets ? arrival : { ...arrival, body: shownBody(arrival.body) });
    }
    return found;
  }

  clearRequests(): void {
    this.#cleared = this.#last;
  }

  violations(): Violation[] {
    return this.#violations;
  }

  clearViolations(): void {
    this.#violations = [];
  }
}

/** Text that is not JSON may hold a secret anywhere, so nothing of it is shown. */
function shownBody(body: unknown): unknown {
  return typeof body === 'string' ? `(${body.length} characters)` : masked(body);
}
