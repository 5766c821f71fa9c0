import {
  chmodSync,
  existsSync,
  mkdirSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../../model/failure.ts';
import { DamagedState, LostState } from '../errors.ts';
import { ASIDE, hasSecondJournal, JOURNAL } from '../journal/read.ts';
import { DATABASE, LOCK, sizeOf } from './database.ts';

/** What a folder is made of, so that it can be taken away where nothing comes of it. */
export interface MadeFolder {
  /** Removes what was made. */
  undo(): void;
}

/**
 * Makes the folder of a state, for its owner alone, and keeps it out of git.
 * @throws Failure where something else is in its place, LostState where it cannot be written
 */
export function makeFolder(folder: string): MadeFolder {
  const ignore = join(folder, '.gitignore');
  const made: (() => void)[] = [];
  const undo = () => {
    for (const act of made.reverse()) quietly(act);
  };
  try {
    mustBeFolder(folder);
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      made.push(() => rmdirSync(folder));
    }
    if (!existsSync(ignore)) {
      made.push(() => rmSync(ignore, { force: true }));
      writeFileSync(ignore, '*\n', { mode: 0o600 });
    }
    return { undo };
  } catch (error) {
    undo();
    if (error instanceof Failure) throw error;
    throw new LostState(`the state folder ${folder} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // It was not made after all, or something else has been put into it.
  }
}

/** For its owner alone. The files beside it take their mode from it. */
export function restrict(path: string): void {
  chmodSync(path, 0o600);
}

/**
 * Whether there is a state in a folder.
 * @throws DamagedState where there was one, and it is empty or missing; Failure where the folder is none
 */
export function hasDatabase(folder: string): boolean {
  mustBeFolder(folder);
  const path = join(folder, DATABASE);
  const size = sizeOf(path);
  if (size === 0) throw new DamagedState(`${path} is empty`);
  checkOneHistory(folder);
  if (size !== undefined) return true;
  const traces = [`${DATABASE}-wal`, `${DATABASE}-shm`, ASIDE].find((name) => existsSync(join(folder, name)));
  if (traces !== undefined || sizeOf(join(folder, LOCK))) throw new DamagedState(`${path} is missing`);
  return false;
}

/** @throws Failure where a file is in the place of the folder, or of one that leads to it */
function mustBeFolder(folder: string): void {
  for (let path = folder; ; path = dirname(path)) {
    const stats = statOf(path);
    if (stats?.isDirectory() || (!stats && dirname(path) === path)) return;
    if (stats)
      throw new Failure(
        `the state folder ${folder} cannot be opened: ${path === folder ? 'it' : path} is a file`,
        {
          hint: 'Give --state a folder, or move the file away.',
        },
      );
  }
}

/** Some versions of Node say of what is below a file that it is not there, others that it cannot be. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** @throws Failure where version 0.1 has sent something since its state was taken over */
function checkOneHistory(folder: string): void {
  if (!hasSecondJournal(folder)) return;
  throw new Failure(
    `${join(folder, JOURNAL)} was written by version 0.1 after its state had been taken over into ${DATABASE}`,
    {
      hint: `What was applied last is not known for sure, so nothing was done. Move ${DATABASE}, ${LOCK} and ${ASIDE} away to go on from the journal, or the journal to go on from ${DATABASE}.`,
    },
  );
}
