import { hash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Written } from '../model/journal.ts';
import { DamagedStateError, MEND } from './lines.ts';

/*
 * The state as it was written. Its file is read at once; later it need not stay in memory, because its lines can be
 * read again: the content never changes, and an open file stays readable when another replaces it.
 */

/** A file of lines that is never changed any more. */
export class LineFile {
  readonly path: string;
  readonly #file: number;
  #bytes: Buffer | undefined;

  /** @throws the system's error */
  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'r');
    // At once: for tens of megabytes this takes a third of what reading them in pieces does.
    this.#bytes = readFileSync(this.#file);
  }

  /** All of it. To be asked before it is let go. */
  get bytes(): Buffer {
    if (!this.#bytes) throw new Error('the lines of a file have been let go');
    return this.#bytes;
  }

  /** @throws DamagedStateError where the file was cut off meanwhile, or the system's error */
  read(start: number, length: number): Buffer {
    if (this.#bytes) return this.#bytes.subarray(start, start + length);
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0, read = 0; done < length; done += read) {
      read = readSync(this.#file, bytes, done, length - done, start + done);
      if (read === 0) throw new DamagedStateError(`${this.path} was cut off under this process. ${MEND}`);
    }
    return bytes;
  }

  /** From now on lines are read from the disk. */
  letGo(): void {
    this.#bytes = undefined;
  }

  /** Called when no line will be read again. */
  close(): void {
    closeSync(this.#file);
  }
}

/** A line of a file, without its end. */
export class WrittenLine implements Written {
  readonly #file: LineFile;
  readonly #start: number;
  readonly #length: number;
  #hasCredentials: boolean | undefined;

  constructor(file: LineFile, start: number, end: number) {
    this.#file = file;
    this.#start = start;
    this.#length = end - start;
  }

  get text(): string {
    return this.#bytes.toString();
  }

  get digest(): string {
    return hash('sha256', this.#bytes, 'base64');
  }

  get hasCredentials(): boolean {
    this.#hasCredentials ??= this.#bytes.includes(CREDENTIALS);
    return this.#hasCredentials;
  }

  get #bytes(): Buffer {
    return this.#file.read(this.#start, this.#length);
  }
}

/** What is to be written down, or was by this process. */
export class WrittenText implements Written {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get hasCredentials(): boolean {
    return this.text.includes(CREDENTIALS);
  }

  get digest(): string {
    return hash('sha256', this.text, 'base64');
  }
}

const CREDENTIALS = '"credentials":';
