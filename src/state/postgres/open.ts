import { randomUUID } from 'node:crypto';
import type { Holder, Reader, StateOptions, Writer } from '../../model/store.ts';
import { LostState } from '../errors.ts';
import { emptyState } from '../fold.ts';
import { keyOf, newKey } from '../key.ts';
import { readAddress } from './address.ts';
import { Database } from './database.ts';
import { KnownTexts } from './known-texts.ts';
import * as sql from './statements.ts';
import { readCalledNames, readDump, readHistory, readMeta, readState } from './tables.ts';
import { PostgresWriter } from './writer.ts';

/** Reads a state. Nothing is written; what is not there yet is an empty state. */
export async function readDatabase(text: string, options: StateOptions): Promise<Reader> {
  const db = new Database(readAddress(text, options.shared.env), options.shared.clock);
  try {
    const meta = await readMeta(db);
    const key = meta && keyOf(meta.key, meta.keyCheck, options.keyText);
    const state = meta ? await readState(db) : { ...emptyState(), known: new KnownTexts() };
    return {
      ...{ id: meta?.id, key: key?.key, state },
      history: async (filter) => (meta ? readHistory(db, filter) : { calls: [], earlier: 0 }),
      calledNames: async () => (meta ? readCalledNames(db) : []),
      dump: (now) => readDump(db, state, key ?? newKey(options.keyText), now),
      close: () => db.close(),
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Opens a state to write it, and makes its tables where there are none. */
export async function writeDatabase(text: string, options: StateOptions): Promise<Writer> {
  const db = new Database(readAddress(text, options.shared.env), options.shared.clock);
  try {
    let meta = await readMeta(db);
    if (!meta || meta.format < sql.FORMAT) {
      await makeTables(db, meta?.format ?? 0, options.keyText);
      meta = await readMeta(db);
    }
    if (!meta) throw new LostState(`the state in ${db.address.shown} was removed under this process`);
    const key = keyOf(meta.key, meta.keyCheck, options.keyText);
    return new PostgresWriter(db, meta.id, key, await readState(db), options);
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function makeTables(db: Database, from: number, keyText: string | undefined): Promise<void> {
  const { kept, check } = newKey(keyText);
  const meta = {
    format: String(sql.FORMAT),
    id: randomUUID(),
    key_check: check,
    ...(kept ? { key: kept } : {}),
  };
  // All of these are digits and letters: nothing needs to be escaped.
  const rows = Object.entries(meta).map(([name, value]) => [`'${name}'`, `'${value}'`] as const);
  await db.rows(sql.migration(from, rows));
}

/** Ends all leases. @returns what was done, for people */
export async function unlockDatabase(
  text: string,
  options: StateOptions,
  agree: (question: string) => Promise<void>,
): Promise<string> {
  const db = new Database(readAddress(text, options.shared.env), options.shared.clock);
  try {
    if (!(await readMeta(db)))
      return `There is nothing to unlock: there is no state in ${db.address.shown} yet.`;
    const ended = (await db.rows(sql.LEASES, [null])).filter(({ left_ms: left }) => left > 0);
    if (ended.length === 0) return 'There is nothing to unlock: no process holds a lease.';
    const holders = ended.map(({ about }) => {
      const { pid, host, command } = JSON.parse(about) as Holder;
      return `process ${pid} on ${host} (${command})`;
    });
    const who = [...new Set(holders)].join(' and ');
    await agree(
      `End what ${who} holds? What it sends from then on is not recorded; if it runs, it may take it again.`,
    );
    let left = ended.map(({ account }) => account as string);
    // A holder that writes just now has its row.
    while (left.length > 0) {
      const done = new Set((await db.rows(sql.END, [left])).map(({ account }) => account));
      left = left.filter((account) => !done.has(account));
    }
    return `Ended what ${who} held.`;
  } finally {
    await db.close();
  }
}
