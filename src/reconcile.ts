import type { Engine } from './apply/engine.ts';
import type { Known } from './model/known.ts';
import type { Call, Plan, RecordingPlan } from './model/plan.ts';
import type { DesiredSet } from './model/recording.ts';
import type { Journal } from './model/work.ts';
import { withKept } from './plan/credentials.ts';
import { lateCalls, makePlan, type PlanOptions } from './plan/plan.ts';

/*
 * The flow on one page:
 *
 *   files → desired → plan ← what is known of the service → render for people, or apply → record
 *
 * Reading (`desired`) and sending (the engine) are handed in; what stands between them is pure.
 */

/** The inputs of the flow: the files and the state. */
export interface Ends {
  desired: () => Promise<DesiredSet>;
  known: Known;
}

/** files → desired → plan ← known */
export async function reconcile(
  { desired, known }: Ends,
  options: PlanOptions,
): Promise<{ plan: Plan; desired: DesiredSet }> {
  const set = await desired();
  return { desired: set, plan: makePlan(set, known, options) };
}

/** Recordings that apply may touch: those whose secrets are all at hand. */
export function sendable({ recordings }: Plan): RecordingPlan[] {
  return recordings.filter(({ unresolved, calls }) => unresolved.length === 0 && calls.length > 0);
}

/** plan → engine → journal. Resolves when everything is answered and recorded, or has been stopped. */
export async function dispatch(plan: Plan, known: Known, engine: Engine, journal: Journal): Promise<void> {
  await recordBookkeeping(plan, known, journal);
  const asked = plan.commit ? { commit: plan.commit } : {};
  const submit = (callsOf: (recording: RecordingPlan) => readonly Call[]) => {
    for (const recording of sendable(plan)) {
      const { key, name, file, identity, whole, keeps, ended } = recording;
      const calls = callsOf(recording);
      if (key && identity && calls.length > 0)
        engine.submit({
          key,
          name,
          file,
          identity,
          calls,
          whole,
          keeps,
          ended: ended !== undefined,
          ...asked,
        });
    }
    return engine.idle();
  };
  await submit(({ calls }) => calls);
  // A call that an earlier one may still undo is sent once more before the run is done.
  await submit(({ key, whole, keeps }) => {
    const late = lateCalls(whole, key === undefined ? undefined : known.get(key));
    return late.flatMap((call) => withKept(call, keeps) ?? []);
  });
}

/** Records what changes without any call: forgotten, renamed and released things. */
export async function recordBookkeeping(
  plan: Pick<Plan, 'recordings'>,
  known: Known,
  journal: Journal,
): Promise<void> {
  for (const recording of plan.recordings) await recordBookkeepingOf(recording, known, journal);
}

async function recordBookkeepingOf(
  { key, name, file, action, calls, released, supersedes, unresolved }: RecordingPlan,
  known: Known,
  journal: Journal,
): Promise<void> {
  if (!key || action === 'suspended' || unresolved.length > 0) return;
  if (action === 'forget') {
    await journal.append({ event: 'forget', key });
    return;
  }
  for (const older of supersedes) await journal.append({ event: 'forget', key: older });
  const before = known.head(key);
  if (before && (before.name !== name || before.file !== file))
    await journal.append({ event: 'rename', key, name, file });
  // An applied update releases them as well; a refused one leaves them as they were.
  const isUpdated = calls.some(({ endpoint }) => endpoint === 'update');
  if (released.length > 0 && !isUpdated) await journal.append({ event: 'release', key, blocks: released });
}
