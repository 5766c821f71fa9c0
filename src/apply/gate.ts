import PQueue from 'p-queue';
import type { Judgement } from '../agora/answers.ts';
import type { Clock } from '../model/ports.ts';
import type { Identity } from '../model/recording.ts';
import type { ApplyEvent } from '../model/work.ts';
import { Allowance, type Ticket } from './allowance.ts';
import { TIMINGS } from './timings.ts';

export interface GateOptions {
  /** Requests a second. */
  rate: number;
  /** What shares an allowance: the account, or each App ID by itself (the public guides name both). */
  scope: 'account' | 'app';
  /** Milliseconds since an earlier process sent its last requests. */
  sentAgo: readonly number[];
  /** The longest hold after a 429 that is waited for, in milliseconds; a daemon waits for any. */
  patience: number;
}

/** A place in the allowance, and what lets others go once this call has been answered. */
export interface Place {
  ticket: Ticket;
  letOthersGo: () => void;
}

/**
 * What stands between all recordings and the account: the allowance, in the order of urgency; the first call of
 * a run, which goes alone; and whether the account or an App ID is shut.
 */
export class Gate {
  readonly #options: GateOptions;
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  readonly #onEvent: (event: ApplyEvent) => void;
  readonly #scopes = new Map<string, { queue: PQueue; allowance: Allowance }>();
  /** App IDs for which the service is not enabled, with what it said. */
  readonly #disabled = new Map<string, string>();
  #refused: string | undefined;
  /** Settles when the first answer has shown whether the credentials are good: until then one call is out at most. */
  #first: Promise<void> | undefined;
  #proven = false;
  /** Aborts when everything waiting has nothing to wait for any more. */
  #shut = new AbortController();
  #closing: AbortSignal;

  constructor(options: GateOptions, clock: Clock, stop: AbortSignal, onEvent: (event: ApplyEvent) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#stop = stop;
    this.#onEvent = onEvent;
    this.#closing = AbortSignal.any([stop, this.#shut.signal]);
  }

  /** Why nothing is sent for the account at the moment. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** Whether nothing may be sent for this App ID. */
  isShut(appId: string): boolean {
    return this.#stop.aborted || this.#refused !== undefined || this.#disabled.has(appId);
  }

  /** Aborts when the account is shut or everything is stopped: whoever waits may go. */
  get closing(): AbortSignal {
    return this.#closing;
  }

  /** Waits for a place in the allowance, behind whoever is more urgent; undefined when everything is stopped. */
  async admit({ appId }: Identity, urgency: number): Promise<Place | undefined> {
    const { queue, allowance } = this.#scopeOf(appId);
    const began = this.#clock.monotonic();
    return queue.add(
      async () => {
        while (this.#first && !this.#stop.aborted) await this.#first;
        const ticket = await allowance.take(this.closing);
        this.#onEvent({ type: 'admitted', waited: this.#clock.monotonic() - began });
        return ticket && { ticket, letOthersGo: this.#goFirst() };
      },
      { priority: urgency },
    );
  }

  /** Were the credentials wrong, one refusal is enough. @returns lets the others go, once this answer has been judged */
  #goFirst(): () => void {
    if (this.#proven) return () => {};
    let settle = () => {};
    const mine = new Promise<void>((resolve) => {
      settle = resolve;
    });
    this.#first = mine;
    return () => {
      // Called once too often it must not let anybody pass who goes first after this one.
      if (this.#first === mine) this.#first = undefined;
      settle();
    };
  }

  #scopeOf(appId: string): { queue: PQueue; allowance: Allowance } {
    const name = this.#options.scope === 'app' ? appId : '';
    let scope = this.#scopes.get(name);
    if (!scope) {
      const { rate, sentAgo } = this.#options;
      // One at a time stands at the gate, so that whoever is most urgent when a place falls free gets it. The
      // queue orders; the pace is the allowance's, which p-queue would keep by the wall clock.
      scope = { queue: new PQueue({ concurrency: 1 }), allowance: new Allowance(rate, this.#clock, sentAgo) };
      this.#scopes.set(name, scope);
    }
    return scope;
  }

  /** Draws from an answer what it says about the account and the App ID, at once, before anybody else may go. */
  learn({ meaning, message, retryAfter, appWide }: Judgement, identity: Identity): void {
    // Only an answer that somebody with these credentials gets shows that they are good.
    if (!['unauthorized', 'unknown', 'unreached'].includes(meaning)) this.#proven = true;
    if (meaning === 'unauthorized')
      this.#close(`${message}. Check AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET`);
    if (meaning === 'throttled') this.#slowDown(identity, retryAfter);
    if (appWide && !this.#disabled.has(identity.appId)) {
      this.#disabled.set(identity.appId, message);
      this.#onEvent({ type: 'disabled', appId: identity.appId, message });
    }
  }

  #close(why: string): void {
    if (this.#refused !== undefined) return;
    this.#refused = why;
    this.#onEvent({ type: 'stopped', message: why });
    this.#shut.abort();
  }

  #slowDown({ appId }: Identity, retryAfter: number | undefined): void {
    const { allowance } = this.#scopeOf(appId);
    const news = allowance.held === 0;
    const hold = allowance.slowDown(
      retryAfter === undefined ? undefined : Math.min(retryAfter, TIMINGS.retryAfterCap),
    );
    // The other calls of one burst say the same.
    if (news) this.#onEvent({ type: 'slowed', hold, rate: allowance.rate });
    if (hold > this.#options.patience)
      this.#close(
        `the service holds the account back for ${Math.ceil(hold / 1000)} s (429), which is longer than --retry-for`,
      );
  }

  /** How much longer everything for this App ID is held back, in milliseconds. */
  held({ appId }: Identity): number {
    return this.#scopeOf(appId).allowance.held;
  }

  /** Opens what an answer had shut: one call goes first, alone. */
  reopen(): void {
    this.#refused = undefined;
    this.#disabled.clear();
    this.#proven = false;
    this.#shut = new AbortController();
    this.#closing = AbortSignal.any([this.#stop, this.#shut.signal]);
  }

  /** Places taken, and requests a second at the moment. */
  load(): { inUse: number; rate: number } {
    const allowances = [...this.#scopes.values()].map(({ allowance }) => allowance);
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    return {
      inUse: sum(allowances.map(({ inUse }) => inUse)),
      rate: allowances.length > 0 ? sum(allowances.map(({ rate }) => rate)) : this.#options.rate,
    };
  }
}
