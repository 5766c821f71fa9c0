import type { Outcome, PastCall } from '../model/journal.ts';
import type { Clock } from '../model/ports.ts';
import type { ApplyEvent } from '../model/work.ts';
import type { CallView } from '../page/views.ts';

/** Calls that are remembered, of all recordings. */
const REMEMBERED = 2_000;

/** A call that is not over, and when it began on the monotonic clock. */
interface Open {
  call: CallView;
  began: number;
  /** How the last attempt ended, where it is to be repeated. */
  last?: Outcome;
}

/** The calls since the start, each with all its attempts, from what the engine reports. */
export class RecentCalls {
  readonly #clock: Clock;
  /** The oldest first. */
  #calls: CallView[] = [];
  /** By recording and endpoint. */
  readonly #open = new Map<string, Open>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(event: ApplyEvent): void {
    if (event.type === 'start') this.#begin(event);
    if (event.type !== 'applied' && event.type !== 'repeat' && event.type !== 'failed') return;
    const id = `${event.endpoint} ${event.key}`;
    const open = this.#open.get(id);
    // What could not be made ready was never sent.
    if (!open) return;
    const { call, began } = open;
    call.took = this.#clock.monotonic() - began;
    if (event.status !== undefined) call.status = event.status;
    // An attempt counts when it is answered: what is to be repeated may be overtaken first.
    if (open.last) call.attempts += 1;
    if (event.type === 'repeat') {
      open.last = event.outcome;
      call.outcome = 'repeated';
      call.message = event.message;
      return;
    }
    this.#open.delete(id);
    call.outcome = event.type === 'applied' ? 'applied' : event.outcome;
    if (event.type === 'failed') call.message = event.message;
    else delete call.message;
  }

  #begin({ key, name, endpoint, reason, commit }: ApplyEvent & { type: 'start' }): void {
    const call: CallView = {
      ...{ at: this.#clock.now(), name, endpoint, reason, attempts: 1, outcome: 'under way' },
      ...(commit ? { commit } : {}),
    };
    const id = `${endpoint} ${key}`;
    const overtaken = this.#open.get(id);
    if (overtaken) overtaken.call.outcome = overtaken.last ?? 'unknown';
    this.#open.set(id, { call, began: this.#clock.monotonic() });
    this.#calls.push(call);
    if (this.#calls.length > 2 * REMEMBERED) this.#calls = this.#calls.slice(-REMEMBERED);
  }

  /** The newest first. @param name left out: of all recordings */
  last(limit: number, name?: string): CallView[] {
    const found: CallView[] = [];
    for (let i = this.#calls.length - 1; i >= 0 && found.length < limit; i--) {
      const call = this.#calls[i] as CallView;
      if (name === undefined || call.name === name) found.push(call);
    }
    return found;
  }
}

/**
 * Attempts as the history has them, put together to calls: one that follows another without a final answer, for the
 * same endpoint and reason, repeats it.
 * @param past the oldest first
 * @returns the newest first
 */
export function callsOf(past: readonly PastCall[]): CallView[] {
  const calls: CallView[] = [];
  /** The last call of each recording and endpoint, while it may be repeated. */
  const open = new Map<string, CallView>();
  for (const { at, sid, name, endpoint, reason, commit, answer } of past) {
    const id = `${endpoint} ${sid}`;
    const begun = Date.parse(at);
    const before = open.get(id);
    const isRepetition = before?.reason === reason && before.commit?.sha === commit?.sha;
    const call: CallView = isRepetition
      ? before
      : {
          ...{ at: begun, name, endpoint, reason, attempts: 0, outcome: 'unknown' },
          ...(commit ? { commit } : {}),
        };
    if (!isRepetition) calls.push(call);
    call.attempts += 1;
    call.outcome = answer?.outcome ?? 'unknown';
    delete call.status;
    delete call.message;
    Object.assign(call, answer && said(answer, call.at));
    if (call.outcome === 'deferred' || call.outcome === 'unknown') open.set(id, call);
    else open.delete(id);
  }
  return calls.reverse();
}

function said({ at, status, message }: NonNullable<PastCall['answer']>, begun: number): Partial<CallView> {
  return {
    took: Math.max(0, Date.parse(at) - begun),
    ...(status === undefined ? {} : { status }),
    ...(message === undefined ? {} : { message }),
  };
}
