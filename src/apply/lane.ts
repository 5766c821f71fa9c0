import { LATE } from '../agora/answers.ts';
import type { Call } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Endpoint } from '../model/recording.ts';
import type { Work } from '../model/work.ts';
import { canonicalText } from '../plan/comparable.ts';
import type { Trouble } from './policy.ts';
import { FOLLOWING, URGENCY, urgencyOf } from './urgency.ts';

/**
 * Where a lane is:
 *
 *   idle → queued        a call waits, and nothing shuts the account or its App ID
 *   queued → sending     its call is ready and has its place in the allowance
 *   queued → resting     no call's time has come
 *   sending → queued     the call is answered, or did not leave
 *   sending → repeating  the call is to be sent again, after a while
 *   resting → queued     a call's time has come, or the calls have changed
 *   repeating → queued   the while is over, or a newer call need not wait for it
 *   queued → idle        nothing waits, or the account is shut
 */
export type LaneState =
  | { is: 'idle' | 'queued' | 'sending' }
  | { is: 'resting'; end: () => void }
  /** `isAsked`: the service has said how long, and a newer state waits as well. */
  | { is: 'repeating'; end: () => void; endpoint: Endpoint; isAsked: boolean };

/** The calls of one recording, and how they have gone so far. */
export interface Lane {
  state: LaneState;
  /** The newest plan. */
  work: Work;
  /** No plan asks for this recording any more: the call in flight is not repeated. */
  dropped: boolean;
  waiting: Map<Endpoint, Call>;
  /** Before when a waiting call is not to leave, on the monotonic clock. */
  due: Map<Call, number>;
  trouble: Map<Endpoint, Trouble>;
  /** How urgent the call was that has just been applied: what else waits of its recording is as urgent. */
  led?: number;
  /** Since when every answer was 404, on the monotonic clock. */
  gapSince?: number;
  /** The journal says that what was applied before the gap may no longer be in force. */
  doubted?: boolean;
}

export function newLane(work: Work): Lane {
  return {
    state: { is: 'idle' },
    work,
    dropped: false,
    waiting: new Map(),
    due: new Map(),
    trouble: new Map(),
  };
}

/** Takes a newer plan: its calls take the place of those that still wait. */
export function takeWork(lane: Lane, work: Work, clock: Pick<Clock, 'now' | 'monotonic'>): void {
  lane.work = work;
  lane.dropped = false;
  const before = lane.waiting;
  lane.waiting = new Map(
    work.calls.map((call) => [call.endpoint, sameCall(before.get(call.endpoint), call)]),
  );
  setDue(lane, clock);
  for (const call of lane.waiting.values())
    if (isNews(before.get(call.endpoint), call)) {
      // A newer call has no failures yet, and does not wait for the repetition of the call that it replaces.
      lane.trouble.delete(call.endpoint);
      if (lane.state.is === 'repeating' && lane.state.endpoint === call.endpoint) endRepetition(lane);
    }
  endRest(lane);
}

/** Drops the waiting calls; the call in flight is awaited, and not repeated. */
export function dropWork(lane: Lane): void {
  lane.dropped = true;
  lane.waiting.clear();
  endRest(lane);
}

/** Calls that are not to leave yet; how long that is still away is measured once, so that no step of the wall clock counts. */
function setDue(lane: Lane, clock: Pick<Clock, 'now' | 'monotonic'>): void {
  const due = new Map<Call, number>();
  for (const call of lane.waiting.values())
    if (call.notBefore !== undefined) {
      const away = Math.min(LATE.afterDeparture, call.notBefore - clock.now());
      due.set(call, lane.due.get(call) ?? clock.monotonic() + away);
    }
  lane.due = due;
}

/** @returns the most urgent call whose time has come; else how long the first is still away, in milliseconds */
export function nextCall({ waiting, due }: Lane, now: number): Call | number {
  const calls = [...waiting.values()];
  const away = (call: Call) => (due.get(call) ?? now) - now;
  const ready = calls.filter((call) => away(call) <= 0);
  if (ready.length === 0) return Math.min(...calls.map(away));
  return ready.reduce((first, other) => (urgencyOf(other) > urgencyOf(first) ? other : first));
}

/**
 * How urgent a call of a lane is. One that has left takes the other of its recording along, before those that are as
 * urgent as it was: so no recording shows half of a change while the first halves of all others are sent.
 */
export function urgencyIn({ gapSince, led }: Lane, call: Call): number {
  // Recordings in a gap of 404s are repeated for long: calls with something new go first.
  if (gapSince !== undefined) return URGENCY.repetition;
  const own = urgencyOf(call);
  return led === undefined || call.reason === 'resync' ? own : Math.max(own, led + FOLLOWING);
}

/** Whether the other call of a recording is to go right behind this one. */
export function isFollowed({ waiting, due, gapSince }: Lane, call: Call): boolean {
  const others = [...waiting.values()].filter((other) => other !== call && !due.has(other));
  return gapSince === undefined && others.some(({ reason }) => reason !== 'resync');
}

/** A newer plan that asks for the same as the waiting call keeps that call and its turn. */
function sameCall(waiting: Call | undefined, next: Call): Call {
  const isSame =
    waiting?.reason === next.reason &&
    waiting.notBefore === next.notBefore &&
    waiting.keeps?.join() === next.keeps?.join();
  return waiting && isSame && !isNews(waiting, next) ? waiting : next;
}

/** Whether a call asks for something else than the one that waits, whatever the reasons of the two. */
function isNews(waiting: Call | undefined, next: Call): boolean {
  return (
    !waiting || canonicalText(next.endpoint, waiting.request) !== canonicalText(next.endpoint, next.request)
  );
}

/** A newer plan that asks for exactly what has just been applied asks for nothing, unless it is to be sent later. */
export function dropSame(lane: Lane, sent: Call): void {
  const next = lane.waiting.get(sent.endpoint);
  if (
    next &&
    next.reason !== 'resync' &&
    next.notBefore === undefined &&
    canonicalText(next.endpoint, next.request) === canonicalText(sent.endpoint, sent.request)
  )
    lane.waiting.delete(sent.endpoint);
}

/** Puts a call back in its place, unless a newer one has taken it or the lane was dropped. */
export function putBack(lane: Lane, planned: Call): void {
  if (!lane.dropped && !lane.waiting.has(planned.endpoint)) lane.waiting.set(planned.endpoint, planned);
}

/** Whether a call waits, is in flight or is to be repeated. */
export function isBusy({ state, waiting }: Lane): boolean {
  return state.is === 'sending' || waiting.size > 0;
}

/** Ends the wait for the time of a call, so that the queue is checked again. */
function endRest({ state }: Lane): void {
  if (state.is === 'resting') state.end();
}

/** Ends the wait for a repetition, unless the service has said how long it is to be. */
export function endRepetition({ state }: Lane): void {
  if (state.is === 'repeating' && !state.isAsked) state.end();
}

/** Ends every wait. */
export function wake({ state }: Lane): void {
  if (state.is === 'resting' || state.is === 'repeating') state.end();
}
