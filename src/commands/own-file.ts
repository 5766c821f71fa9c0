import { randomBytes } from 'node:crypto';
import { lstat, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorCode, reason } from '../desired/find.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { printable } from '../render/style.ts';
import type { RawOptions } from './settings.ts';

/** The file of --out, which has no variable. @throws Failure (64) for an empty name, as a shell makes of "$UNSET" */
export function outOf({ out }: RawOptions): string | undefined {
  if (out === '') throw usage('--out: must not be empty');
  return typeof out === 'string' ? out : undefined;
}

/**
 * Writes a file that its owner alone can read, as a whole or not at all. It takes the place of an ordinary file alone: a
 * device or a pipe would be gone, for all who use it.
 * @throws Failure where it cannot be written
 */
export async function writeOwn(out: string, content: string | Iterable<string>, io: Io): Promise<void> {
  const named = resolve(io.cwd, out);
  const path = await realpath(named).catch(() => named);
  const there = await lstat(path).catch(() => undefined);
  if (there && !there.isFile())
    throw new Failure(
      `${printable(out)} cannot be written: it is ${there.isDirectory() ? 'a folder' : 'not an ordinary file'}`,
    );
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(aside, content, { flag: 'wx', mode: 0o600 });
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => {});
    throw new Failure(`${printable(out)} cannot be written: ${whyNotWritten(cause)}`, { cause });
  }
}

/** Why a file cannot be written, in words. */
export function whyNotWritten(error: unknown): string {
  const code = errorCode(error);
  if (code === 'EEXIST') return 'a file is in the place of the folder';
  return code === 'ENOENT' ? 'its folder does not exist' : reason(error);
}

/** Why a file cannot be read, in words. */
export function whyNotRead(error: unknown): string {
  return errorCode(error) === 'ENOENT' ? 'it does not exist' : reason(error);
}
