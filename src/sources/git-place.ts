import { realpath } from 'node:fs/promises';
import { isAbsolute, join, posix, relative, sep } from 'node:path';
import { shownPath } from '../desired/paths.ts';
import { Failure } from '../model/failure.ts';
import { complaint, type GitProgram } from './git-program.ts';

/** How paths on disk and paths in a repository's trees belong together. */
export class RepositoryPlace {
  /** Where the tree's top is, or would be, on disk. */
  readonly #top: string;
  /** The working directory, as the user has it. */
  readonly #cwd: string;
  /** Path in the tree of the working directory: empty, or ending in a slash. */
  readonly #prefix: string;

  constructor(top: string, cwd: string, prefix: string) {
    this.#top = top;
    this.#cwd = cwd;
    this.#prefix = prefix;
  }

  /** Path in the tree of a path on disk; undefined where it is outside. */
  inTree(path: string): string | undefined {
    const fromCwd = inside(this.#cwd, path);
    if (fromCwd !== undefined) return this.#prefix + fromCwd;
    return inside(this.#top, path);
  }

  /** Where a path of the tree, or one that leads out of it with "..", is on disk. */
  onDisk(path: string): string {
    if (isAbsolute(path)) return path;
    const below = `${path}/`.startsWith(this.#prefix);
    return below ? join(this.#cwd, path.slice(this.#prefix.length)) : join(this.#top, path);
  }

  /** A path of the tree as the user would type it. */
  shown(path: string): string {
    return shownPath(this.onDisk(path), this.#cwd);
  }

  /** @throws Failure where the folder is outside of the repository */
  folder(dir: string): string {
    const typed = isAbsolute(dir) ? this.inTree(dir) : posix.join(this.#prefix, dir.split(sep).join('/'));
    const path = typed === undefined ? '..' : posix.normalize(typed).replace(/^\.?\/|\/$|^\.$/g, '');
    if (path === '..' || path.startsWith('../'))
      throw new Failure(`the folder ${dir} is outside of the git repository`, {
        exitCode: 64,
        hint: 'With git the folder of the recording files must be inside the repository.',
      });
    return path;
  }
}

function inside(folder: string, path: string): string | undefined {
  const from = relative(folder, path);
  if (from === '..' || from.startsWith(`..${sep}`) || isAbsolute(from)) return undefined;
  return from.split(sep).join('/');
}

/**
 * The repository around a working directory.
 * @throws Failure where there is none, or git does not want to touch it
 */
export async function findRepository(git: GitProgram, cwd: string): Promise<RepositoryPlace> {
  const result = await git.run(['rev-parse', '--show-prefix', '--is-bare-repository', '--show-toplevel']);
  const [prefix = '', , top] = result.stdout.split('\n');
  if (result.code === 0 && top) return new RepositoryPlace(top, cwd, prefix);
  // A bare repository has no place on disk for its files: the working directory stands for the top.
  if (/work tree/.test(result.stderr)) return new RepositoryPlace(await realpath(cwd), cwd, '');
  const hint = /not a git repository/.test(result.stderr)
    ? 'Run it inside a clone, or without --git to take the files as they are.'
    : undefined;
  throw new Failure(`git: ${complaint(result)}`, { hint });
}
