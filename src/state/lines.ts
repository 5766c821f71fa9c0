import { crc32 } from 'node:zlib';

/** The journal's first line. Another version is refused: a newer reelstate wrote it. */
export const HEADER = { reelstate: 'journal', version: 1 } as const;

/** Something in the state directory is not as reelstate wrote it. The message says where and what to do. */
export class DamagedStateError extends Error {
  override name = 'DamagedStateError';
}

/**
 * An entry as a line: JSON that ends in a checksum of what stands before it, so that a changed byte is noticed,
 * and still readable with any JSON tool.
 */
export function encodeLine(value: object): string {
  const text = JSON.stringify(value).slice(0, -1);
  return `${text},"crc":"${checksum(text)}"}\n`;
}

function checksum(content: string | Buffer): string {
  return crc32(content).toString(16).padStart(8, '0');
}

/** `,"crc":"01234567"}` */
const END = /^,"crc":"([0-9a-f]{8})"\}$/;
const END_LENGTH = 18;
/** { */
const BRACE = 123;

/** Whether a line is what `encodeLine` wrote. */
export function isSound(line: string): boolean {
  const match = END.exec(line.slice(-END_LENGTH));
  return match !== null && line.startsWith('{') && checksum(line.slice(0, -END_LENGTH)) === match[1];
}

/** The same of a line in a file: from its start to its end, without the line feed. */
export function isSoundIn(file: Buffer, start: number, end: number): boolean {
  const until = end - END_LENGTH;
  const match = until > start ? END.exec(file.toString('latin1', until, end)) : null;
  return match !== null && file[start] === BRACE && checksum(file.subarray(start, until)) === match[1];
}

/** What a line says; undefined where it is not what `encodeLine` wrote. */
export function decodeLine(line: string): unknown {
  return isSound(line) ? JSON.parse(`${line.slice(0, -END_LENGTH)}}`) : undefined;
}

export const MEND =
  "Nothing was changed. Restore the state directory from a backup, or move it away: then nothing is known, and the next apply sends every recording's whole state.";
