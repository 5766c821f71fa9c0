import type { Call } from '../model/plan.ts';
import type { Endpoint } from '../model/recording.ts';
import type { Work } from '../model/work.ts';
import { canonicalText } from '../plan/comparable.ts';
import type { Trouble } from './policy.ts';
import { urgencyOf } from './urgency.ts';

/** The calls of one recording, and how they have gone so far. */
export interface Lane {
  work: Work;
  waiting: Map<Endpoint, Call>;
  trouble: Map<Endpoint, Trouble>;
  /** Since when every answer was 404, on the monotonic clock. */
  gapSince?: number;
  /** The journal says that what was applied before the gap may no longer be in force. */
  doubted?: boolean;
  /** No plan asks for this recording any more: the call in flight is not repeated. */
  dropped: boolean;
  /** A call has been let through and is not answered yet. */
  inFlight: boolean;
  running?: Promise<void>;
  /** Before when a waiting call is not to leave, on the monotonic clock. */
  due: Map<Call, number>;
  /**
   * The wait for a repetition of `endpoint`; without one, for the time of a call. `isAsked`: the service has said how
   * long, and a newer state waits as well.
   */
  pause?: { endpoint?: Endpoint; end: () => void; isAsked: boolean };
}

export function newLane(work: Work): Lane {
  return {
    work,
    waiting: new Map(),
    trouble: new Map(),
    due: new Map(),
    inFlight: false,
    dropped: false,
  };
}

/** @returns the most urgent call whose time has come; else how long the first is still away, in milliseconds */
export function nextCall({ waiting, due }: Lane, now: number): Call | number {
  const calls = [...waiting.values()];
  const away = (call: Call) => (due.get(call) ?? now) - now;
  const ready = calls.filter((call) => away(call) <= 0);
  if (ready.length === 0) return Math.min(...calls.map(away));
  return ready.reduce((first, other) => (urgencyOf(other) > urgencyOf(first) ? other : first));
}

/** A newer plan that asks for the same as the waiting call keeps that call and its turn. */
export function sameCall(waiting: Call | undefined, next: Call): Call {
  const isSame =
    waiting?.reason === next.reason &&
    waiting.notBefore === next.notBefore &&
    waiting.keeps?.join() === next.keeps?.join();
  return waiting && isSame && !isNews(waiting, next) ? waiting : next;
}

/** Whether a call asks for something else than the one that waits, whatever the reasons of the two. */
export function isNews(waiting: Call | undefined, next: Call): boolean {
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

/** Ends the wait for the time of a call, so that the queue is checked again. */
export function endRest({ pause }: Lane): void {
  if (pause && pause.endpoint === undefined) pause.end();
}

/** Puts a call back in its place, unless a newer one has taken it or the lane was dropped. */
export function putBack(lane: Lane, planned: Call): void {
  if (!lane.dropped && !lane.waiting.has(planned.endpoint)) lane.waiting.set(planned.endpoint, planned);
}
