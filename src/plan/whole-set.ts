import { byPlace, type Diagnostic, gathered } from '../model/diagnostic.ts';
import type { Known, KnownHead } from '../model/known.ts';
import { isSelected, type Selector } from '../model/labels.ts';
import type {
  AccountCost,
  Action,
  Call,
  KnownRecording,
  Plan,
  RecordingPlan,
  Summary,
} from '../model/plan.ts';
import type { DesiredSet, Labels } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { Snapshot } from '../model/source.ts';
import { planRecording, type RecordingOptions } from './plan.ts';

/*
 * The rules that look at all files and at everything known: whether anything may follow from the files at all, and
 * which known recordings no document claims any more. A recording is planned by itself (`plan.ts`).
 */

export interface PlanOptions extends RecordingOptions {
  /** Requests a second of an account of which nothing else is said. */
  rate: number;
  /** The account of an App ID, where there are several with names; left out: there is one. */
  accountOf?: (appId: string) => { name: string | undefined; rate: number } | undefined;
  /** Restrict to these names; undefined or empty: all. */
  names?: readonly string[];
  /** Restrict to recordings for which all of these hold; undefined or empty: all. One whose file is gone has no labels. */
  select?: readonly Selector[];
  /** Labels of recordings whose file is gone, by key, where they are known. */
  goneLabels?: ReadonlyMap<string, Labels>;
  /** Accept an empty set of files although recordings are known. */
  allowEmpty?: boolean;
  /** The folder of the files, for the message about an empty set. */
  dir: string;
}

/** All files, and their recordings by name. */
export type Desired = Pick<Snapshot, 'set' | 'byName'>;

/** What is to be done for one name. */
export interface PlannedName {
  name: string;
  /** The recording's plan; of a name that no document gives, one for each recording that is forgotten: mostly one, or none. */
  plans: RecordingPlan[];
}

/** Every name that a document gives or that is known, those of documents first, in the order of a plan. */
export function everyName({ set, byName }: Desired, known: Known): Set<string> {
  const others = [...known.heads()].map(({ name }) => name).filter((name) => !byName.has(name));
  return new Set([...set.recordings.map(({ name }) => name), ...others.sort()]);
}

/**
 * Plans these names one after the other, each when it is asked for; one that has been taken out of `names` by then is
 * passed over. One name costs what one costs: all claims are looked at only where something may be forgotten.
 */
export function* planNames(
  desired: Desired,
  known: Known,
  names: ReadonlySet<string>,
  options: RecordingOptions,
): Generator<PlannedName> {
  const gone = abandoned(desired, known, names);
  for (const name of names) {
    const recording = desired.byName.get(name);
    const others = gone.get(name) ?? [];
    const plans = recording
      ? [planRecording(recording, known, keysOf(others), options)]
      : others.flatMap(({ key }) => known.get(key) ?? []).map(forgetting);
    yield { name, plans };
  }
}

/** Desired × known → the whole plan. Pure: the same input gives the same plan. */
export function makePlan(set: DesiredSet, known: Known, options: PlanOptions): Plan {
  const { dir, rate, now, accountOf } = options;
  const desired = { set, byName: new Map(set.recordings.map((recording) => [recording.name, recording])) };
  const empty = options.allowEmpty ? undefined : emptySet(set, known, dir);
  // The error about the empty set replaces the warning.
  const found = set.diagnostics.filter(({ code }) => empty === undefined || code !== 'no-recording-files');
  const isRefused = empty !== undefined || missingFolder(set) !== undefined;
  const all = isRefused ? new Set(desired.byName.keys()) : everyName(desired, known);
  const names = options.names?.length ? new Set(options.names) : undefined;
  const { select = [], goneLabels } = options;
  const isAsked = (name: string) => {
    const recording = desired.byName.get(name);
    return (!names || names.has(name)) && (!recording || isSelected(recording.labels, select));
  };
  const isChosen = ({ action, key = '' }: RecordingPlan) =>
    action !== 'forget' || isSelected(goneLabels?.get(key), select);
  const asked = names || select.length > 0 ? new Set([...all].filter(isAsked)) : all;
  const recordings: RecordingPlan[] = [];
  for (const { plans } of planNames(desired, known, asked, options))
    recordings.push(...plans.filter(isChosen));
  // What an account lacks is one finding, however many recordings it has.
  const unresolved = [...new Set(recordings.flatMap((recording) => recording.unresolved))];
  const warnings = recordings.flatMap((recording) => recording.warnings ?? []);
  const refusal = empty === undefined ? [] : [emptySetError(empty, dir)];
  const diagnostics = [...gathered([...found, ...refusal, ...unresolved, ...warnings])].sort(byPlace);
  return {
    timestamp: new Date(now).toISOString(),
    applyable: unresolved.length === 0 && !diagnostics.some(({ severity }) => severity === 'error'),
    recordings,
    summary: summarise(recordings, rate, accountOf),
    diagnostics,
    rate,
    ...(set.commit ? { commit: set.commit } : {}),
  };
}

/** That the folder of the files is missing: nothing may follow from that. */
export function missingFolder({ diagnostics }: DesiredSet): Diagnostic | undefined {
  return diagnostics.find(({ code }) => code === 'directory-not-found');
}

