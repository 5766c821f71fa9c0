import type { Remembered } from '../model/plan.ts';
import type { UpdateRequest } from '../model/recording.ts';

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
