import { join } from 'node:path';
import type { PastCall, State } from '../../model/journal.ts';
import { appIdIn } from '../../model/recording-key.ts';
import type { History, HistoryFilter, Holder, StateDump } from '../../model/store.ts';
import { DamagedState } from '../errors.ts';
import { emptyState } from '../fold.ts';
import type { FingerprintKey } from '../key.ts';
import { DATABASE, type Db, rowsOf } from './database.ts';
import { KnownRows } from './known-rows.ts';
import * as sql from './statements.ts';

/** Calls that a new process counts against allowances: those of the last two seconds are among them, of many accounts, too. */
const MOST_SENT = 2_000;

/** What the state says of itself. */
export interface Meta {
  id: string;
  serial: number;
  /** In hex; null where REELSTATE_STATE_KEY gives it. */
  key: string | null;
  keyCheck: string;
  /** The process that writes, or was killed while it did. */
  holder: Holder | undefined;
  /** Of the database with its log: what the file by itself says here once all of the log is in it. */
  base: string | undefined;
  /** What it said before the log began. */
  before: string | undefined;
}

export function readMeta(db: Db, folder: string): Meta {
  const meta = new Map(rowsOf(db, sql.META) as [string, string][]);
  const needed = (name: string) => {
    const value = meta.get(name);
    if (value === undefined) throw new DamagedState(`${join(folder, DATABASE)} lacks its ${name}`);
    return value;
  };
  const holder = meta.get('holder');
  return {
    id: needed('id'),
    serial: Number(needed('serial')),
    key: meta.get('key') ?? null,
    keyCheck: needed('key_check'),
    holder: holder === undefined ? undefined : (JSON.parse(holder) as Holder),
    base: meta.get('base'),
    before: meta.get('before'),
  };
}

/** The state as of now. Nothing of a recording is read but its head. */
export function readTables(db: Db, { serial }: Meta, folder: string): State & { known: KnownRows } {
  const known = new KnownRows(db, folder);
  const state = { ...emptyState(), known };
  state.serial = serial;
  state.orphaned = new Map(
    (rowsOf(db, sql.ORPHANED) as [string, string][]).map(([key, calls]) => [key, JSON.parse(calls)]),
  );
  state.sent = (rowsOf(db, sql.LAST_CALLS, MOST_SENT) as [number, string, string, string | null][])
    .map(([seq, key, at, answered]) => ({
      ...{ seq, at: Date.parse(answered ?? at), answered: answered !== null },
      appId: appIdIn(key),
    }))
    .reverse();
  return state;
}

export function readHistory(db: Db, { names = [], limit }: HistoryFilter): History {
  const named = names.length > 0 ? [JSON.stringify(names)] : [];
  const most = limit ?? -1;
  const rows = rowsOf(db, named.length > 0 ? sql.CALLS_NAMED : sql.CALLS, ...named, most);
  const [[count] = [0]] = rowsOf(db, named.length > 0 ? sql.COUNT_NAMED : sql.COUNT, ...named);
  return { calls: rows.map((row) => callOf(row).call), earlier: (count as number) - rows.length };
}

export function readCalledNames(db: Db): string[] {
  return rowsOf(db, sql.CALLED_NAMES).map(([name]) => name as string);
}

function callOf(row: unknown[]): { key: string; call: PastCall } {
  const [seq, at, key, name, file, sid, endpoint, reason, origin, answeredAt, outcome, status, message] = row;
  const answer = {
    at: answeredAt,
    outcome,
    ...(status === null ? {} : { status }),
    ...(message === null ? {} : { message }),
  };
  const call = {
    ...{ seq, at, name, file, sid, endpoint, reason },
    ...(origin === null ? {} : { commit: JSON.parse(origin as string) }),
    ...(outcome === null ? {} : { answer }),
  } as PastCall;
  return { key: key as string, call };
}

/** @param now milliseconds since 1970 */
export function readDump(db: Db, state: State, { kept, check }: FingerprintKey, now: number): StateDump {
  const { known, serial, orphaned } = state;
  return {
    reelstate: 'state',
    format_version: '1.0',
    exported_at: new Date(now).toISOString(),
    serial,
    key: kept,
    key_check: check,
    recordings: [...known.heads()].flatMap(({ key, target, account }) => {
      const recording = known.get(key);
      const binding = { ...(target ? { target } : {}), ...(account ? { account } : {}) };
      return recording ? [{ ...recording, ...binding }] : [];
    }),
    orphaned: [...orphaned],
    calls: rowsOf(db, sql.CALLS_IN_ORDER).map((row) => {
      const { key, call } = callOf(row);
      return { key, ...call };
    }),
  };
}

/** Writes a dump into empty tables, within a transaction of the caller's. */
export function writeDump(db: Db, known: KnownRows, dump: StateDump): void {
  for (const { target, account, ...recording } of dump.recordings) {
    known.set(recording.key, recording);
    known.bind(recording.key, { ...(target ? { target } : {}), ...(account ? { account } : {}) });
  }
  const orphaned = db.prepare(sql.SET_ORPHANED);
  for (const [key, calls] of dump.orphaned) orphaned.run(key, JSON.stringify(calls));
  const add = db.prepare(sql.ADD_CALL);
  for (const call of dump.calls) add.run(...valuesOf(call));
}

/** The values of a call's row, in the order of its columns. */
export function valuesOf(call: PastCall & { key: string }): unknown[] {
  const { seq, at, key, name, file, sid, endpoint, reason, commit, answer } = call;
  return [
    ...[seq, at, key, name, file, sid, endpoint, reason, commit ? JSON.stringify(commit) : null],
    ...[answer?.at ?? null, answer?.outcome ?? null, answer?.status ?? null, answer?.message ?? null],
  ];
}

/** Writes what the state says of itself; undefined takes it away. */
export function writeMeta(db: Db, values: Readonly<Record<string, string | undefined>>): void {
  const set = db.prepare(sql.SET_META);
  for (const [name, value] of Object.entries(values))
    if (value === undefined) db.prepare(sql.DELETE_META).run(name);
    else set.run(name, value);
}
