import { hash as digest } from 'node:crypto';
import { lstatSync, type Stats, statSync } from 'node:fs';
import { readFile } from '../desired/disk.ts';
import { errorCode } from '../desired/find.ts';
import type { FileBytes } from '../desired/surroundings.ts';
import type { Clock } from '../model/ports.ts';
import { turn } from '../model/turns.ts';

/*
 * When is a file complete? No system call tells; it is inferred:
 *   - Renamed into place: an event brought the name here and none told of writing to it. It was whole before it
 *     came, and is taken at once.
 *   - Written in place: taken when size, times and inode have stood still for the settle time. A save is one or a
 *     few writes within a millisecond, so that a pause of tens of milliseconds means the end of it, or a writer
 *     that was put to sleep in the middle of it.
 *   - Against the latter: what is empty, or ends within a line that did not end the file before, looks unfinished and
 *     has to stand still for two seconds. So does what takes something away, which only who understands it can tell:
 *     `stoodStill` is for that. A file that is gone has to stay so, too, for a shorter time: many a save takes the old
 *     one away before the new one comes.
 *   - Untouched for seconds: complete, however it was written.
 */

/** How long what may be half of what its writer means must stand still, in milliseconds. */
export const LONG_STANDSTILL = 2_000;

/** So many times the settle time a file must be gone: a heavily loaded machine's writer comes back within that. */
const GONE_FACTOR = 10;

/**
 * Milliseconds after which a file's own times are believed: the coarsest clock of a file system in use counts in
 * steps of two seconds (FAT). Before that, equal times do not prove equal content.
 */
const BELIEVED_AFTER = 2_000;

const LINE_END = '\n'.charCodeAt(0);

/** What a whole text ends with: the end of a line or, being JSON, a bracket. */
const LAST_BYTES = [LINE_END, ...[...']}'].map((character) => character.charCodeAt(0))];

/** The hints of events about one path. Changed while a check is under way, so that the check can notice. */
export interface Hint {
  /** The name was made, moved or removed. */
  moved: boolean;
  /** Something was written to the file under that name, or may have been. */
  written: boolean;
}

/** What of a file's status tells one from another. */
type Different = Pick<Stats, 'ino' | 'size' | 'mtimeMs' | 'ctimeMs' | 'dev'>;

/** What is kept of a file's status. The whole would be four dates more for each. */
type Status = Different & { isOrdinary: boolean };

/** What there is to a path, without reading: the status, or the code of the error. */
export type Stamp = Status | string;

/** The result of a check. `again`: the file is being written; check once more after so many milliseconds. */
export type Sight =
  | { state: 'same' }
  | { state: 'changed'; bytes: FileBytes }
  | { state: 'settling'; again: number };

export interface Following {
  clock: Clock;
  /** How long a file must stand still that is written in place, in milliseconds. */
  settleMs: number;
  /** Aborts when the content is no longer awaited. */
  until?: AbortSignal | undefined;
  /** Reads a file within the bounds that it has; left out, wherever it is. */
  readFile?: (path: string, isOrdinary: boolean) => Promise<FileBytes>;
}

/** How long something that is gone, or cannot be read, must stay so to be believed, in milliseconds. */
export function patience({ settleMs }: Following): number {
  return settleMs * GONE_FACTOR;
}

export function stampOf(path: string): Stamp {
  const status = statusOf(path);
  if (typeof status === 'string') return status;
  const { ino, size, mtimeMs, ctimeMs, dev } = status;
  return { ino, size, mtimeMs, ctimeMs, dev, isOrdinary: status.isFile() };
}

function statusOf(path: string): Stats | string {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? 'ENOENT';
  } catch (error) {
    return errorCode(error) ?? 'unknown';
  }
}

/** The status of a path itself, links not followed; undefined where there is none to be had. */
export function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

interface Taken {
  key: string;
  stamp: Stamp;
  /** Its times are too young to prove that it holds what it held. */
  racy: boolean;
  /** Since when it has stood still, on the monotonic clock. */
  since: number;
  /** SHA-256 of what follows the last end of a line; it may be secret. undefined where nothing does. */
  tail: string | undefined;
}

/** Follows the content of one path: reports a new content once it is complete. */
export class FollowedFile {
  readonly path: string;
  readonly #following: Following;
  #taken: Taken | undefined;
  #seen: { stamp: Stamp; since: number } | undefined;

  constructor(path: string, following: Following) {
    this.path = path;
    this.#following = following;
  }

  /** Whether it was ever found at rest. */
  get known(): boolean {
    return this.#taken !== undefined;
  }

  /** The status of what was last taken. */
  get stamp(): Stamp | undefined {
    return this.#taken?.stamp;
  }

  /** For how long what was last taken has stood still, in milliseconds; Infinity where it came whole or at rest. */
  get stoodStill(): number {
    return this.#taken ? this.#following.clock.monotonic() - this.#taken.since : 0;
  }

