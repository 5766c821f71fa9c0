import { join } from 'node:path';
import type { Intent, JournalEntry, JournalEvent, State } from '../../model/journal.ts';
import type { History, HistoryFilter, StateDump, StateOptions, Writer } from '../../model/store.ts';
import type { Leave } from '../../model/work.ts';
import { fold } from '../fold.ts';
import { type FingerprintKey, keyOf } from '../key.ts';
import { DATABASE, type Db, failureOf, type Prepared } from './database.ts';
import { KnownRows } from './known-rows.ts';
import type { Lock } from './lock.ts';
import { keepAsItIs, type Log } from './log.ts';
import { Place } from './place.ts';
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

/**
 * A flush follows another after so long at the soonest, in milliseconds: with many accounts, flushes are most of what calls
 * cost. Short against any network, and none for a call that comes alone.
 */
const BETWEEN_FLUSHES = 3;
/** Calls that are removed from the history at once. */
const PRUNED_TOGETHER = 1_000;
/** Events between two looks at the end of the history. */
const PRUNE_AFTER = 500;

interface Waiting {
  entry: JournalEntry;
  resolve: (seq: number) => void;
  reject: (error: unknown) => void;
}

/**
 * A database in a folder, of which one process at a time is the writer. An event is on the disk before the next step is
 * taken. So a kill at any moment loses nothing: a call without an answer has an unknown outcome, and a call without an
 * intent was never sent.
 */
export class SqliteWriter implements Writer {
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
  readonly #log: Log;
  #sincePrune = PRUNE_AFTER;
  readonly #place: Place;
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
    log: Log;
    afterKill: boolean;
    state: State & { known: KnownRows };
  }) {
    // Without a handler the rejection would end the process; append() rethrows it.
    this.broken.catch(() => {});
    const { folder, lock, options, db, key, id, log, afterKill, state } = opened;
    this.#folder = folder;
    this.#lock = lock;
    this.#options = options;
    this.#db = db;
    this.#key = key;
    this.id = id;
    this.#log = log;
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
    this.#place = new Place(folder);
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
      this.#place.check();
      this.#transaction(() => {
        for (const { entry } of batch) this.#record(entry);
        this.#statements.setMeta.run('serial', String(this.state.serial));
        this.#log.goOn();
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
    this.#sincePrune += events;
    const { keepHistory, now } = this.#options;
    if (keepHistory !== undefined && this.#sincePrune >= PRUNE_AFTER) {
      this.#sincePrune = 0;
      const before = new Date(Math.max(0, now() - keepHistory)).toISOString();
      this.#transaction(() => this.#db.prepare(sql.PRUNE).run(PRUNED_TOGETHER, before));
    }
    if (this.#log.checkpointAfter(events)) this.#place.renew();
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
      this.#place.check();
    } catch (error) {
      this.#fail(error);
    }
    return this.#failed === undefined;
  }

  async checkPlace(): Promise<void> {
    if (!this.#isInPlace()) throw this.#failed;
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
      if (this.#failed !== undefined && this.#place.moved() !== undefined)
        keepAsItIs(join(this.#folder, DATABASE));
      this.#db.close();
      this.#lock.release();
    }
  }
}
