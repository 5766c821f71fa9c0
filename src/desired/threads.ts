import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { type Stop, turn } from '../model/turns.ts';
import type { Portion, ReadPortion } from '../reader.ts';
import { type CheckedFile, checkedDocument } from './checked.ts';
import { lazyFile, toLazyFile } from './read-cache.ts';
import { reading } from './reading.ts';

/** Files that are handed over at a time: some tens of milliseconds of work. */
const PORTION = 40;
/** Portions that a thread has before it, so that it need not wait for the next. */
const AHEAD = 2;
/** Files to be read from which on another thread has started before this one is done. */
const WORTH_THREADS = 400;
/** More threads than this wait for the one that gathers what they have read. */
const MOST = 4;
/** Megabytes that a thread fills before it looks for garbage: nearly all that parsing makes is garbage at once. */
const YOUNG = 96;

/** The built entry for the threads; not there where the program runs from its source. */
const ENTRY = new URL(
  /\/chunks\/[^/]*$/.test(import.meta.url) ? '../reader.js' : './reader.js',
  import.meta.url,
);

/** A file that is still to be read. */
export interface Unread {
  file: string;
  bytes: Uint8Array;
}

interface Job extends Unread {
  take: (checked: CheckedFile) => void;
}

/**
 * Stage A of files as they are found: in this thread while they are few, in other threads when they are many. Where
 * there can be no other thread all is done here.
 */
export class ManyFiles {
  readonly #work = new SharedWork();
  readonly #threads: Thread[] = [];
  readonly #until: AbortSignal | undefined;
  readonly #start: (() => Worker) | undefined;
  readonly #leave = () => this.leave();
  #hasStarted = false;
  #hasLeft = false;

  /**
   * @param until aborts when the files are no longer awaited
   * @param start starts a thread; left out, one of the built program, where that is what runs
   */
  constructor(until?: AbortSignal, start?: () => Worker) {
    this.#until = until;
    this.#start = start;
  }

