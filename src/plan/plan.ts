import type { Known } from '../model/known.ts';
import { lateUntil } from '../model/late.ts';
import type {
  Call,
  CallReason,
  KnownEndpoint,
  KnownRecording,
  RecordingPlan,
  Remembered,
} from '../model/plan.ts';
import type {
  Blocks,
  ClientRequests,
  DesiredRecording,
  Endpoint,
  UpdateRequest,
} from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { changesOf } from './changes.ts';
import { isEquivalent } from './comparable.ts';
import { credentialsDue, planToken } from './credentials.ts';
import { NOTHING, NoopPlan } from './noop.ts';
import { everSent, releasedBlocks, wholeRequests } from './whole.ts';

export interface RecordingOptions {
  /** Milliseconds since 1970: what decides whether credentials are due, and whether a token has expired. */
  now: number;
  /** How much earlier than due a known recording's credentials are renewed, in milliseconds; left out: 0. */
  lead?: (known: KnownRecording) => number;
  /** Send the whole state of recordings that have not changed, too. */
  resync?: boolean;
  /** Whether the plan of the recording is known to be a no-op, for its file and state as they are now. */
  isNoop?: (recording: DesiredRecording) => boolean;
}

/**
 * The plan of one recording by itself.
 * @param sameName keys of known recordings of its name that no document claims
 */
