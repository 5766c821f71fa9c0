import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import type { JournalEntry, JournalEvent, State } from '../model/journal.ts';
import { NextJournal, type OldJournal, View, writeDown } from './compaction.ts';
import { Disk, type Step } from './disk.ts';
import { fold } from './fold.ts';
import { DamagedStateError, encodeLine, HEADER, MEND } from './lines.ts';
import { JOURNAL, type Loaded, load, readIfThere } from './load.ts';
import { takeLock } from './lock.ts';

/*
 * A state directory, readable by a person and by its owner alone:
 *   journal.jsonl   what was sent for which recording, with which answer, when; append-only
 *   snapshot.jsonl  what the entries up to a number add up to, so that the journal can begin anew
 *   history.jsonl   the entries that the journal had before, without the requests; older parts are numbered
 *   *.new           what is about to take the place of one of these; left by a kill it means nothing
 *   key             random bytes: the key of the secrets' fingerprints
 *   lock.*          the process that writes, while one does
 * The rule: an entry is on the disk before the next step is taken. So a kill at any moment loses nothing: a
 * call without an answer in the journal has an unknown outcome, and a call without an intent was never sent.
 */

/** As long as the hash of the fingerprints. */
const KEY_BYTES = 32;

/** Entries after which the journal begins anew when a writer opens or closes it; reading that many takes some milliseconds. */
export const COMPACT_AFTER = 2_000;
/** The same while the writer goes on for long, as a daemon does: rarer, because everything known is written down for it. */
const COMPACT_RUNNING = 4 * COMPACT_AFTER;

/** Reads the state without the writer's lock; nothing is written. An absent directory is an empty state. */
export async function readState(directory: string): Promise<State> {
  const { state, snapshot } = load(directory);
  // The lines stay in memory.
  snapshot?.close();
  return state;
}

/** The key of the fingerprints; undefined where none was made yet. */
export async function readKey(directory: string): Promise<Buffer | undefined> {
  const text = readIfThere(join(directory, 'key'));
  if (text === undefined) return undefined;
  const key = Buffer.from(text.trim(), 'hex');
  if (key.length !== KEY_BYTES) throw new DamagedStateError(`${join(directory, 'key')} is damaged. ${MEND}`);
  return key;
}

interface Waiting {
  line: string;
  entry: JournalEntry;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** The one writer of a state directory. */
export class Store {
  readonly state: State;
  /** The writer before was killed: what it asked the service and did not record may have arrived just now. */
  readonly afterKill: boolean;
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #release: () => Promise<void>;
  readonly #now: () => number;
  readonly #snapshot: Loaded['snapshot'];
  #journal: FileHandle;
  /** Bytes and entries of the journal. */
  #length: number;
  #entries: number;
  #serial: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** The last operation on the journal: they run one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  /** While a snapshot is written: the state as of its beginning. */
  #view: View | undefined;
  #compacting: Promise<void> | undefined;
  #failed: unknown;
  #break: (error: unknown) => void = () => {};
  /** Rejects when an entry could not be made durable: nothing more is recorded in this run. */
  readonly broken: Promise<never> = new Promise((_, reject) => {
    this.#break = reject;
  });

  private constructor(
    directory: string,
    disk: Disk,
    { state, length, entries, snapshot }: Loaded,
    journal: FileHandle,
    { release, afterKill }: Awaited<ReturnType<typeof takeLock>>,
    now: () => number,
  ) {
    this.afterKill = afterKill;
    // Without a handler the rejection would end the process; append() rethrows it.
    this.broken.catch(() => {});
    this.#directory = directory;
    this.#disk = disk;
    this.state = state;
    this.#serial = state.serial;
    this.#length = length;
    this.#entries = entries;
    this.#journal = journal;
    this.#snapshot = snapshot;
    this.#release = release;
    this.#now = now;
  }

