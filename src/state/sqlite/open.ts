import { randomUUID } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Holder, StateOptions, Writer } from '../../model/store.ts';
import { LockedState } from '../errors.ts';
import { hasJournal, oldWriter, putAside, readJournal } from '../journal/read.ts';
import { dumpOfJournal } from '../journal/take-over.ts';
import { keyOf, newKey } from '../key.ts';
import { checkFormat, DATABASE, failureOf, openFile, sizeOf } from './database.ts';
import { hasDatabase, makeFolder, restrict } from './folder.ts';
import { KnownRows } from './known-rows.ts';
import { holderHere, type Lock, takeLock } from './lock.ts';
import { checkLog, Log } from './log.ts';
import * as sql from './statements.ts';
import { readMeta, readTables, writeDump, writeMeta } from './tables.ts';
import { SqliteWriter } from './writer.ts';

/*
 * A state folder, its owner's alone:
 *   state.db    the database (beside it, while it is open or after a kill, state.db-wal and state.db-shm)
 *   lock.db     the writer's lock
 *   .gitignore  keeps the folder out of git
 */

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
  db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0;');
  const log = new Log(db, meta.base);
  log.checkpoint();
  const holder = holderHere(options.command, options.now());
  db.exec('begin immediate');
  writeMeta(db, { holder: JSON.stringify(holder) });
  log.goOn();
  db.exec('commit');
  return new SqliteWriter({
    ...{ folder, lock, options, db, key, id: meta.id, log },
    afterKill: meta.holder !== undefined,
    state,
  });
}
