import type { Judgement } from '../agora/answers.ts';
import type { Clock } from '../model/ports.ts';
import type { Identity } from '../model/recording.ts';
import type { ApplyEvent } from '../model/work.ts';
import { Limiter, type Ticket } from './limiter.ts';
import { TIMINGS } from './timings.ts';

export interface AccountOptions {
  /** Requests a second. */
  rate: number;
  /** What shares an allowance: the account, or each App ID by itself (the public guides name both). */
  scope: 'account' | 'app';
  /** Milliseconds since an earlier process sent its last requests. */
  sentAgo: readonly number[];
  /** What holds the credentials, for a message, such as "AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET". */
  credentials: string;
  /** The longest hold after a 429 that is waited for, in milliseconds; a daemon waits for any. */
  patience: number;
}

/** Leave to send one request: its place in the allowance, and what lets the next call go once this one is answered. */
export interface Admission {
  ticket: Ticket;
  letOthersGo: () => void;
}

/** Why a limiter is paused: the first call of a run is not answered yet. */
const FIRST = 'first';

/**
 * What all recordings of an account share: the allowance, in the order of urgency; the first call of a run, which goes
 * alone; and whether the account or an App ID is shut.
 */
export class Account {
  readonly #options: AccountOptions;
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  readonly #onEvent: (event: ApplyEvent) => void;
  readonly #limiters = new Map<string, Limiter>();
  /** App IDs for which the service is not enabled, with what it said. */
  readonly #disabled = new Map<string, string>();
  #refused: string | undefined;
  /** The first call, until its answer has shown whether the credentials are good: one call is out at most. */
  #first: symbol | undefined;
  #proven = false;

  constructor(
    options: AccountOptions,
    clock: Clock,
    stop: AbortSignal,
    onEvent: (event: ApplyEvent) => void,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#stop = stop;
    this.#onEvent = onEvent;
    stop.addEventListener('abort', () => this.#dismiss());
  }

  /** Why nothing is sent for the account at the moment. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** Whether nothing may be sent for this App ID. */
  isShut(appId: string): boolean {
    return this.#stop.aborted || this.#refused !== undefined || this.#disabled.has(appId);
  }

  /** Waits for a place in the allowance, behind what is more urgent; undefined when everything is stopped. */
  async admit({ appId }: Identity, urgency: number): Promise<Admission | undefined> {
    if (this.#stop.aborted || this.#refused !== undefined) return undefined;
    const began = this.#clock.monotonic();
    let letOthersGo = () => {};
    const ticket = await this.#limiterOf(appId).take(urgency, () => {
      letOthersGo = this.#goFirst();
    });
    this.#onEvent({ type: 'admitted', waited: this.#clock.monotonic() - began });
    return ticket && { ticket, letOthersGo };
  }

  /**
   * Asks for a place for the call that follows one, together with that one's: where first calls took all places, each recording
   * would show half of a change for a second. The place lies idle until the first call is answered, so none is kept
   * where that takes long.
   */
  async admitSecond(identity: Identity, urgency: number): Promise<Admission | undefined> {
    const admission = await this.admit(identity, urgency);
    if (this.#limiterOf(identity.appId).latest <= TIMINGS.near) return admission;
    admission?.ticket.giveBack();
    admission?.letOthersGo();
    return undefined;
  }

  /** With wrong credentials one refusal is enough. @returns lets the others go, once this answer has been judged */
  #goFirst(): () => void {
    if (this.#proven) return () => {};
    const mine = Symbol('first');
    this.#first = mine;
    for (const limiter of this.#limiters.values()) limiter.pause(FIRST);
    return () => {
      // A second call of this function must not let others pass a call that went first since.
      if (this.#first !== mine) return;
      this.#first = undefined;
      for (const limiter of this.#limiters.values()) limiter.resume(FIRST);
    };
  }

  #limiterOf(appId: string): Limiter {
    const name = this.#options.scope === 'app' ? appId : '';
    let limiter = this.#limiters.get(name);
    if (!limiter) {
      limiter = new Limiter(this.#options.rate, this.#clock, this.#options.sentAgo);
      if (this.#first) limiter.pause(FIRST);
      this.#limiters.set(name, limiter);
    }
    return limiter;
  }

  /** Applies what an answer says about the account and the App ID, at once, before another call may go. */
  learn({ meaning, status, message, retryAfter, appWide }: Judgement, identity: Identity): void {
    // Only an answer that needs these credentials shows that they are good.
    if (!['unauthorized', 'unknown', 'foreign', 'unreached'].includes(meaning)) this.#proven = true;
    if (meaning === 'unauthorized') this.#shut(`${message}. Check ${this.#options.credentials}`);
    if (meaning === 'throttled') this.#slowDown(identity, status ?? 429, retryAfter);
    if (appWide && !this.#disabled.has(identity.appId)) {
      this.#disabled.set(identity.appId, message);
      this.#onEvent({ type: 'disabled', appId: identity.appId, message });
    }
  }

  #shut(why: string): void {
    if (this.#refused !== undefined) return;
    this.#refused = why;
    this.#onEvent({ type: 'stopped', message: why });
    this.#dismiss();
  }

  #dismiss(): void {
    for (const limiter of this.#limiters.values()) limiter.dismiss();
  }

  #slowDown({ appId }: Identity, status: number, retryAfter: number | undefined): void {
    const limiter = this.#limiterOf(appId);
    const isNews = limiter.held === 0;
    const hold = limiter.slowDown(
      retryAfter === undefined ? undefined : Math.min(retryAfter, TIMINGS.retryAfterCap),
    );
    // The other calls of one burst say the same.
    if (isNews) this.#onEvent({ type: 'slowed', status, hold, rate: limiter.rate });
    if (hold > this.#options.patience)
      this.#shut(
        `the service holds the account back for ${Math.ceil(hold / 1000)} s (${status}), which is longer than --retry-for`,
      );
  }

  /** How much longer everything for this App ID is held back, in milliseconds. */
  held({ appId }: Identity): number {
    return this.#limiterOf(appId).held;
  }

  /** Reopens the account and App IDs that an answer had shut: one call goes first, alone. */
  reopen(): void {
    this.#refused = undefined;
    this.#disabled.clear();
    this.#proven = false;
  }

  /** Places taken, and requests a second at the moment. */
  load(): { inUse: number; rate: number } {
    const limiters = [...this.#limiters.values()];
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    return {
      inUse: sum(limiters.map(({ inUse }) => inUse)),
      rate: limiters.length > 0 ? sum(limiters.map(({ rate }) => rate)) : this.#options.rate,
    };
  }

  /** Ends all timers; nothing more can be sent. */
  close(): void {
    for (const limiter of this.#limiters.values()) limiter.close();
  }
}
