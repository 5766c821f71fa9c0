import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Database from 'libsql';
import { Failure } from '../../model/failure.ts';
import { DamagedState, LostState, OtherFormat } from '../errors.ts';
import { APPLICATION, FORMAT } from './statements.ts';

/** Files of a state folder. */
export const DATABASE = 'state.db';
export const LOCK = 'lock.db';

export type Db = InstanceType<typeof Database>;

/** A prepared statement, with as many values as it has places. */
export interface Prepared {
  run(...values: unknown[]): unknown;
}

/**
 * Opens a database. The library is loaded here, and not before: 4 ms.
 * @param way parameters of SQLite's own addresses, such as "mode=ro"; left out: it is written, and made where there is none
 * @throws LostState that says why it cannot be opened; Failure where the library is not there for this machine
 */
export async function openFile(path: string, way?: string, options: Database.Options = {}): Promise<Db> {
  const { default: Library } = await library();
  try {
    return new Library(way === undefined ? path : `${pathToFileURL(path)}?${way}`, options);
  } catch (cause) {
    throw new LostState(`${path} cannot be opened: ${reasonOf(path, cause as Error)}`, { cause });
  }
}

async function library(): Promise<{ default: typeof Database }> {
  try {
    return await import('libsql');
  } catch (cause) {
    const [what] = (cause as Error).message.split('\n');
    throw new Failure(`the database that keeps the state cannot be loaded: ${what}`, {
      hint: `Its binary comes with the package for macOS, Windows (x64) and Linux, each in a package of its own: install reelstate on this machine, and without --omit=optional.`,
      cause,
    });
  }
}

/** The library says no more than a number. */
function reasonOf(path: string, { message }: Error): string {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isDirectory() ? 'it is a folder' : message;
  } catch (error) {
    return (error as Error).message;
  }
}

/** All rows of a query, each a list of its columns. */
export function rowsOf(db: Db, sql: string, ...values: unknown[]): unknown[][] {
  return db
    .prepare(sql)
    .raw()
    .all(...values) as unknown[][];
}

/** The size of a file; undefined where there is none. */
export function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** The database by itself: no process writes, and no file beside it is looked for or made. */
export const ALONE = 'immutable=1';

/** Whether a file is none of a database, by the error. */
export function isNoDatabase(error: unknown): boolean {
  return DAMAGED.test((error as { code?: string }).code ?? '');
}

/** By these codes, and where a table is missing, a database is damaged or is none. */
const DAMAGED = /^SQLITE_(CORRUPT|NOTADB)/;
const MISSING = /no such (table|column)/;

/** An error in words that name the file. @param done what could not be done */
export function failureOf(error: unknown, folder: string, done = 'written'): Failure {
  if (error instanceof Failure) return error;
  const path = join(folder, DATABASE);
  const { code = '', message } = error as { code?: string; message: string };
  if (DAMAGED.test(code) || MISSING.test(message))
    return new DamagedState(`${path} is damaged: ${message}`, error);
  const where = message.includes(folder) ? '' : ` (${path})`;
  return new LostState(`the state cannot be ${done}: ${message}${where}`, { cause: error });
}

/** The same where it was only read. */
export function readFailureOf(error: unknown, folder: string): Failure {
  return failureOf(error, folder, 'read');
}

/** @throws DamagedState where it is no state, or one of another version */
export function checkFormat(db: Db, folder: string): void {
  const path = join(folder, DATABASE);
  const pragma = (name: string) => Number(rowsOf(db, `pragma ${name}`)[0]?.[0]);
  if (pragma('application_id') !== APPLICATION) throw new DamagedState(`${path} is no state of reelstate`);
  const format = pragma('user_version');
  if (format !== FORMAT) throw new OtherFormat(path, format, FORMAT);
}
