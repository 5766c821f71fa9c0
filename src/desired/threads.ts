import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Answer, Portion } from '../reader.ts';
import type { CheckedFile } from './checked.ts';
import { outlined } from './outlines.ts';
import { reading } from './reading.ts';

/** Files that are handed over at a time: some tens of milliseconds of work. */
const PORTION = 40;
/** Portions that a thread has before it, so that it need not wait for the next. */
const AHEAD = 2;
/** More threads than this wait for the one that gathers what they have read. */
const MOST = 4;
/** Megabytes that a thread fills before it looks for garbage: nearly all that parsing makes is garbage at once. */
const YOUNG = 48;

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

export interface Sharing {
  /** Whether this thread does its part of the reading; otherwise it only hands out and gathers, and stays free. */
  takesPart: boolean;
  /** Starts a thread. undefined: there can be none, and all is done here. */
  start?: (() => Worker) | undefined;
}

/** Stage A of many files, in their order, by as many threads as there is work and room for. */
export async function readFiles(
  files: readonly Unread[],
  { takesPart, start = threadStarter() }: Sharing,
): Promise<CheckedFile[]> {
  const work = new SharedWork(files);
  const count = Math.min(availableParallelism(), MOST) - (takesPart ? 1 : 0);
  const threads = start ? Array.from({ length: count }, () => new Thread(start(), work)) : [];
  if (takesPart) await work.takePart();
  await Promise.all(threads.map((thread) => thread.end()));
  // What threads had and did not give back, or all of it where there are none.
  await work.takePart();
  return work.done;
}

function threadStarter(): (() => Worker) | undefined {
  if (!existsSync(fileURLToPath(ENTRY))) return undefined;
  return () => new Worker(ENTRY, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG } });
}

/** Portions of the files, each taken once; what a thread dropped is taken again. */
class SharedWork {
  readonly done: CheckedFile[] = [];
  readonly #files: readonly Unread[];
  readonly #open: number[];

  constructor(files: readonly Unread[]) {
    this.#files = files;
    this.#open = Array.from({ length: Math.ceil(files.length / PORTION) }, (_, number) => number);
  }

  /** A portion as a thread gets it. Its bytes are a copy: those of small files share their memory with others. */
  take(): Portion | undefined {
    const number = this.#open.shift();
    if (number === undefined) return undefined;
    const files = this.#filesOf(number);
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

  give({ number, files }: Answer): void {
    for (const [index, { file, bytes }] of this.#filesOf(number).entries()) {
      const handed = files[index] as Answer['files'][number];
      this.done[number * PORTION + index] =
        'head' in handed ? outlined(handed.head, file, bytes, handed.blocks) : handed;
    }
  }

  giveBack(portions: Iterable<number>): void {
    this.#open.push(...portions);
  }

  /** Reads what is left, and looks after each file what others have read. */
  async takePart(): Promise<void> {
    const { readRecordingFile } = await reading();
    for (let number = this.#open.shift(); number !== undefined; number = this.#open.shift())
      for (const [index, { bytes, file }] of this.#filesOf(number).entries()) {
        this.done[number * PORTION + index] = readRecordingFile(bytes, file);
        await new Promise((resolve) => setImmediate(resolve));
      }
  }

  #filesOf(number: number): readonly Unread[] {
    return this.#files.slice(number * PORTION, (number + 1) * PORTION);
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
    worker.on('message', (answer: Answer) => {
      this.#work.give(answer);
      this.#pending.delete(answer.number);
      this.#fill();
    });
    // A thread that cannot run is no mistake of anybody's: its part is done by others.
    worker.on('error', () => this.#breakOff());
    worker.on('exit', () => this.#breakOff());
    this.#fill();
  }

  /** Resolves when it has no work any more, and is gone. */
  async end(): Promise<void> {
    if (this.#pending.size > 0)
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    await this.#worker.terminate();
  }

  #fill(): void {
    while (!this.#broken && this.#pending.size < AHEAD) {
      const portion = this.#work.take();
      if (!portion) break;
      this.#pending.add(portion.number);
      this.#worker.postMessage(portion, [portion.bytes.buffer as ArrayBuffer]);
    }
    if (this.#pending.size === 0) this.#idle();
  }

  #breakOff(): void {
    this.#broken = true;
    this.#work.giveBack(this.#pending);
    this.#pending.clear();
    this.#idle();
  }
}
