import { once } from 'node:events';
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { FSWatcher } from 'chokidar';
import { errorCode } from '../desired/find.ts';
import { eachBounded } from '../model/turns.ts';

export interface FolderListener {
  /** "rename": a name was made, moved or removed; "change": written to. Without a name: anything may have happened. */
  onEvent(kind: string, name: string | null): void;
  /** Called once the folder is watched; before that `ready` rejects. */
  onError(error: unknown): void;
}

export interface FolderWatch {
  /** Resolves when the folder is watched, rejects when the system refuses it. */
  ready: Promise<unknown>;
  close(): void;
}

/** Watches one folder, not those below it. */
export type WatchFolder = (folder: string, listener: FolderListener) => FolderWatch;

/**
 * chokidar's "add" and "change" come after a stat and don't say whether a file was written or moved here, which is what
 * decides how long it has to stand still. Its "raw" says so at once. So everything below the folder is ignored: that is
 * one watch a folder in place of one a file, and no stat of a file that has just been written. It would still read the
 * folder after each event, with a stat of every file, to find what it ignores: 130 ms of processor time among ten thousand.
 */
export const watchFolder: WatchFolder = (folder, { onEvent, onError }) => {
  // chokidar takes a backslash for a separator on every system, but not in `cwd`.
  const own = folder.replaceAll('\\', '/');
  const watcher = new FSWatcher({
    ...{ cwd: folder, depth: 0, ignoreInitial: true, atomic: false },
    ignored: (path) => path !== own,
  });
  watcher._readdirp = () => undefined;
  watcher.add('.');
  let isReady = false;
  const ready = once(watcher, 'ready').then(() => {
    isReady = true;
  });
  watcher.on('raw', (kind, name) => onEvent(kind, name === null || isAbsolute(name) ? null : name));
  watcher.on('error', (error) => {
    // Where something else fails, the watch stays.
    if (isReady && (error as NodeJS.ErrnoException).syscall === 'watch') onError(error);
  });
  const close = () => {
    void watcher.close();
    // Its listeners are gone, and an error of what was still under way would end the process.
    watcher.on('error', () => {});
  };
  // Closed while it begins, chokidar may leave a watch open that keeps the process alive.
  return { ready, close: () => void ready.then(close, close) };
};

/** The system has no more watches or file handles to give (inotify(7), open(2)). */
const LIMITS = ['ENOSPC', 'EMFILE', 'ENFILE'];

interface Watched {
  /** Which folder stood under the path before it was watched. */
  id: string;
  watch: FolderWatch;
}

/**
 * Watches folders: one watch a folder, however many files it holds. Events are hints: some get lost, and a
 * folder that is replaced by another one stays watched where it is now. So `follow` is called with every refresh, and a
 * sweep refreshes without a hint.
 */
export class WatchedFolders {
  readonly #watchFolder: WatchFolder;
  readonly #onEvent: (kind: string, path: string | undefined) => void;
  readonly #watched = new Map<string, Watched>();
  /** Folders that the system refuses to watch, with the code of its error. */
  readonly #refused = new Map<string, string>();
  #isClosed = false;

  /** @param onEvent path: absolute; undefined where anything may have happened */
  constructor(watchFolder: WatchFolder, onEvent: (kind: string, path: string | undefined) => void) {
    this.#watchFolder = watchFolder;
    this.#onEvent = onEvent;
  }

  /** The code of the error with which the system refuses to watch a folder, as long as it does. */
  get limit(): string | undefined {
    return this.#refused.values().next().value;
  }

  /**
   * Watches these folders and no others, and anew those that have been replaced. One call at a time.
   * @returns whether there are new ones: no event told what happened there before
   */
  async follow(folders: ReadonlySet<string>): Promise<boolean> {
    for (const path of this.#watched.keys()) if (!folders.has(path)) this.#leave(path);
    let more = false;
    for (const path of this.#refused.keys()) {
      // A watch that still works was not refused again.
      if (this.#watched.has(path)) more = true;
      if (this.#watched.has(path) || !folders.has(path)) this.#refused.delete(path);
    }
    const entering: [string, string][] = [];
    for (const path of folders) {
      const id = idOf(path);
      if (this.#watched.get(path)?.id === id) continue;
      this.#leave(path);
      if (id !== undefined) entering.push([path, id]);
    }
    const entered = await eachBounded(entering, ([path, id]) => this.#enter(path, id));
    return more || entered.includes(true);
  }

  close(): void {
    this.#isClosed = true;
    for (const path of this.#watched.keys()) this.#leave(path);
  }

  /** @returns whether the folder is watched that was not before, nor refused a moment ago */
  async #enter(folder: string, id: string): Promise<boolean> {
    if (this.#isClosed) return false;
    const fail = (error: unknown) => {
      const isNew = this.#refuse(folder, error);
      this.#leave(folder);
      return isNew;
    };
    const watch = this.#watchFolder(folder, {
      onEvent: (kind, name) => this.#onEvent(kind, name === null ? undefined : join(folder, name)),
      onError: (error) => {
        if (fail(error)) this.#onEvent('rename', undefined);
      },
    });
    this.#watched.set(folder, { id, watch });
    try {
      await watch.ready;
      return !this.#refused.has(folder);
    } catch (error) {
      fail(error);
      return false;
    }
  }

  /** @returns whether that is news: a folder that is tried again at once, and refused at once, must not go on for ever */
  #refuse(folder: string, error: unknown): boolean {
    const isNew = !this.#refused.has(folder);
    const code = errorCode(error) ?? '';
    if (LIMITS.includes(code)) this.#refused.set(folder, code);
    return isNew;
  }

  #leave(folder: string): void {
    this.#watched.get(folder)?.watch.close();
    this.#watched.delete(folder);
  }
}

/** What tells one folder from another; a file system may give a new one the number of the one before at once. */
function idOf(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeMs } = statSync(path);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    // A folder that is missing or out of reach is found by an event of its parent, or by the sweep.
    return undefined;
  }
}