export function planRecording(
  recording: DesiredRecording,
  known: Known,
  sameName: readonly string[],
  options: RecordingOptions,
): RecordingPlan {
  const { name, file, identity, labels, canvas, credentialsAt } = recording;
  if (identity && !recording.suspended && !options.resync && options.isNoop?.(recording)) {
    const key = recordingKey(identity);
    const others = sameName.length === 0 ? NOTHING : sameName.filter((other) => other !== key);
    return new NoopPlan(recording, identity, known, others);
  }
  const about = { name, file, ...(labels && { labels }), ...(canvas && { canvas }) };
  const base = {
    ...{ calls: [], whole: {}, notes: [], released: [], supersedes: [], unresolved: [] },
    ...about,
  };
  if (!identity) {
    // Whether the file is there was not looked at.
    const passedOver = recording.unresolved.filter(({ code }) => code === 'reference-not-followed');
    return {
      ...base,
      unresolved: passedOver,
      action: recording.suspended ? 'suspended' : 'waiting',
      notes:
        recording.suspended || passedOver.length > 0
          ? []
          : [`waiting for ${recording.waitingFor}, which the backend writes when the recording has started`],
    };
  }
  const key = recordingKey(identity);
  const place = { key, identity, sid: identity.sid, mode: identity.mode };
  if (recording.suspended) return { ...base, ...place, action: 'suspended' };
  const before = known.get(key);
  const supersedes = sameName.filter((other) => other !== key);
  const blocks = recording.blocks();
  const released = releasedBlocks(blocks, before);
  const whole = wholeRequests(identity, blocks, before);
  const { now, lead } = options;
  const dueBy = now + (before ? (lead?.(before) ?? 0) : 0);
  const token = planToken(
    recording,
    callsOf(whole, blocks, before, { ...options, dueBy }),
    whole.update,
    before?.update,
    now,
  );
  const { calls, unresolved, warnings, keeps } = token;
  if (
    calls.length + released.length + unresolved.length + warnings.length === 0 &&
    before?.ended === undefined
  )
    return new NoopPlan(recording, identity, known, supersedes);
  return {
    action: calls.length === 0 ? 'no-op' : everSent(before) ? 'update' : 'create',
    calls,
    whole,
    ...(before?.ended === undefined ? {} : { ended: before.ended }),
    notes: [
      ...(before?.ended === undefined
        ? []
        : [`has ended, as far as is known since ${new Date(before.ended).toISOString()}`]),
      ...startedOtherwise(blocks, calls),
      ...calls.flatMap(({ endpoint, notBefore }) =>
        notBefore === undefined
          ? []
          : [
              `an earlier ${endpoint} whose outcome is not known may still take effect: it is sent once more at ${new Date(notBefore).toISOString()}`,
            ],
      ),
      ...token.notes,
      ...released.map(
        (block) =>
          `${block} is no longer in the file: it has no default to go back to, so the service keeps what it has`,
      ),
      ...(unresolved.length > 0 ? ['held back by apply until its secrets can be resolved'] : []),
    ],
    released,
    supersedes,
    unresolved,
    ...about,
    ...place,
    ...(recording.shares ? { shares: recording.shares } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(keeps ? { keeps } : {}),
    ...(credentialsAt ? { credentialsAt } : {}),
  };
}

/** Notes on what a first apply sets although the file does not name it: what `start` was given is not known. */
function startedOtherwise({ layout, subscriptions }: Blocks, calls: readonly Call[]): string[] {
  const isFirst = (endpoint: Endpoint) =>
    calls.some((call) => call.endpoint === endpoint && call.reason === 'first-apply');
  const hasLists = Object.values(subscriptions ?? {}).some((medium) => Object.keys(medium).length > 0);
  return [
    ...(layout && layout.mixedVideoLayout === undefined && isFirst('updateLayout')
      ? ['layout names no mixedVideoLayout: the first apply makes it floating, whatever it was started with']
      : []),
    ...(subscriptions && !hasLists && isFirst('update')
      ? ['subscriptions names no list: the first apply takes all streams, whatever it was started with']
      : []),
  ];
}

/** `dueBy`: credentials that are due by then are renewed, milliseconds since 1970. */
type CallOptions = Pick<RecordingOptions, 'resync'> & { dueBy: number };

function callsOf(
  whole: Partial<ClientRequests>,
  blocks: Blocks,
  known: KnownRecording | undefined,
  options: CallOptions,
): Call[] {
  const calls: (Call | undefined)[] = [
    whole.update && callOf('update', whole.update, known?.update, blocks, options),
    whole.updateLayout && callOf('updateLayout', whole.updateLayout, known?.updateLayout, blocks, options),
  ];
  return calls.filter((call) => call !== undefined);
}

function callOf<E extends Endpoint>(
  endpoint: E,
  request: ClientRequests[E],
  known: KnownEndpoint<ClientRequests[E]> | undefined,
  blocks: Blocks,
  options: CallOptions,
): Call | undefined {
  const applied = known?.applied && withoutReleased(endpoint, known.applied.request, request);
  const differs = applied === undefined || !isEquivalent(endpoint, applied, request);
  const reason = reasonFor(differs, endpoint, known, options);
  // What an earlier call may still undo is sent once more when it can no longer.
  const notBefore = reason || !known ? undefined : lateUntil(known, known.applied?.request);
  if (!reason && notBefore === undefined) return undefined;
  return {
    endpoint,
    reason: reason ?? 'outcome-unknown',
    ...(notBefore === undefined ? {} : { notBefore }),
    changes: changesOf(endpoint, applied, request, blocks),
    request,
    ...(applied === undefined ? {} : { before: applied }),
    ...(endpoint === 'updateLayout' && blocks.seats ? { seats: blocks.seats } : {}),
  } as Call;
}

/** What is applied and was not sent again since an earlier call could have taken its place. */
export function lateCalls(whole: Partial<ClientRequests>, known: KnownRecording | undefined): Call[] {
  return callsOf(whole, {}, known, { dueBy: 0 }).filter(({ notBefore }) => notBefore !== undefined);
}

function reasonFor(
  differs: boolean,
  endpoint: Endpoint,
  known: KnownEndpoint<ClientRequests[Endpoint]> | undefined,
  options: CallOptions,
): CallReason | undefined {
  if (known && known.unknown.length > 0) return 'outcome-unknown';
  if (!known?.applied) return 'first-apply';
  if (differs) return 'changed';
  if (endpoint === 'update' && credentialsDue(known.applied as Remembered<UpdateRequest>, options.dueBy))
    return 'credentials-expiring';
  return options.resync ? 'resync' : undefined;
}

/** Sections that stay with the service although the file dropped them are no difference. */
function withoutReleased<E extends Endpoint>(
  endpoint: E,
  applied: ClientRequests[E],
  desired: ClientRequests[E],
): ClientRequests[E] {
  if (endpoint === 'updateLayout') return applied;
  const kept = Object.entries(applied).filter(
    ([section]) => section in desired || !['rtmpPublishConfig', 'storageConfig'].includes(section),
  );
  return Object.fromEntries(kept) as ClientRequests[E];
}
