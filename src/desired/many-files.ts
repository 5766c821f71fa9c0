import { type Stop, turn } from '../model/turns.ts';
import type { CheckedFile } from './checked.ts';
import { LEADS_OUT, LINK_WAY, wholeFile } from './find.ts';
import { toLazyFile } from './read-cache.ts';
import { reading, readingNow } from './reading.ts';
import { diagnosticAt, type FileBytes } from './resolve.ts';
import type { ReadingThreads, Unread } from './threads.ts';

/*
 * Stage A of files as they come: bytes to checked documents.
 */

/** Files to be read from which on another thread has started before this one is done. */
const WORTH_THREADS = 400;

interface Job extends Unread {
  take: (checked: CheckedFile) => void;
}

/** Stage A of many files: in this thread while they are few, in other threads when they are many. */
export class ManyFiles {
  readonly #few = new Set<Job>();
  readonly #until: AbortSignal | undefined;
  #starting: Promise<void> | undefined;
  #threads: ReadingThreads | undefined;
  #ending: Promise<void> | undefined;

  /** @param until aborts when the files are no longer awaited */
  constructor(until?: AbortSignal) {
    this.#until = until;
  }

  /**
   * Takes on a file.
   * @param take is given what the file says, at the latest before `end` resolves
   * @returns something to wait for before the next, if anything
   */
  add(unread: Unread, take: Job['take']): Promise<void> | undefined {
    if (this.#threads && !this.#ending) return this.#threads.add(unread, take);
    this.#few.add({ ...unread, take });
    if (this.#few.size < WORTH_THREADS || this.#ending) return undefined;
    this.#starting ??= this.#startThreads();
    return this.#starting;
  }

  /**
   * Resolves with true when every file has been taken, with false when it yielded: then it is to be called again.
   * @throws the signal's reason, as soon as it aborts
   */
  async end(stop?: Stop): Promise<boolean> {
    await this.#starting;
    if (this.#threads) {
      this.#ending ??= this.#threads.end(this.#until);
      const isOver = this.#ending.then(() => true);
      // Where this yields, the next call rethrows it.
      isOver.catch(() => {});
      if (!(await (stop ? Promise.race([isOver, stop.due.then(() => false)]) : isOver))) return false;
    }
    if (this.#few.size === 0 && !this.#threads) return true;
    // Also where other threads have read everything: the rest of these files may be parsed later.
    const { readRecordingFile } = await reading();
    for (const job of this.#few) {
      const { bytes, file, take } = job;
      take(toLazyFile(readRecordingFile(bytes, file), bytes));
      this.#few.delete(job);
      // Yields to the event loop.
      await turn();
      this.#until?.throwIfAborted();
      if (this.#few.size > 0 && stop?.isDue()) return false;
    }
    return true;
  }

  /** The files are no longer awaited: stops the threads. */
  leave(): void {
    this.#threads?.leave();
  }

  async #startThreads(): Promise<void> {
    const { ReadingThreads } = await import('./threads.ts');
    this.#threads = new ReadingThreads();
    this.#until?.addEventListener('abort', () => this.leave(), { once: true });
    for (const { file, bytes, take } of this.#few) {
      const pause = this.#threads.add({ file, bytes }, take);
      if (pause) await pause;
    }
    this.#few.clear();
  }
}

/** Stage A of what reading a file has given. `reading` must have been waited for. */
export function checkBytes(bytes: FileBytes, shown: string): CheckedFile {
  return bytes instanceof Uint8Array
    ? readingNow().readRecordingFile(bytes, shown)
    : checkNoBytes(bytes, shown);
}

/** Of a file that gave no bytes: the diagnostic that says so. */
export function checkNoBytes(bytes: Exclude<FileBytes, Uint8Array>, shown: string): CheckedFile {
  const [code, summary, detail] =
    bytes === 'missing'
      ? (['file-unreadable', 'the file went away while it was read'] as const)
      : bytes.outOfBounds
        ? (['link-out-of-bounds', LEADS_OUT, LINK_WAY] as const)
        : ([bytes.tooLarge ? 'file-too-large' : 'file-unreadable', bytes.error] as const);
  return { file: shown, documents: [], diagnostics: [diagnosticAt(wholeFile(shown), code, summary, detail)] };
}
