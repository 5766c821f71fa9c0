import { randomUUID } from 'node:crypto';
import { copyFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Intent, JournalEntry, JournalEvent, State } from '../../model/journal.ts';
import type { History, HistoryFilter, Holder, StateDump, StateOptions, Writer } from '../../model/store.ts';
import type { Leave } from '../../model/work.ts';
import { LockedState, LostState } from '../errors.ts';
import { fold } from '../fold.ts';
import { hasJournal, oldWriter, putAside, readJournal } from '../journal/read.ts';
import { dumpOfJournal } from '../journal/take-over.ts';
import { type FingerprintKey, keyOf, newKey } from '../key.ts';
import {
  baseOf,
  checkBase,
  checkFormat,
  DATABASE,
  type Db,
  failureOf,
  LOCK,
  openFile,
  type Prepared,
  rowsOf,
  sizeOf,
} from './database.ts';
import { hasDatabase, makeFolder, restrict } from './folder.ts';
import { KnownRows } from './known-rows.ts';
import { holderHere, type Lock, takeLock } from './lock.ts';
import * as sql from './statements.ts';
import {
  readCalledNames,
  readDump,
  readHistory,
  readMeta,
  readTables,
  valuesOf,
  writeDump,
  writeMeta,
} from './tables.ts';

/*
 * A state folder, its owner's alone:
 *   state.db    the database (beside it, while it is open or after a kill, state.db-wal and state.db-shm)
 *   lock.db     the writer's lock
 *   .gitignore  keeps the folder out of git
 * The rule: an event is on the disk before the next step is taken. So a kill at any moment loses nothing: a call without
 * an answer has an unknown outcome, and a call without an intent was never sent.
 */

/**
 * A flush follows another after so long at the soonest, in milliseconds: with many accounts, flushes are most of what calls
 * cost. Short against any network, and none for a call that comes alone.
 */
const BETWEEN_FLUSHES = 3;
/** Events after which the log of the database is written into its file: a few megabytes. */
const CHECKPOINT_AFTER = 1_000;
/** Calls that are removed from the history at once. */
const PRUNED_TOGETHER = 1_000;
/** Events between two looks at the end of the history. */
const PRUNE_AFTER = 500;

const NEW = `${DATABASE}.new`;

/**
 * Takes the writer's lock of a folder and opens its state; makes one where there is none.
 * @throws LockedState, DamagedState, LostState
 */
export async function writeFolder(folder: string, options: StateOptions): Promise<Writer> {
  const made = makeFolder(folder);
  let lock: Lock | undefined;
  try {
    lock = await lockOf(folder);
    const old = oldWriter(folder);
    if (old) throw new LockedState(folder, old);
    if (!hasDatabase(folder)) await begin(folder, options);
    lock.mark();
    putAside(folder);
    return await open(folder, lock, options);
  } catch (error) {
    // What there was before stays; what has just been made is of no use.
    const isMade = sizeOf(join(folder, DATABASE)) === undefined;
    if (isMade) lock?.undo();
    else lock?.release();
    if (isMade) made.undo();
    throw failureOf(error, folder);
  }
}

async function lockOf(folder: string): Promise<Lock> {
  const lock = await takeLock(folder);
  if (!lock) throw new LockedState(folder, await holderOf(folder));
  return lock;
}

