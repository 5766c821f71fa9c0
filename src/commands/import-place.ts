import { access, mkdir } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { reason } from '../desired/find.ts';
import { shownPath } from '../desired/paths.ts';
import { Failure } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { writeNewFile } from './write-file.ts';

/** Where a recording file is written. */
export interface Target {
  /** Absolute: where it goes, or is going to be. */
  path: string;
  /** The same; undefined: standard output. */
  out: string | undefined;
  /** The file as the user would type it. */
  shown: string;
  /** The schema, from the file's folder. */
  schema: string;
}

/** @param usual where a file that goes to standard output is going to be, relative to the working directory */
export function placeOf(out: string | undefined, usual: string, cwd: string): Target {
  const path = resolve(cwd, out ?? usual);
  const schema = relative(dirname(path), join(cwd, 'schemas', 'recording.schema.json'));
  return {
    path,
    out: out === undefined ? undefined : path,
    shown: shownPath(path, cwd),
    schema: schema.split(sep).join('/'),
  };
}

/** Where the backend is going to write which recording it is: beside the folder of the recording files. */
export function laterOf(
  name: string,
  { path }: Pick<Target, 'path'>,
  cwd: string,
): { fromFile: string; shown: string } {
  const run = join(cwd, 'run', `${name.replace(/[^\w.-]+/g, '-')}.json`);
  return {
    fromFile: relative(dirname(path), run).split(sep).join('/'),
    shown: shownPath(run, cwd),
  };
}

/** Writes a file that is new. @throws Failure where it is there, or cannot be written */
export async function writeNew(text: string, { path, shown }: Pick<Target, 'path' | 'shown'>): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeNewFile(path, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw overwriting(shown);
    throw new Failure(`${shown} cannot be written: ${reason(error)}`, { cause: error });
  }
}

/** To its file, or to standard output. */
export async function writeTo(target: Target, text: string, io: Io): Promise<void> {
  return target.out === undefined ? io.out(text) : writeNew(text, target);
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** What says that a file is there. */
export function overwriting(shown: string): Failure {
  return new Failure(`${shown} is there already, and is left as it is`, {
    hint: 'Give another --out, or move the file away first.',
  });
}
