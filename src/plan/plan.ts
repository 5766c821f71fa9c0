import { byPlace, type Diagnostic, gathered } from '../model/diagnostic.ts';
import { lateUntil } from '../model/late.ts';
import type {
  Action,
  Call,
  CallReason,
  Known,
  KnownEndpoint,
  KnownRecording,
  Plan,
  RecordingPlan,
  Remembered,
  Summary,
} from '../model/plan.ts';
import type {
  Blocks,
  ClientRequests,
  DesiredRecording,
  DesiredSet,
  Endpoint,
  UpdateRequest,
} from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { changesOf } from './changes.ts';
import { isEquivalent } from './comparable.ts';
import { credentialsDue, planToken } from './credentials.ts';
import { NOTHING, NoopPlan } from './noop.ts';
import { patchOf } from './patch.ts';
import { everSent, releasedBlocks, wholeRequests } from './whole.ts';

export interface PlanOptions {
  /** Milliseconds since 1970: the plan's timestamp, and what decides whether credentials are due. */
  now: number;
  /** The same for tokens that files give, where `now` runs ahead; left out: `now`. */
  tokensAt?: number;
  /** Requests a second of the account. */
  rate: number;
  /** Restrict to these names; undefined or empty: all. */
  names?: readonly string[];
  /** Send the whole state of recordings that have not changed, too. */
  resync?: boolean;
  /** Whether the plan of the recording is known to be a no-op, for its file and state as they are now. */
  isNoop?: (recording: DesiredRecording) => boolean;
  /** Accept an empty set of files although recordings are known. */
  allowEmpty?: boolean;
  /** For the message about an empty set. */
  dir: string;
}

/**
 * Desired × known → plan. Pure: the same input gives the same plan. Each recording is planned by itself; only
 * the forgetting of recordings whose file is gone looks at the whole set.
 */
export function makePlan(desired: DesiredSet, known: Known, options: PlanOptions): Plan {
  const names = new Set(options.names);
  const wanted = (name: string) => names.size === 0 || names.has(name);
  const empty = emptySet(desired, known, options);
  // The error about the empty set replaces the warning.
  const isSaid = ({ code }: Diagnostic) => code === 'no-recording-files' && empty.length > 0;
  const found = [...desired.diagnostics.filter((each) => !isSaid(each)), ...empty];
  const claimed = claimedKeys(desired);
  const named = abandoned(desired, known, claimed);
  const planned = desired.recordings
    .filter(({ name }) => wanted(name))
    .map((recording) => planRecording(recording, known, named.get(recording.name) ?? [], options));
  const refused = found.some(({ code }) => code === 'empty-set' || code === 'directory-not-found');
  const gone = refused ? [] : forgotten(desired, known, claimed).filter(({ name }) => wanted(name));
  const recordings = [...planned, ...gone];
  const unresolved = recordings.flatMap((recording) => recording.unresolved);
  const warnings = recordings.flatMap((recording) => recording.warnings ?? []);
  const diagnostics = [...gathered([...found, ...unresolved, ...warnings])].sort(byPlace);
  return {
    timestamp: new Date(options.now).toISOString(),
    applyable: unresolved.length === 0 && !diagnostics.some(({ severity }) => severity === 'error'),
    recordings,
    summary: summarise(recordings, options.rate),
    diagnostics,
    rate: options.rate,
    ...(desired.commit ? { commit: desired.commit } : {}),
  };
}

/** An empty folder is far more often a mistake (wrong directory, failed checkout) than intended. */
function emptySet(desired: DesiredSet, known: Known, { allowEmpty, dir }: PlanOptions): Diagnostic[] {
  if (desired.recordings.length + desired.broken.length > 0 || known.size === 0 || allowEmpty) return [];
  const what = desired.files > 0 ? 'nothing but comments in the files of' : 'no recording files in';
  const at = { line: 1, column: 1 };
  return [
    {
      severity: 'error',
      code: 'empty-set',
      summary: `${what} ${dir}, but ${known.size} recording${known.size === 1 ? ' is' : 's are'} known`,
      detail:
        'Is this the right directory? To forget all of them, pass --allow-empty; no call is made for that.',
      range: { filename: dir, start: at, end: at },
    },
  ];
}

/**
 * Known recordings that no document claims any more, by the name they had: a newer recording of that name takes
 * their place. None while a file or folder has an error, because a document in it may claim them.
 */
function abandoned(desired: DesiredSet, known: Known, claimed: ReadonlySet<string>): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  if (desired.broken.length > 0) return keys;
  for (const { name, key } of known.values())
    if (!claimed.has(key)) keys.set(name, [...(keys.get(name) ?? []), key]);
  return keys;
}

