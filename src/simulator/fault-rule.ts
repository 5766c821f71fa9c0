import {
  filledText,
  flag,
  fraction,
  list,
  object,
  optional,
  Refused,
  required,
  text,
  whole,
} from './fields.ts';
import type { EndpointName } from './route.ts';

/** The answers that a rule can give in place of the service's own. */
export const FAULT_ANSWERS = [
  '206',
  '400',
  '400-appid',
  '401',
  '404-worker',
  '404-worker-payload',
  '404-route',
  '429',
  '432',
  '433',
  '500',
  '502',
  '503',
  '504',
  'code62',
  'not-json',
  'wrong-body',
  'empty-object',
  '302',
] as const;

/** What a rule can do to the connection. */
export const FAULT_CONNECTIONS = [
  'cut-before',
  'cut-after',
  'cut-mid-response',
  'slow-body',
  'hang',
] as const;

const ENDPOINTS: readonly EndpointName[] = ['acquire', 'start', 'query', 'update', 'updateLayout', 'stop'];

/**
 * One way to misbehave, as `/_sim/faults` takes and shows it:
 *
 *     { "match": { "sid": "38f8…", "endpoint": "update", "nth": 2, "times": 1 },
 *       "rate": 0.1, "latency": [100, 300], "answer": "503", "applied": true }
 *
 * A rule without `match` bears on every call. Of several that match, the first with an answer, a connection fault or
 * a failover decides, and the first with a latency says how long it takes.
 */
export interface FaultRule {
  /** Given by the simulator where it is left out: f1, f2 … */
  id?: string;
  match?: {
    sid?: string;
    /** The recording's name. */
    name?: string;
    endpoint?: EndpointName;
    /** Only the nth call that matches the rest, counting from 1 over all recordings. */
    nth?: number;
    /** So many times at most, then never again. One for a failover where it is left out. */
    times?: number;
  };
  /** The probability that a matching call is hit, 0 to 1; 1 where it is left out. */
  rate?: number;
  /** Milliseconds, or from–to: half of it passes before the call takes effect and half after. */
  latency?: number | [number, number];
  answer?: (typeof FAULT_ANSWERS)[number];
  /** Another HTTP status for the answer than its own. */
  status?: number;
  /** The reason that a 400 names. */
  reason?: string;
  /** Seconds: sets the Retry-After header of the answer. */
  retryAfter?: number;
  /**
   * Whether the call takes effect nonetheless. Where it is left out: not with an answer, a hang or a cut-before,
   * but with a cut-after, cut-mid-response and slow-body.
   */
  applied?: boolean;
  /**
   * Milliseconds, or from–to: the call takes effect so long after it was answered or cut off, whatever has come since.
   */
  late?: number | [number, number];
  connection?: (typeof FAULT_CONNECTIONS)[number];
  /** Milliseconds between two pieces of a slow body; 100 where it is left out. */
  dripMs?: number;
  /**
   * The recording is away for so long and answers 404, then it is back as start made it. With `sid` the gap begins
   * as soon as the rule is there, otherwise with the first call that matches.
   */
  failover?: { forMs: number; sid?: string };
}

const MOST_MS = 24 * 3600_000;

function milliseconds(value: unknown, at: string): number {
  return whole(value, at, 0, MOST_MS);
}

function oneOf<T extends string>(known: readonly T[]): (value: unknown, at: string) => T {
  return (value, at) => {
    // A status may be written as a number.
    const found = known.find((each) => each === String(value));
    if (found === undefined) throw new Refused(`${at} must be one of ${known.join(', ')}`);
    return found;
  };
}

function span(value: unknown, at: string): number | [number, number] {
  if (!Array.isArray(value)) return milliseconds(value, at);
  const [from, to] = list(value, at, 2, 2, milliseconds);
  if (from === undefined || to === undefined || from > to) throw new Refused(`${at} must be [from, to]`);
  return [from, to];
}

function readMatch(value: unknown, at: string): NonNullable<FaultRule['match']> {
  const read = object(value, at, ['sid', 'name', 'endpoint', 'nth', 'times']);
  const count = (it: unknown, where: string) => whole(it, where, 1, Number.MAX_SAFE_INTEGER);
  return defined({
    sid: optional(read, 'sid', at, filledText),
    name: optional(read, 'name', at, filledText),
    endpoint: optional(read, 'endpoint', at, oneOf(ENDPOINTS)),
    nth: optional(read, 'nth', at, count),
    times: optional(read, 'times', at, count),
  });
}

function readFailover(value: unknown, at: string): NonNullable<FaultRule['failover']> {
  const read = object(value, at, ['forMs', 'sid']);
  const forMs = required(read, 'forMs', at, milliseconds);
  return defined({ forMs, sid: optional(read, 'sid', at, filledText) });
}

function defined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

const RULE_FIELDS = [
  'id',
  'match',
  'rate',
  'latency',
  'answer',
  'status',
  'reason',
  'retryAfter',
  'applied',
  'late',
  'connection',
  'dripMs',
  'failover',
];

