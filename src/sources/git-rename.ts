import { posix } from 'node:path';
import { isRecordingFileName } from '../desired/find.ts';
import { findRepository } from './git-place.ts';
import { GitProgram } from './git-program.ts';

/** Files that git compares by their content before it gives up on those that were edited, too. */
const MOST = 4_000;

/** A file counts as moved where half of it is the same (git diff, --find-renames). */
const ALIKE = '50%';

/**
 * The folders that recording files below `dir` were in before they were moved there, by git's account of it.
 * @param dir as the user types it
 * @param from and `to`: IDs of commits
 * @returns as the user would type them, the one that most files come from first; none where git knows of none
 */
export async function formerFolders(
  { dir, cwd, env }: { dir: string; cwd: string; env: Readonly<Record<string, string | undefined>> },
  from: string,
  to: string,
): Promise<string[]> {
  const git = new GitProgram({ cwd, env });
  const place = await findRepository(git, cwd);
  const folder = place.folder(dir);
  const options = [`--find-renames=${ALIKE}`, `-l${MOST}`, '--diff-filter=R', '--name-status', '-r', '-z'];
  const { code, stdout } = await git.run(['diff-tree', ...options, from, to]);
  if (code !== 0) return [];
  const files = new Map<string, number>();
  for (const [old, now] of renames(stdout)) {
    if (!isRecordingFileName(posix.basename(now)) || !isBelow(now, folder) || isBelow(old, folder)) continue;
    const former = formerOf(old, now, folder);
    files.set(former, (files.get(former) ?? 0) + 1);
  }
  return [...files].sort(([, a], [, b]) => b - a).map(([path]) => place.shown(path));
}

function isBelow(path: string, folder: string): boolean {
  return folder === '' || path.startsWith(`${folder}/`);
}

/** "R100", the old path, the new one, each with NUL at its end. */
function* renames(output: string): Generator<[string, string]> {
  const fields = output.split('\0');
  for (let at = 0; at + 2 < fields.length; at += 3)
    yield [fields[at + 1] as string, fields[at + 2] as string];
}

/** Where the folder was, had it been moved with this file in it; else where the file was. */
function formerOf(old: string, now: string, folder: string): string {
  const inner = dirname(folder === '' ? now : now.slice(folder.length + 1));
  const parent = dirname(old);
  if (inner === '') return parent;
  if (parent === inner) return '';
  return parent.endsWith(`/${inner}`) ? parent.slice(0, -inner.length - 1) : parent;
}

function dirname(path: string): string {
  const parent = posix.dirname(path);
  return parent === '.' ? '' : parent;
}
