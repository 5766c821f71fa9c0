import { resolve } from 'node:path';
import { type Bounds, boundsOf, type Reach } from '../desired/bounds.ts';
import type { Changes, IntakeOptions } from '../desired/changes.ts';
import { tooLarge } from '../desired/decode.ts';
import { readFile, sharedReach } from '../desired/disk.ts';
import { Intake } from '../desired/intake.ts';
import { within } from '../desired/reach.ts';
import type { FileBytes, Surroundings } from '../desired/surroundings.ts';
import type { Neighbourhood } from '../desired/unused.ts';
import { Failure } from '../model/failure.ts';
import type { Snapshot } from '../model/source.ts';
import { eachBounded, takingTurns } from '../model/turns.ts';
import type { Vault } from '../secrets/vault.ts';
import { type DatedCommit, type ParsedCommit, parseCommit } from './git-formats.ts';
import { GitNames } from './git-names.ts';
import { ObjectReader } from './git-objects.ts';
import { SHORT, wayBack } from './git-past.ts';
import { findRepository, RepositoryPlace } from './git-place.ts';
import { GitProgram } from './git-program.ts';
import { CommitTree } from './git-tree.ts';
import { type FoundInCommit, findInCommit, isBelow } from './git-walk.ts';

export interface GitFilesOptions extends Pick<IntakeOptions, 'readCache' | 'isEnough'> {
  /** The folder of the recording files, as the user types it. */
  dir: string;
  /** Relative paths count from here, and are shown from here. */
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  vault: Vault;
  /** What files may name; left out, the folder that holds `dir`, every program, and every variable but our own. */
  bounds?: Bounds;
  /**
   * A bare repository of our own. `cwd` stands for its top then. Left out: the repository around `cwd`, whose
   * index and working tree are not looked at.
   */
  gitDir?: string;
  /** Reads what the commit does not hold; left out: as it is at the moment. */
  read?: (path: string) => Promise<FileBytes>;
}

const OUT_OF_REACH = { error: 'it leads out of the folders that it may be in', outOfBounds: true } as const;

/** What a load has given. `set` is the same object as before when nothing has changed. */
export interface Loaded extends Snapshot {
  commit: DatedCommit;
}

/**
 * Recording files as commits have them. What a commit holds never changes, so a load is never torn, whatever
 * happens to the working tree meanwhile; only what another commit has changed is read and parsed anew.
 *
 * Files that blocks take fields from are read from the commit alone. References (`fromFile`) are followed within it, and
 * what it does not hold comes from the disk: files that a backend writes, and secrets, are kept out of git on purpose.
 */
