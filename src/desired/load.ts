import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DesiredSet } from '../model/recording.ts';
import type { Vault } from '../secrets/vault.ts';
import { Assembly } from './assemble.ts';
import { type Bounds, boundsOf, type Reach } from './bounds.ts';
import type { CheckedFile } from './checked.ts';
import { MAX_FILE_BYTES, tooLarge } from './decode.ts';
import {
  errorCode,
  type FoundFile,
  findRecordingFiles,
  LEADS_OUT,
  LINK_WAY,
  reason,
  wholeFile,
} from './find.ts';
import { ManyFiles } from './many-files.ts';
import { shownPath } from './paths.ts';
import { within } from './reach.ts';
import type { ReadCache } from './read-cache.ts';
import { reading, readingNow } from './reading.ts';
import {
  diagnosticAt,
  type FileBytes,
  type ResolvedFile,
  resolveFile,
  resolveNow,
  type Surroundings,
} from './resolve.ts';
import { isShortage } from './shortage.ts';

/** Files that are read at the same time: enough to keep a disk busy, far from any limit on open files. */
const AT_ONCE = 16;

/** Milliseconds between two attempts to open a file that is leased, or for which there is no handle; and the system's limit (proc(5), lease-break-time) with some to spare. */
const LEASE_CHECK = 20;
const LONGEST_LEASE = 60_000;

export interface LoadOptions {
  /** The folder of the recording files. */
  dir: string;
  /** Relative paths count from here, and are shown from here. */
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  vault: Vault;
  /** What files may name; left out, the folder that holds `dir`, every program, and every variable but our own. */
  bounds?: Bounds;
  /** Seconds since 1970; left out, no expiry is looked at. */
  now?: number;
  /** Is told what each recording file, and each that blocks take fields from, held when it was read, by its name as the user would type it. */
  onFile?: (shown: string, bytes: Uint8Array) => void;
  /**
   * What reading the files gave last time; left out, all of them are read in full. What a file that is still the same
   * says beyond what it is about can be asked for only after `reading` was waited for.
   */
  readCache?: ReadCache;
  /** Whether the identity of such a file is all that will be read of it; left out: always. */
  isEnough?: (recalled: CheckedFile) => boolean;
}

/** Everything that the files of a folder ask for. A mistake of the user is a diagnostic, never an exception. */
export async function loadRecordings(options: LoadOptions): Promise<DesiredSet> {
  const { dir, cwd } = options;
  const bounds = options.bounds ?? boundsOf(options);
  const search = await findRecordingFiles(dir, cwd, bounds.links);
  const assembly = new Assembly(await loadAll(search.found, new Loading({ ...options, bounds })));
  // The places of the duplicates have to be read from their files.
  if (assembly.disputed().length > 0) await reading();
  return assembly.set(search);
}

async function loadAll(found: readonly FoundFile[], loading: Loading): Promise<ResolvedFile[]> {
  try {
    for (const [index, file] of found.entries()) {
      const pause = loading.take(file, index);
      if (pause) await pause;
    }
    return await loading.end();
  } finally {
    loading.leave();
  }
}

/** The files of a folder on their way through both stages. What is the same as last time is recalled; the rest is read. */
class Loading {
  readonly #options: LoadOptions & { bounds: Bounds };
  readonly #surroundings: Surroundings;
  readonly #resolved: ResolvedFile[] = [];
  /** Files with references or diagnostics. */
  readonly #toFollow: { checked: CheckedFile; index: number }[] = [];
  readonly #many = new ManyFiles();

  constructor(options: LoadOptions & { bounds: Bounds }) {
    this.#options = options;
    const { bounds, onFile, cwd } = options;
    const shared = sharedOnDisk(bounds, (path, bytes) => onFile?.(shownPath(path, cwd), bytes));
    this.#surroundings = { ...options, ...onDisk(bounds), readShared: shared };
  }

  /** @returns what is to be waited for before the next, if anything */
  take(found: FoundFile, index: number): Promise<void> | undefined {
    const { links } = this.#options.bounds;
    const bytes = readNow(found.path, found.isOrdinary === true, links);
    return isPassing(bytes) ? this.#waitFor(found, index) : this.#takeBytes(bytes, found.shown, index);
  }

  /** In the order of the files. */
  async end(): Promise<ResolvedFile[]> {
    await this.#many.end();
    await eachBounded(this.#toFollow, async ({ checked, index }) => {
      this.#resolved[index] = await resolveFile(checked, this.#surroundings);
    });
    return this.#resolved;
  }

  /** Stops the threads, also after an error. */
  leave(): void {
    this.#many.leave();
  }

  async #waitFor({ path, shown, isOrdinary }: FoundFile, index: number): Promise<void> {
    const { links } = this.#options.bounds;
    await this.#takeBytes(await readFile(path, isOrdinary, links), shown, index);
  }

  #takeBytes(bytes: FileBytes, file: string, index: number): Promise<void> | undefined {
    const { onFile, readCache, isEnough = () => true } = this.#options;
    if (!(bytes instanceof Uint8Array)) {
      this.#resolve(checkNoBytes(bytes, file), index);
      return undefined;
    }
    onFile?.(file, bytes);
    const recalled = readCache?.recall(bytes, file);
    if (!recalled || !isEnough(recalled))
      return this.#many.add({ file, bytes }, (checked) =>
        this.#resolve(readCache?.learn(bytes, checked) ?? checked, index),
      );
    this.#resolve(recalled, index);
    return undefined;
  }

  /** Most are resolved at once: ten thousand promises would take longer than that. */
  #resolve(checked: CheckedFile, index: number): void {
    const resolved = resolveNow(checked);
    if (resolved) this.#resolved[index] = resolved;
    else this.#toFollow.push({ checked, index });
  }
}

