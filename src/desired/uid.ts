import { MAX_UID } from '../agora/tables.ts';
import type { Look } from './look.ts';
import { placeholderIn } from './placeholder.ts';
import { quoted } from './printable.ts';
import { NOT_FILLED_IN } from './unfilled.ts';

/**
 * A UID as text, exactly as it is written: a number is taken from its own text, never through a float.
 * Reports `uid-format` and `uid-out-of-range`.
 */
export function readUid(value: string | number, pointer: string, look: Look): string {
  const text = textOf(value, pointer, look);
  if (/^0[0-9]+$/.test(text))
    look.report(
      'uid-format',
      pointer,
      `${quoted(text)} is not a UID`,
      `A UID has no zeros in front: write ${withoutZeros(text)}.`,
    );
  else checkNumber(text, pointer, look);
  return text;
}

/**
 * The UID of the recording client: the text that acquire was given, character for character, and never 0. Zeros in
 * front are reported as `recording-uid-zeros` and kept.
 */
export function readOwnUid(value: string | number, pointer: string, look: Look): string {
  const text = textOf(value, pointer, look);
  if (/^0+$/.test(text))
    look.report(
      'recording-uid-zero',
      pointer,
      'the recording client cannot have the UID 0',
      'Use the UID that was given to acquire.',
    );
  else if (/^0[0-9]+$/.test(text))
    look.report(
      'recording-uid-zeros',
      pointer,
      `the UID ${quoted(text)} has zeros in front`,
      'It is sent as it stands, and must be what acquire was given, character for character.',
    );
  checkNumber(text, pointer, look);
  return text;
}

function textOf(value: string | number, pointer: string, look: Look): string {
  return typeof value === 'number' ? (look.numberText(pointer) ?? String(value)) : value;
}

function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=.)/, '');
}

function checkNumber(text: string, pointer: string, look: Look): void {
  const digits = withoutZeros(text);
  if (!/^[0-9]+$/.test(text)) {
    const hint = placeholderIn(text)
      ? NOT_FILLED_IN
      : `It is an integer from 0 to ${MAX_UID}, in digits only.${seatHint(pointer)}`;
    look.report('uid-format', pointer, `${quoted(text)} is not a UID`, hint);
  } else if (digits.length > 10 || Number(digits) > MAX_UID)
    look.report('uid-out-of-range', pointer, `the UID ${quoted(text)} is above ${MAX_UID}`);
}

function seatHint(pointer: string): string {
  return pointer.startsWith('/layout/seats/') ? ' A seat may be null or any, too.' : '';
}

/** The UID of a user, who never has the UID 0. */
export function readUserUid(value: string | number, pointer: string, look: Look): string {
  const uid = readUid(value, pointer, look);
  if (uid === '0') look.report('uid-zero', pointer, 'UID 0 is reserved', `Users have 1 to ${MAX_UID}.`);
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
