import type { Call, KnownRecording, RecordingPlan } from '../model/plan.ts';
import type { BlockName, Endpoint } from '../model/recording.ts';
import { canonicalText } from '../plan/comparable.ts';
import { withKept } from '../plan/credentials.ts';
import { wholeCall } from '../plan/whole.ts';
import { blocksOf, type Certainty } from '../render/status.ts';

/** Ready: the recording is as its file says. Reconciling: it is being made so. Stalled: it cannot be, until something changes. */
export type ConditionType = 'Ready' | 'Reconciling' | 'Stalled';

/** The condition of a recording, with a CamelCase reason for programs and a message for people. */
export interface Condition {
  type: ConditionType;
  reason: string;
  message: string;
  /** Milliseconds since 1970. */
  since: number;
}

/** A call that the service refused, or that could not be made ready: its recording, its canonical request, and why. */
interface Refused extends Pick<Condition, 'reason' | 'message'> {
  identity: string;
  request: string;
}

/** What the daemon knows of one recording besides the state. */
export interface Watched {
  name: string;
  file: string;
  plan?: RecordingPlan;
  condition: Condition;
  /** Calls that are not sent again as they are, by endpoint. */
  refused?: Map<Endpoint, Refused>;
  /** To be sent once more in full, although nothing has changed. */
  owed?: Set<Endpoint>;
  /** When and what `query` last showed. */
  observed?: { at: number; blocks: readonly BlockName[] };
  lastError?: { at: number; endpoint: Endpoint; message: string };
  /** What was seen to differ from what was applied, until it is applied again or seen to be as it was applied. */
  drift?: { since: number; blocks: readonly BlockName[] };
  /** Told of every change of the condition. */
  tell?: ((watched: Watched, before: Condition) => void) | undefined;
}

/**
 * Sets a recording's condition. `since` counts from the change of its type: another reason for the same type keeps it.
 * @param now milliseconds since 1970
 */
export function setCondition(
  watched: Watched,
  type: ConditionType,
  reason: string,
  message: string,
  now: number,
): void {
  const before = watched.condition;
  if (before.type === type && before.reason === reason && before.message === message) return;
  watched.condition = { type, reason, message, since: before.type === type ? before.since : now };
  watched.tell?.(watched, before);
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
  // Without its credentials the whole recording is held back.
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

/** Whether this very request was refused for this very recording. */
function isRefused(
  { refused, plan }: Watched,
  { endpoint, request }: Pick<Call, 'endpoint' | 'request'>,
): boolean {
  const before = refused?.get(endpoint);
  return (
    before !== undefined &&
    before.identity === JSON.stringify(plan?.identity) &&
    before.request === canonicalText(endpoint, request)
  );
}

/** The part of a condition that is set, without its time. */
export type Standing = [type: ConditionType, reason: string, message: string];

/** Why nothing is sent for a recording, whatever calls its plan has. */
export function heldBack({ key, action, notes, unresolved, ended }: RecordingPlan): Standing | undefined {
  if (!key) return ['Reconciling', 'Waiting', notes[0] ?? 'waiting'];
  if (action === 'suspended') return ['Ready', 'Suspended', 'left alone, as its file asks'];
  if (unresolved.length > 0) return ['Stalled', 'SecretUnresolved', unresolvedMessage(unresolved)];
  if (ended !== undefined)
    return ['Stalled', 'Ended', 'the recording has ended; it is taken up again with a new sid'];
  return undefined;
}

/**
 * The condition of a recording for which these calls are to be sent; undefined where it stays as it is.
 * @param isSending whether one of its calls is in flight: its answer decides
 */
export function standingOf(
  { refused }: Pick<Watched, 'refused'>,
  plan: Pick<RecordingPlan, 'calls' | 'notes'>,
  calls: readonly Call[],
  isSending: boolean,
): Standing | undefined {
  const [first] = plan.calls;
  // A call that only repeats the state leaves the condition as it is.
  if (calls.length > 0) return first && reconciling(plan, calls);
  const refusal = first && refused?.get(first.endpoint);
  if (refusal) return ['Stalled', refusal.reason, refusal.message];
  return isSending ? undefined : ['Ready', 'Applied', 'as its file says'];
}

function reconciling({ notes }: Pick<RecordingPlan, 'notes'>, calls: readonly Call[]): Standing {
  const endpoints = calls.map(({ endpoint }) => endpoint).join(' and ');
  if (calls.every(({ notBefore }) => notBefore !== undefined))
    return ['Reconciling', 'OutcomeUnknown', notes.join('; ') || `${endpoints} to be sent once more`];
  const isRenewal = calls[0]?.reason === 'credentials-expiring';
  return ['Reconciling', isRenewal ? 'RenewingCredentials' : 'Applying', `${endpoints} to be sent`];
}

/** The message of a recording whose references cannot be resolved. */
export function unresolvedMessage(unresolved: RecordingPlan['unresolved']): string {
  return unresolved.map(({ summary }) => summary).join('; ');
}

/** How much is known of each block. What was applied after the last observation is assumed again. */
export function confidenceOf(
  { observed }: Watched,
  known: KnownRecording | undefined,
): Partial<Record<BlockName, Certainty | 'observed'>> {
  const blocks: Partial<Record<BlockName, Certainty | 'observed'>> = known ? blocksOf(known) : {};
  const isNewer = observed !== undefined && observed.at >= (known?.update.applied?.at ?? 0);
  for (const block of isNewer ? observed.blocks : [])
    if (blocks[block] === 'assumed') blocks[block] = 'observed';
  return blocks;
}
