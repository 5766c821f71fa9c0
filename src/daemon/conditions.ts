import type { KnownRecording, RecordingPlan, Remembered } from '../model/plan.ts';
import type { BlockName, Endpoint } from '../model/recording.ts';
import type { Commit } from '../model/source.ts';
import { blocksOf, type Certainty, commitJson } from '../render/status.ts';

/** Ready: the recording is as its file says. Reconciling: it is being made so. Stalled: it cannot be, until something changes. */
export type ConditionType = 'Ready' | 'Reconciling' | 'Stalled';

/** Where a recording stands, with a CamelCase reason for programs and a message for people. */
export interface Standing {
  type: ConditionType;
  reason: string;
  message: string;
  /** Milliseconds since 1970. */
  since: number;
}

/** What the daemon knows of one recording besides the state. */
export interface Watched {
  name: string;
  file: string;
  plan?: RecordingPlan;
  standing: Standing;
  /** What the service refused, by endpoint, as the meaning of the request. */
  refused?: Map<Endpoint, { meaning: string; message: string }>;
  /** When and what `query` last showed. */
  observed?: { at: number; blocks: readonly BlockName[] };
  lastError?: { at: number; endpoint: Endpoint; message: string };
}

/** A recording as `/api/recordings` shows it. */
export function recordingJson(
  watched: Watched,
  known: KnownRecording | undefined,
  commit: Commit | undefined,
): object {
  const { name, file, plan, standing, observed, lastError } = watched;
  const certainties: Record<string, Certainty | 'observed'> = known ? { ...blocksOf(known) } : {};
  for (const block of observed?.blocks ?? [])
    if (certainties[block] === 'assumed') certainties[block] = 'observed';
  return {
    name,
    file,
    sid: plan?.sid ?? known?.identity.sid ?? null,
    mode: plan?.mode ?? known?.identity.mode ?? null,
    conditions: conditionsOf(standing),
    blocks: certainties,
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
function conditionsOf({ type, reason, message, since }: Standing): object[] {
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
