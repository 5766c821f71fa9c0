import { Failure } from '../model/failure.ts';
import { parseTreeRecord, type TreeEntry } from './git-formats.ts';
import type { ObjectReader } from './git-objects.ts';
import { complaint, type GitProgram } from './git-program.ts';

/** What a path in a tree leads to, links followed. */
export type TreePlace =
  | { kind: 'file' | 'folder'; oid: string /** Without links. */; path: string }
  | { kind: 'missing' }
  | { kind: 'circle' }
  /** At the path, or above it, is a submodule: another repository, of which the commit has only an ID. */
  | { kind: 'submodule'; path: string }
  /** A link leads out of the repository: absolute, or relative to the repository's top with leading "..". */
  | { kind: 'outside'; path: string };

export type Folder = ReadonlyMap<string, TreeEntry>;

interface Listed {
  oid: string;
  entries: Map<string, TreeEntry>;
}

/** Links that are followed on one path; Linux gives up at as many (path_resolution(7)). */
const MAX_LINKS = 40;

/** The files of one commit. Paths have forward slashes and no slash at either end; the top is ''. */
export class CommitTree {
  readonly #root: string;
  readonly #git: GitProgram;
  readonly #objects: ObjectReader;
  /** By tree ID. */
  readonly #folders = new Map<string, Promise<Folder>>();

  /** @param objects reads where links lead */
  constructor(root: string, git: GitProgram, objects: ObjectReader) {
    this.#root = root;
    this.#git = git;
    this.#objects = objects;
  }

  /** @throws Failure where the repository lacks the tree */
  folder(oid: string): Promise<Folder> {
    const found = this.#folders.get(oid);
    if (found) return found;
    const folder = this.#list(oid).then(([{ entries }]) => entries);
    this.#folders.set(oid, folder);
    folder.catch(() => this.#folders.delete(oid));
    return folder;
  }

  /**
   * Reads a folder and all below it in one go; folder() has them from then on.
   * @throws Failure where the repository lacks one of the trees
   */
  async readWhole(oid: string): Promise<void> {
    for (const folder of await this.#list(oid, '-r', '-t'))
      this.#folders.set(folder.oid, Promise.resolve(folder.entries));
  }

  /** The folder, and behind it those below, which are empty unless git was told to go into them. */
  async #list(oid: string, ...options: string[]): Promise<[Listed, ...Listed[]]> {
    // Without --full-tree git would leave out what the working directory is not above of.
    const listed = await this.#git.run(['ls-tree', '-z', '--full-tree', ...options, oid]);
    if (listed.code !== 0)
      throw new Failure(`the repository is not whole: the tree ${oid} cannot be read: ${complaint(listed)}`);
    const top: Listed = { oid, entries: new Map() };
    const folders = new Map([['', top]]);
    for (const record of listed.stdout.split('\0').slice(0, -1)) {
      const { path, ...entry } = parseTreeRecord(record);
      const slash = path.lastIndexOf('/');
      folders.get(path.slice(0, Math.max(slash, 0)))?.entries.set(path.slice(slash + 1), entry);
      if (entry.kind === 'folder') folders.set(path, { oid: entry.oid, entries: new Map() });
    }
    folders.delete('');
    return [top, ...folders.values()];
  }

  /** Follows a path from the top, the way a file system would. */
  async resolve(path: string): Promise<TreePlace> {
    let waiting = path.split('/');
    const names: string[] = [];
    const folders = [this.#root];
    for (let links = 0; waiting.length > 0; ) {
      const [name = '', ...rest] = waiting;
      waiting = rest;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (folders.length === 1) return { kind: 'outside', path: ['..', ...rest].join('/') };
        folders.pop();
        names.pop();
        continue;
      }
      const entry = (await this.folder(folders.at(-1) as string)).get(name);
      if (entry?.kind === 'folder') {
        folders.push(entry.oid);
        names.push(name);
      } else if (entry?.kind === 'file')
        return rest.some((part) => part !== '')
          ? { kind: 'missing' }
          : { kind: 'file', oid: entry.oid, path: [...names, name].join('/') };
      else if (entry?.kind === 'link') {
        if (++links > MAX_LINKS) return { kind: 'circle' };
        const target = (await this.#objects.read(entry.oid))?.bytes?.toString('utf8') ?? '';
        if (target === '') return { kind: 'missing' };
        waiting = [...target.split('/'), ...rest];
        if (target.startsWith('/')) return { kind: 'outside', path: waiting.join('/') };
      } else if (entry?.kind === 'submodule') return { kind: 'submodule', path: [...names, name].join('/') };
      else return { kind: 'missing' };
    }
    return { kind: 'folder', oid: folders.at(-1) as string, path: names.join('/') };
  }
}
