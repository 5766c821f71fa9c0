import { opendirSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, resolve, sep } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Search } from './assemble.ts';
import { isInside, type Reach } from './bounds.ts';
import type { Mark } from './checked.ts';
import type { Code } from './codes.ts';
import { diagnosticAt } from './diagnostic-at.ts';
import { shownPath } from './paths.ts';
import { printable, quoted } from './printable.ts';
import { realPath, within } from './reach.ts';
import { waitingOut } from './shortage.ts';
import { isSubmodule } from './submodule.ts';

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
  unquoted: ReadonlySet<string>;
}

/** What to do where the folder itself is missing. */
const WAY_OUT =
  'Go to the folder that holds it, or name it with --dir. reelstate init makes one with an example.';

/** Whether a file of this name holds recordings. */
export function isRecordingFileName(name: string): boolean {
  return !name.startsWith('.') && /\.ya?ml$/i.test(name);
}

/**
 * The recording files below a folder. Names that start with a dot are passed over; links are followed, but no
 * folder is entered twice. What cannot be read is reported, and listed in `broken`.
 * @param reach where links may lead
 * @param known files found before, by their paths: they are given again, so that searching again leaves little garbage
 */
export async function findRecordingFiles(
  dir: string,
  cwd: string,
  reach: Reach,
  known: ReadonlyMap<string, FoundFile> = new Map(),
): Promise<Found> {
  const walk = new Walk(cwd, reach, known);
  await walk.start(resolve(cwd, dir));
  walk.found.sort((a, b) => (a.shown < b.shown ? -1 : 1));
  if (walk.files === 0 && walk.diagnostics.length === 0)
    walk.diagnostics.push(walk.others.notice(shownPath(resolve(cwd, dir), cwd)));
  const { found, folders, links, diagnostics, broken, files, unquoted } = walk;
  return { found, folders, links, diagnostics, broken, files, unquoted };
}

/** Names that are told of the files that are passed over. */
const NAMED = 3;

/** Names of a folder that are read at a time. */
const AT_A_TIME = 1024;

/** Files that hold no recordings, by their names. Of most only the number is kept. */
export class OtherFiles {
  #count = 0;
  readonly #first: string[] = [];

  add(name: string): void {
    this.#count += 1;
    if (this.#first.length < NAMED) this.#first.push(name);
  }

  /** The warning for a folder without recording files. @param dir as the user would type it */
  notice(dir: string): Diagnostic {
    const more = this.#count > this.#first.length ? ', …' : '';
    const files =
      this.#count === 1
        ? 'a file with another ending is not read'
        : `${this.#count} files with other endings are not read`;
    const passed = this.#count === 0 ? '' : `; ${files} (${this.#first.map(printable).join(', ')}${more})`;
    return diagnosticAt(
      wholeFile(dir),
      'no-recording-files',
      `no recording files in ${quoted(dir)}${passed}`,
      'Their names end in .yaml or .yml; JSON is read under such a name, too.',
    );
  }
}

class Walk implements Found {
  readonly others = new OtherFiles();
  readonly found: FoundFile[] = [];
  readonly folders: string[] = [];
  readonly links: string[] = [];
  readonly diagnostics: Search['diagnostics'] = [];
  readonly broken: string[] = [];
  readonly unquoted = new Set<string>();
  readonly #cwd: string;
  readonly #reach: Reach;
  readonly #known: ReadonlyMap<string, FoundFile>;
  /** The folder without links. */
  #root = '';
  readonly #entered = new Set<string>();
  /** Folders behind links come last, so that a file keeps the path that leads to it without a link. */
  readonly #linked: string[] = [];
  #lost = 0;

  constructor(cwd: string, reach: Reach, known: ReadonlyMap<string, FoundFile>) {
    this.#cwd = cwd;
    this.#reach = reach;
    this.#known = known;
  }

  get files(): number {
    return this.found.length + this.#lost;
  }