function claimedKeys({ recordings }: DesiredSet): Set<string> {
  return new Set(recordings.flatMap(({ identity }) => (identity ? [recordingKey(identity)] : [])));
}

/**
 * The plan of one recording by itself.
 * @param sameName keys of known recordings of its name that no document claims
 */
export function planRecording(
  recording: DesiredRecording,
  known: Known,
  sameName: readonly string[],
  options: Pick<PlanOptions, 'now' | 'tokensAt' | 'resync' | 'isNoop'>,
): RecordingPlan {
  const { name, file, identity, credentialsAt } = recording;
  if (identity && !recording.suspended && !options.resync && options.isNoop?.(recording)) {
    const key = recordingKey(identity);
    const others = sameName.length === 0 ? NOTHING : sameName.filter((other) => other !== key);
    return new NoopPlan(recording, identity, known.get(key), others);
  }
  const base = { name, file, calls: [], whole: {}, notes: [], released: [], supersedes: [], unresolved: [] };
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
  const token = planToken(
    recording,
    callsOf(whole, blocks, before, options),
    whole.update,
    before?.update,
    options.tokensAt ?? options.now,
  );
  const { calls, unresolved, warnings, keeps } = token;
  if (
    calls.length + released.length + unresolved.length + warnings.length === 0 &&
    before?.ended === undefined
  )
    return new NoopPlan(recording, identity, before, supersedes);
  return {
    ...base,
    ...place,
    ...(recording.shares ? { shares: recording.shares } : {}),
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

function callsOf(
  whole: Partial<ClientRequests>,
  blocks: Blocks,
  known: KnownRecording | undefined,
  options: Pick<PlanOptions, 'now' | 'resync'>,
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
  options: Pick<PlanOptions, 'now' | 'resync'>,
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
    // For programs that ask for it; it takes longer than all the rest.
    get patch() {
      return patchOf(endpoint, applied, request);
    },
    request,
    ...(applied === undefined ? {} : { before: applied }),
    ...(endpoint === 'updateLayout' && blocks.seats ? { seats: blocks.seats } : {}),
  } as Call;
}

/** What is applied and was not sent again since an earlier call could have taken its place. */
export function lateCalls(whole: Partial<ClientRequests>, known: KnownRecording | undefined): Call[] {
  return callsOf(whole, {}, known, { now: 0 }).filter(({ notBefore }) => notBefore !== undefined);
}

function reasonFor(
  differs: boolean,
  endpoint: Endpoint,
  known: KnownEndpoint<ClientRequests[Endpoint]> | undefined,
  options: Pick<PlanOptions, 'now' | 'resync'>,
): CallReason | undefined {
  if (known && known.unknown.length > 0) return 'outcome-unknown';
  if (!known?.applied) return 'first-apply';
  if (differs) return 'changed';
  if (endpoint === 'update' && credentialsDue(known.applied as Remembered<UpdateRequest>, options.now))
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

/**
 * Known recordings that no file claims any more. While anything in a file or folder is wrong, none: a file with an
 * error is not a deleted one, it may be the very one that claims the recording, and forgetting can wait.
 */
function forgotten(desired: DesiredSet, known: Known, claimed: ReadonlySet<string>): RecordingPlan[] {
  if (desired.broken.length > 0) return [];
  const names = new Set(desired.recordings.map(({ name }) => name));
  return [...known.values()]
    .filter(({ key, name }) => !claimed.has(key) && !names.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ key, name, file, identity }) => ({
      name,
      file,
      action: 'forget' as const,
      key,
      identity,
      sid: identity.sid,
      mode: identity.mode,
      calls: [],
      whole: {},
      notes: ['its file is gone: the recording goes on as it is, and is forgotten here'],
      released: [],
      supersedes: [],
      unresolved: [],
    }));
}

function summarise(recordings: readonly RecordingPlan[], rate: number): Summary {
  const count = (...actions: Action[]) => recordings.filter(({ action }) => actions.includes(action)).length;
  const calls = { update: 0, updateLayout: 0 };
  for (const { endpoint } of recordings.flatMap((recording) => recording.calls as Call[])) calls[endpoint]++;
  return {
    recordings: recordings.length,
    to_create: count('create'),
    to_update: count('update'),
    unchanged: count('no-op', 'waiting', 'suspended'),
    to_forget: count('forget'),
    calls,
    seconds_at_rate: Number(((calls.update + calls.updateLayout) / rate).toFixed(3)),
  };
}
