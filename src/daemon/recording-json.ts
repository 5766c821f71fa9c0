import type { KnownRecording, Remembered } from '../model/plan.ts';
import type { Commit } from '../model/source.ts';
import { commitJson } from '../render/status.ts';
import { type Condition, confidenceOf, type Watched } from './conditions.ts';

/** A recording as `/api/recordings` shows it. */
export function recordingJson(
  watched: Watched,
  known: KnownRecording | undefined,
  commit: Commit | undefined,
  accountOf: (appId: string) => string | undefined = () => undefined,
): object {
  const { name, file, plan, condition, observed, lastError } = watched;
  const appId = (plan?.identity ?? known?.identity)?.appId;
  const account = appId === undefined ? undefined : accountOf(appId);
  return {
    name,
    file,
    ...(account === undefined ? {} : { account }),
    sid: plan?.sid ?? known?.identity.sid ?? null,
    mode: plan?.mode ?? known?.identity.mode ?? null,
    labels: plan?.labels ?? {},
    conditions: conditionsOf(condition),
    blocks: confidenceOf(watched, known),
    applied: {
      update: appliedJson(known?.update.applied),
      updateLayout: appliedJson(known?.updateLayout.applied),
    },
    commit: commit?.sha ?? null,
    observed_at: observed ? iso(observed.at) : null,
    last_error: lastError
      ? { at: iso(lastError.at), endpoint: lastError.endpoint, message: lastError.message }
      : null,
  };
}

/** All three conditions, as Kubernetes has them: exactly one is True. */
function conditionsOf({ type, reason, message, since }: Condition): object[] {
  return (['Ready', 'Reconciling', 'Stalled'] as const).map((each) => ({
    type: each,
    status: each === type ? 'True' : 'False',
    reason,
    message,
    last_transition_time: iso(since),
  }));
}

function appliedJson(applied: Remembered<unknown> | undefined): object | null {
  return applied ? { at: iso(applied.at), commit: commitJson(applied.commit) } : null;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