  async start(root: string): Promise<void> {
    try {
      if (!(await stat(root)).isDirectory()) {
        this.#report(root, 'directory-not-found', `${quoted(this.#shown(root))} is not a folder`, WAY_OUT);
        return;
      }
    } catch (error) {
      const code = errorCode(error) === 'ENOENT' ? 'directory-not-found' : 'directory-unreadable';
      const what = code === 'directory-not-found' ? 'does not exist' : `cannot be read: ${reason(error)}`;
      const detail = code === 'directory-not-found' ? WAY_OUT : undefined;
      this.#report(root, code, `the folder ${quoted(this.#shown(root))} ${what}`, detail);
      return;
    }
    this.#root = realPath(root);
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
        const names = await waitingOut(async () => namesIn(next));
        if (names.isEmpty && next !== folder && (await isSubmodule(real))) this.#reportSubmodule(next);
        // What holds for the folder holds for its files: of many, working it out for each would take longer than reading them.
        const inside = next.endsWith(sep) ? next : `${next}${sep}`;
        const shown = this.#shown(next);
        const shownInside = shown === '.' ? '' : shown.endsWith('/') ? shown : `${shown}/`;
        const isWithin = isInside(this.#root, real);
        for (const name of names.folders) waiting.push(inside + name);
        for (const name of names.others)
          if (names.links.has(name)) await this.#follow(inside + name);
          else this.others.add(name);
        for (const name of names.recordings) {
          const path = inside + name;
          const file = this.#known.get(path) ?? { path, shown: shownInside + name, isOrdinary: true };
          this.found.push(file);
          if (!isWithin) this.unquoted.add(file.shown);
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

  /** Reports a submodule that is not checked out: its recordings are not gone. */
  #reportSubmodule(path: string): void {
    this.#report(
      path,
      'submodule',
      `${quoted(basename(path))} is a submodule that is not checked out`,
      'git submodule update --init gets its files; for actions/checkout say submodules: true.',
    );
  }

  #take(path: string, real: string): void {
    const name = basename(path);
    if (!isRecordingFileName(name)) {
      this.others.add(name);
      return;
    }
    const shown = this.#shown(path);
    this.found.push({ path, shown });
    if (!isInside(this.#root, real)) this.unquoted.add(shown);
  }

  async #follow(path: string): Promise<void> {
    this.links.push(path);
    try {
      // Checked before the target is opened: it may be a device, or an endless folder.
      const real = within(path, this.#reach);
      if (typeof real !== 'string') return this.#lose(path, 'link-out-of-bounds', LEADS_OUT, LINK_WAY);
      if ((await stat(path)).isDirectory()) this.#linked.push(path);
      else this.#take(path, real);
    } catch (error) {
      const dangling = ['ENOENT', 'ELOOP'].includes(errorCode(error) ?? '');
      const summary = dangling
        ? 'this link leads nowhere'
        : `what this link leads to cannot be read: ${reason(error)}`;
      this.#lose(path, dangling ? 'dangling-link' : 'file-unreadable', summary);
    }
  }

  #lose(path: string, code: Code, summary: string, detail?: string): void {
    this.#report(path, code, summary, detail);
    if (isRecordingFileName(basename(path))) this.#lost += 1;
  }

  #report(path: string, code: Code, summary: string, detail?: string): void {
    const filename = this.#shown(path);
    this.diagnostics.push(diagnosticAt(wholeFile(filename), code, summary, detail));
    this.broken.push(filename);
  }

  #shown(path: string): string {
    return shownPath(path, this.#cwd);
  }
}

/** The names in a folder, in order, without those that start with a dot. */
interface Names {
  folders: string[];
  recordings: string[];
  /** All the rest. */
  others: string[];
  /** Of them links, and whatever else is neither file nor folder. */
  links: Set<string>;
  isEmpty: boolean;
}

function namesIn(path: string): Names {
  const names: Names = { folders: [], recordings: [], others: [], links: new Set(), isEmpty: true };
  // Not all at once: what an entry leaves is garbage before the next ones are read.
  const folder = opendirSync(path, { bufferSize: AT_A_TIME });
  try {
    for (let entry = folder.readSync(); entry; entry = folder.readSync()) {
      const { name } = entry;
      names.isEmpty = false;
      if (name.startsWith('.')) continue;
      if (entry.isDirectory()) names.folders.push(name);
      else if (entry.isFile() && isRecordingFileName(name)) names.recordings.push(name);
      else {
        names.others.push(name);
        if (!entry.isFile()) names.links.add(name);
      }
    }
  } finally {
    folder.closeSync();
  }
  for (const list of [names.folders, names.recordings, names.others]) list.sort();
  return names;
}

/** The error for a link that leads out of the folder. */
export const LEADS_OUT = 'this link leads out of the folder';
export const LINK_WAY =
  'It may lead no further than the folder that holds --dir: put the file there, or take the link away.';

/** The place of a problem with the file as a whole. */
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
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the file system is read-only',
};

/** Why the system refuses, in words. */
export function reason(error: unknown): string {
  const code = errorCode(error);
  return (code && REASONS[code]) ?? code ?? 'unknown reason';
}
