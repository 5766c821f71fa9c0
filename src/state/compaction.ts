import type { FileHandle } from 'node:fs/promises';
import type { State } from '../model/journal.ts';
import type { KnownRecording } from '../model/plan.ts';
import { takingTurns } from '../model/turns.ts';
import type { Disk } from './disk.ts';
import { moveToHistory } from './history.ts';
import { entriesInTurns, piecesOf } from './journal-file.ts';
import { encodeLine, HEADER } from './lines.ts';
import { JOURNAL, SNAPSHOT, type SnapshotHeader } from './load.ts';
import { WrittenText } from './written.ts';

/*
 * The journal begins anew while entries go on being appended to it, in this order:
 *   1. At a moment between two entries, a view of the state is taken, and the journal's length is noted.
 *   2. The view is written to snapshot.jsonl. From here on the journal's entries up to the length are in both.
 *   3. Those entries move to the history.
 *   4. What was appended since is copied behind the header of a journal.jsonl.new; the last of it, the flush and the
 *      renaming to journal.jsonl while nothing is appended: as long as an entry or two take.
 * A kill leaves the old journal, which has every entry, or the new one, whose first entry follows the snapshot. What
 * was half written aside is written afresh the next time. A reader that opens the journal before it reads anything
 * else finds what that journal lacks.
 */

/** Characters that are written at once. */
const WRITTEN_TOGETHER = 128 * 1024;

/** The state as it was at one moment, while entries go on changing it. */
export class View {
  readonly serial: number;
  readonly #sent: State['sent'];
  readonly #orphaned: SnapshotHeader['orphaned'];
  readonly #written: State['written'];
  /** Lines still to be written: a recording that has not changed since, or the line that it had then. */
  readonly #left: Map<string, KnownRecording | string>;

  constructor({ serial, sent, orphaned, known, written }: State) {
    this.serial = serial;
    this.#sent = sent.map((each) => ({ ...each }));
    // Entries change them in place.
    if (orphaned.size > 0) this.#orphaned = structuredClone([...orphaned]);
    this.#written = written;
    this.#left = new Map(known);
  }

  /** To be called before an entry changes anything of a recording. */
  keep(key: string): void {
    const recording = this.#left.get(key);
    if (typeof recording === 'object') this.#left.set(key, this.#written.get(key)?.text ?? lineOf(recording));
  }

  /** The lines of the snapshot, many in a text. To be read once. */
  async *texts(): AsyncGenerator<string> {
    const turn = takingTurns();
    const header: SnapshotHeader = {
      reelstate: 'snapshot',
      version: HEADER.version,
      serial: this.serial,
      sent: this.#sent,
      ...(this.#orphaned ? { orphaned: this.#orphaned } : {}),
      recordings: this.#left.size,
    };
    let text = encodeLine(header);
    for (const [key, recording] of this.#left) {
      text += `${typeof recording === 'string' ? recording : this.#lineNow(key, recording)}\n`;
      this.#left.delete(key);
      await turn();
      if (text.length < WRITTEN_TOGETHER) continue;
      yield text;
      text = '';
    }
    yield text;
  }

  #lineNow(key: string, recording: KnownRecording): string {
    const before = this.#written.get(key);
    if (before) return before.text;
    const line = lineOf(recording);
    this.#written.set(key, new WrittenText(line));
    return line;
  }
}

function lineOf(recording: KnownRecording): string {
  return encodeLine(recording).trimEnd();
}

/** The journal, and its length at the moment of a view. */
export interface OldJournal {
  file: FileHandle;
  length: number;
}

/** Steps 2 and 3. */
export async function writeDown(
  disk: Disk,
  directory: string,
  view: View,
  { file, length }: OldJournal,
): Promise<void> {
  await disk.replace(SNAPSHOT, view.texts());
  const entries = entriesInTurns(file, length, disk.path(JOURNAL));
  await moveToHistory(directory, entries, undefined, disk);
}

/** Step 4: the journal that takes the other's place. */
export class NextJournal {
  readonly file: FileHandle;
  length = 0;
  readonly #disk: Disk;
  readonly #old: FileHandle;
  #copied: number;

  private constructor(disk: Disk, file: FileHandle, { file: before, length }: OldJournal) {
    this.#disk = disk;
    this.file = file;
    this.#old = before;
    this.#copied = length;
  }

  static async begin(disk: Disk, serial: number, old: OldJournal): Promise<NextJournal> {
    const next = new NextJournal(disk, await disk.open(`${JOURNAL}.new`, 'w+'), old);
    const header = Buffer.from(encodeLine({ ...HEADER, after: serial }));
    next.length = await disk.write(next.file, header, 0);
    return next;
  }

  /** Copies what the old journal has up to a length, and flushes it. */
  async copyTo(length: number): Promise<void> {
    for await (const piece of piecesOf(this.#old, this.#copied, length, this.#disk.path(JOURNAL))) {
      this.length = await this.#disk.write(this.file, piece, this.length);
      this.#copied += piece.length;
    }
    await this.#disk.flush(this.file);
  }

  /** To be called when all is copied, and while nothing is appended. */
  async takePlace(): Promise<void> {
    await this.#disk.rename(`${JOURNAL}.new`, JOURNAL);
    await this.#disk.flushFolder();
  }
}