/**
 * A rule out of parsed JSON, or out of its text form where the value is a string.
 * @throws Refused naming the field
 */
export function readFaultRule(value: unknown, at = 'rule'): FaultRule {
  if (typeof value === 'string') return parseFaultRule(value);
  const read = object(value, at, RULE_FIELDS);
  const rule: FaultRule = defined({
    id: optional(read, 'id', at, filledText),
    match: optional(read, 'match', at, readMatch),
    rate: optional(read, 'rate', at, fraction),
    latency: optional(read, 'latency', at, span),
    answer: optional(read, 'answer', at, oneOf(FAULT_ANSWERS)),
    status: optional(read, 'status', at, (it, where) => whole(it, where, 200, 599)),
    reason: optional(read, 'reason', at, text),
    retryAfter: optional(read, 'retryAfter', at, (it, where) => whole(it, where, 0, 86_400)),
    applied: optional(read, 'applied', at, flag),
    late: optional(read, 'late', at, span),
    connection: optional(read, 'connection', at, oneOf(FAULT_CONNECTIONS)),
    dripMs: optional(read, 'dripMs', at, milliseconds),
    failover: optional(read, 'failover', at, readFailover),
  });
  const effects = [rule.answer, rule.connection, rule.failover].filter((effect) => effect !== undefined);
  if (effects.length > 1) throw new Refused(`${at}: only one of answer, connection and failover`);
  if (effects.length === 0 && rule.latency === undefined) {
    throw new Refused(`${at}: one of answer, connection, failover and latency is missing`);
  }
  if (rule.late !== undefined && (rule.failover || effects.length === 0 || rule.applied === false)) {
    throw new Refused(`${at}: late is for an answer or a connection after which the call takes effect`);
  }
  if (rule.failover?.sid !== undefined && rule.match !== undefined) {
    throw new Refused(`${at}: a failover with a sid begins at once, so match must not be set`);
  }
  return rule;
}

const MATCH_CONDITIONS = ['sid', 'name', 'endpoint'];
const COUNT_CONDITIONS = ['nth', 'times'];

function range(value: string): number | number[] {
  const ends = value.split('-').map(Number);
  return ends.length === 1 && ends[0] !== undefined ? ends[0] : ends;
}

/** The JSON form that a kind stands for. */
function kindFields(kind: string): Record<string, unknown> {
  if ((FAULT_ANSWERS as readonly string[]).includes(kind)) return { answer: kind };
  if ((FAULT_CONNECTIONS as readonly string[]).includes(kind)) return { connection: kind };
  if (kind === 'latency') return {};
  // What a gateway says when the service takes too long for it.
  if (kind === 'late') return { answer: '504' };
  if (kind === 'failover') return { failover: {} };
  const kinds = [...FAULT_ANSWERS, ...FAULT_CONNECTIONS, 'failover', 'latency', 'late'];
  throw new Refused(`fault "${kind}" must be one of ${kinds.join(', ')}`);
}

/**
 * A rule in its text form: `KIND`, `KIND@CONDITION,CONDITION…` or JSON. A condition is a probability, or
 * sid=…, name=…, endpoint=…, nth=…, times=…, latency=MS or FROM-TO, status=…, reason=…, retryAfter=SECONDS,
 * applied, applied=false, late=MS or FROM-TO, dripMs=…, for=MS (of a failover). The kind `late` is a 504 after which the
 * call takes effect. Examples: `503@0.1`, `hang@sid=38f8…,times=1`, `latency@50-200`, `late@5000`, `cut-after@late=500-2000`,
 * `failover@name=keynote,for=60000`.
 * @throws Refused
 */
export function parseFaultRule(source: string): FaultRule {
  const trimmed = source.trim();
  if (trimmed.startsWith('{')) return readFaultRule(parsedJson(trimmed));
  const [kind = '', ...rest] = trimmed.split('@');
  const rule: Record<string, unknown> = kindFields(kind);
  const match: Record<string, unknown> = {};
  for (const condition of rest.join('@').split(',').filter(Boolean)) {
    const [name = '', ...after] = condition.split('=');
    const value = after.join('=');
    if (MATCH_CONDITIONS.includes(name)) match[name] = value;
    else if (COUNT_CONDITIONS.includes(name)) match[name] = Number(value);
    else if (name === 'latency' || name === 'late') rule[name] = range(value);
    else if (name === 'reason' || name === 'id') rule[name] = value;
    else if (name === 'applied') rule.applied = value !== 'false';
    else if (name === 'for' && kind === 'failover') rule.failover = { forMs: Number(value) };
    else if (value !== '' && RULE_FIELDS.includes(name)) rule[name] = Number(value);
    else if (value === '' && (kind === 'latency' || kind === 'late') && rule[kind] === undefined)
      rule[kind] = range(name);
    else if (value === '') rule.rate = Number(name);
    else throw new Refused(`condition "${name}" of fault "${kind}" is not known`);
  }
  if (Object.keys(match).length > 0) rule.match = match;
  return readFaultRule(rule, `fault "${kind}"`);
}

function parsedJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    throw new Refused('the fault is not valid JSON');
  }
}