export class GitFiles implements Neighbourhood {
  readonly #options: GitFilesOptions;
  readonly #bounds: Bounds;
  readonly #git: GitProgram;
  readonly #objects: ObjectReader;
  readonly #names: GitNames;
  #place: Promise<RepositoryPlace> | undefined;
  readonly #intake: Intake;
  /** Of the last load. */
  #sha = '';
  #loaded: ParsedCommit | undefined;
  #tree: CommitTree | undefined;
  #search: FoundInCommit | undefined;
  /** By path: of the last load. */
  #shared: ReadonlyMap<string, unknown> = new Map();
  #readShared: Neighbourhood['readShared'] = async () => ({ error: 'no commit was read' });
  /** Loads change the cache, so they run one after the other. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor(options: GitFilesOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? boundsOf(options);
    this.#git = new GitProgram(options);
    this.#objects = new ObjectReader(this.#git);
    this.#names = new GitNames(this.#git, this.#objects);
    const { readCache, isEnough } = options;
    this.#intake = new Intake({ readCache, isEnough, pace: takingTurns(), bounds: this.#bounds });
  }

  /**
   * The commit that a ref points at now. Costs a line through a pipe: cheap enough to ask every second.
   * @throws Failure where there is no such commit
   */
  async head(ref: string): Promise<DatedCommit> {
    return (await this.#commit(ref)).parsed.commit;
  }

  /**
   * All that a commit's files ask for, and which recordings are others than in the load before.
   * @param ref anything that names a commit: HEAD, a branch, a tag, an ID; a short name is a branch's first
   * @param now seconds since 1970; left out, no expiry is looked at
   * @throws Failure where there is no such commit, or it cannot be read; a mistake in a file is a diagnostic
   */
  load(ref: string, now?: number): Promise<Loaded> {
    const loading = this.#loading.then(() => this.#load(ref, now));
    this.#loading = loading.catch(() => undefined);
    return loading;
  }

  /*
   * What lies around the recording files of the last load.
   */

  isRead = (path: string): boolean =>
    this.#shared.has(path) ||
    (this.#search?.found.some(({ shown }) => resolve(this.#options.cwd, shown) === path) ?? false);

  namesIn = async (folder: string): Promise<string[]> => {
    const inTree = (await this.#repository()).inTree(folder);
    const found = inTree === undefined ? undefined : await this.#tree?.resolve(inTree);
    return this.#tree && found?.kind === 'folder' ? [...(await this.#tree.folder(found.oid)).keys()] : [];
  };

  readShared = (path: string): Promise<FileBytes> => this.#readShared(path);

  async #load(ref: string, now: number | undefined): Promise<Loaded> {
    this.#objects.tryRemote();
    const { parsed, note } = await this.#commit(ref);
    const { commit, tree: root } = parsed;
    const place = await this.#repository();
    const tree =
      this.#tree && this.#sha === commit.sha ? this.#tree : new CommitTree(root, this.#git, this.#objects);
    const { dir, cwd, env, vault } = this.#options;
    const bounds = this.#bounds;
    const called = commit.sha.slice(0, SHORT);
    const folder = place.folder(dir);
    const top = await tree.resolve(folder);
    const real = top.kind === 'folder' ? top.path : folder;
    const isIn = (reach: Reach) => (path: string) =>
      isInTreeReach(path, [folderAbove(folder), real], reach, place);
    const search =
      this.#search && this.#sha === commit.sha
        ? this.#search
        : await findInCommit(tree, folder, (path) => place.shown(path), called, isIn(bounds.links));
    const follow = (path: string) => this.#follow(path, tree, place, isIn(bounds.files));
    const mayQuote = async (path: string) => {
      const inTree = place.inTree(path);
      const found = inTree === undefined ? undefined : await tree.resolve(inTree);
      return found?.kind === 'file' && isBelow(real, found.path);
    };
    const shared = new Map<string, Promise<FileBytes>>();
    const readShared = (path: string) => {
      const bytes = shared.get(path) ?? this.#inCommit(path, tree, place, isIn(sharedReach(bounds)));
      shared.set(path, bytes);
      return bytes;
    };
    const surroundings: Surroundings = {
      ...{ cwd, env, vault, now, bounds, readFile: follow, readShared, mayQuote },
    };
    const back = this.#loaded && (await wayBack(this.#git, this.#loaded, parsed));
    const notes = [note, back].filter((each) => each !== undefined);
    const snapshot = await this.#take(search, surroundings);
    // Everything could be read and nothing fails from here on, so the cache is of one commit.
    this.#tree = tree;
    this.#search = search;
    this.#shared = shared;
    this.#readShared = readShared;
    this.#sha = commit.sha;
    this.#loaded = parsed;
    return { ...snapshot, commit, ...(notes.length > 0 ? { notes } : {}) };
  }

  /** Puts the files in the place of those of the load before. What has the same bytes is read no more. */
  async #take(search: FoundInCommit, surroundings: Surroundings): Promise<Snapshot> {
    const changes = this.#intake.begin();
    try {
      const unread = search.found.filter(({ oid, shown }) => !this.#isKnown(changes, oid, shown));
      await eachBounded(unread, async ({ oid, shown }) => {
        const bytes = await this.#blob(oid);
        // A missing object may exist at the next load.
        const isFinal = bytes instanceof Uint8Array || isTooLarge(bytes);
        await changes.put(shown, bytes, isFinal ? { id: oid } : {});
      });
      const found = new Set(search.found.map(({ shown }) => shown));
      for (const file of this.#intake.files()) if (!found.has(file)) changes.remove(file);
      return await this.#intake.refresh(changes, search, () => surroundings);
    } finally {
      changes.close();
    }
  }

  /** Whether a content need not be read: it is that of the load before, or of an earlier run. */
  #isKnown(changes: Changes, oid: string, shown: string): boolean {
    if (this.#intake.idOf(shown) === oid) {
      changes.again(shown);
      return true;
    }
    return changes.recall(shown, oid, () => this.#git.runNow(['cat-file', 'blob', oid]));
  }

  /** Ends the process behind it. */
  close(): void {
    this.#objects.close();
  }

  async #follow(
    path: string,
    tree: CommitTree,
    place: RepositoryPlace,
    isInReach: (path: string) => boolean,
  ): Promise<FileBytes> {
    const inTree = place.inTree(path);
    if (inTree === undefined) return this.#onDisk(path);
    const found = await tree.resolve(inTree);
    switch (found.kind) {
      case 'file':
        return isInReach(found.path) ? this.#blob(found.oid) : { ...OUT_OF_REACH };
      case 'folder':
        return { error: 'it is a folder' };
      case 'circle':
        return { error: 'its links lead in a circle' };
      case 'outside':
        return this.#onDisk(place.onDisk(found.path));
      // A submodule's files are not in the commit: what is checked out there is all there is.
      case 'submodule':
      case 'missing':
        return this.#onDisk(path);
    }
  }

  /** A file that belongs to what is desired: nothing stands in for what the commit does not hold. */
  async #inCommit(
    path: string,
    tree: CommitTree,
    place: RepositoryPlace,
    isInReach: (path: string) => boolean,
  ): Promise<FileBytes> {
    const inTree = place.inTree(path);
    if (inTree === undefined) return { error: 'it is not in the repository', outOfBounds: true };
    const found = await tree.resolve(inTree);
    switch (found.kind) {
      case 'file':
        return isInReach(found.path) ? this.#blob(found.oid) : { ...OUT_OF_REACH };
      case 'folder':
        return { error: 'it is a folder' };
      case 'circle':
        return { error: 'its links lead in a circle' };
      case 'outside':
        return { error: 'a link leads out of the repository', outOfBounds: true };
      case 'submodule':
        return { error: 'it is in a submodule, whose files are not in the commit' };
      case 'missing':
        return { error: 'it is not in the commit' };
    }
  }

  async #onDisk(path: string): Promise<FileBytes> {
    const { read = readFile } = this.#options;
    const real = within(path, this.#bounds.files);
    return typeof real === 'string' ? read(real) : real;
  }

  async #blob(oid: string): Promise<FileBytes> {
    const object = await this.#objects.read(oid);
    if (!object) return { error: `the repository lacks the object ${oid}${this.#objects.why}` };
    return object.bytes ?? { error: tooLarge(object.size), tooLarge: true };
  }

