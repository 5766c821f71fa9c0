import type { UnsubscribeSpelling } from '../agora/requests.ts';
import type { KnownRecording } from '../model/plan.ts';
import { type Asked, byName, callsSince, listed, stable, staleAfter } from './saved.ts';
import { isPrintedPlan } from './shapes.ts';

/** A recording as `plan --json` prints it. Values are compared and shown, never followed. */
export interface PrintedRecording {
  name: string;
  file: string;
  sid?: string;
  mode?: string;
  action: string;
  calls: PrintedCall[];
  /** They tell what is done without any call: blocks that are no longer managed. */
  notes?: string[];
}

interface PrintedCall {
  endpoint: string;
  reason: string;
  changes: { path: string }[];
  patch: object[];
  body: object;
}

interface Printed {
  timestamp: string;
  applyable: boolean;
  commit?: { sha: string };
  recordings: PrintedRecording[];
  diagnostics?: { severity: string }[];
}

/**
 * What `plan --json` has printed, as far as it can be held against a plan that is made now. It names neither the state
 * nor the files' content, so it is bound by what it says alone; secrets are masked in it.
 */
export interface PrintedPlan {
  timestamp: string;
  /** Whether all of it could be applied as it stood: no errors, no unresolved references. */
  applyable: boolean;
  /** The commit that the files were from; undefined: from disk. */
  sha: string | undefined;
  /** Left out: as the files have it. */
  unsubscribe_spelling?: UnsubscribeSpelling | undefined;
  recordings: PrintedRecording[];
}

/** @returns undefined where the JSON is not as it was printed */
export function printedPlan(value: Readonly<Record<string, unknown>>): PrintedPlan | undefined {
  if (!isPrintedPlan(value)) return undefined;
  const { timestamp, applyable, commit, recordings, diagnostics = [] } = value as unknown as Printed;
  if (commit && !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(commit.sha)) return undefined;
  return {
    timestamp,
    applyable: applyable && !diagnostics.some(({ severity }) => severity === 'error'),
    sha: commit?.sha,
    unsubscribe_spelling: spellingOf(recordings),
    recordings,
  };
}

/** How all the lists are spelt in its bodies; undefined where both spellings are in use, as the files have them. */
function spellingOf(recordings: readonly PrintedRecording[]): UnsubscribeSpelling | undefined {
  const [spelling, other] = spellingsIn(recordings.flatMap(({ calls }) => calls.map(({ body }) => body)));
  return other ? undefined : spelling;
}

/** How the lists within some requests are spelt. */
export function spellingsIn(requests: readonly unknown[]): UnsubscribeSpelling[] {
  const used = new Set<UnsubscribeSpelling>();
  for (const request of requests)
    for (const [, spelling] of (JSON.stringify(request) ?? '').matchAll(
      /"(un[Ss]ubscribe)(?:Audio|Video)Uids":/g,
    ))
      used.add(spelling as UnsubscribeSpelling);
  return [...used];
}

/** What it was asked for, as far as it tells: what else was asked for has no part in it. */
export function askedBy({ recordings, sha }: PrintedPlan, dir: string): Asked {
  return {
    dir,
    ref: sha,
    // Without any it was made of all, of which there were none.
    names: [...new Set(recordings.map(({ name }) => name))],
    resync: recordings.some(({ calls }) => calls.some(({ reason }) => reason === 'resync')),
    allowEmpty: recordings.length > 0 && recordings.every(({ action }) => action === 'forget'),
  };
}

/**
 * Why a printed plan must not be applied any more, judged by its time: what was sent since may look the same again,
 * such as a state that is sent in full whatever is known. undefined where nothing was.
 */
export function printedStaleness(
  { recordings, timestamp }: PrintedPlan,
  known: Iterable<KnownRecording>,
): string | undefined {
  const names = new Set(recordings.map(({ name }) => name));
  const made = Date.parse(timestamp);
  const concerned = [...known].filter(({ name }) => names.has(name));
  return staleAfter(callsSince(concerned, ({ at }) => at > made));
}

/** Why what is planned now is not what was printed; undefined where it is the very same. */
export function printedDeviation(
  before: readonly PrintedRecording[],
  now: readonly PrintedRecording[],
): string | undefined {
  const [older, newer] = [byName(before.map(ofWeight)), byName(now.map(ofWeight))];
  const other = [...new Set([...older.keys(), ...newer.keys()])].flatMap((name) => {
    const [was, is] = [older.get(name) ?? [], newer.get(name) ?? []];
    return stable(was) === stable(is) ? [] : [`${name} (${difference(was[0], is[0])})`];
  });
  return other.length > 0 ? `${listed(other)} would be planned otherwise now` : undefined;
}

/** What counts of a recording. */
function ofWeight(recording: PrintedRecording): PrintedRecording {
  const { name, file, sid, mode, action, calls, notes } = recording;
  const own = calls.map(({ endpoint, reason, changes, patch, body }) => ({
    ...{ endpoint, reason, changes, patch, body },
  }));
  const which = { ...(sid === undefined ? {} : { sid }), ...(mode === undefined ? {} : { mode }) };
  return { name, file, ...which, action, calls: own, ...(notes ? { notes } : {}) };
}

/** The first thing that is other, in words. */
function difference(was: PrintedRecording | undefined, is: PrintedRecording | undefined): string {
  if (!is) return 'gone';
  if (!was) return 'new';
  for (const field of ['file', 'sid', 'mode', 'action'] as const)
    if (was[field] !== is[field])
      return `${field}: ${is[field] ?? 'none'} instead of ${was[field] ?? 'none'}`;
  const endpoints = new Set([...was.calls, ...is.calls].map(({ endpoint }) => endpoint));
  for (const endpoint of endpoints) {
    const [older, newer] = [was, is].map(({ calls }) => calls.filter((call) => call.endpoint === endpoint));
    if (stable(older) !== stable(newer)) return `${endpoint}${where(rows(older), rows(newer))}`;
  }
  return 'notes';
}

/** Rows as texts, by which they are compared, and the paths that they are about. */
function rows(calls: readonly PrintedCall[] = []): Map<string, string> {
  const changes = calls.flatMap((call) => call.changes);
  return new Map(changes.map((change) => [stable(change), change.path]));
}

function where(older: ReadonlyMap<string, string>, newer: ReadonlyMap<string, string>): string {
  const other = [
    ...[...older].filter(([row]) => !newer.has(row)),
    ...[...newer].filter(([row]) => !older.has(row)),
  ];
  const paths = [...new Set(other.map(([, path]) => path))];
  return paths.length > 0 ? ` ${listed(paths)}` : '';
}
