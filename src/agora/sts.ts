import type { Storage } from '../model/recording.ts';

/*
 * Temporary storage credentials. Agora Cloud Recording REST, update, `stsExpiration`: a token must be valid for at
 * least four hours when it is sent; one that has expired is refused, and everything else in that body with it.
 */

/** Seconds that a token must be valid when it is sent. */
export const MIN_STS_SECONDS = 4 * 60 * 60;

export const STS_AT_LEAST = 'A token must be valid for at least four hours when it is sent.';

/**
 * Whether the token that a file gives cannot be sent any more. Tokens of a program are checked when it is run.
 * @param now milliseconds since 1970
 */
export function hasExpired(
  { credentials, stsExpiration }: Pick<Storage, 'credentials' | 'stsExpiration'>,
  now: number,
): boolean {
  return credentials === undefined && stsExpiration !== undefined && stsExpiration * 1000 <= now;
}

/** @param expiration Unix seconds */
export function expiredWords(expiration: number): string {
  return `the token has expired, at ${new Date(expiration * 1000).toISOString()}`;
}

/** @param left seconds, less than MIN_STS_SECONDS */
export function expiringWords(left: number): string {
  return `the token expires in ${Math.floor(left / 60)} minutes`;
}
