import type { PastCall, State } from '../../model/journal.ts';
import type { History, HistoryFilter, StateDump } from '../../model/store.ts';
import { DamagedState, OtherFormat } from '../errors.ts';
import { emptyState } from '../fold.ts';
import type { FingerprintKey } from '../key.ts';
import { type Database, NO_TABLES, type Row, type Runs } from './database.ts';
import { KnownRow, KnownTexts } from './known-texts.ts';
import * as sql from './statements.ts';

/** What the state says of itself. */
export interface Meta {
  id: string;
  /** In hex; null where REELSTATE_STATE_KEY gives it. */
  key: string | null;
  keyCheck: string;
}

/** @returns undefined where there is no state yet. @throws OtherFormat where it is of another version */
export async function readMeta(db: Database): Promise<(Meta & { format: number }) | undefined> {
  const rows = await db.rows(sql.META).catch((error: Error) => {
    if (NO_TABLES.test((error.cause as { code?: string } | undefined)?.code ?? '')) return undefined;
    throw error;
  });
  if (!rows) return undefined;
  const meta = new Map(rows.map(({ name, value }) => [name as string, value as string]));
  const needed = (name: string) => {
    const value = meta.get(name);
    if (value === undefined) throw new DamagedState(`the state in ${db.address.shown} lacks its ${name}`);
    return value;
  };
  const format = Number(needed('format'));
  if (format > sql.FORMAT) throw new OtherFormat(`the state in ${db.address.shown}`, format, sql.FORMAT);
  return { format, id: needed('id'), key: meta.get('key') ?? null, keyCheck: needed('key_check') };
}

/** What was read. `owners`: whose the orphaned calls are. */
interface Known {
  rows: KnownRow[];
  orphaned: State['orphaned'];
  owners: Map<string, string>;
  serial: number;
}

/** Everything known, or what is known of an account and of none. */
export async function readKnown(runs: Runs, account: string | null = null): Promise<Known> {
  const rows = (await runs.rows(sql.RECORDINGS, [account])).map(
    ({ key, name, file, target, account: of, known }) =>
      new KnownRow({ key, name, file, target: target ?? undefined, account: of ?? undefined }, known),
  );
  const left = await runs.rows(sql.ORPHANED, [account]);
  const orphaned = left.map(({ key, calls }) => [key as string, JSON.parse(calls)] as const);
  const owners = left.map(({ key, account: of }) => [key as string, (of ?? '') as string] as const);
  const [number] = await runs.rows(sql.NUMBER);
  return {
    rows,
    orphaned: new Map(orphaned),
    owners: new Map(owners),
    serial: Number(number?.last_value ?? 0),
  };
}

/** The state, with whose the orphaned calls are. */
export interface KnownState extends State {
  known: KnownTexts;
  owners: Map<string, string>;
}

/** Puts what was read of an account in the place of what was known of it. */
export function takeOver({ known, orphaned, owners }: KnownState, account: string, read: Known): void {
  for (const row of [...known.heads()])
    if (row.account === undefined || row.account === account) known.delete(row.key);
  for (const row of read.rows) known.rows.set(row.key, row);
  for (const key of [...orphaned.keys()]) if ((owners.get(key) ?? account) === account) orphaned.delete(key);
  for (const [key, calls] of read.orphaned) orphaned.set(key, calls);
  for (const [key, owner] of read.owners) owners.set(key, owner);
}

/** The state as of one moment. */
export async function readState(db: Database): Promise<KnownState> {
  const moment = 'begin transaction isolation level repeatable read read only';
  const { rows, orphaned, owners, serial } = await db.transaction((runs) => readKnown(runs), moment);
  const known = new KnownTexts();
  for (const row of rows) known.rows.set(row.key, row);
  return { ...emptyState(), known, orphaned, owners, serial };
}

export async function readHistory(db: Database, { names = [], limit }: HistoryFilter): Promise<History> {
  const named = names.length > 0 ? names : null;
  const rows = await db.rows(sql.CALLS, [named, limit ?? null]);
  const [count] = await db.rows(sql.COUNT, [named]);
  return { calls: rows.map((row) => callOf(row).call), earlier: Number(count?.count ?? 0) - rows.length };
}

export async function readCalledNames(db: Database): Promise<string[]> {
  return (await db.rows(sql.CALLED_NAMES)).map(({ name }) => name);
}

/** @param now milliseconds since 1970 */
export async function readDump(
  db: Database,
  { known, orphaned, serial }: Omit<State, 'known'> & { known: KnownTexts },
  { kept, check }: FingerprintKey,
  now: number,
): Promise<StateDump> {
  return {
    reelstate: 'state',
    format_version: '1.0',
    exported_at: new Date(now).toISOString(),
    serial,
    key: kept,
    key_check: check,
    recordings: [...known.heads()].map((row) => ({
      ...row.recording,
      ...(row.target === undefined ? {} : { target: row.target }),
      ...(row.account === undefined ? {} : { account: row.account }),
    })),
    orphaned: [...orphaned],
    calls: (await db.rows(sql.CALLS_IN_ORDER)).map((row) => {
      const { key, call } = callOf(row);
      return { key, ...call };
    }),
  };
}

function callOf(row: Row): { key: string; call: PastCall } {
  const { seq, at, key, name, file, sid, endpoint, reason, origin } = row;
  const answer = {
    at: iso(row.answered_at),
    outcome: row.outcome,
    ...(row.status === null ? {} : { status: row.status }),
    ...(row.message === null ? {} : { message: row.message }),
  };
  const call = {
    ...{ seq: Number(seq), at: iso(at), name, file, sid, endpoint, reason },
    ...(origin === null ? {} : { commit: JSON.parse(origin) }),
    ...(row.outcome === null ? {} : { answer }),
  } as PastCall;
  return { key, call };
}

function iso(at: Date | null): string {
  return at === null ? '' : at.toISOString();
}

/** Puts a dump in the place of all that is there, within a transaction. */
export async function writeDump(runs: Runs, dump: StateDump, { kept, check }: FingerprintKey): Promise<void> {
  for (const statement of sql.EMPTY) await runs.rows(statement);
  const rows = dump.recordings.map(({ target, account, ...recording }) =>
    KnownRow.of(recording, {
      ...(target === undefined ? {} : { target }),
      ...(account === undefined ? {} : { account }),
    }),
  );
  await runs.rows(sql.ADD_RECORDINGS, [
    rows.map(({ key }) => key),
    rows.map(({ target }) => target ?? null),
    rows.map(({ account }) => account ?? null),
    rows.map(({ text }) => text),
  ]);
  const account = new Map(rows.map((row) => [row.key, row.account]));
  await runs.rows(sql.ADD_ORPHANED, [
    dump.orphaned.map(([key]) => key),
    dump.orphaned.map(([key]) => account.get(key) ?? null),
    dump.orphaned.map(([, calls]) => JSON.stringify(calls)),
  ]);
  await runs.rows(sql.ADD_CALLS, [JSON.stringify(dump.calls.map(rowOf))]);
  await runs.rows(sql.SET_NUMBER, [dump.serial]);
  if (kept === null) await runs.rows(sql.DELETE_META, ['key']);
  else await runs.rows(sql.SET_META, ['key', kept]);
  await runs.rows(sql.SET_META, ['key_check', check]);
}

function rowOf({ commit, answer, ...call }: StateDump['calls'][number]): object {
  return {
    ...call,
    origin: commit === undefined ? null : JSON.stringify(commit),
    answered_at: answer?.at,
    outcome: answer?.outcome,
    status: answer?.status,
    message: answer?.message,
  };
}