  /** Whether its status alone proves that it is unchanged, as long as no event has told of writing. */
  isUntouched(stamp: Different | string = statusOf(this.path)): boolean {
    if (!this.#taken || this.#taken.racy || !isSame(stamp, this.#taken.stamp)) return false;
    this.#seen = undefined;
    return true;
  }

  /**
   * Checks whether the file holds something else than was last taken. One check at a time.
   * @param hint what events told, where there were any
   * @param stamp the file's stamp, where the caller has it already
   */
  async check(hint?: Hint, stamp = stampOf(this.path)): Promise<Sight> {
    if (!hint?.written && this.isUntouched(stamp)) return { state: 'same' };
    const unchanged = this.#taken !== undefined && isSame(stamp, this.#taken.stamp);
    const arrived = this.#hasArrived(stamp, hint);
    const whole = arrived || this.#isAtRest(stamp);
    const wait = whole || unchanged ? 0 : this.#wait(stamp, hint, this.#following.settleMs);
    if (wait > 0) return { state: 'settling', again: wait };
    const lookedAt = this.#following.clock.now();
    const { readFile: read = readFile } = this.#following;
    const bytes = await read(this.path, typeof stamp !== 'string' && stamp.isOrdinary);
    const after = stampOf(this.path);
    if (!isSame(stamp, after)) return this.#moving(after);
    const key = keyOf(bytes);
    if (key !== this.#taken?.key) {
      const doubt = await this.#doubt({ stamp, bytes, arrived, hint });
      if (doubt > 0) return { state: 'settling', again: doubt };
    }
    const changed = key !== this.#taken?.key;
    const since = whole ? Number.NEGATIVE_INFINITY : this.#stillSince(hint);
    this.#seen = undefined;
    this.#taken = {
      ...{ key, stamp, since, tail: tailOf(bytes) },
      racy: typeof stamp !== 'string' && lookedAt - stamp.ctimeMs < BELIEVED_AFTER,
    };
    return changed ? { state: 'changed', bytes } : { state: 'same' };
  }

  /** How long what was read cannot be taken yet, in milliseconds. */
  async #doubt(read: { stamp: Stamp; bytes: FileBytes; arrived: boolean; hint?: Hint }): Promise<number> {
    const { stamp, bytes, hint } = read;
    if (read.arrived && !isEmpty(bytes)) {
      // An event about writing that had happened before the file was read has come in by now.
      await nextPoll();
      return hint?.written ? this.#wait(stamp, hint, this.#following.settleMs) : 0;
    }
    if (this.#isAtRest(stamp)) return 0;
    return this.#wait(stamp, undefined, this.#needed(bytes));
  }

  #needed(bytes: FileBytes): number {
    if (!(bytes instanceof Uint8Array)) return patience(this.#following);
    // An editor that leaves out the end of the last line does so each time.
    const isWhole = LAST_BYTES.includes(bytes.at(-1) as number) || tailOf(bytes) === this.#taken?.tail;
    return isWhole && bytes.length > 0 ? this.#following.settleMs : LONG_STANDSTILL;
  }

  /** Since when the file that is being taken has stood still. */
  #stillSince(hint: Hint | undefined): number {
    if (this.#seen) return this.#seen.since;
    return this.#taken && !hint?.written ? this.#taken.since : this.#following.clock.monotonic();
  }

  /** Whether another file has come to stand here, whole. */
  #hasArrived(stamp: Stamp, hint: Hint | undefined): boolean {
    if (!hint?.moved || hint.written || typeof stamp === 'string') return false;
    const before = this.#taken?.stamp;
    return typeof before !== 'object' || before.ino !== stamp.ino;
  }

  #isAtRest(stamp: Stamp): boolean {
    if (typeof stamp === 'string') return this.#taken === undefined;
    // It has changed since the last check, whatever a clock that differs from the file system's says.
    if (this.#taken !== undefined) return false;
    // Programs cannot set the inode's change time, unlike the modification time.
    return this.#following.clock.now() - stamp.ctimeMs > BELIEVED_AFTER;
  }

  /** The rest of the time for which the file must be still. */
  #wait(stamp: Stamp, hint: Hint | undefined, needed: number): number {
    const now = this.#following.clock.monotonic();
    if (!this.#seen || !isSame(this.#seen.stamp, stamp) || hint?.written) this.#seen = { stamp, since: now };
    return needed - (now - this.#seen.since);
  }

  #moving(stamp: Stamp): Sight {
    this.#seen = { stamp, since: this.#following.clock.monotonic() };
    return { state: 'settling', again: this.#following.settleMs };
  }
}

/** For how long a file that is read once is waited for, in milliseconds. */
const LONGEST_WRITING = 5_000;

/** Reads a file once its writer has finished it. Of one that is written all the time it says so. */
export async function readSettled(path: string, following: Following): Promise<FileBytes> {
  const { clock } = following;
  const file = new FollowedFile(path, following);
  const end = clock.monotonic() + LONGEST_WRITING;
  while (clock.monotonic() < end) {
    const sight = await file.check();
    if (sight.state === 'changed') return sight.bytes;
    await clock.sleep(sight.state === 'settling' ? sight.again : 0);
  }
  return { error: 'it is being written all the time' };
}

function isSame(a: Different | string, b: Different | string): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return (
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs &&
    a.dev === b.dev
  );
}

function keyOf(bytes: FileBytes): string {
  if (bytes instanceof Uint8Array) return digest('sha256', bytes, 'base64');
  return bytes === 'missing' ? bytes : `error: ${bytes.error}`;
}

function isEmpty(bytes: FileBytes): boolean {
  return bytes instanceof Uint8Array && bytes.length === 0;
}

function tailOf(bytes: FileBytes): string | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.at(-1) === LINE_END) return undefined;
  return digest('sha256', bytes.subarray(bytes.lastIndexOf(LINE_END) + 1), 'base64');
}

/** Resolves after the event loop has polled once more from start to end, so that pending events have been delivered. */
async function nextPoll(): Promise<void> {
  await turn();
  await turn();
}
