import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import type { JournalEntry, JournalEvent, State } from '../model/journal.ts';
import { emptyState, fold } from './fold.ts';
import { moveToHistory } from './history.ts';
import { readKnownLine } from './known-line.ts';
import {
  DamagedStateError,
  decodeJournal,
  decodeLine,
  encodeLine,
  HEADER,
  journalEntries,
  MEND,
} from './lines.ts';
import { takeLock } from './lock.ts';
import { takingTurns } from './turns.ts';

/*
 * A state directory, readable by a person and by its owner alone:
 *   journal.jsonl   what was sent for which recording, with which answer, when; append-only
 *   snapshot.jsonl  what the entries up to a number add up to, so that the journal can begin anew
 *   history.jsonl   the entries that the journal had before, without the requests; older parts are numbered
 *   key             random bytes: the key of the secrets' fingerprints
 *   lock.*          who writes, while somebody does
 * The rule: an entry is on the disk before the next step is taken. So a kill at any moment loses nothing: a
 * call without an answer in the journal has an unknown outcome, and a call without an intent was never sent.
 */

/** As many as the hash of the fingerprints gives. */
const KEY_BYTES = 32;

const JOURNAL = 'journal.jsonl';
const SNAPSHOT = 'snapshot.jsonl';

/** Entries after which the journal begins anew when a writer opens it; reading that many takes some milliseconds. */
export const COMPACT_AFTER = 2_000;
/** The same while the writer goes on for long, as a daemon does: rarer, because everything known is written down for it. */
const COMPACT_RUNNING = 4 * COMPACT_AFTER;

interface SnapshotHeader {
  reelstate: 'snapshot';
  version: 1;
  serial: number;
  sent: State['sent'];
  /** Number of recordings that follow, a line each. */
  recordings: number;
}

/** What is known, without taking the writer's place; nothing is written. An absent directory knows nothing. */
export async function readState(directory: string): Promise<State> {
  return (await load(directory)).state;
}

async function load(
  directory: string,
): Promise<{ state: State; length: number; entries: number; fresh: boolean }> {
  // The journal first: a writer renames the snapshot into place before it begins the journal anew, so whatever
  // this journal lacks, the snapshot read after it has.
  const path = join(directory, JOURNAL);
  const text = readIfThere(path);
  const state = emptyState();
  const snapshot = readIfThere(join(directory, SNAPSHOT));
  if (snapshot !== undefined) restore(state, snapshot, join(directory, SNAPSHOT));
  if (text === undefined) {
    if (snapshot !== undefined) throw new DamagedStateError(`${path} is missing. ${MEND}`);
    return { state, length: 0, entries: 0, fresh: true };
  }
  const { entries, length } = decodeJournal(text, path);
  const first = entries[0];
  if (first && first.seq > state.serial + 1)
    throw new DamagedStateError(
      `${path}: entries ${state.serial + 1} to ${first.seq - 1} are missing. ${MEND}`,
    );
  for (const entry of entries) fold(state, entry);
  return { state, length, entries: entries.length, fresh: length === 0 };
}

function restore(state: State, text: string, path: string): void {
  const [first = '', ...lines] = text.split('\n').slice(0, -1);
  const header = decodeLine(first) as Partial<SnapshotHeader> | undefined;
  if (header && header.version !== HEADER.version)
    throw new DamagedStateError(
      `${path}: written by another version of reelstate (format ${header.version ?? 'unknown'}, this one reads ${HEADER.version}).`,
    );
  if (header?.reelstate !== 'snapshot' || header.recordings !== lines.length)
    throw new DamagedStateError(`${path} is damaged. ${MEND}`);
  state.serial = header.serial ?? 0;
  state.sent = header.sent ?? [];
  for (const [index, line] of lines.entries()) {
    const recording = readKnownLine(line);
    if (!recording) throw new DamagedStateError(`${path}:${index + 2}: this line is damaged. ${MEND}`);
    state.known.set(recording.key, recording);
    state.written.set(recording.key, line);
  }
}

/** At once: for tens of megabytes this takes a third of what reading them in pieces does, and nothing else is due yet. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The key of the fingerprints; undefined where none was made yet. */
export async function readKey(directory: string): Promise<Buffer | undefined> {
  const text = readIfThere(join(directory, 'key'));
  if (text === undefined) return undefined;
  const key = Buffer.from(text.trim(), 'hex');
  if (key.length !== KEY_BYTES) throw new DamagedStateError(`${join(directory, 'key')} is damaged. ${MEND}`);
  return key;
}

/** The one writer of a state directory. */
export class Store {
  readonly state: State;
  readonly #directory: string;
  readonly #release: () => Promise<void>;
  readonly #now: () => number;
  #journal: FileHandle;
  #waiting: { line: string; entry: JournalEntry; resolve: () => void; reject: (error: unknown) => void }[] =
    [];
  #writing: Promise<void> | undefined;
  #failed: unknown;
  #break: (error: unknown) => void = () => {};
  /** Rejects when an entry could not be made durable: nothing more is recorded in this run. */
  readonly broken: Promise<never> = new Promise((_, reject) => {
    this.#break = reject;
  });
  #serial: number;
  #entries: number;

