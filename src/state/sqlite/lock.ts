import { rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../model/failure.ts';
import type { Holder } from '../../model/store.ts';
import { isNoDatabase, LOCK, openFile, sizeOf } from './database.ts';
import { restrict } from './folder.ts';

/*
 * The writer's lock is the exclusive lock of a database of its own beside the state's, so that readers of the state are
 * not kept out. The system gives it to one process, whichever process namespace and host name it has, and takes it back
 * when the process ends, however it ends. The file is never opened otherwise: closing it would give the lock back. Once
 * there is a state, it has content: an empty or missing database beside it is damage, and no beginning.
 */

export interface Lock {
  /** Notes that there is a state in the folder. */
  mark(): void;
  release(): void;
  /** Takes away what taking it has made: nothing came of it. */
  undo(): void;
}

/** How long another process is waited for that holds it for a moment only, in milliseconds. */
const PATIENCE = 250;
/** Attempts at a file that others take away at the same moment. */
const TRIES = 5;

/** @returns undefined where another process has it. @throws an error of the database or of the system */
export async function takeLock(folder: string): Promise<Lock | undefined> {
  const path = join(folder, LOCK);
  const fresh = sizeOf(path) === undefined;
  const inode = () => statSync(path, { throwIfNoEntry: false })?.ino;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const db = await openFile(path, undefined, { timeout: PATIENCE });
    const opened = inode();
    try {
      restrict(path);
      // The mode keeps the lock behind the end of the transaction, and no file is made beside it.
      db.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive;');
    } catch (error) {
      db.close();
      if ((error as { code?: string }).code === 'SQLITE_BUSY') return undefined;
      if (fresh) rmSync(path, { force: true });
      if (isNoDatabase(error))
        throw new Failure(`${path} is damaged: ${(error as Error).message}`, {
          hint: 'It holds the lock and nothing that is known: where no reelstate runs on this state, remove it.',
          cause: error,
        });
      throw error;
    }
    // Taken away by a process whose start has failed: this is the lock of a file that others don't see.
    if (opened === undefined || inode() !== opened) {
      db.close();
      continue;
    }
    return {
      // The first page is written with the end of the transaction.
      mark: () => {
        if (db.inTransaction) db.exec('commit');
      },
      release: () => {
        db.close();
      },
      undo: () => {
        if (fresh) rmSync(path, { force: true });
        db.close();
      },
    };
  }
  throw new Error(`${path} is taken away again and again`);
}

/** This process as a holder. @param now milliseconds since 1970 */
export function holderHere(command: string, now: number): Holder {
  return { pid: process.pid, host: hostname(), command, since: new Date(now).toISOString() };
}
