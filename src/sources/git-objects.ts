import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { MAX_FILE_BYTES } from '../desired/decode.ts';
import { Failure } from '../model/failure.ts';
import { complaint, endGroup, type GitProgram, notRunnable } from './git-program.ts';

/** An object of a repository. */
export interface GitObject {
  oid: string;
  type: 'blob' | 'tree' | 'commit' | 'tag';
  /** In bytes. */
  size: number;
  /** undefined: a blob larger than any file that is read; its bytes were passed over. */
  bytes: Buffer | undefined;
}

interface Request {
  resolve(object: GitObject | undefined): void;
  reject(error: Error): void;
}

const HEADER = /^([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)$/;

/** An object on its way. */
interface Arriving {
  object: Omit<GitObject, 'bytes'>;
  chunks: Buffer[];
  /** Bytes to come, with the line feed behind the object. */
  missing: number;
  kept: boolean;
}

/**
 * A process that asks no remote: git 2.44 has a variable for it, and before that no transport is allowed, so that git
 * fails at once.
 */
const OFFLINE = { GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none' };

/** The object belongs to a partial clone that has not fetched it, and git ended because it could not do so now. */
class NotFetched extends Error {}

/** Git ended before it came to this request. */
class NotAsked extends Error {}

/**
 * Reads objects through one long-lived `git cat-file --batch`: a request costs a line through a pipe. It sees new
 * commits and moved refs, because git looks refs up anew for every request. Started when first asked, and again
 * should it have ended.
 */
export class ObjectReader {
  readonly #program: GitProgram;
  #batch: Batch | undefined;
  #away: string | undefined;

  constructor(program: GitProgram) {
    this.#program = program;
  }

  /** Why an object may be lacking, as the end of a sentence. */
  get why(): string {
    if (this.#away === undefined) return '';
    return `: the clone is partial, and its remote cannot be asked: ${this.#away}`;
  }

  /** Lets a partial clone ask its remote once more. */
  tryRemote(): void {
    if (this.#away === undefined) return;
    this.#away = undefined;
    this.close();
  }

  /**
   * @param name what git calls an object: an ID, "main^{commit}", …
   * @returns undefined where there is no such object, or more than one, or it cannot be fetched
   * @throws Failure where git cannot be run or ends
   */
  async read(name: string): Promise<GitObject | undefined> {
    // A line feed would end the request, and the answers would no longer belong to their requests.
    if (/[\r\n\0]/.test(name) || name === '') return undefined;
    for (;;)
      try {
        return await this.#running().read(name);
      } catch (error) {
        if (error instanceof NotAsked) continue;
        if (!(error instanceof NotFetched)) throw error;
        // The remote has been asked once; each further object would wait for it as long.
        this.#away ??= error.message;
        return undefined;
      }
  }

  #running(): Batch {
    if (!this.#batch || this.#batch.ended)
      this.#batch = new Batch(
        this.#program.start(['cat-file', '--batch'], this.#away === undefined ? {} : OFFLINE),
        (text) => this.#program.masked(text),
      );
    return this.#batch;
  }

  /** Ends the process; pending reads are rejected. */
  close(): void {
    this.#batch?.end();
    this.#batch = undefined;
  }
}

/** One process. It answers in the order of the requests. */
class Batch {
  readonly #child: ChildProcessWithoutNullStreams;
  #ended = false;
  #waiting: Request[] = [];
  #header: Buffer[] = [];
  #arriving: Arriving | undefined;

  /** @param masked what git says, as people may see it */
  constructor(child: ChildProcessWithoutNullStreams, masked: (text: string) => string) {
    this.#child = child;
    let words = '';
    let failed: Error | undefined;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-1000);
    });
    child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    child.on('error', (error) => {
      failed = notRunnable(error);
    });
    child.on('close', () => {
      this.#ended = true;
      const said = masked(words.trim().replace(/^fatal: /, ''));
      const [current, ...others] = this.#waiting;
      // Answers come in the order of the requests, so it is the first that git has failed at.
      if (!failed && /could not fetch \S+ from promisor remote/.test(words)) {
        current?.reject(new NotFetched(masked(complaint({ stderr: words, code: null }))));
        for (const { reject } of others) reject(new NotAsked());
        return;
      }
      const error = failed ?? new Failure(`git ended while it was read${said ? `: ${said}` : ''}`);
      for (const { reject } of this.#waiting) reject(error);
    });
  }

  /** Whether the process has ended. */
  get ended(): boolean {
    return this.#ended || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  read(name: string): Promise<GitObject | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${name}\n`);
    });
  }

  end(): void {
    endGroup(this.#child);
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0)
      rest = this.#arriving ? this.#takeBytes(this.#arriving, rest) : this.#takeHeader(rest);
  }

  #takeHeader(chunk: Buffer): Buffer {
    const end = chunk.indexOf(0x0a);
    if (end === -1) {
      this.#header.push(chunk);
      return chunk.subarray(chunk.length);
    }
    const line = Buffer.concat([...this.#header, chunk.subarray(0, end)]).toString('utf8');
    this.#header = [];
    const [, oid, type, length] = HEADER.exec(line) ?? [];
    if (oid === undefined) this.#waiting.shift()?.resolve(undefined);
    else {
      const size = Number(length);
      const object = { oid, type: type as GitObject['type'], size };
      const kept = type !== 'blob' || size <= MAX_FILE_BYTES;
      this.#arriving = { object, chunks: [], missing: size + 1, kept };
    }
    return chunk.subarray(end + 1);
  }

  #takeBytes(arriving: Arriving, chunk: Buffer): Buffer {
    const part = chunk.subarray(0, arriving.missing);
    arriving.missing -= part.length;
    if (arriving.kept) arriving.chunks.push(part);
    if (arriving.missing === 0) {
      this.#arriving = undefined;
      const { object, kept, chunks } = arriving;
      const bytes = kept ? whole(chunks).subarray(0, object.size) : undefined;
      this.#waiting.shift()?.resolve({ ...object, bytes });
    }
    return chunk.subarray(part.length);
  }
}

function whole(chunks: Buffer[]): Buffer {
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}
