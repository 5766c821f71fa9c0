import { createHash, createHmac, randomBytes } from 'node:crypto';
import { Failure, usage } from '../model/failure.ts';

/** As long as the hash of the fingerprints. */
const KEY_BYTES = 32;
/** Shorter texts can be found by trying. */
const SHORTEST_TEXT = 16;

/** The key of the secrets' fingerprints, and where it is kept. */
export interface FingerprintKey {
  key: Buffer;
  /** In hex, where the state keeps it; null where REELSTATE_STATE_KEY gives it. */
  kept: string | null;
  check: string;
}

/** The key of a new state. @param text of REELSTATE_STATE_KEY. @throws Failure (64) where that is too short */
export function newKey(text: string | undefined): FingerprintKey {
  const key = text === undefined ? randomBytes(KEY_BYTES) : keyOfText(text);
  return { key, kept: text === undefined ? key.toString('hex') : null, check: checkOf(key) };
}

/** A key that the state keeps. @param hex as it is kept */
export function keptKey(hex: string): FingerprintKey {
  const key = Buffer.from(hex, 'hex');
  return { key, kept: hex, check: checkOf(key) };
}

/**
 * The key of a state that is there.
 * @param kept in hex, null where it is not kept
 * @param check what tells whether it is the right one
 * @throws Failure where REELSTATE_STATE_KEY is missing, or is another than the one that the state was made with
 */
export function keyOf(kept: string | null, check: string, text: string | undefined): FingerprintKey {
  const key = text === undefined ? (kept === null ? undefined : Buffer.from(kept, 'hex')) : keyOfText(text);
  const way = 'Secrets could not be compared with what was applied, so nothing was done.';
  if (!key)
    throw new Failure('this state was made with REELSTATE_STATE_KEY, which is not set', {
      hint: `Set it to the same text. ${way}`,
    });
  if (checkOf(key) !== check)
    throw new Failure(
      text === undefined
        ? 'the key in this state is not the one that it was made with'
        : kept === null
          ? 'this state was made with another REELSTATE_STATE_KEY'
          : 'this state keeps a key of its own, and REELSTATE_STATE_KEY is another',
      { hint: text === undefined ? way : `Set it to the same text, or unset it. ${way}` },
    );
  return { key, kept, check };
}

/** A keyed fingerprint of a customer ID: it tells accounts apart, and nothing else. */
export function accountOf(key: Buffer, customerId: string): string {
  return createHmac('sha256', key).update(`account ${customerId}`).digest('hex');
}

function keyOfText(text: string): Buffer {
  if (text.length < SHORTEST_TEXT)
    throw usage(`REELSTATE_STATE_KEY: must have ${SHORTEST_TEXT} characters or more`);
  return createHash('sha256').update(text).digest();
}

function checkOf(key: Buffer): string {
  return createHmac('sha256', key).update('the key of this state').digest('hex');
}
