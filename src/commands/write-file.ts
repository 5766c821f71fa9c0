import { randomBytes } from 'node:crypto';
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';

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
    const { code, syscall } = error as NodeJS.ErrnoException;
    // It was not made where it could not be opened: what is there is somebody else's.
    if (code !== 'EEXIST' && syscall !== 'open') await rm(path, { force: true });
    throw naming(path, error);
  }
}

/** Writes a file, or over one that is there. @throws an error that names it */
export async function writeOver(path: string, content: Content): Promise<void> {
  try {
    await writeNewFile(path, content);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await writeFile(path, content).catch((cause: unknown) => {
      throw naming(path, cause);
    });
  }
}

/**
 * Puts a file of its owner alone in its place, whole: until then what was there before stands. A device or a pipe is
 * written to, and stays what it is.
 * @throws an error that names it
 */
export async function replaceFile(path: string, content: Content): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isFile()) return writeFile(path, content);
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
  return failed;
}
