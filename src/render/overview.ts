import type { CallReason, KnownRecording, Plan, RecordingPlan } from '../model/plan.ts';
import type { Endpoint, Labels } from '../model/recording.ts';

/** What the next apply would do with a known recording. */
export interface Pending {
  /** "replaced": another recording has its name now. "renamed": the next apply records its new name, without a call. */
  action: 'update' | 'forget' | 'replaced' | 'waiting' | 'suspended' | 'release' | 'renamed';
  calls: { endpoint: Endpoint; reason: CallReason; changes: number; resets: number }[];
  /** What a person should know besides. */
  notes: readonly string[];
}

/** A recording in the state. */
export interface OverviewRow {
  known: KnownRecording;
  /** As the files have it now. */
  name: string;
  file: string;
  /** As the file has them; undefined where it has none, is gone or cannot be used. */
  labels?: Labels | undefined;
  /** null: nothing to do. "unknown": its file has an error, or no file could be read. */
  pending: Pending | null | 'unknown';
}

/** The state beside what the files ask for. */
export interface Overview {
  recordings: OverviewRow[];
  /** Recordings of the files to which nothing was ever sent. */
  fresh: RecordingPlan[];
  /** What the account of an App ID is called; undefined where accounts have no names, or none lists it. */
  accountOf: AccountOf;
}

export type AccountOf = (appId: string | undefined) => string | undefined;

/**
 * Known × plan → overview, by name.
 * @param plan of all files and all that is known; undefined where the files could not be read
 */
export function overviewOf(
  known: readonly KnownRecording[],
  plan: Plan | undefined,
  accountOf: AccountOf = () => undefined,
): Overview {
  const byKey = new Map(plan?.recordings.map((recording) => [recording.key, recording]));
  const byName = new Map(plan?.recordings.map((recording) => [recording.name, recording]));
  const broken = new Set(
    plan?.diagnostics
      .filter(({ severity }) => severity === 'error')
      .flatMap(({ range, uses = [] }) => [range.filename, ...uses.map(({ filename }) => filename)]),
  );
  const keys = new Set(known.map(({ key }) => key));
  const names = new Set(known.map(({ name }) => name));
  const recordings = known.map((one): OverviewRow => {
    const planned = byKey.get(one.key);
    const { name, file } = planned ?? one;
    const namesake = byName.get(one.name);
    const { labels } = planned ?? namesake ?? {};
    if (planned) return { known: one, name, file, labels, pending: pendingOf(planned, one) };
    if (!plan || broken.has(one.file) || (!namesake && broken.size > 0))
      return { known: one, name, file, pending: 'unknown' };
    return { known: one, name, file, labels, pending: namesake ? withoutFile(namesake) : null };
  });
  const fresh = (plan?.recordings ?? []).filter(
    ({ key, action }) => action !== 'forget' && (key === undefined || !keys.has(key)),
  );
  return {
    recordings: recordings.sort((a, b) => (a.name < b.name ? -1 : 1)),
    // What waits for its backend and was there before stands above.
    fresh: fresh.filter(({ key, name }) => key !== undefined || !names.has(name)),
    accountOf,
  };
}

function pendingOf(planned: RecordingPlan, known: KnownRecording): Pending | null {
  const { action, released, notes, name, file } = planned;
  const calls = planned.calls.map(({ endpoint, reason, changes }) => ({
    endpoint,
    reason,
    changes: changes.length,
    resets: changes.filter((change) => change.reason === 'reset').length,
  }));
  if (action === 'forget' || action === 'suspended') return { action, calls, notes: [] };
  if (calls.length > 0) return { action: 'update', calls, notes: released.length > 0 ? notes : [] };
  if (released.length > 0) return { action: 'release', calls, notes };
  return name === known.name && file === known.file ? null : { action: 'renamed', calls, notes: [] };
}

/** A known recording that no file is about any more, while there is a file for its name. */
function withoutFile(namesake: RecordingPlan): Pending {
  return namesake.key === undefined
    ? { action: 'waiting', calls: [], notes: namesake.notes }
    : { action: 'replaced', calls: [], notes: [] };
}

/** How many recordings are in each condition, those without any included; conditions that none is in are left out. */
export function tally(conditions: Iterable<string>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const condition of conditions) sums[condition] = (sums[condition] ?? 0) + 1;
  return sums;
}

/** "2 Ready, 1 Failed" */
export function tallyText(conditions: Iterable<string>): string {
  return Object.entries(tally(conditions))
    .map(([condition, number]) => `${number} ${condition}`)
    .join(', ');
}
