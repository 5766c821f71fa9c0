import type { Call, KnownRecording, RecordingPlan, Remembered } from '../model/plan.ts';
import type { BlockName, Endpoint } from '../model/recording.ts';
import type { Commit } from '../model/source.ts';
import { meaning } from '../plan/comparable.ts';
import { withKept } from '../plan/credentials.ts';
import { wholeCall } from '../plan/whole.ts';
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

/** What the service refused, or what could not be made ready: for which recording, the meaning of the request, and why. */
interface Refused extends Pick<Standing, 'reason' | 'message'> {
  identity: string;
  meaning: string;
}

/** What the daemon knows of one recording besides the state. */
export interface Watched {
  name: string;
  file: string;
  plan?: RecordingPlan;
  standing: Standing;
  /** What is not tried again as it is, by endpoint. */
  refused?: Map<Endpoint, Refused>;
  /** To be sent once more in full, although nothing has changed. */
  owed?: Set<Endpoint>;
  /** When and what `query` last showed. */
  observed?: { at: number; blocks: readonly BlockName[] };
  lastError?: { at: number; endpoint: Endpoint; message: string };
}

/**
 * Says where a recording stands. Since when counts from its condition: another reason for the same does not begin anew.
 * @param now milliseconds since 1970
 */
export function stand(
  watched: Watched,
  type: ConditionType,
  reason: string,
  message: string,
  now: number,
): void {
  const before = watched.standing;
  if (before.type === type && before.reason === reason && before.message === message) return;
  watched.standing = { type, reason, message, since: before.type === type ? before.since : now };
}

/**
 * The calls that a recording needs by now: those of its plan, and what is owed besides. Without those that were
 * refused just so, because they are not tried again as they are, whatever else happens to the recording.
 */
export function callsOf(watched: Watched, plan: RecordingPlan): Call[] {
  const { calls } = plan;
  const planned = new Set(calls.map(({ endpoint }) => endpoint));
  const owed = [...(watched.owed ?? [])].flatMap((endpoint) => {
    // Asked for only here: of a recording that needs nothing it would have to be read out of the file.
    const call = planned.has(endpoint) ? undefined : wholeCall(endpoint, plan.whole, 'resync');
    return (call && withKept(call, plan.keeps)) ?? [];
  });
  const all = [...calls, ...owed];
  const open = all.filter((call) => !isRefused(watched, call));
  // Where its credentials cannot be had, all of the recording is held back.
  const isHeld = all.some(
    (call) => call.reason !== 'credentials-expiring' && lacksCredentials(watched, call),
  );
  return isHeld ? [] : open;
}

function lacksCredentials(watched: Watched, call: Call): boolean {
  return isRefused(watched, call) && watched.refused?.get(call.endpoint)?.reason === NO_CREDENTIALS;
}

/** The reason of a recording whose program gives no credentials. */
export const NO_CREDENTIALS = 'CredentialsUnavailable';

/** Whether just this was refused for just this recording. */
function isRefused(
  { refused, plan }: Watched,
  { endpoint, request }: Pick<Call, 'endpoint' | 'request'>,
): boolean {
  const before = refused?.get(endpoint);
  return (
    before !== undefined &&
    before.identity === JSON.stringify(plan?.identity) &&
    before.meaning === meaning(endpoint, request)
  );
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