  /**
   * Takes on a file.
   * @param take is given what the file says, at the latest before `end` resolves, and not in the order of the files
   * @returns now and then something to wait for, so that threads can hand over what they have read
   */
  add(unread: Unread, take: Job['take']): Promise<void> | undefined {
    if (!this.#work.add({ ...unread, take })) return undefined;
    if (this.#work.size >= WORTH_THREADS && !this.#hasStarted) return this.#startThreads();
    if (this.#threads.length === 0) return undefined;
    for (const thread of this.#threads) thread.fill();
    return turn();
  }

  /**
   * Resolves with true when every file has been taken, with false when it yielded: then it is to be called again.
   * @throws the reason for which the files are no longer awaited, as soon as that is so; what taking a file has thrown
   */
  async end(stop?: Stop): Promise<boolean> {
    if (!this.#work.close() && this.#work.size === 0 && this.#threads.length === 0) return true;
    for (const thread of this.#threads) thread.fill();
    if (this.#until?.aborted) this.leave();
    const idle = Promise.all(this.#threads.map((thread) => thread.idle())).then(() => true);
    const isStill = stop ? Promise.race([idle, stop.due.then(() => false)]) : idle;
    if (this.#threads.length > 0 && !(await isStill)) return false;
    this.leave();
    // Reads here what the threads did not return, or everything where there are none.
    return this.#work.finish(this.#until, stop);
  }

  /** The files are no longer awaited: terminates the threads. */
  leave(): void {
    this.#hasLeft = true;
    this.#until?.removeEventListener('abort', this.#leave);
    for (const thread of this.#threads) thread.end();
  }

  async #startThreads(): Promise<void> {
    this.#hasStarted = true;
    const start = this.#start ?? (await threadStarter());
    if (!start || this.#hasLeft || this.#until?.aborted) return;
    this.#until?.addEventListener('abort', this.#leave, { once: true });
    const most = Math.min(availableParallelism(), MOST);
    try {
      while (this.#threads.length < most) this.#threads.push(new Thread(start(), this.#work));
    } catch {
      // Where the system gives no more threads, those that there are read it all, or this one.
    }
  }
}

async function threadStarter(): Promise<(() => Worker) | undefined> {
  if (!existsSync(fileURLToPath(ENTRY))) return undefined;
  const { Worker } = await import('node:worker_threads');
  return () => new Worker(ENTRY, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG } });
}

/** Portions of the files, each taken once; what a thread dropped is taken again. */
class SharedWork {
  /** The portion that is still being filled. */
  #filling: Job[] = [];
  /** By number, until they are done. */
  readonly #portions = new Map<number, readonly Job[]>();
  readonly #open: number[] = [];
  #count = 0;
  #failure: { error: unknown } | undefined;

  /** @returns whether there is a portion more to be taken */
  add(job: Job): boolean {
    this.#filling.push(job);
    return this.#filling.length === PORTION && this.close();
  }

  /** Files that have been added and not taken, those of the last portion aside. */
  get size(): number {
    return this.#portions.size * PORTION;
  }

  /** Whatever has been added can be taken. @returns whether that is anything */
  close(): boolean {
    if (this.#filling.length === 0) return false;
    this.#portions.set(this.#count, this.#filling);
    this.#open.push(this.#count++);
    this.#filling = [];
    return true;
  }

  /** A portion as a thread gets it. Its bytes are a copy: those of small files share their memory with others. */
  take(): Portion | undefined {
    const number = this.#next();
    if (number === undefined) return undefined;
    const files = this.#portions.get(number) as readonly Job[];
    const bytes = new Uint8Array(files.reduce((sum, file) => sum + file.bytes.length, 0));
    const ends: number[] = [];
    let end = 0;
    for (const file of files) {
      bytes.set(file.bytes, end);
      end += file.bytes.length;
      ends.push(end);
    }
    return { number, files: files.map(({ file }) => file), bytes, ends };
  }

  /** Each file is taken once, also where an answer comes after its portion was given back. */
  give({ number, files }: ReadPortion): void {
    const jobs = this.#portions.get(number) ?? [];
    this.#portions.delete(number);
    try {
      for (const [index, { file, bytes, take }] of jobs.entries()) {
        const handed = files[index] as ReadPortion['files'][number];
        take(
          'head' in handed
            ? lazyFile(handed.head, file, bytes, handed.blocks)
            : { ...handed, documents: handed.documents.map(checkedDocument) },
        );
      }
    } catch (error) {
      // `finish` rethrows it: an error in a message handler would reach no caller.
      this.#failure ??= { error };
    }
  }

  giveBack(portions: Iterable<number>): void {
    this.#open.push(...portions);
  }

  /** Reads what is left, and yields to the event loop after each file. @returns whether that was all */
  async finish(until: AbortSignal | undefined, stop: Stop | undefined): Promise<boolean> {
    until?.throwIfAborted();
    if (this.#failure) throw this.#failure.error;
    // Also where other threads have read everything: the rest of these files may be parsed later.
    const { readRecordingFile } = await reading();
    for (let number = this.#next(); number !== undefined; number = this.#next()) {
      const jobs = this.#portions.get(number) as readonly Job[];
      this.#portions.delete(number);
      for (const [index, { bytes, file, take }] of jobs.entries()) {
        take(toLazyFile(readRecordingFile(bytes, file), bytes));
        await turn();
        until?.throwIfAborted();
        if (!stop?.isDue()) continue;
        this.#filling.push(...jobs.slice(index + 1));
        return this.#filling.length + this.#portions.size === 0;
      }
    }
    return true;
  }

  /** A portion that was answered after it was put back is done. */
  #next(): number | undefined {
    let number = this.#open.shift();
    while (number !== undefined && !this.#portions.has(number)) number = this.#open.shift();
    return number;
  }
}

class Thread {
  readonly #worker: Worker;
  readonly #work: SharedWork;
  readonly #pending = new Set<number>();
  #idle: () => void = () => {};
  #broken = false;

  constructor(worker: Worker, work: SharedWork) {
    this.#worker = worker;
    this.#work = work;
    worker.on('message', (answer: ReadPortion) => {
      this.#work.give(answer);
      this.#pending.delete(answer.number);
      this.fill();
    });
    // A thread that cannot run is not an error: its portions are read by the others.
    for (const event of ['error', 'messageerror', 'exit']) worker.on(event, () => this.#breakOff());
    this.fill();
  }

  /** Resolves when it has no work any more. */
  async idle(): Promise<void> {
    if (this.#pending.size > 0)
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
  }

  end(): void {
    this.#breakOff();
    void this.#worker.terminate();
  }

  /** Takes as much as it can have before it. */
  fill(): void {
    while (!this.#broken && this.#pending.size < AHEAD) {
      const portion = this.#work.take();
      if (!portion) break;
      this.#pending.add(portion.number);
      this.#worker.postMessage(portion, [portion.bytes.buffer as ArrayBuffer]);
    }
    if (this.#pending.size === 0) this.#idle();
  }

  /** Puts the thread's portions back. */
  #breakOff(): void {
    this.#broken = true;
    this.#work.giveBack(this.#pending);
    this.#pending.clear();
    this.#idle();
  }
}
