import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Runs one step. Tests pass their own, to inspect the directory between two steps, or to delay one. */
export type Step = <T>(what: string, act: () => Promise<T>) => Promise<T>;

/** Bytes after which a file that is written is flushed: an entry's own flush must not wait for all of a snapshot. */
const FLUSHED_TOGETHER = 1024 * 1024;

/** All writes to a state directory: each system call that changes something is a step of its own. */
export class Disk {
  readonly #directory: string;
  readonly #step: Step;

  constructor(directory: string, step: Step = (_, act) => act()) {
    this.#directory = directory;
    this.#step = step;
  }

  path(name: string): string {
    return join(this.#directory, name);
  }

  open(name: string, flags: 'r+' | 'w+' | 'wx'): Promise<FileHandle> {
    return this.#step(`open ${name}`, () => open(this.path(name), flags, 0o600));
  }

  /** @returns where the bytes end */
  async write(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#step('write', () =>
        file.write(bytes, done, bytes.length - done, position + done),
      );
      done += bytesWritten;
    }
    return position + bytes.length;
  }

  truncate(file: FileHandle, length: number): Promise<void> {
    return this.#step('truncate', () => file.truncate(length));
  }

  flush(file: FileHandle): Promise<void> {
    return this.#step('flush', () => file.datasync());
  }

  /** Not for good before the folder is flushed. */
  rename(from: string, to: string): Promise<void> {
    return this.#step(`rename ${from} ${to}`, () => rename(this.path(from), this.path(to)));
  }

  flushFolder(): Promise<void> {
    return this.#step('flush the folder', async () => {
      const folder = await open(this.#directory, 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    });
  }

  /** Puts a file in place whole and for good: written aside, flushed, renamed, and the folder flushed. */
  async replace(name: string, texts: Iterable<string> | AsyncIterable<string>): Promise<void> {
    const file = await this.open(`${name}.new`, 'w+');
    try {
      let [end, flushed] = [0, 0];
      for await (const text of texts) {
        end = await this.write(file, Buffer.from(text), end);
        if (end - flushed < FLUSHED_TOGETHER) continue;
        await this.flush(file);
        flushed = end;
      }
      await this.flush(file);
    } finally {
      await file.close();
    }
    await this.rename(`${name}.new`, name);
    await this.flushFolder();
  }
}
