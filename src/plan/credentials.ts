import { expiredWords, hasExpired, MIN_STS_SECONDS } from '../agora/sts.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Call, KnownEndpoint, Remembered } from '../model/plan.ts';
import type { DesiredRecording, Storage, UpdateRequest } from '../model/recording.ts';
import { isEquivalent } from './comparable.ts';

/**
 * When temporary storage credentials are due. Agora Cloud Recording REST, update, `stsExpiration`: in a recording
 * of more than an hour the token is to be renewed every 60 minutes, and before it expires.
 */
export const RENEWAL = {
  /** Milliseconds after which a new token is sent, however long the old one is still valid. */
  every: 60 * 60_000,
  /** Milliseconds before the expiry at which a new token is sent in any case; half its life for a token that lives shorter. */
  ahead: 30 * 60_000,
  /** Milliseconds between two renewals at least, however short the tokens live. */
  shortest: 60_000,
} as const;

/** When the credentials of this request are to be renewed, in milliseconds since 1970; undefined if they come from no command. */
export function renewalTime({
  request,
  at,
}: Pick<Remembered<UpdateRequest>, 'request' | 'at'>): number | undefined {
  const storage = request.storageConfig;
  if (!storage?.credentials) return undefined;
  const expiry = storage.stsExpiration;
  if (expiry === undefined) return storage.stsToken ? at + RENEWAL.every : undefined;
  const expires = expiry * 1000;
  const due = Math.min(at + RENEWAL.every, Math.max(expires - RENEWAL.ahead, at + (expires - at) / 2));
  return Math.max(at + RENEWAL.shortest, due);
}

/** Whether credentials that a command printed are to be renewed by `now` (milliseconds since 1970). */
export function credentialsDue(
  applied: Pick<Remembered<UpdateRequest>, 'request' | 'at'>,
  now: number,
): boolean {
  const due = renewalTime(applied);
  return due !== undefined && now >= due;
}

/** The plan's parts for a recording whose file gives a token. */
export interface TokenPlan {
  calls: Call[];
  /** Its storage is in force as it is, and is not sent again. */
  keeps?: readonly ['storageConfig'];
  notes: readonly string[];
  /** It holds the recording back. */
  unresolved: readonly Diagnostic[];
  /** Warnings that hold nothing back. */
  warnings: readonly Diagnostic[];
}

/**
 * A token that has expired, or will before long, the service refuses, and with it whatever else stands in that body.
 * Storage that is in force as it is stays out of the call then, so that the rest can go. Any other holds the recording
 * back where its token has expired; while it has not, it is tried.
 * @param calls as they would be with any other token
 * @param now milliseconds since 1970
 */
export function planToken(
  recording: Pick<DesiredRecording, 'unresolved' | 'credentialsAt'>,
  calls: Call[],
  update: UpdateRequest | undefined,
  known: KnownEndpoint<UpdateRequest> | undefined,
  now: number,
): TokenPlan {
  const storage = update?.storageConfig;
  // Reported again below, with the consequence.
  const unresolved = recording.unresolved.filter(({ code }) => code !== 'sts-expired');
  const isGood = !storage || storage.credentials || !(secondsLeft(storage, now) < MIN_STS_SECONDS);
  if (!update || isGood) return { calls, notes: [], unresolved, warnings: [] };
  const isOver = hasExpired(storage, now);
  const isKept = isInForce(storage, known);
  const words = isOver
    ? expiredWords(storage.stsExpiration as number)
    : 'the token expires in less than four hours';
  const at = recording.credentialsAt;
  const planned = calls.find(({ endpoint }) => endpoint === 'update');
  const isAlone = Object.keys(update).every((section) => section === 'storageConfig');
  // An uncertain call must be sent again, and storage is all that it holds.
  const isOwed = isAlone && planned?.reason === 'outcome-unknown';
  const said = isOver && at ? [expired(at, words, isKept && !isOwed ? KEEPS : HOLDS_BACK)] : [];
  if (!isKept || isOwed)
    return { calls, notes: [], unresolved: [...unresolved, ...(planned ? said : [])], warnings: [] };
  const keeps = ['storageConfig'] as const;
  return {
    calls: calls.flatMap((call) => (call !== planned ? [call] : isAlone ? [] : [keeping(call, keeps)])),
    keeps,
    notes: planned ? [`storage is unchanged and stays out of the update: ${words}`] : [],
    unresolved,
    warnings: said,
  };
}

function secondsLeft({ stsExpiration = Number.POSITIVE_INFINITY }: Storage, now: number): number {
  return stsExpiration - now / 1000;
}

/**
 * A call without the sections that are in force and cannot be sent again (`RecordingPlan.keeps`); undefined where nothing
 * else is in it.
 */
export function withKept(call: Call, keeps: Call['keeps']): Call | undefined {
  if (call.endpoint !== 'update' || !keeps) return call;
  const sections = Object.keys(call.request) as (keyof UpdateRequest)[];
  return sections.every((section) => keeps.includes(section)) ? undefined : keeping(call, keeps);
}

/** A copy. What is worked out only when it is asked for stays so. */
function keeping(call: Call, keeps: NonNullable<Call['keeps']>): Call {
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(call)) as Call;
  copy.keeps = keeps;
  return copy;
}

/** Whether this very storage was applied, and no other may have replaced it. */
function isInForce(
  storage: NonNullable<UpdateRequest['storageConfig']>,
  known: KnownEndpoint<UpdateRequest> | undefined,
): boolean {
  if (!known?.applied) return false;
  return [known.applied, ...known.unknown].every(
    ({ request: { storageConfig } }) =>
      storageConfig !== undefined && isEquivalent('update', { storageConfig }, { storageConfig: storage }),
  );
}

const HOLDS_BACK =
  'The service refuses an expired token. Until there is a new one, apply holds this recording back.';
const KEEPS =
  'The recording goes on with the storage that was applied, which cannot be sent again with this token.';

function expired(
  at: NonNullable<DesiredRecording['credentialsAt']>,
  summary: string,
  detail: string,
): Diagnostic {
  return { severity: 'warning', code: 'sts-expired', summary, detail, ...at };
}
