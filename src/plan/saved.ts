import { isSealed, type UnsubscribeSpelling } from '../agora/requests.ts';
import { stable } from '../model/json.ts';
import type { Action, KnownRecording, Plan, RecordingPlan } from '../model/plan.ts';
import type { BlockName, ClientRequests, Identity, Sealed } from '../model/recording.ts';
import type { Commit } from '../model/source.ts';

/** What a plan was asked for: the same again gives the same plan. */
export interface Asked {
  /** As the user typed it. */
  dir: string;
  /** The commit that the files are taken from, as the user typed it; undefined: from disk. */
  ref?: string | undefined;
  /** Restricted to these; empty: all. */
  names: readonly string[];
  /** Restricted to recordings for which all of these conditions hold ("KEY=VALUE", "KEY!=VALUE"); left out: all. */
  select?: readonly string[];
  resync: boolean;
  allowEmpty: boolean;
}

/** What becomes of one recording, without what is only for people. Secrets sealed. */
export interface SavedRecording {
  name: string;
  file: string;
  action: Action;
  key?: string | undefined;
  identity?: Identity | undefined;
  calls: { endpoint: string; reason: string; request: unknown }[];
  whole: Partial<ClientRequests>;
  released: readonly BlockName[];
  supersedes: readonly string[];
}

/**
 * A plan that is kept to be applied as it is, or not at all. It holds secrets as references and keyed fingerprints
 * only, and is bound to one moment of one state and to what the files held.
 */
export interface SavedPlan {
  reelstate: 'plan';
  format_version: '1.0';
  timestamp: string;
  /** Whether all of it could be applied as it stood: no errors, no unresolved references. */
  applyable: boolean;
  asked: Asked;
  /** Left out: as the files have it. */
  unsubscribe_spelling?: UnsubscribeSpelling | undefined;
  state: { id: string; serial: number };
  commit: Commit | null;
  /** SHA-256 of each recording file by its name; empty where they are from a commit. */
  files: Readonly<Record<string, string>>;
  recordings: SavedRecording[];
}

/** Of a plan, what is done: recordings with nothing to do are left out. */
export function savedRecordings({ recordings }: Plan): SavedRecording[] {
  return recordings.filter(hasWork).map((recording) => {
    const { name, file, action, key, identity, calls, whole, released, supersedes } = recording;
    return {
      ...{ name, file, action, key, identity },
      calls: calls.map(({ endpoint, reason, request, keeps }) => ({
        ...{ endpoint, reason, request },
        ...(keeps === undefined ? {} : { keeps }),
      })),
      ...{ whole, released, supersedes },
    };
  });
}

function hasWork({ action, calls, released, supersedes }: RecordingPlan): boolean {
  return action === 'forget' || calls.length + released.length + supersedes.length > 0;
}

/** What has changed since the plan was made, causes first. */
export interface Now {
  stateId: string;
  serial: number;
  commit: Commit | undefined;
  files: Readonly<Record<string, string>>;
  /** Calls that have left since, for people. */
  since: readonly string[];
}

/** Items named in a message before the rest is only counted. */
const NAMED = 3;

/** Why a saved plan must not be applied any more, judged by the state and the files; undefined where they are the same. */
export function staleness(saved: SavedPlan, now: Now): string | undefined {
  const { state, commit, files, asked } = saved;
  if (state.id !== now.stateId) return 'it was made with another state directory';
  if (state.serial !== now.serial)
    return now.since.length > 0
      ? `since it was made calls have been sent: ${listed(now.since)}`
      : `the state has changed since it was made (entry ${state.serial} was the last, and now ${now.serial} is)`;
  if (commit?.sha !== now.commit?.sha)
    return `${asked.ref ?? 'the commit'} was at ${short(commit)} when it was made, and is at ${short(now.commit)} now`;
  const changed = Object.keys({ ...files, ...now.files })
    .filter((file) => files[file] !== now.files[file])
    .map(
      (file) =>
        `${file} ${files[file] === undefined ? 'is new' : now.files[file] === undefined ? 'is gone' : 'has changed'}`,
    );
  return changed.length > 0 ? `the files are others than when it was made: ${listed(changed)}` : undefined;
}

/** Why the same files and state now give another plan: a secret, or what a file refers to; undefined where they do not. */
export function deviation(saved: SavedPlan, now: readonly SavedRecording[]): string | undefined {
  const secrets = changedSecrets(saved.recordings, now);
  if (secrets.length > 0) return `a secret is another than when it was made: ${listed(secrets)}`;
  const [older, newer] = [byName(saved.recordings), byName(now)];
  const names = [...new Set([...older.keys(), ...newer.keys()])];
  const other = names.filter((name) => stable(older.get(name) ?? []) !== stable(newer.get(name) ?? []));
  return other.length > 0 ? `${listed(other)} would be planned otherwise now` : undefined;
}

/** Several that are to be forgotten may have had one name. */
function byName(recordings: readonly SavedRecording[]): Map<string, SavedRecording[]> {
  const found = new Map<string, SavedRecording[]>();
  for (const recording of recordings) {
    const same = found.get(recording.name);
    if (same) same.push(recording);
    else found.set(recording.name, [recording]);
  }
  return found;
}

/** References whose values have other fingerprints. */
function changedSecrets(before: unknown, after: unknown): string[] {
  const sealedOf = (value: unknown) => {
    const found = new Map<string, Set<string | null>>();
    eachSealed(value, ({ reference, sealed }) =>
      found.set(reference, (found.get(reference) ?? new Set()).add(sealed)),
    );
    return found;
  };
  const now = sealedOf(after);
  return [...sealedOf(before)].flatMap(([reference, seals]) => {
    const found = now.get(reference);
    return found && stable([...seals].sort()) !== stable([...found].sort()) ? [reference] : [];
  });
}

function eachSealed(value: unknown, visit: (secret: Sealed) => void): void {
  // A request in a file may hold anything.
  if (isSealed(value) && isSound(value)) visit(value);
  else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) eachSealed(item, visit);
}

function isSound({ reference, sealed }: Sealed): boolean {
  return typeof reference === 'string' && (sealed === null || typeof sealed === 'string');
}

/** Calls that were sent after an entry of the journal, for people. */
export function callsSince(known: Iterable<KnownRecording>, serial: number): string[] {
  return [...known].flatMap(({ name, update, updateLayout }) =>
    Object.entries({ update, updateLayout }).flatMap(([endpoint, { applied, unknown }]) =>
      [applied, ...unknown].some((sent) => sent && sent.seq > serial) ? [`${endpoint} of ${name}`] : [],
    ),
  );
}

function short(commit: Commit | null | undefined): string {
  return commit ? commit.sha.slice(0, 10) : 'no commit';
}

/** The first of them for a message; the rest is counted. */
function listed(items: readonly string[]): string {
  const more = items.length > NAMED ? ` and ${items.length - NAMED} more` : '';
  return `${items.slice(0, NAMED).join(', ')}${more}`;
}
