import { MAX_UID } from '../agora/tables.ts';
import type { Look } from './look.ts';
import { quoted } from './printable.ts';

/**
 * A UID as text, exactly as it is written: a number is taken from its own text, never through a float.
 * Reports `uid-format` and `uid-out-of-range`.
 */
export function readUid(value: string | number, pointer: string, look: Look): string {
  const text = typeof value === 'number' ? (look.numberText(pointer) ?? String(value)) : value;
  if (!/^(0|[1-9][0-9]*)$/.test(text)) {
    const hint = /^0[0-9]+$/.test(text)
      ? `A UID has no zeros in front: write ${text.replace(/^0+(?=.)/, '')}.`
      : `It is an integer from 0 to ${MAX_UID}, in digits only.`;
    look.report('uid-format', pointer, `${quoted(text)} is not a UID`, hint);
  } else if (text.length > 10 || Number(text) > MAX_UID)
    look.report('uid-out-of-range', pointer, `the UID ${quoted(text)} is above ${MAX_UID}`);
  return text;
}

/** The UID of a user, who never has the UID 0. */
export function readUserUid(value: string | number, pointer: string, look: Look): string {
  const uid = readUid(value, pointer, look);
  if (uid === '0') look.report('uid-zero', pointer, "the UID 0 is nobody's", `Users have 1 to ${MAX_UID}.`);
  return uid;
}

/** Reports every UID that was there before. @param uids each with its pointer */
export function reportTwice(
  uids: readonly { uid: string; pointer: string }[],
  where: string,
  look: Look,
): void {
  const seen = new Set<string>();
  for (const { uid, pointer } of uids) {
    if (seen.has(uid))
      look.reportUse('uid-twice', pointer, `the UID ${quoted(uid)} stands twice in ${where}`);
    seen.add(uid);
  }
}
