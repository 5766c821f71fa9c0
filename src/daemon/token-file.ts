import { readFileSync, statSync } from 'node:fs';
import { Failure } from '../model/failure.ts';
import { isSame } from './access.ts';

/** A token in a file, which may be written anew while the daemon runs. */
export class TokenFile {
  readonly #path: string;
  /** What the file's status was when it was read. */
  #seen = '';
  #token: string | undefined;

  /** @throws Failure where the file cannot be read, or holds no token */
  constructor(path: string) {
    this.#path = path;
    let token: string | undefined;
    try {
      token = this.#read();
    } catch (error) {
      throw new Failure(`--listen-token-file ${path}: ${(error as Error).message}`);
    }
    if (token === undefined) throw new Failure(`--listen-token-file ${path}: the file holds no token`);
  }

  /** Whether others than its owner can read the file. */
  get isOpenToOthers(): boolean {
    return (statSync(this.#path).mode & 0o077) !== 0;
  }

  /** Whether this is the token. While the file cannot be read, or is empty, nothing is. */
  is = (token: string): boolean => {
    let current: string | undefined;
    try {
      current = this.#read();
    } catch {
      this.#seen = '';
    }
    return current !== undefined && isSame(token, current);
  };

  #read(): string | undefined {
    const { mtimeMs, ctimeMs, size, ino } = statSync(this.#path);
    const seen = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
    if (seen === this.#seen) return this.#token;
    this.#token = readFileSync(this.#path, 'utf8').trim() || undefined;
    this.#seen = seen;
    return this.#token;
  }
}
