import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { State } from '../../model/journal.ts';
import type { History, HistoryFilter, Reader, StateDump, StateOptions } from '../../model/store.ts';
import { emptyState } from '../fold.ts';
import { hasJournal, type OldState, readJournal } from '../journal/read.ts';
import { dumpOfJournal } from '../journal/take-over.ts';
import { type FingerprintKey, keptKey, keyOf } from '../key.ts';
import { ALONE, checkFormat, DATABASE, type Db, openFile, readFailureOf } from './database.ts';
import { hasDatabase } from './folder.ts';
import { baseOf, checkBase } from './log.ts';
import { readCalledNames, readDump, readHistory, readMeta, readTables } from './tables.ts';

/** Reads a state folder, also while another process writes, and where it must not be written. */
export async function readFolder(folder: string, options: StateOptions): Promise<Reader> {
  try {
    if (hasDatabase(folder)) return await openReader(folder, options);
    const nothing = { state: emptyState(), key: undefined, calls: [] };
    return new OldReader(hasJournal(folder) ? readJournal(folder) : nothing, options.keyText);
  } catch (error) {
    throw readFailureOf(error, folder);
  }
}

/** Reads once more where a writer has begun meanwhile. */
const READS = 4;

async function openReader(folder: string, options: StateOptions): Promise<Reader> {
  const path = join(folder, DATABASE);
  for (let read = 1; ; read++) {
    const before = changeOf(path);
    const way = wayTo(path);
    const alone = way === ALONE ? undefined : await baseOf(folder);
    try {
      const db = await openFile(path, way);
      // Everything is read as of one moment, and a writer goes on meanwhile.
      db.exec('begin');
      checkFormat(db, folder);
      const meta = readMeta(db, folder);
      checkBase(alone, meta, folder);
      const key = keyOf(meta.key, meta.keyCheck, options.keyText);
      const reader = new DatabaseReader({
        db,
        folder,
        id: meta.id,
        key,
        state: readTables(db, meta, folder),
      });
      if (way !== ALONE || before === changeOf(path) || read === READS) return reader;
      await reader.close();
    } catch (error) {
      if (read === READS || before === changeOf(path)) throw error;
    }
  }
}

/** How a database is opened without anything being written, not even what readers and writers agree by. */
function wayTo(path: string): string {
  const [log, shared] = [existsSync(`${path}-wal`), existsSync(`${path}-shm`)];
  if (!log) return ALONE;
  return shared && !isWritable(`${path}-shm`) ? 'mode=ro&readonly_shm=1' : 'mode=ro';
}

/**
 * What readers and writers agree by is no part of the state. A process that opened it for reading alone could not write
 * the database afterwards, until what has read it was collected as garbage.
 */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** What changes where something has been written. */
function changeOf(path: string): string {
  const { ino, mtimeMs, size } = statSync(path);
  return `${ino} ${mtimeMs} ${size} ${existsSync(`${path}-wal`)}`;
}

class DatabaseReader implements Reader {
  readonly id: string;
  readonly state: State;
  readonly #db: Db;
  readonly #folder: string;
  readonly #key: FingerprintKey;

  constructor(opened: { db: Db; folder: string; id: string; key: FingerprintKey; state: State }) {
    this.#db = opened.db;
    this.#folder = opened.folder;
    this.#key = opened.key;
    this.id = opened.id;
    this.state = opened.state;
  }

  get key(): Buffer {
    return this.#key.key;
  }

  history(filter: HistoryFilter): Promise<History> {
    return this.#read(() => readHistory(this.#db, filter));
  }

  calledNames(): Promise<string[]> {
    return this.#read(() => readCalledNames(this.#db));
  }

  dump(now: number): Promise<StateDump> {
    return this.#read(() => readDump(this.#db, this.state, this.#key, now));
  }

  async #read<T>(act: () => T): Promise<T> {
    try {
      return act();
    } catch (error) {
      throw readFailureOf(error, this.#folder);
    }
  }

  async close(): Promise<void> {
    this.#db.exec('rollback');
    this.#db.close();
  }
}

/** What a journal of version 0.1 adds up to, or nothing at all. */
class OldReader implements Reader {
  readonly id = undefined;
  readonly state: State;
  readonly key: Buffer | undefined;
  readonly #old: OldState;

  constructor(old: OldState, keyText: string | undefined) {
    this.#old = old;
    this.state = old.state;
    this.key = old.key === undefined ? undefined : keyOf(old.key, keptKey(old.key).check, keyText).key;
  }

  async history({ names = [], limit }: HistoryFilter): Promise<History> {
    const wanted = this.#old.calls.filter(({ name }) => names.length === 0 || names.includes(name)).reverse();
    const calls = wanted.slice(0, limit).map(({ key: _, ...call }) => call);
    return { calls, earlier: wanted.length - calls.length };
  }

  async calledNames(): Promise<string[]> {
    return this.#old.calls.map(({ name }) => name);
  }

  async dump(now: number): Promise<StateDump> {
    return dumpOfJournal(this.#old, undefined, now);
  }

  async close(): Promise<void> {}
}
