import { watch } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../desired/find.ts';
import { stampOf } from './followed-file.ts';

export interface FolderListener {
  /** "rename": a name was made, moved or removed; "change": written to. Without a name: anything may have happened. */
  onEvent(kind: string, name: string | null): void;
  onError(error: unknown): void;
}

/** Listens at one folder, not at those below it. @throws when the system does not let it */
export type WatchFolder = (folder: string, listener: FolderListener) => { close(): void };

export const watchFolder: WatchFolder = (folder, { onEvent, onError }) =>
  watch(folder, onEvent).on('error', onError);

/** The system has no more watches or file handles to give (inotify(7), open(2)). */
const LIMITS = ['ENOSPC', 'EMFILE', 'ENFILE'];

interface Watched {
  /** Which folder stood under the path before it was listened at. */
  id: string;
  close(): void;
}

/**
 * Listens at folders: one watch a folder, however many files it holds. What a watch tells are hints: some get
 * lost, and a folder that is replaced by another goes on being watched where nobody sees it. So `follow` is to
 * be called with every look, and somebody has to look now and then without having been told.
 */
export class FolderWatches {
  readonly #watchFolder: WatchFolder;
  readonly #onEvent: (kind: string, path: string | undefined) => void;
  readonly #watched = new Map<string, Watched>();
  /** Folders that the system let nobody listen at, with the code of its error. */
  readonly #refused = new Map<string, string>();

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
   * Listens at these folders and no others, and anew at those that have been replaced.
   * @returns whether there are new ones: what happened there before has told nobody
   */
  follow(folders: ReadonlySet<string>): boolean {
    for (const path of this.#watched.keys()) if (!folders.has(path)) this.#leave(path);
    let more = false;
    for (const path of this.#refused.keys()) {
      // Only a watch that has lived until now was not refused again.
      if (this.#watched.has(path)) more = true;
      if (this.#watched.has(path) || !folders.has(path)) this.#refused.delete(path);
    }
    for (const path of folders) {
      const stamp = stampOf(path);
      const id = typeof stamp === 'string' ? undefined : `${stamp.dev}:${stamp.ino}`;
      if (this.#watched.get(path)?.id === id) continue;
      this.#leave(path);
      if (id !== undefined && this.#enter(path, id) && !this.#refused.has(path)) more = true;
    }
    return more;
  }

  close(): void {
    for (const path of this.#watched.keys()) this.#leave(path);
  }

  #enter(folder: string, id: string): boolean {
    try {
      const watcher = this.#watchFolder(folder, {
        onEvent: (kind, name) => this.#onEvent(kind, name === null ? undefined : join(folder, name)),
        onError: (error) => {
          const isNew = this.#refuse(folder, error);
          this.#leave(folder);
          if (isNew) this.#onEvent('rename', undefined);
        },
      });
      this.#watched.set(folder, { id, close: () => watcher.close() });
      return true;
    } catch (error) {
      this.#refuse(folder, error);
      return false;
    }
  }

  /** @returns whether that is news: one who tries again at once, and is refused at once, must not go on for ever */
  #refuse(folder: string, error: unknown): boolean {
    const isNew = !this.#refused.has(folder);
    const code = errorCode(error) ?? '';
    if (LIMITS.includes(code)) this.#refused.set(folder, code);
    return isNew;
  }

  #leave(folder: string): void {
    this.#watched.get(folder)?.close();
    this.#watched.delete(folder);
  }
}