  /**
   * Takes the writer's lock and reads the state.
   * @param command what the process is, for the message that another one gets
   * @param step runs the steps that change something: for tests
   * @throws LockedError, DamagedStateError, or the system's error
   */
  static async open(directory: string, command: string, now: () => number, step?: Step): Promise<Store> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const place = await takeLock(directory, command, now());
    try {
      const disk = new Disk(directory, step);
      if ((await readKey(directory)) === undefined)
        await disk.replace('key', [`${randomBytes(KEY_BYTES).toString('hex')}\n`]);
      const loaded = load(directory);
      if (loaded.fresh) {
        const header = encodeLine({ ...HEADER, after: loaded.state.serial });
        await disk.replace(JOURNAL, [header]);
        loaded.length = Buffer.byteLength(header);
      }
      const journal = await disk.open(JOURNAL, 'r+');
      await disk.truncate(journal, loaded.length);
      await disk.flush(journal);
      const store = new Store(directory, disk, loaded, journal, place, now);
      // Not awaited: the first call is not held up, and append() reports a failure with the next entry.
      if (loaded.entries >= COMPACT_AFTER) store.compact().catch(() => {});
      return store;
    } catch (error) {
      await place.release();
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
      this.#writing ??= this.#write();
    });
    return entry.seq;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A failure has rejected the promises of the entries.
      await this.#alone(() => this.#record()).catch(() => {});
      if (this.#entries >= COMPACT_RUNNING && !this.#compacting) this.compact().catch(() => {});
    }
    // In the same turn in which the queue was found empty: a later entry begins another write.
    this.#writing = undefined;
  }

  /** Entries that arrive during one write share the next: their order is kept, and one flush serves them all. */
  async #record(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      const bytes = Buffer.from(batch.map(({ line }) => line).join(''));
      this.#length = await this.#disk.write(this.#journal, bytes, this.#length);
      await this.#disk.flush(this.#journal);
      for (const { entry, resolve } of batch) {
        this.#view?.keep(entry.key);
        fold(this.state, entry);
        this.#entries++;
        resolve();
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
      throw error;
    }
  }

  /** Operations on the journal run one after the other, and none after one that failed. */
  #alone<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      if (this.#failed) throw this.#failed;
      return act();
    });
    this.#last = done.catch((error) => this.#fail(error));
    return done;
  }

  /**
   * A half-written line must stay the last one, and an old journal is never read again: this run records no further.
   */
  #fail(error: unknown): void {
    this.#failed ??= error;
    this.#break(error);
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
  }

  /** Begins the journal anew, with what is known now in a snapshot. Entries go on being recorded meanwhile. */
  compact(): Promise<void> {
    const compacting = (this.#compacting ?? Promise.resolve())
      .then(() => this.#beginAnew())
      .finally(() => {
        if (this.#compacting === compacting) this.#compacting = undefined;
      });
    this.#compacting = compacting;
    return compacting;
  }

  async #beginAnew(): Promise<void> {
    let next: NextJournal | undefined;
    try {
      const { view, old, entries } = await this.#alone(async () => this.#takeView());
      await writeDown(this.#disk, this.#directory, view, old);
      next = await NextJournal.begin(this.#disk, view.serial, old);
      // Nearly all is copied before entries have to wait.
      await next.copyTo(this.#length);
      await this.#alone(() => this.#goOnWith(next as NextJournal, entries));
      await old.file.close();
    } catch (error) {
      this.#fail(error);
      if (this.#journal !== next?.file) await next?.file.close();
      throw error;
    } finally {
      this.#view = undefined;
    }
  }

  #takeView(): { view: View; old: OldJournal; entries: number } {
    this.#view = new View(this.state);
    return {
      view: this.#view,
      old: { file: this.#journal, length: this.#length },
      entries: this.#entries,
    };
  }

  async #goOnWith(next: NextJournal, entriesLeft: number): Promise<void> {
    await next.copyTo(this.#length);
    await next.takePlace();
    this.#journal = next.file;
    this.#length = next.length;
    this.#entries -= entriesLeft;
  }

  /** Frees the snapshot's bytes: its lines are read from the file again on access. */
  letGo(): void {
    // Read now, because it is needed again and again.
    for (const line of this.state.written.values()) void line.hasCredentials;
    this.#snapshot?.letGo();
  }

  /**
   * Whether the journal still stands where others look for it.
   * @throws Failure where the folder was removed or replaced: nothing that is recorded now would be found again
   */
  async checkPlace(): Promise<void> {
    // While an entry is being written, the check waits for the next call.
    if (this.#writing || this.#failed) return;
    const path = join(this.#directory, JOURNAL);
    const look = (stats: Promise<{ ino: number }>) => stats.then(({ ino }) => ino).catch(() => undefined);
    // A compaction replaces the file.
    const [mine, there] = await this.#alone(() =>
      Promise.all([look(this.#journal.stat()), look(stat(path))]),
    );
    if (mine === there) return;
    throw new Failure(`${path} was removed or replaced under this process`, {
      hint: 'What it recorded since is lost to the next one: it ends.',
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#compacting?.catch(() => {});
    try {
      if (this.#entries >= COMPACT_AFTER && !this.#failed) await this.compact();
    } finally {
      await this.#journal.close();
      this.#snapshot?.close();
      await this.#release();
    }
  }
}