  async #commit(ref: string): Promise<{ parsed: ParsedCommit; note: string | undefined }> {
    await this.#repository();
    const named = await this.#names.find(ref);
    const object = named && (await this.#objects.read(`${named.revision}^{commit}`));
    if (named && object?.bytes && object.type === 'commit')
      return { parsed: parseCommit(object.oid, object.bytes), note: named.note };
    const { stdout } = await this.#git.run(['rev-parse', '--is-shallow-repository']);
    if (/^0{40,64}$/.test(ref))
      throw new Failure('a commit of zeros alone is none', {
        hint: 'A CI system gives it as the commit before a new branch: compare with the branch that it comes from.',
      });
    const missing = `there is no commit called ${JSON.stringify(ref)} in the git repository`;
    if (stdout.trim() === 'true')
      throw new Failure(`${missing}: it is a shallow clone, which holds only the newest commits`, {
        hint: 'git fetch --unshallow gets the rest; for actions/checkout say fetch-depth: 2 (one commit more) or 0 (all), in GitLab CI GIT_DEPTH: 0.',
      });
    throw new Failure(missing, {
      hint: 'Name a branch, a tag or a commit: git log --oneline --all shows some.',
    });
  }

  #repository(): Promise<RepositoryPlace> {
    const { gitDir, cwd } = this.#options;
    this.#place ??=
      gitDir === undefined
        ? findRepository(this.#git, cwd)
        : Promise.resolve(new RepositoryPlace(cwd, cwd, ''));
    // A repository that is missing now may exist at the next call.
    this.#place.catch(() => {
      this.#place = undefined;
    });
    return this.#place;
  }
}

/**
 * Whether a path of the tree, without links in it, is where one may lead to.
 * @param own folders in the tree that are in reach besides
 */
function isInTreeReach(
  path: string,
  own: readonly string[],
  { folders }: Reach,
  place: RepositoryPlace,
): boolean {
  const others = folders.flatMap((each) => place.inTree(each) ?? []);
  return [...own, ...others].some((each) => isBelow(each, path));
}

/** '' is the top, and above it there is nothing. */
function folderAbove(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function isTooLarge(bytes: Exclude<FileBytes, Uint8Array>): boolean {
  return typeof bytes === 'object' && bytes.tooLarge === true;
}
