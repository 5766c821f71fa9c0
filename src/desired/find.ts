import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, resolve, sep } from 'node:path';
import type { Search } from './assemble.ts';
import type { Mark } from './checked.ts';
import type { Code } from './codes.ts';
import { shownPath } from './paths.ts';
import { quoted } from './printable.ts';
import { diagnosticAt } from './resolve.ts';
import { waitingOut } from './shortage.ts';

/** A recording file: where it is, and what the user calls it. */
export interface FoundFile {
  path: string;
  shown: string;
  /** Its folder says that it is an ordinary file, and no link. */
  isOrdinary?: boolean;
}

export interface Found extends Search {
  found: FoundFile[];
  /** The folders that were entered, by the paths that led there. */
  folders: string[];
  /** Links below the folder, dangling ones too. */
  links: string[];
}

/** Whether a file of this name holds recordings. */
export function isRecordingFileName(name: string): boolean {
  return !name.startsWith('.') && /\.ya?ml$/i.test(name);
}

/**
 * The recording files below a folder. Names that start with a dot are passed over; links are followed, but no
 * folder is entered twice. What cannot be read is reported, and listed in `broken`.
 */
export async function findRecordingFiles(dir: string, cwd: string): Promise<Found> {
  const walk = new Walk(cwd);
  await walk.start(resolve(cwd, dir));
  walk.found.sort((a, b) => (a.shown < b.shown ? -1 : 1));
  const { found, folders, links, diagnostics, broken, files } = walk;
  return { found, folders, links, diagnostics, broken, files };
}

class Walk implements Found {
  readonly found: FoundFile[] = [];
  readonly folders: string[] = [];
  readonly links: string[] = [];
  readonly diagnostics: Search['diagnostics'] = [];
  readonly broken: string[] = [];
  readonly #cwd: string;
  readonly #entered = new Set<string>();
  /** Folders behind links come last, so that a file keeps the path that leads to it without a link. */
  readonly #linked: string[] = [];
  #lost = 0;

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  get files(): number {
    return this.found.length + this.#lost;
  }

  async start(root: string): Promise<void> {
    try {
      if (!(await stat(root)).isDirectory()) {
        this.#report(root, 'directory-not-found', `${quoted(this.#shown(root))} is not a folder`);
        return;
      }
    } catch (error) {
      const code = errorCode(error) === 'ENOENT' ? 'directory-not-found' : 'directory-unreadable';
      const what = code === 'directory-not-found' ? 'does not exist' : `cannot be read: ${reason(error)}`;
      this.#report(root, code, `the folder ${quoted(this.#shown(root))} ${what}`);
      return;
    }
    this.#linked.push(root);
    for (let folder = this.#linked.shift(); folder !== undefined; folder = this.#linked.shift())
      await this.#enter(folder);
  }

  async #enter(folder: string): Promise<void> {
    const waiting = [folder];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      try {
        const real = await realpath(next);
        if (this.#entered.has(real)) continue;
        this.#entered.add(real);
        this.folders.push(next);
        const entries = await waitingOut(() => readdir(next, { withFileTypes: true }));
        entries.sort((a, b) => (a.name < b.name ? -1 : 1));
        // What holds for the folder holds for its files: of many, working it out for each would take longer than reading them.
        const inside = next.endsWith(sep) ? next : `${next}${sep}`;
        const shown = this.#shown(next);
        const shownInside = shown === '.' ? '' : shown.endsWith('/') ? shown : `${shown}/`;
        for (const entry of entries) {
          if (entry.name.startsWith('.')) continue;
          const path = inside + entry.name;
          if (entry.isDirectory()) waiting.push(path);
          else if (!entry.isFile()) await this.#follow(path);
          else if (isRecordingFileName(entry.name))
            this.found.push({ path, shown: shownInside + entry.name, isOrdinary: true });
        }
      } catch (error) {
        this.#report(
          next,
          'directory-unreadable',
          `the folder ${quoted(this.#shown(next))} cannot be read: ${reason(error)}`,
        );
      }
    }
  }

  #take(path: string): void {
    if (isRecordingFileName(basename(path))) this.found.push({ path, shown: this.#shown(path) });
  }

  async #follow(path: string): Promise<void> {
    this.links.push(path);
    try {
      if ((await stat(path)).isDirectory()) this.#linked.push(path);
      else this.#take(path);
    } catch (error) {
      const dangling = ['ENOENT', 'ELOOP'].includes(errorCode(error) ?? '');
      const summary = dangling
        ? 'this link leads nowhere'
        : `what this link leads to cannot be read: ${reason(error)}`;
      this.#report(path, dangling ? 'dangling-link' : 'file-unreadable', summary);
      if (isRecordingFileName(basename(path))) this.#lost += 1;
    }
  }

  #report(path: string, code: Code, summary: string): void {
    const filename = this.#shown(path);
    this.diagnostics.push(diagnosticAt(wholeFile(filename), code, summary));
    this.broken.push(filename);
  }

  #shown(path: string): string {
    return shownPath(path, this.#cwd);
  }
}

/** The mark of something that is wrong with a file as such. */
export function wholeFile(filename: string): Mark {
  return { range: { filename, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } } };
}

export function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

const REASONS: Record<string, string> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ENOENT: 'it is gone',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/** Why the system refuses, in words. */
export function reason(error: unknown): string {
  const code = errorCode(error);
  return (code && REASONS[code]) ?? code ?? 'unknown reason';
}
