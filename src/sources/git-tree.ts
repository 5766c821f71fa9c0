import { Failure } from '../model/failure.ts';
import { parseTree, type TreeEntry } from './git-formats.ts';
import type { ObjectReader } from './git-objects.ts';

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

/** Links that are followed on one path; Linux gives up at as many (path_resolution(7)). */
const MAX_LINKS = 40;

/** Folders that were read, by tree ID: an unchanged folder of another commit is the same object. */
export type FolderCache = Map<string, Promise<Folder>>;

/** The files of one commit. Paths have forward slashes and no slash at either end; the top is ''. */
export class CommitTree {
  readonly #root: string;
  readonly #objects: ObjectReader;
  readonly #cache: FolderCache;

  constructor(root: string, objects: ObjectReader, cache: FolderCache) {
    this.#root = root;
    this.#objects = objects;
    this.#cache = cache;
  }

  /** @throws Failure where the repository lacks the tree */
  folder(oid: string): Promise<Folder> {
    const found = this.#cache.get(oid);
    if (found) return found;
    const folder = this.#readFolder(oid);
    this.#cache.set(oid, folder);
    folder.catch(() => this.#cache.delete(oid));
    return folder;
  }

  async #readFolder(oid: string): Promise<Folder> {
    const object = await this.#objects.read(oid);
    if (object?.type !== 'tree' || !object.bytes)
      throw new Failure(`the repository is not whole: it lacks the tree ${oid}${this.#objects.why}`);
    return parseTree(object.bytes, oid.length / 2);
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

/** A cache that drops what was not used since the last load. */
export class Recent<K, V> extends Map<K, V> {
  #before: ReadonlyMap<K, V> | undefined;

  constructor(before?: ReadonlyMap<K, V>) {
    super();
    this.#before = before;
  }

  override get(key: K): V | undefined {
    const value = super.get(key) ?? this.#before?.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  /** Drops the entries that were not used. */
  dropUnused(): void {
    this.#before = undefined;
  }
}
