import { turn } from '../model/turns.ts';
import type { CheckedFile } from './checked.ts';
import { reading } from './reading.ts';
import type { ReadingThreads, Unread } from './threads.ts';

/** Files to be read from which on another thread has started before this one is done. */
export const WORTH_THREADS = 400;

interface Job {
  unread: Unread;
  take: (checked: CheckedFile) => void;
}

/** Stage A of files as they are found: in this thread while they are few, in other threads when they are many. */
export class ManyFiles {
  readonly #few: Job[] = [];
  #starting: Promise<void> | undefined;
  #threads: ReadingThreads | undefined;

  /**
   * Takes on a file.
   * @param take is given what the file says, at the latest before `end` resolves
   * @returns something to wait for before the next, if anything
   */
  add(unread: Unread, take: Job['take']): Promise<void> | undefined {
    if (this.#threads) return this.#threads.add(unread, take);
    this.#few.push({ unread, take });
    if (this.#few.length < WORTH_THREADS) return undefined;
    this.#starting ??= this.#startThreads();
    return this.#starting;
  }

  /** Resolves when every file has been taken. */
  async end(): Promise<void> {
    await this.#starting;
    await this.#threads?.end();
    if (this.#few.length === 0 && !this.#threads) return;
    // Also where other threads have read everything: the rest of these files may be parsed later.
    const { readRecordingFile } = await reading();
    for (const { unread, take } of this.#few) {
      take(readRecordingFile(unread.bytes, unread.file));
      // Yields to the event loop.
      await turn();
    }
  }

  /** The files are no longer awaited: stops the threads. */
  leave(): void {
    this.#threads?.leave();
  }

  async #startThreads(): Promise<void> {
    const { ReadingThreads } = await import('./threads.ts');
    this.#threads = new ReadingThreads();
    for (const { unread, take } of this.#few.splice(0)) {
      const pause = this.#threads.add(unread, take);
      if (pause) await pause;
    }
  }
}
