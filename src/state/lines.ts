import { crc32 } from 'node:zlib';
import type { JournalEntry } from '../model/journal.ts';

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

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** `,"crc":"01234567"}` */
const END = /^,"crc":"([0-9a-f]{8})"\}$/;
const END_LENGTH = 18;

/** Whether a line is what `encodeLine` wrote. */
export function isSound(line: string): boolean {
  const match = END.exec(line.slice(-END_LENGTH));
  return match !== null && line.startsWith('{') && checksum(line.slice(0, -END_LENGTH)) === match[1];
}

/** What a line says; undefined where it is not what `encodeLine` wrote. */
export function decodeLine(line: string): unknown {
  return isSound(line) ? JSON.parse(`${line.slice(0, -END_LENGTH)}}`) : undefined;
}

/**
 * Reads a journal. What follows the last line feed was torn off by a kill or a power cut and is not part of it:
 * its entry was never durable, so nothing was done in its name.
 * @returns the entries, and how many bytes of the file are sound
 * @throws DamagedStateError where a whole line is not what was written
 */
export function decodeJournal(text: string, path: string): { entries: JournalEntry[]; length: number } {
  return { entries: [...journalEntries(text, path)], length: Buffer.byteLength(wholeLines(text)) };
}

/** The same, one entry after the other. */
export function* journalEntries(text: string, path: string): Generator<JournalEntry> {
  let last: number | undefined;
  for (const [index, line] of wholeLines(text).split('\n').slice(0, -1).entries()) {
    const value = decodeLine(line) as (JournalEntry & { version?: number; after?: number }) | undefined;
    const where = `${path}:${index + 1}`;
    if (value === undefined)
      throw new DamagedStateError(`${where}: this line of the journal is damaged. ${MEND}`);
    if (index === 0) {
      if (value.version !== HEADER.version)
        throw new DamagedStateError(
          `${where}: written by another version of reelstate (format ${value.version ?? 'unknown'}, this one reads ${HEADER.version}).`,
        );
      last = value.after;
      continue;
    }
    if (last !== undefined && value.seq !== last + 1)
      throw new DamagedStateError(`${where}: entry ${last + 1} is missing. ${MEND}`);
    last = value.seq;
    yield value;
  }
}

function wholeLines(text: string): string {
  // A power cut can leave a stretch of zeros where the tail was allocated but not written.
  const sound = text.replace(/\u0000+$/, '');
  return sound.slice(0, sound.lastIndexOf('\n') + 1);
}

export const MEND =
  "Nothing was changed. Restore the state directory from a backup, or move it away: then nothing is known, and the next apply sends every recording's whole state.";
