import { join } from 'node:path';
import type { Intent, JournalEntry, JournalEvent, State } from '../../model/journal.ts';
import type { History, HistoryFilter, StateDump, StateOptions, Writer } from '../../model/store.ts';
import type { Leave } from '../../model/work.ts';
import { Breakdown } from '../breakdown.ts';
import { fold } from '../fold.ts';
import { type FingerprintKey, keyOf } from '../key.ts';
import { CallRows } from './call-rows.ts';
import { DATABASE, type Db, failureOf, type Prepared } from './database.ts';
import { KnownRows } from './known-rows.ts';
import type { Lock } from './lock.ts';
import { keepAsItIs, type Log } from './log.ts';
import { Place } from './place.ts';
import { SET_META } from './statements.ts';
import {
  readCalledNames,
  readDump,
  readHistory,
  readMeta,
  readTables,
  writeDump,
  writeMeta,
} from './tables.ts';

/**
 * A flush follows another after so long at the soonest, in milliseconds: with many accounts, flushes are most of what calls
 * cost. Short against any network, and none for a call that comes alone.
 */
const BETWEEN_FLUSHES = 3;
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
  readonly #log: Log;
  readonly #place: Place;
  readonly #setMeta: Prepared;
  #calls: CallRows;
  #key: FingerprintKey;
  #serial: number;
  #waiting: Waiting[] = [];
  #flushedAt = Number.NEGATIVE_INFINITY;
  #sincePrune = PRUNE_AFTER;
  readonly #breakdown = new Breakdown();
  readonly broken = this.#breakdown.broken;

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
    this.#calls = new CallRows(db, state);
    this.#setMeta = db.prepare(SET_META);
    state.known.onDamage = (error) => this.#fail(error);
    this.#place = new Place(folder);
  }

  get key(): Buffer {
    return this.#key.key;
  }

  append(event: JournalEvent): Promise<number> {
    if (this.#breakdown.error) return Promise.reject(this.#breakdown.error);
    const at = new Date(this.#options.now()).toISOString();
    const entry: JournalEntry = { seq: ++this.#serial, at, ...event };
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#flushSoon();
      this.#waiting.push({ entry, resolve, reject });
    });
  }

  /** Events of one turn share a transaction, and so a flush; under load those of some turns. */
  #flushSoon(): void {
    let isOn = false;
    // Once, and in a turn of its own: flushes right behind one another would keep the network waiting.
    const flush = () => {
      if (!isOn) setImmediate(() => this.#flush());
      isOn = true;
    };
    const { clock } = this.#options.shared;
    const rest = this.#flushedAt + BETWEEN_FLUSHES - clock.monotonic();
    if (rest <= 0) {
      flush();
      return;
    }
    void clock.sleep(rest).then(flush);
    // A clock that a test holds still does not hold the state.
    setTimeout(flush, BETWEEN_FLUSHES);
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    try {
      if (this.#breakdown.error) throw this.#breakdown.error;
      this.#place.check();
      this.#transaction(() => {
        for (const { entry } of batch) {
          fold(this.state, entry);
          this.#calls.record(entry);
        }
        this.#setMeta.run('serial', String(this.state.serial));
        this.#log.goOn();
      });
      this.#tidy(batch.length);
    } catch (error) {
      this.#fail(error);
      for (const { reject } of batch) reject(this.#breakdown.error);
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

  /** Shortens the history and the log, a little at a time. */
  #tidy(events: number): void {
    this.#sincePrune += events;
    const { keepHistory, now } = this.#options;
    if (keepHistory !== undefined && this.#sincePrune >= PRUNE_AFTER) {
      this.#sincePrune = 0;
      this.#transaction(() => this.#calls.prune(now() - keepHistory));
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
    return this.#breakdown.error === undefined;
  }

  async checkPlace(): Promise<void> {
    if (!this.#isInPlace()) throw this.#breakdown.error;
  }

  #fail(error: unknown): void {
    this.#breakdown.fail(failureOf(error, this.#folder));
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
      this.#calls = new CallRows(this.#db, this.state);
      this.#key = key;
    } catch (error) {
      this.#fail(error);
      throw this.#breakdown.error;
    }
  }

  async close(): Promise<void> {
    this.#flush();
    try {
      if (this.#breakdown.error === undefined && this.#isInPlace()) {
        this.#transaction(() => writeMeta(this.#db, { holder: undefined }));
        this.#db.exec('pragma wal_checkpoint(truncate)');
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      if (this.#breakdown.error !== undefined && this.#place.moved() !== undefined)
        keepAsItIs(join(this.#folder, DATABASE));
      this.#db.close();
      this.#lock.release();
    }
  }
}