/** Who writes, as it says itself; undefined where it has not said so yet. */
async function holderOf(folder: string): Promise<Holder | undefined> {
  try {
    // Nothing is made where there is no state yet.
    const db = await openFile(join(folder, DATABASE), 'mode=ro');
    try {
      return readMeta(db, folder).holder;
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}

/** Makes the database of what there is of version 0.1, or of nothing: whole, and then in its place. */
async function begin(folder: string, { keyText, now }: StateOptions): Promise<void> {
  const path = join(folder, NEW);
  rmSync(path, { force: true });
  const dump = hasJournal(folder) ? dumpOfJournal(readJournal(folder), keyText, now()) : undefined;
  const { kept, check } = dump ? { kept: dump.key, check: dump.key_check } : newKey(keyText);
  try {
    const db = await openFile(path);
    restrict(path);
    db.exec(`pragma journal_mode = memory; pragma synchronous = full; begin exclusive; ${sql.SCHEMA}`);
    const serial = String(dump?.serial ?? 0);
    writeMeta(db, { id: randomUUID(), serial, key: kept ?? undefined, key_check: check });
    if (dump) writeDump(db, new KnownRows(db, folder), dump);
    db.exec('commit');
    db.close();
    renameSync(path, join(folder, DATABASE));
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

async function open(folder: string, lock: Lock, options: StateOptions): Promise<Writer> {
  await checkLog(folder);
  const db = await openFile(join(folder, DATABASE));
  checkFormat(db, folder);
  const meta = readMeta(db, folder);
  const key = keyOf(meta.key, meta.keyCheck, options.keyText);
  // What is damaged is found before anything is written.
  const state = readTables(db, meta, folder);
  // The log is written into the database at moments of this process's choice, so that a change by others is seen.
  db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0;');
  const isWhole = writeLog(db);
  const holder = holderHere(options.command, options.now());
  db.exec('begin immediate');
  writeMeta(db, { holder: JSON.stringify(holder) });
  const base = isWhole ? beginLog(db, meta.base) : meta.base;
  db.exec('commit');
  return new SqliteWriter({
    ...{ folder, lock, options, db, key, id: meta.id, base },
    afterKill: meta.holder !== undefined,
    state,
  });
}

/** By a connection of its own that only reads: one that writes puts the log into the file when it is closed. */
async function checkLog(folder: string): Promise<void> {
  if (!sizeOf(join(folder, `${DATABASE}-wal`))) return;
  const alone = await baseOf(folder);
  const db = await openFile(join(folder, DATABASE), 'mode=ro');
  try {
    checkFormat(db, folder);
    checkBase(alone, readMeta(db, folder), folder);
  } finally {
    db.close();
  }
}

/**
 * A database that is closed writes its log into its file, unless there is another file in its place: what was put there
 * must not be mixed with it.
 */
function keepAsItIs(path: string): void {
  try {
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
  } catch {
    // It is gone, or the disk is full: then nothing is written into it either.
  }
}

/** Writes the log of the database into its file. @returns whether that was all of it: a reader may need some */
function writeLog(db: Db): boolean {
  const [[isBusy, length, done] = []] = rowsOf(db, 'pragma wal_checkpoint(passive)');
  return isBusy === 0 && length === done;
}

/**
 * What is written from now on goes on from the file as it is: with an older copy of it, it would make no sense.
 * @param before what the file says by itself @returns what it says once the log is in it
 */
function beginLog(db: Db, before: string | undefined): string {
  const base = randomUUID();
  writeMeta(db, { base, before });
  return base;
}

/** Files by name, each with what changes where others touch it. */
type Place = Readonly<Record<string, string>>;

interface Waiting {
  entry: JournalEntry;
  resolve: (seq: number) => void;
  reject: (error: unknown) => void;
}

class SqliteWriter implements Writer {
  readonly id: string;
  readonly afterKill: boolean;
  readonly trouble = undefined;
  readonly state: State;
  readonly #folder: string;
  readonly #lock: Lock;
  readonly #options: StateOptions;
  readonly #db: Db;
  readonly #statements: Record<'addCall' | 'answerCall' | 'deleteCall' | 'setMeta', Prepared>;
  #key: FingerprintKey;
  #serial: number;
  #waiting: Waiting[] = [];
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** Keys that stand in the table of calls that may still take effect. */
  #orphaned: Set<string>;
  /** Of the file by itself, once all of the log is in it. */
  #base: string | undefined;
  /** It is: a log that begins now goes on from there. */
  #isWhole = false;
  #sinceCheckpoint = 0;
  #sincePrune = PRUNE_AFTER;
  #place: Place;
  #failed: unknown;
  #break: (error: unknown) => void = () => {};
  readonly broken: Promise<never> = new Promise((_, reject) => {
    this.#break = reject;
  });

  constructor(opened: {
    folder: string;
    lock: Lock;
    options: StateOptions;
    db: Db;
    key: FingerprintKey;
    id: string;
    base: string | undefined;
    afterKill: boolean;
    state: State & { known: KnownRows };
  }) {
    // Without a handler the rejection would end the process; append() rethrows it.
    this.broken.catch(() => {});
    const { folder, lock, options, db, key, id, base, afterKill, state } = opened;
    this.#folder = folder;
    this.#lock = lock;
    this.#options = options;
    this.#db = db;
    this.#key = key;
    this.id = id;
    this.#base = base;
    this.afterKill = afterKill;
    this.state = state;
    this.#serial = state.serial;
    this.#orphaned = new Set(state.orphaned.keys());
    this.#statements = {
      addCall: db.prepare(sql.ADD_CALL),
      answerCall: db.prepare(sql.ANSWER_CALL),
      deleteCall: db.prepare(sql.DELETE_CALL),
      setMeta: db.prepare(sql.SET_META),
    };
    state.known.onDamage = (error) => this.#fail(error);
    this.#place = this.#placeNow();
  }

  get key(): Buffer {
    return this.#key.key;
  }

  append(event: JournalEvent): Promise<number> {
    if (this.#failed) return Promise.reject(this.#failed);
    const at = new Date(this.#options.now()).toISOString();
    const entry: JournalEntry = { seq: ++this.#serial, at, ...event };
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#flushSoon();
      this.#waiting.push({ entry, resolve, reject });
    });
  }

  /** Events of one turn share a transaction, and so a flush; under load those of some turns. */
  #flushSoon(): void {
    const { clock } = this.#options.shared;
    const flush = () => this.#flush();
    const rest = this.#flushedAt + BETWEEN_FLUSHES - clock.monotonic();
    if (rest <= 0) {
      setImmediate(flush);
      return;
    }
    void clock.sleep(rest).then(flush);
    // A clock that a test holds still does not hold the state. With nothing waiting a flush does nothing.
    setTimeout(flush, BETWEEN_FLUSHES);
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    try {
      if (this.#failed) throw this.#failed;
      this.#checkNow();
      this.#transaction(() => {
        for (const { entry } of batch) this.#record(entry);
        this.#statements.setMeta.run('serial', String(this.state.serial));
        if (this.#isWhole) this.#base = beginLog(this.#db, this.#base);
        this.#isWhole = false;
      });
      this.#tidy(batch.length);
    } catch (error) {
      this.#fail(error);
      for (const { reject } of batch) reject(this.#failed);
      return;
    }
    this.#flushedAt = this.#options.shared.clock.monotonic();
    for (const { entry, resolve } of batch) resolve(entry.seq);
  }

  /** What is known is ahead of the disk where it fails: then nothing follows from it any more. */
  #transaction(act: () => void): void {
    this.#db.exec('begin immediate');
    try {
      act();
      this.#db.exec('commit');
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('rollback');
      throw error;
    }
  }

  #record(entry: JournalEntry): void {
    fold(this.state, entry);
    const { seq, at, key } = entry;
    const { addCall, answerCall, deleteCall } = this.#statements;
    if (entry.event === 'intent') {
      const { name, file, identity, endpoint, reason, commit } = entry;
      const call = { seq, at, key, name, file, sid: identity.sid, endpoint, reason };
      addCall.run(...valuesOf({ ...call, ...(commit ? { commit } : {}) }));
    } else if (entry.event === 'answer')
      answerCall.run(at, entry.outcome, entry.status ?? null, entry.message ?? null, entry.of);
    else if (entry.event === 'withdraw') deleteCall.run(entry.of);
    this.#keepOrphaned(key);
  }

  /** Only few recordings ever have such calls. */
  #keepOrphaned(key: string): void {
    const { orphaned } = this.state;
    if (orphaned.size === 0 && this.#orphaned.size === 0) return;
    for (const gone of [...this.#orphaned].filter((other) => !orphaned.has(other))) {
      this.#db.prepare(sql.DELETE_ORPHANED).run(gone);
      this.#orphaned.delete(gone);
    }
    const calls = orphaned.get(key);
    if (!calls) return;
    this.#db.prepare(sql.SET_ORPHANED).run(key, JSON.stringify(calls));
    this.#orphaned.add(key);
  }

  /** Shortens the history and the log, a little at a time. */
  #tidy(events: number): void {
    this.#sinceCheckpoint += events;
    this.#sincePrune += events;
    const { keepHistory, now } = this.#options;
    if (keepHistory !== undefined && this.#sincePrune >= PRUNE_AFTER) {
      this.#sincePrune = 0;
      const before = new Date(Math.max(0, now() - keepHistory)).toISOString();
      this.#transaction(() => this.#db.prepare(sql.PRUNE).run(PRUNED_TOGETHER, before));
    }
    if (this.#sinceCheckpoint < CHECKPOINT_AFTER) return;
    this.#sinceCheckpoint = 0;
    this.#isWhole ||= writeLog(this.#db);
    this.#place = this.#placeNow();
  }

  async admit(_account: string, _appId: string, intent?: Intent): Promise<Leave | undefined> {
    const of = intent ? await this.append(intent) : undefined;
    return { of, mayLeave: () => this.#isInPlace(), over: () => {} };
  }

  holds(): boolean {
    return true;
  }

  async current(): Promise<State> {
    return this.state;
  }

  holderOf(): undefined {}

  onClaim(): void {}

  async claim(): Promise<void> {}

  #isInPlace(): boolean {
    try {
      this.#checkNow();
    } catch (error) {
      this.#fail(error);
    }
    return this.#failed === undefined;
  }

  async checkPlace(): Promise<void> {
    if (!this.#isInPlace()) throw this.#failed;
  }

  /** The files, and what changes where another program writes into the database. */
  #placeNow(): Place {
    const look = (name: string) => statSync(join(this.#folder, name), { throwIfNoEntry: false });
    const database = look(DATABASE);
    return {
      [DATABASE]: `${database?.ino} ${database?.mtimeMs} ${database?.size}`,
      [LOCK]: `${look(LOCK)?.ino}`,
      [`${DATABASE}-wal`]: `${look(`${DATABASE}-wal`)?.ino}`,
    };
  }

  /** The first file that is not as it was left. */
  #moved(): string | undefined {
    const now = this.#placeNow();
    return Object.keys(now).find((name) => now[name] !== this.#place[name]);
  }

  #checkNow(): void {
    const moved = this.#moved();
    if (moved === undefined) return;
    throw new LostState(`${join(this.#folder, moved)} was removed or changed under this process`, {
      hint: 'Nothing more is sent, because it could not be recorded: it ends.',
    });
  }

  #fail(error: unknown): void {
    this.#failed ??= failureOf(error, this.#folder);
    this.#break(this.#failed);
  }

  async history(filter: HistoryFilter): Promise<History> {
    return readHistory(this.#db, filter);
  }

  async calledNames(): Promise<string[]> {
    return readCalledNames(this.#db);
  }

  async dump(now: number): Promise<StateDump> {
    return readDump(this.#db, this.state, this.#key, now);
  }

  async restore(dump: StateDump): Promise<void> {
    const key = keyOf(dump.key, dump.key_check, this.#options.keyText);
    try {
      this.#transaction(() => {
        for (const table of ['recording', 'known', 'call', 'orphaned']) this.#db.exec(`delete from ${table}`);
        const known = new KnownRows(this.#db, this.#folder);
        writeDump(this.#db, known, dump);
        this.#serial = Math.max(dump.serial, this.#serial);
        writeMeta(this.#db, {
          serial: String(this.#serial),
          key: key.kept ?? undefined,
          key_check: key.check,
        });
      });
      Object.assign(this.state, readTables(this.#db, readMeta(this.#db, this.#folder), this.#folder));
      this.#orphaned = new Set(this.state.orphaned.keys());
      this.#key = key;
    } catch (error) {
      this.#fail(error);
      throw this.#failed;
    }
  }

  async close(): Promise<void> {
    this.#flush();
    try {
      if (this.#failed === undefined && this.#isInPlace()) {
        this.#transaction(() => writeMeta(this.#db, { holder: undefined }));
        this.#db.exec('pragma wal_checkpoint(truncate)');
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      if (this.#failed !== undefined && this.#moved() !== undefined) keepAsItIs(join(this.#folder, DATABASE));
      this.#db.close();
      this.#lock.release();
    }
  }
}
