import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { JournalEntry } from '../model/journal.ts';
import { takingTurns } from '../model/turns.ts';
import { DamagedStateError, decodeLine, HEADER, isSound, MEND } from './lines.ts';

/** Bytes that are read at once. A journal whose writer was killed again and again may be larger than a text can be. */
const PIECE = 256 * 1024;
const LINE_FEED = 10;

/** How an entry's line begins: by it one that is not wanted is passed over without being read. */
const SEQ = /^\{"seq":(\d+),/;

/**
 * Reads a journal, handed to it in pieces. What follows the last line feed was torn off by a kill or a power cut, which
 * may leave zeros there, and is not part of it: its entry was never durable, so nothing was done in its name.
 */
export class JournalReader {
  readonly #path: string;
  readonly #known: number;
  #rest: Buffer = Buffer.alloc(0);
  #lines = 0;
  #last: number | undefined;
  /** Bytes of the file that are sound. */
  length = 0;
  /** Entries in them. */
  entries = 0;
  /** Number of the entry before the first. */
  after: number | undefined;

  /** @param known entries up to this number are checked, and not given */
  constructor(path: string, known = 0) {
    this.#path = path;
    this.#known = known;
  }

  /** @throws DamagedStateError where a whole line is not what was written */
  *read(piece: Buffer): Generator<JournalEntry> {
    for (const line of this.#wholeLines(piece)) {
      this.#lines++;
      if (this.#lines === 1) this.#readHeader(line);
      else {
        const entry = this.#readEntry(line);
        if (entry.seq > this.#known) yield entry as JournalEntry;
      }
    }
  }

  #wholeLines(piece: Buffer): string[] {
    const end = piece.lastIndexOf(LINE_FEED);
    if (end === -1) {
      this.#rest = Buffer.concat([this.#rest, piece]);
      return [];
    }
    const whole = Buffer.concat([this.#rest, piece.subarray(0, end)]);
    this.#rest = Buffer.from(piece.subarray(end + 1));
    this.length += whole.length + 1;
    return whole.toString().split('\n');
  }

  #readHeader(line: string): void {
    const header = decodeLine(line) as { version?: number; after?: number } | undefined;
    if (!header) throw this.#damaged();
    if (header.version !== HEADER.version)
      throw new DamagedStateError(
        `${this.#where()}: written by another version of reelstate (format ${header.version ?? 'unknown'}, this one reads ${HEADER.version}).`,
      );
    this.#last = this.after = header.after;
  }

  #readEntry(line: string): { seq: number } {
    const seq = Number(SEQ.exec(line)?.[1] ?? Number.POSITIVE_INFINITY);
    const entry =
      seq > this.#known ? (decodeLine(line) as JournalEntry | undefined) : isSound(line) && { seq };
    if (!entry) throw this.#damaged();
    if (this.#last !== undefined && entry.seq !== this.#last + 1)
      throw new DamagedStateError(`${this.#where()}: entry ${this.#last + 1} is missing. ${MEND}`);
    this.#last = entry.seq;
    this.entries++;
    return entry;
  }

  #damaged(): DamagedStateError {
    return new DamagedStateError(`${this.#where()}: this line of the journal is damaged. ${MEND}`);
  }

  #where(): string {
    return `${this.#path}:${this.#lines}`;
  }
}

/** All that is in a journal, at once: for those who have nothing else to do. */
export function* entriesAtOnce(file: number, reader: JournalReader): Generator<JournalEntry> {
  const piece = Buffer.alloc(PIECE);
  for (let at = 0, bytes = -1; bytes !== 0; at += bytes) {
    bytes = readSync(file, piece, 0, PIECE, at);
    yield* reader.read(piece.subarray(0, bytes));
  }
}

/** What is in a journal up to a length, giving way in between. */
export async function* entriesInTurns(
  file: FileHandle,
  length: number,
  path: string,
): AsyncGenerator<JournalEntry> {
  const reader = new JournalReader(path);
  const turn = takingTurns();
  for await (const piece of piecesOf(file, 0, length, path))
    for (const entry of reader.read(piece)) {
      yield entry;
      await turn();
    }
}

/** The bytes of a file from a place to another. Each piece stands until the next is asked for. */
export async function* piecesOf(
  file: FileHandle,
  from: number,
  to: number,
  path: string,
): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(Math.min(PIECE, to - from));
  for (let at = from; at < to; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, to - at), at);
    if (bytesRead === 0) throw new DamagedStateError(`${path} was cut off under this process.`);
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}
