import type { Judgement, Meaning } from '../agora/answers.ts';
import type { Outcome } from '../model/journal.ts';
import { TIMINGS } from './timings.ts';

/** The failures of one call so far; reset when it succeeds or a newer desired state takes its place. */
export interface Trouble {
  /** When it began, on the monotonic clock. */
  since: number;
  /** Repetitions so far by kind of answer. */
  repeated: Partial<Record<Meaning, number>>;
}

export type Decision =
  | { do: 'done'; outcome: 'applied' }
  /** Not repeated until the file changes. */
  | { do: 'refuse'; outcome: Outcome }
  | { do: 'repeat'; outcome: Outcome; after: number }
  /** The account's rate is to be lowered; the call follows when it may. */
  | { do: 'slow-down'; outcome: Outcome; retryAfter?: number }
  | { do: 'stop-account'; outcome: Outcome }
  /** 404 for longer than a move to another server takes. */
  | { do: 'ended'; outcome: Outcome };

export interface PolicyInput {
  judgement: Judgement;
  trouble: Trouble;
  /** Since when the recording has answered 404 without a break, on the monotonic clock. */
  gapSince: number | undefined;
  now: number;
  random: () => number;
}

/** What to do after an answer. Pure; counts nothing itself. */
export function decide({ judgement, trouble, gapSince, now, random }: PolicyInput): Decision {
  const { meaning, retryAfter } = judgement;
  const times = trouble.repeated[meaning] ?? 0;
  const obey = (wait: number) => Math.max(wait, Math.min(retryAfter ?? 0, TIMINGS.retryAfterCap));
  switch (meaning) {
    case 'applied':
      return { do: 'done', outcome: 'applied' };
    case 'refused':
      return { do: 'refuse', outcome: 'refused' };
    case 'unauthorized':
      return { do: 'stop-account', outcome: 'refused' };
    case 'throttled':
      return {
        do: 'slow-down',
        outcome: 'deferred',
        ...(retryAfter === undefined ? {} : { retryAfter }),
      };
    case 'not-found':
      if (gapSince !== undefined && now - gapSince > TIMINGS.endedAfter)
        return { do: 'ended', outcome: 'refused' };
      return { do: 'repeat', outcome: 'deferred', after: obey(notFoundWait(times, gapSince, now)) };
    case 'unfinished':
      return {
        do: 'repeat',
        outcome: 'unknown',
        after: obey(TIMINGS.unfinished[times] ?? backoff(times + 1, random)),
      };
    case 'foreign':
      return { do: 'repeat', outcome: 'unknown', after: obey(foreignWait(times)) };
    case 'unknown':
      return { do: 'repeat', outcome: 'unknown', after: obey(backoff(times, random)) };
    case 'unreached':
      return { do: 'repeat', outcome: 'deferred', after: backoff(times, random) };
  }
}

/** The last wait ends just behind the limit rather than long after it. */
function notFoundWait(times: number, gapSince: number | undefined, now: number): number {
  const wait = TIMINGS.notFound[times] ?? (TIMINGS.notFound.at(-1) as number);
  const left =
    gapSince === undefined ? Number.POSITIVE_INFINITY : gapSince + TIMINGS.endedAfter + 1_000 - now;
  return left > 0 ? Math.min(wait, left) : wait;
}

/** A proxy or gateway in the way is not repaired in seconds, and must not be hammered. */
function foreignWait(times: number): number {
  const last = TIMINGS.foreign.at(-1) as number;
  return (
    TIMINGS.foreign[times] ?? Math.min(TIMINGS.foreignCap, last * 2 ** (times - TIMINGS.foreign.length + 1))
  );
}

function backoff(times: number, random: () => number): number {
  const named = TIMINGS.unknown[times];
  if (named !== undefined) return named;
  const last = TIMINGS.unknown.at(-1) as number;
  const doubled = Math.min(TIMINGS.cap, last * 2 ** (times - TIMINGS.unknown.length + 1));
  return Math.round(doubled * (1 - TIMINGS.jitter * random()));
}
