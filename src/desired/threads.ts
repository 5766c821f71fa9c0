import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Handed, Portion, Unread } from '../reader.ts';
import type { CheckedFile } from './checked.ts';
import { outlined } from './outlines.ts';
import { readRecordingFile } from './read.ts';

/** Files that are handed over at a time: some tens of milliseconds of work. */
const PORTION = 40;
/** Portions that a thread has before it, so that it need not wait for the next. */
const AHEAD = 2;
/** More threads than this wait for the one that gathers what they have read. */
const MOST = 4;

/** The built entry for the threads; not there where the program runs from its source. */
const ENTRY = new URL(
  /\/chunks\/[^/]*$/.test(import.meta.url) ? '../reader.js' : './reader.js',
  import.meta.url,
);

/** Stage A of many files, in their order, by as many threads as there is work and room for. This one takes part. */
export async function readFiles(files: readonly Unread[]): Promise<CheckedFile[]> {
  const others = existsSync(fileURLToPath(ENTRY)) ? availableParallelism() - 1 : 0;
  if (others === 0) return files.map(({ bytes, file }) => readRecordingFile(bytes, file));
  const work = new SharedWork(files);
  const threads = Array.from({ length: Math.min(others, MOST - 1) }, () => new Thread(work));
  await work.takePart();
  await Promise.all(threads.map((thread) => thread.end()));
  // What a thread had and did not give back.
  await work.takePart();
  return work.done;
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

  take(): Portion<Unread> | undefined {
    const number = this.#open.shift();
    return number === undefined
      ? undefined
      : { number, files: this.#files.slice(number * PORTION, (number + 1) * PORTION) };
  }

  give({ number, files }: Portion<Handed>): void {
    for (const [index, handed] of files.entries()) {
      const { file, bytes } = this.#files[number * PORTION + index] as Unread;
      this.done[number * PORTION + index] =
        'head' in handed ? outlined(handed.head, file, bytes, handed.blocks) : handed;
    }
  }

  giveBack(portions: Iterable<number>): void {
    this.#open.push(...portions);
  }

  /** Reads what is left, and looks after each file what others have read. */
  async takePart(): Promise<void> {
    for (let portion = this.take(); portion; portion = this.take())
      for (const [index, { bytes, file }] of portion.files.entries()) {
        this.done[portion.number * PORTION + index] = readRecordingFile(bytes, file);
        await new Promise((resolve) => setImmediate(resolve));
      }
  }
}

class Thread {
  readonly #worker = new Worker(ENTRY);
  readonly #work: SharedWork;
  readonly #pending = new Set<number>();
  #idle: () => void = () => {};
  #broken = false;

  constructor(work: SharedWork) {
    this.#work = work;
    this.#worker.on('message', (portion: Portion<Handed>) => {
      this.#work.give(portion);
      this.#pending.delete(portion.number);
      this.#fill();
    });
    // A thread that cannot run is no mistake of anybody's: its part is done here.
    this.#worker.on('error', () => this.#breakOff());
    this.#worker.on('exit', () => this.#breakOff());
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
      this.#worker.postMessage(portion);
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
