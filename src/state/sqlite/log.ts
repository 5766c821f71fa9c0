import { randomUUID } from 'node:crypto';
import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../model/failure.ts';
import { ALONE, checkFormat, DATABASE, type Db, openFile, rowsOf, sizeOf } from './database.ts';
import { META_NAMED } from './statements.ts';
import { readMeta, writeMeta } from './tables.ts';

/*
 * The write-ahead log beside the database holds pages of it, and would be put into any file in its place. So the two name
 * each other: the file by itself says its base, and the log says which base it goes on from.
 */

/** Events after which the log is written into the file: a few megabytes. */
const CHECKPOINT_AFTER = 1_000;

/**
 * The log of a database that is written. It goes into the file at moments of this process's choice, so that a change by
 * others is seen.
 */
export class Log {
  readonly #db: Db;
  /** What the file says by itself, once all of the log is in it. */
  #base: string | undefined;
  /** It is: a log that begins now goes on from there. */
  #isWhole = false;
  #events = 0;

  constructor(db: Db, base: string | undefined) {
    this.#db = db;
    this.#base = base;
  }

  /** Writes it into the file. A reader may need some of it, and then that stays. */
  checkpoint(): void {
    const [[isBusy, length, done] = []] = rowsOf(this.#db, 'pragma wal_checkpoint(passive)');
    this.#isWhole = isBusy === 0 && length === done;
  }

  /** The same now and then. @returns whether it was done */
  checkpointAfter(events: number): boolean {
    this.#events += events;
    if (this.#events < CHECKPOINT_AFTER) return false;
    this.#events = 0;
    this.checkpoint();
    return true;
  }

  /** In a transaction: what is written from now on goes on from the file as it is, and makes no sense with an older copy. */
  goOn(): void {
    if (!this.#isWhole) return;
    const base = randomUUID();
    writeMeta(this.#db, { base, before: this.#base });
    this.#base = base;
    this.#isWhole = false;
  }
}

/** What the file by itself says of the log that goes on from it; undefined where that cannot be read. */
export async function baseOf(folder: string): Promise<{ base: string | undefined } | undefined> {
  try {
    const db = await openFile(join(folder, DATABASE), ALONE);
    try {
      const [row] = rowsOf(db, META_NAMED, 'base');
      return { base: row?.[0] as string | undefined };
    } finally {
      db.close();
    }
  } catch {
    // The log was being written into it when its writer was killed.
    return undefined;
  }
}

/**
 * @param alone what the file by itself says
 * @throws Failure where it is another one than the log goes on from
 */
export function checkBase(
  alone: Awaited<ReturnType<typeof baseOf>>,
  { base, before }: { base: string | undefined; before: string | undefined },
  folder: string,
): void {
  if (alone === undefined || alone.base === base || alone.base === before) return;
  const path = join(folder, DATABASE);
  throw new Failure(`${path} is an older copy, or another one, than ${path}-wal goes on from`, {
    hint: `Nothing was changed. To go on from this copy, remove ${DATABASE}-wal and ${DATABASE}-shm beside it: what they hold was recorded since, and is no longer known then.`,
  });
}

/** By a connection of its own that only reads: one that writes puts the log into the file when it is closed. */
export async function checkLog(folder: string): Promise<void> {
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
export function keepAsItIs(path: string): void {
  try {
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
  } catch {
    // It is gone, or the disk is full: then nothing is written into it either.
  }
}
