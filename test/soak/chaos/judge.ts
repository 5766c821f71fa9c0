import { isDeepStrictEqual } from 'node:util';
import { sid } from '../../support/cli.ts';
import { DOCS, type Doc, requestOf, versionOf } from './documents.ts';
import type { Condition, Truth } from './truth.ts';
import { LOOK_MS } from './world.ts';

/** A request as the simulator's journal has it. */
export interface Arrival {
  n: number;
  /** Wall clock, milliseconds. */
  at: number;
  /** The simulator's monotonic clock, milliseconds. */
  mono: number;
  done: number | null;
  sid: string | null;
  endpoint: string | null;
  fault: string | null;
  body: { clientRequest?: unknown } | string | null;
}

export interface Violation {
  law: string;
  detail: string;
}

/** Requests that may arrive within one second. */
const RATE = 10;
/** A deleted or suspended recording may be called so long after its file was gone: a second, a look, and a busy machine. */
const GONE_MS = 1_000 + LOOK_MS + 500;
/** A version that was replaced may be sent for so long, while a newer one stood there whole. */
const STALE_MS = GONE_MS + 1_500;

/**
 * Holds the requests against the laws, as they arrived at the service.
 * @param kills when the daemon was killed, wall clock
 */
export function judge(arrivals: readonly Arrival[], truth: Truth, kills: readonly number[]): Violation[] {
  const calls = arrivals.filter(({ endpoint }) => endpoint === 'update' || endpoint === 'updateLayout');
  return [
    ...rate(arrivals),
    ...overlaps(calls, kills),
    ...[...DOCS.values()].flatMap((doc) => {
      const own = calls.filter((call) => call.sid === sid(doc.name));
      return [
        ...order(doc, own),
        ...own.flatMap((call) => [...whole(doc, call, truth), ...timely(doc, call, truth)]),
      ];
    }),
  ];
}

/** Never more than the allowance in any second, whatever kind of request, whichever process sent it. */
function rate(arrivals: readonly Arrival[]): Violation[] {
  return arrivals.flatMap((first, n) => {
    const last = arrivals[n + RATE];
    const span = last ? last.mono - first.mono : Number.POSITIVE_INFINITY;
    return span < 1_000
      ? [{ law: 'rate', detail: `${RATE + 1} requests in ${span.toFixed(0)} ms (${first.n} to ${last?.n})` }]
      : [];
  });
}

/** Never two calls in flight for one recording, but for one that a killed process has left behind. */
function overlaps(calls: readonly Arrival[], kills: readonly number[]): Violation[] {
  const last = new Map<string, Arrival>();
  return calls.flatMap((call) => {
    const before = last.get(call.sid ?? '');
    last.set(call.sid ?? '', call);
    if (!before || (before.done !== null && before.done <= call.mono)) return [];
    if (kills.some((kill) => kill >= before.at && kill <= call.at)) return [];
    return [
      { law: 'overlap', detail: `${call.sid}: ${call.n} while ${before.n} was in flight (${before.fault})` },
    ];
  });
}

/** Never an older version after a newer one. */
function order({ name, ...doc }: Doc, own: readonly Arrival[]): Violation[] {
  const newest: Record<string, number> = {};
  return own.flatMap(({ n, endpoint, body }) => {
    const v = versionOf({ name, ...doc }, endpoint ?? '', requestIn(body)) ?? 0;
    const before = newest[endpoint ?? ''] ?? 0;
    newest[endpoint ?? ''] = Math.max(before, v);
    return v !== 0 && v < before
      ? [{ law: 'order', detail: `${name} ${endpoint} ${n}: ${v} after ${before}` }]
      : [];
  });
}

/** Each body is one version that was written as it stands, and not as one to be left alone. */
function whole(doc: Doc, { n, endpoint, body }: Arrival, truth: Truth): Violation[] {
  const request = requestIn(body);
  const v = versionOf(doc, endpoint ?? '', request);
  const written = v === undefined ? undefined : truth.version(doc.name, v);
  const at = `${doc.name} ${endpoint} ${n}`;
  if (!written) return [{ law: 'torn', detail: `${at}: no such version: ${JSON.stringify(request)}` }];
  if (written.suspended) return [{ law: 'suspended', detail: `${at}: version ${v} was to be left alone` }];
  const expected = requestOf(doc, endpoint as 'update' | 'updateLayout', written.v);
  return isDeepStrictEqual(request, expected)
    ? []
    : [{ law: 'torn', detail: `${at}: not version ${v} alone: ${JSON.stringify(request)}` }];
}

/** No call for what has been gone or left alone for a while, and none of a version that was replaced a while ago. */
function timely(doc: Doc, { n, at, endpoint, body }: Arrival, truth: Truth): Violation[] {
  const lately = truth.during(doc.name, at - GONE_MS, at);
  const isAlone = (condition: Condition) =>
    condition.is === 'gone' || (condition.is === 'there' && condition.suspended);
  if (lately.every(isAlone))
    return [
      {
        law: lately.at(-1)?.is === 'gone' ? 'deleted' : 'suspended',
        detail: `${doc.name} ${endpoint} ${n} left`,
      },
    ];
  const v = versionOf(doc, endpoint ?? '', requestIn(body));
  const stood = truth.during(doc.name, at - STALE_MS, at);
  const [only] = stood;
  return stood.length === 1 && only?.is === 'there' && v !== undefined && v < only.v
    ? [{ law: 'stale', detail: `${doc.name} ${endpoint} ${n}: ${v} although ${only.v} stood there` }]
    : [];
}

function requestIn(body: Arrival['body']): unknown {
  return typeof body === 'object' && body !== null ? (body.clientRequest ?? {}) : {};
}

/** How often each name comes up. */
export function tally(names: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
