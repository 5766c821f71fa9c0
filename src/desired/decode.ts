import type { Code } from './codes.ts';
import { otherForm, sopsFile } from './encrypted.ts';
import type { Span } from './source-text.ts';

/** Bytes that a recording file may have: 1 MiB. The time that parsing takes grows with it. */
export const MAX_FILE_BYTES = 1024 * 1024;

export interface DecodingProblem {
  code: Code;
  span: Span;
  summary: string;
  detail?: string;
}

/** A file's text; where it is not whole, what could be read and why not more. */
export interface Decoded {
  text: string;
  problem?: DecodingProblem;
}

/**
 * Bytes to text: UTF-8 only (a byte order mark is dropped), no control characters.
 * @param most bytes that are taken
 */
export function decode(bytes: Uint8Array, most = MAX_FILE_BYTES): Decoded {
  if (bytes.length > most)
    return {
      text: '',
      problem: { code: 'file-too-large', span: { start: 0, end: 0 }, summary: tooLarge(bytes.length, most) },
    };
  const other = otherForm(bytes);
  if (other) return { text: '', problem: other };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return notUtf8(bytes);
  }
  const at = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/);
  if (at === -1) {
    const problem = sopsFile(text);
    return problem ? { text, problem } : { text };
  }
  const name = `U+${text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0')}`;
  return {
    text,
    problem: {
      code: 'control-character',
      span: { start: at, end: at + 1 },
      summary: `the control character ${name} is not allowed`,
      detail:
        name === 'U+0000'
          ? 'The file may be binary, half written, or UTF-16: save it as UTF-8.'
          : 'Remove it.',
    },
  };
}

/** @param size and @param most in bytes */
export function tooLarge(size: number, most = MAX_FILE_BYTES): string {
  return `the file has ${size} bytes, at most ${most} are allowed`;
}

function notUtf8(bytes: Uint8Array): Decoded {
  const at = firstBadByte(bytes);
  const text = new TextDecoder('utf-8').decode(bytes.subarray(0, at));
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const byte = `0x${(bytes[at] as number).toString(16).padStart(2, '0')}`;
  return {
    text,
    problem: {
      code: 'file-encoding',
      span: { start: text.length, end: text.length },
      summary: utf16 ? 'the file is UTF-16, not UTF-8' : `the byte ${byte} here is not UTF-8`,
      detail: 'Save the file as UTF-8.',
    },
  };
}

/** The first byte that belongs to no well-formed sequence. Source of the table: Unicode, table 3-7. */
function firstBadByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return at;
}

/** Bytes of the sequence that starts here; 0 where none does. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf
      ? 2
      : lead >= 0xe0 && lead <= 0xef
        ? 3
        : lead >= 0xf0 && lead <= 0xf4
          ? 4
          : 0;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0;
    if (byte < (i === 1 ? lowest : 0x80) || byte > (i === 1 ? highest : 0xbf)) return 0;
  }
  return length;
}