  private constructor(
    directory: string,
    state: State,
    entries: number,
    journal: FileHandle,
    release: () => Promise<void>,
    now: () => number,
  ) {
    // Whoever does not wait for it learns of it from append().
    this.broken.catch(() => {});
    this.#directory = directory;
    this.state = state;
    this.#serial = state.serial;
    this.#entries = entries;
    this.#journal = journal;
    this.#release = release;
    this.#now = now;
  }

  /**
   * Takes the writer's place and reads what is known.
   * @param command what the process is, for the message that another one gets
   * @throws LockedError, DamagedStateError, or the system's error
   */
  static async open(directory: string, command: string, now: () => number): Promise<Store> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const release = await takeLock(directory, command, now());
    try {
      if ((await readKey(directory)) === undefined)
        await replace(directory, 'key', `${randomBytes(KEY_BYTES).toString('hex')}\n`);
      const { state, length, entries, fresh } = await load(directory);
      if (fresh) await replace(directory, JOURNAL, encodeLine({ ...HEADER, after: state.serial }));
      const journal = await open(join(directory, JOURNAL), 'r+');
      if (!fresh) await journal.truncate(length);
      await journal.datasync();
      const store = new Store(directory, state, entries, journal, release, now);
      if (entries >= COMPACT_AFTER) await store.compact();
      return store;
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Resolves when the event is on the disk and in the state. @returns its number */
  async append(event: JournalEvent): Promise<number> {
    if (this.#failed) throw this.#failed;
    const entry: JournalEntry = { seq: ++this.#serial, at: new Date(this.#now()).toISOString(), ...event };
    const line = encodeLine(entry);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ line, entry, resolve, reject });
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    });
    return entry.seq;
  }

  /** Entries that arrive during one write share the next: their order is kept, and one flush serves them all. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const bytes = Buffer.from(batch.map(({ line }) => line).join(''));
        const end = (await this.#journal.stat()).size;
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await this.#journal.write(bytes, done, bytes.length - done, end + done);
          done += bytesWritten;
        }
        await this.#journal.datasync();
      } catch (error) {
        // A half-written line must stay the last one: nothing is appended behind it in this run.
        this.#failed = error;
        this.#break(error);
        for (const { reject } of [...batch, ...this.#waiting]) reject(error);
        this.#waiting = [];
        return;
      }
      for (const { entry, resolve } of batch) {
        fold(this.state, entry);
        this.#entries++;
        resolve();
      }
      if (this.#entries < COMPACT_RUNNING) continue;
      try {
        await this.#beginAnew();
      } catch (error) {
        this.#failed = error;
        this.#break(error);
        for (const { reject } of this.#waiting) reject(error);
        this.#waiting = [];
        return;
      }
    }
  }

  /**
   * Begins the journal anew from a snapshot, after its entries have moved to the history. A kill in between leaves
   * them in several places, and whatever has them already skips them.
   */
  async compact(): Promise<void> {
    await this.#writing;
    await this.#beginAnew();
  }

  async #beginAnew(): Promise<void> {
    const path = join(this.#directory, JOURNAL);
    await moveToHistory(this.#directory, journalEntries(await readFile(path, 'utf8'), path));
    const { serial, sent, known, written } = this.state;
    const turn = takingTurns();
    for (const [key, recording] of known) {
      if (written.has(key)) continue;
      written.set(key, encodeLine(recording).trimEnd());
      await turn();
    }
    const lines = [...known.keys()].map((key) => `${written.get(key)}\n`);
    const header: SnapshotHeader = {
      reelstate: 'snapshot',
      version: HEADER.version,
      serial,
      sent,
      recordings: known.size,
    };
    await replace(this.#directory, SNAPSHOT, encodeLine(header) + lines.join(''));
    await replace(this.#directory, JOURNAL, encodeLine({ ...HEADER, after: serial }));
    await this.#journal.close();
    this.#journal = await open(join(this.#directory, JOURNAL), 'r+');
    this.#entries = 0;
  }

  /**
   * Whether the journal still stands where others look for it.
   * @throws Failure where the folder was removed or replaced: nothing that is recorded now would be found again
   */
  async checkPlace(): Promise<void> {
    // Beginning anew puts another file there; whoever writes at the moment is looked at the next time.
    if (this.#writing) return;
    const journal = this.#journal;
    const path = join(this.#directory, JOURNAL);
    const look = (stats: Promise<{ ino: number }>) => stats.then(({ ino }) => ino).catch(() => undefined);
    const [mine, there] = await Promise.all([look(journal.stat()), look(stat(path))]);
    if (mine === there || journal !== this.#journal || this.#writing) return;
    throw new Failure(`${path} was removed or replaced under this process`, {
      hint: 'What it recorded since is lost to the next one: it ends.',
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    if (this.#entries >= COMPACT_AFTER && !this.#failed) await this.compact();
    await this.#journal.close();
    await this.#release();
  }
}

/** Puts a file in place whole and for good: written aside, flushed, renamed, and the folder flushed. */
async function replace(directory: string, name: string, text: string): Promise<void> {
  const path = join(directory, name);
  await writeFile(`${path}.new`, text, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
