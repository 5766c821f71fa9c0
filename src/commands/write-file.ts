import { randomBytes } from 'node:crypto';
import { lstat, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorCode, reason } from '../desired/find.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { printable } from '../render/style.ts';
import type { RawOptions } from './settings.ts';

/*
 * Files that a user has asked for. On a full disk nothing is left of one that could not be written: half of it would be in
 * the way of the next try, or be taken for the whole.
 */

type Content = Parameters<typeof writeFile>[1];

/** Writes a file that is new. @throws an error that names it; EEXIST where it is there */
export async function writeNewFile(path: string, content: Content): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx' });
  } catch (error) {
    await removeHalf(path, error);
    throw naming(path, error);
  }
}

/** Writes a file, or over one that is there. @throws an error that names it */
export async function writeOver(path: string, content: Content): Promise<void> {
  try {
    await writeNewFile(path, content);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await writeFile(path, content).catch(async (cause: unknown) => {
      // A device, a pipe or a link stays one.
      if ((await lstat(path).catch(() => undefined))?.isFile()) await removeHalf(path, cause);
      throw naming(path, cause);
    });
  }
}

/** Where it could not even be opened nothing was written: what is there is another file, or as it was. */
async function removeHalf(path: string, error: unknown): Promise<void> {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code !== 'EEXIST' && syscall !== 'open') await rm(path, { force: true });
}

/**
 * Puts a file of its owner alone in its place, whole: until then what was there before stands. A device or a pipe is
 * written to, and stays what it is.
 * @throws an error that names it
 */
async function replaceFile(path: string, content: Content): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isFile()) return writeFile(path, content);
  if (!there && (await lstat(path).catch(() => undefined))?.isSymbolicLink())
    throw new Error('it is a link that leads nowhere');
  const target = there ? await realpath(path) : path;
  const aside = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(aside, content, { flag: 'wx', mode: 0o600 });
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { force: true });
    throw naming(path, error);
  }
}

/** Of a full disk the system does not say which file was written. */
function naming(path: string, error: unknown): unknown {
  const failed = error as NodeJS.ErrnoException;
  if (failed.path === undefined && failed.message !== undefined && !failed.message.includes(path))
    failed.message += ` '${path}'`;
  failed.path ??= path;
  return failed;
}

/** The file of --out, which has no variable. @throws Failure (64) for an empty name, as a shell makes of "$UNSET" */
export function outOf({ out }: RawOptions): string | undefined {
  if (out === '') throw usage('--out: must not be empty');
  return typeof out === 'string' ? out : undefined;
}

/** Writes what --out names: a file that its owner alone can read, whole or not at all. @throws Failure that says why it cannot */
export async function writeOwn(out: string, content: string | Iterable<string>, io: Io): Promise<void> {
  try {
    await replaceFile(resolve(io.cwd, out), content);
  } catch (cause) {
    throw new Failure(`${printable(out)} cannot be written: ${whyNotWritten(cause)}`, { cause });
  }
}

/** Why a file cannot be written, in words. */
export function whyNotWritten(error: unknown): string {
  const code = errorCode(error);
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EEXIST') return 'a file is in the place of the folder';
  if (code === 'ENOENT') return 'its folder does not exist';
  return code === undefined ? (error as Error).message : reason(error);
}

/** Why a file cannot be read, in words. */
export function whyNotRead(error: unknown): string {
  return errorCode(error) === 'ENOENT' ? 'it does not exist' : reason(error);
}