/** How files on disk are read that others refer to. */
export function onDisk({ dir, files }: Bounds): Required<Pick<Surroundings, 'readFile' | 'mayQuote'>> {
  return {
    readFile: (path) => readFile(path, false, files),
    mayQuote: (path) => typeof within(path, { folders: [dir], closed: [] }) === 'string',
  };
}

/** Where files may be that blocks take fields from: they are no secrets, so with --untrusted they are read as well. */
export function sharedReach({ files, links, untrusted }: Bounds): Reach {
  return untrusted ? links : files;
}

/**
 * Reads files that blocks take fields from: each once, so that all recordings see the same of it.
 * @param onRead is told what each held
 */
export function sharedOnDisk(
  bounds: Bounds,
  onRead?: (path: string, bytes: Uint8Array) => void,
): NonNullable<Surroundings['readShared']> {
  const read = new Map<string, Promise<FileBytes>>();
  return (path) => {
    const before = read.get(path);
    if (before) return before;
    const reading = readFile(path, false, sharedReach(bounds)).then((bytes) => {
      if (bytes instanceof Uint8Array) onRead?.(path, bytes);
      return bytes;
    });
    read.set(path, reading);
    return reading;
  };
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

/**
 * The bytes of an ordinary file of at most 1 MiB. Never rejects.
 * The work is done at once: for files of this size handing it to another thread takes several times as long as it does.
 * @param isOrdinary that it is an ordinary file, and no link, is known already
 * @param reach where it may be once links are followed; left out, anywhere
 */
export async function readFile(path: string, isOrdinary = false, reach?: Reach): Promise<FileBytes> {
  let bytes = readNow(path, isOrdinary, reach);
  // As long as the system lets a lease be held.
  for (let waited = 0; isPassing(bytes) && waited < LONGEST_LEASE; waited += LEASE_CHECK) {
    await sleep(LEASE_CHECK);
    bytes = readNow(path, isOrdinary, reach);
  }
  return isPassing(bytes) ? { error: PASSING[bytes] } : bytes;
}

/** Temporary reasons why a file cannot be opened, with their words. */
const PASSING = {
  leased: 'another program does not let go of it',
  'no handle': 'too many files are open',
};

function isPassing(bytes: FileBytes | keyof typeof PASSING): bytes is keyof typeof PASSING {
  return bytes === 'leased' || bytes === 'no handle';
}

/**
 * Never blocks: neither on what has come in the file's place, nor on a lease (fcntl(2), F_SETLEASE) that another
 * process, such as a file server, still holds. "leased": that one is to let go of it soon.
 */
function readNow(path: string, isOrdinary: boolean, reach?: Reach): FileBytes | keyof typeof PASSING {
  let file: number | undefined;
  try {
    if (!isOrdinary) {
      const real = reach ? within(path, reach) : path;
      if (typeof real !== 'string') return real;
      // Checked before it is opened: opening a pipe or a device has effects on its writer.
      const stats = statSync(real);
      if (stats.isDirectory()) return { error: 'it is a folder' };
      if (!stats.isFile()) return { error: 'it is not an ordinary file' };
      file = openSync(real, reach ? READ | NO_LINK : READ);
    } else file = openSync(path, READ | NO_LINK);
    const stats = fstatSync(file);
    // The file may have been replaced meanwhile.
    if (!stats.isFile()) return { error: 'it is not an ordinary file' };
    if (stats.size > MAX_FILE_BYTES) return { error: tooLarge(stats.size), tooLarge: true };
    return readOpened(file, stats.size);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EAGAIN') return 'leased';
    // The file was replaced by a link.
    if (isOrdinary && (code === 'ELOOP' || code === 'EMLINK')) return readNow(path, false, reach);
    if (isShortage(error)) return 'no handle';
    return code === 'ENOENT' ? 'missing' : { error: reason(error) };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const NO_LINK = constants.O_NOFOLLOW ?? 0;

/** @param size as the file's status tells; what has none may hold something all the same, and without an end */
function readOpened(file: number, size: number): FileBytes {
  // Small buffers share their memory, which spares ten thousand pieces of it.
  const buffer = Buffer.allocUnsafe(size === 0 ? MAX_FILE_BYTES + 1 : size);
  let length = 0;
  for (let read = -1; read !== 0 && length < buffer.length; length += read)
    read = readSync(file, buffer, length, buffer.length - length, null);
  if (length > MAX_FILE_BYTES) return { error: tooLarge(length), tooLarge: true };
  // Copied, so that a file of size 0 does not keep a megabyte.
  return size === 0 ? Buffer.from(buffer.subarray(0, length)) : buffer.subarray(0, length);
}

/**
 * Results in the order of the items; never more than AT_ONCE at work. Where one fails, what is under way is waited
 * for, and no other is begun.
 */
export async function eachBounded<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    try {
      for (let index = next++; index < items.length; index = next++)
        results[index] = await work(items[index] as T);
    } catch (error) {
      next = items.length;
      throw error;
    }
  };
  const workers = Array.from({ length: Math.min(AT_ONCE, items.length) }, worker);
  await Promise.allSettled(workers);
  // Throws what the first of them has thrown.
  await Promise.all(workers);
  return results;
}
