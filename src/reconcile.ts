import type { Engine } from './apply/engine.ts';
import type { Fleet } from './apply/fleet.ts';
import type { JournalEvent } from './model/journal.ts';
import type { Known } from './model/known.ts';
import type { Call, Plan, RecordingPlan } from './model/plan.ts';
import type { DesiredSet } from './model/recording.ts';
import type { Commit } from './model/source.ts';
import type { Journal } from './model/work.ts';
import { withKept } from './plan/credentials.ts';
import { lateCalls, type RecordingOptions } from './plan/plan.ts';
import { type Desired, makePlan, type PlannedName, type PlanOptions, planNames } from './plan/whole-set.ts';

/*
 * The flow on one page:
 *
 *   files → desired → plan ← what is known of the service → render for people, or apply → record
 *
 * `plan` and `apply` reconcile everything at once, `watch` the names that are due, one after the other. Planning is
 * pure; reading stands before it, and the engines and the journal are handed in.
 */

/** files → desired → plan ← known */
export function reconcile(desired: DesiredSet, known: Known, options: PlanOptions): Plan {
  return makePlan(desired, known, options);
}

/** The same for some names of a running daemon: each is planned when it is its turn. */
export function reconcileNames(
  desired: Desired,
  known: Known,
  names: ReadonlySet<string>,
  options: RecordingOptions,
): Iterable<PlannedName> {
  return planNames(desired, known, names, options);
}

/** Recordings that apply may touch: those whose secrets are all at hand. */
export function sendable({ recordings }: Plan): RecordingPlan[] {
  return recordings.filter(({ unresolved, calls }) => unresolved.length === 0 && calls.length > 0);
}

/** plan → journal and engines. Resolves when everything is answered and recorded, or has been stopped. */
export async function dispatch(plan: Plan, known: Known, fleet: Fleet, journal: Journal): Promise<void> {
  await recordBookkeeping(plan, known, journal);
  const recordings = sendable(plan);
  // No account waits for another.
  const ended = await Promise.allSettled(
    fleet.members.map(({ name, engine }) => {
      const own = recordings.filter(({ identity }) => identity && fleet.accountOf(identity.appId) === name);
      return dispatchOwn(own, known, engine, plan.commit);
    }),
  );
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}

async function dispatchOwn(
  recordings: readonly RecordingPlan[],
  known: Known,
  engine: Engine,
  commit: Commit | undefined,
): Promise<void> {
  for (const recording of recordings) submit(recording, recording.calls, engine, commit);
  await engine.idle();
  // A call that an earlier one may still undo is sent once more before the run is done.
  for (const recording of recordings) {
    const { key, whole, keeps } = recording;
    const late = lateCalls(whole, key === undefined ? undefined : known.get(key));
    const calls = late.flatMap((call) => withKept(call, keeps) ?? []);
    submit(recording, calls, engine, commit);
  }
  await engine.idle();
}

/** plan → engine: the calls of one recording take the place of those that still wait; with none, these are dropped. */
export function submit(
  { key, name, file, identity, whole, keeps, ended }: RecordingPlan,
  calls: readonly Call[],
  engine: Pick<Engine, 'submit' | 'drop'>,
  commit: Commit | undefined,
): void {
  if (!key || !identity) return;
  const asked = commit ? { commit } : {};
  if (calls.length === 0) engine.drop(key);
  else
    engine.submit({ key, name, file, identity, calls, whole, keeps, ended: ended !== undefined, ...asked });
}

/** plan → journal: what changes without any call, that is, forgotten, renamed and released things. */
export async function recordBookkeeping(
  { recordings }: Pick<Plan, 'recordings'>,
  known: Known,
  journal: Journal,
): Promise<void> {
  for (const recording of recordings)
    for (const event of bookkeepingOf(recording, known)) await journal.append(event);
}

function bookkeepingOf(
  { key, name, file, action, calls, released, supersedes, unresolved }: RecordingPlan,
  known: Known,
): JournalEvent[] {
  if (!key || action === 'suspended' || unresolved.length > 0) return [];
  if (action === 'forget') return [{ event: 'forget', key }];
  const before = known.head(key);
  const isRenamed = before && (before.name !== name || before.file !== file);
  // An applied update releases them as well; a refused one leaves them as they were.
  const isUpdated = calls.some(({ endpoint }) => endpoint === 'update');
  return [
    ...supersedes.map((older): JournalEvent => ({ event: 'forget', key: older })),
    ...(isRenamed ? [{ event: 'rename' as const, key, name, file }] : []),
    ...(released.length > 0 && !isUpdated ? [{ event: 'release' as const, key, blocks: released }] : []),
  ];
}