/**
 * That recordings are known and the files have none, for people: nothing may follow from that, because it is far more
 * often a mistake (wrong directory, failed checkout) than intended.
 * @param dir as the user typed it
 */
export function emptySet(
  { recordings, broken, files }: DesiredSet,
  known: Known,
  dir?: string,
): string | undefined {
  if (recordings.length + broken.length > 0 || known.size === 0) return undefined;
  const [what, where] =
    files > 0 ? ['nothing but comments in the files', 'of'] : ['no recording files', 'in'];
  const there = dir === undefined ? '' : ` ${where} ${dir}`;
  return `${what}${there}, but ${known.size} recording${known.size === 1 ? ' is' : 's are'} known`;
}

function emptySetError(summary: string, dir: string): Diagnostic {
  const at = { line: 1, column: 1 };
  return {
    severity: 'error',
    code: 'empty-set',
    summary,
    detail:
      'Is this the right directory? To forget all of them, pass --allow-empty; no call is made for that.',
    range: { filename: dir, start: at, end: at },
  };
}

/**
 * Whether what no document claims may be forgotten. While anything in a file or folder is wrong, nothing may: a file
 * with an error is not a deleted one, it may be the very one that claims the recording, and forgetting can wait.
 */
export function mayForget({ broken }: DesiredSet): boolean {
  return broken.length === 0;
}

/**
 * Known recordings of these names that no document claims any more: a document of that name has taken their place, or
 * there is none and they are forgotten.
 */
export function abandoned(
  { set, byName }: Desired,
  known: Known,
  names: ReadonlySet<string>,
): Map<string, KnownHead[]> {
  const found = new Map<string, KnownHead[]>();
  if (!mayForget(set)) return found;
  const elsewhere: KnownHead[] = [];
  // A daemon plans one name after the other.
  const [only] = names;
  for (const recording of names.size === 1 ? known.named(only as string) : known.heads()) {
    if (!names.has(recording.name)) continue;
    const identity = byName.get(recording.name)?.identity;
    if (!identity || recordingKey(identity) !== recording.key) elsewhere.push(recording);
  }
  if (elsewhere.length === 0) return found;
  // Done last, because it goes through everything: a recording that a document of another name claims was only renamed.
  const claimed = new Set(claims(byName));
  for (const recording of elsewhere)
    if (!claimed.has(recording.key))
      found.set(recording.name, [...(found.get(recording.name) ?? []), recording]);
  return found;
}

/** Whether a document claims this recording. Goes through all of them, so it is asked last. */
export function isClaimed(wanted: string, { byName }: Pick<Desired, 'byName'>): boolean {
  for (const key of claims(byName)) if (key === wanted) return true;
  return false;
}

function* claims(byName: Desired['byName']): Generator<string> {
  for (const { identity } of byName.values()) if (identity) yield recordingKey(identity);
}

function keysOf(recordings: readonly KnownHead[]): string[] {
  return recordings.map(({ key }) => key);
}

/** The plan that forgets a recording. */
function forgetting({ key, name, file, identity }: KnownRecording): RecordingPlan {
  return {
    ...{ name, file, key, identity },
    action: 'forget',
    sid: identity.sid,
    mode: identity.mode,
    calls: [],
    whole: {},
    notes: ['its file is gone: the recording goes on as it is, and is forgotten here'],
    released: [],
    supersedes: [],
    unresolved: [],
  };
}

function summarise(
  recordings: readonly RecordingPlan[],
  rate: number,
  accountOf: PlanOptions['accountOf'],
): Summary {
  const count = (...actions: Action[]) => recordings.filter(({ action }) => actions.includes(action)).length;
  const calls = { update: 0, updateLayout: 0 };
  for (const { endpoint } of recordings.flatMap((recording) => recording.calls as Call[])) calls[endpoint]++;
  const accounts = costs(recordings, accountOf);
  const alone = seconds(calls.update + calls.updateLayout, rate);
  return {
    recordings: recordings.length,
    to_create: count('create'),
    to_update: count('update'),
    unchanged: count('no-op', 'waiting', 'suspended'),
    to_forget: count('forget'),
    calls,
    seconds_at_rate: accounts ? Math.max(0, ...accounts.map((each) => each.seconds_at_rate)) : alone,
    ...(accounts ? { accounts } : {}),
  };
}

/** What calls cost each account, the longest first; undefined where accounts have no names. */
function costs(
  recordings: readonly RecordingPlan[],
  accountOf: PlanOptions['accountOf'],
): AccountCost[] | undefined {
  const found = new Map<string, { calls: number; rate: number }>();
  for (const { identity, calls } of recordings) {
    if (!identity || !accountOf) continue;
    const { name, rate } = accountOf(identity.appId) ?? {};
    if (name === undefined || rate === undefined || calls.length === 0) continue;
    found.set(name, { rate, calls: (found.get(name)?.calls ?? 0) + calls.length });
  }
  if (found.size === 0) return undefined;
  return [...found]
    .map(([name, { calls, rate }]) => ({ name, calls, rate, seconds_at_rate: seconds(calls, rate) }))
    .sort((a, b) => b.seconds_at_rate - a.seconds_at_rate || (a.name < b.name ? -1 : 1));
}

function seconds(calls: number, rate: number): number {
  return Number((calls / rate).toFixed(3));
}
