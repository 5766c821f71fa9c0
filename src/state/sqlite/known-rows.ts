import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { Binding, KnownHead, KnownTable } from '../../model/known.ts';
import { writtenOf } from '../../model/known-map.ts';
import type { KnownRecording } from '../../model/plan.ts';
import { DamagedState } from '../errors.ts';
import { DATABASE, type Db, rowsOf } from './database.ts';
import * as sql from './statements.ts';

/** A row of the table of heads. The recording is held for as long as something else holds it, too. */
interface Row extends KnownHead {
  readonly id: number;
  name: string;
  file: string;
  target?: string;
  account?: string;
  digest: string;
  hasCredentials: boolean;
  recording?: WeakRef<KnownRecording>;
}

/** What is known, in its tables: heads in memory, recordings read when they are asked for. */
export class KnownRows implements KnownTable {
  readonly #db: Db;
  readonly #folder: string;
  readonly #rows = new Map<string, Row>();
  /** By name: a daemon asks for one name after the other, of ten thousand. */
  readonly #named = new Map<string, Row[]>();
  readonly #read: ReturnType<Db['prepare']>;
  #lastId = 0;
  /** Told of damage, which ends a process that writes. */
  onDamage: (error: DamagedState) => void = () => {};
  #writing: ReturnType<typeof statementsOf> | undefined;

  /** Reads all heads. */
  constructor(db: Db, folder: string) {
    this.#db = db;
    this.#folder = folder;
    this.#read = db.prepare(sql.RECORDING).raw();
    // Many recordings have the same.
    const shared = new Map<unknown, string>();
    const share = (text: unknown) => {
      if (!shared.has(text)) shared.set(text, text as string);
      return shared.get(text) as string;
    };
    for (const [id, key, name, file, target, account, digest, has] of rowsOf(db, sql.HEADS)) {
      this.#lastId = id as number;
      const row: Row = {
        id: id as number,
        key: key as string,
        name: name as string,
        file: file as string,
        ...(target === null ? {} : { target: share(target) }),
        ...(account === null ? {} : { account: share(account) }),
        digest: digest as string,
        hasCredentials: has === 1,
      };
      this.#rows.set(row.key, row);
      this.#index(row);
    }
  }

  get size(): number {
    return this.#rows.size;
  }

  head(key: string): KnownHead | undefined {
    return this.#rows.get(key);
  }

  heads(): Iterable<KnownHead> {
    return this.#rows.values();
  }

  named(name: string): Iterable<KnownHead> {
    return this.#named.get(name) ?? [];
  }

  /** @throws DamagedState where it is not what was written */
  get(key: string): KnownRecording | undefined {
    const row = this.#rows.get(key);
    return row && (row.recording?.deref() ?? this.#readRow(row));
  }

  *values(): Iterable<KnownRecording> {
    for (const row of this.#rows.values()) yield row.recording?.deref() ?? this.#readRow(row);
  }

  #readRow(row: Row): KnownRecording {
    const [text] = (this.#read.get(row.id) ?? []) as string[];
    if (text === undefined || hash('sha256', text, 'base64') !== row.digest) {
      const error = new DamagedState(
        `${join(this.#folder, DATABASE)}: what is known of ${row.name} is damaged`,
      );
      this.onDamage(error);
      throw error;
    }
    const recording = JSON.parse(text) as KnownRecording;
    row.recording = new WeakRef(recording);
    return recording;
  }

  set(key: string, recording: KnownRecording): void {
    const { name, file } = recording;
    const { text, digest, hasCredentials } = writtenOf(recording);
    const before = this.#rows.get(key);
    if (before) this.#unindex(before);
    const row = before ?? { id: ++this.#lastId, key, name, file, digest, hasCredentials };
    Object.assign(row, { name, file, digest, hasCredentials, recording: new WeakRef(recording) });
    this.#rows.set(key, row);
    this.#index(row);
    this.#statements.setHead.run(row.id, key, name, file, digest, hasCredentials ? 1 : 0);
    this.#statements.setRecording.run(row.id, text);
  }

  delete(key: string): void {
    const row = this.#rows.get(key);
    if (!row) return;
    this.#rows.delete(key);
    this.#unindex(row);
    this.#statements.deleteHead.run(row.id);
    this.#statements.deleteRecording.run(row.id);
  }

  bind(key: string, binding: Partial<Binding>): void {
    const row = this.#rows.get(key);
    if (!row) return;
    const { target, account } = { ...row, ...binding };
    if (target === row.target && account === row.account) return;
    Object.assign(row, binding);
    this.#statements.bind.run(target ?? null, account ?? null, row.id);
  }

  #index(row: Row): void {
    const others = this.#named.get(row.name);
    if (others) others.push(row);
    else this.#named.set(row.name, [row]);
  }

  #unindex(row: Row): void {
    const others = this.#named.get(row.name) ?? [];
    if (others.length > 1) others.splice(others.indexOf(row), 1);
    else this.#named.delete(row.name);
  }

  /** Prepared with the first write: a reader needs none. */
  get #statements(): ReturnType<typeof statementsOf> {
    this.#writing ??= statementsOf(this.#db);
    return this.#writing;
  }
}

function statementsOf(db: Db) {
  return {
    setHead: db.prepare(sql.SET_HEAD),
    setRecording: db.prepare(sql.SET_RECORDING),
    deleteHead: db.prepare(sql.DELETE_HEAD),
    deleteRecording: db.prepare(sql.DELETE_RECORDING),
    bind: db.prepare(sql.BIND),
  };
}
