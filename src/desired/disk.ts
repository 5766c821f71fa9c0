import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bounds, Reach } from './bounds.ts';
import { MAX_FILE_BYTES, tooLarge } from './decode.ts';
import { errorCode, reason } from './find.ts';
import { within } from './reach.ts';
import { isShortage } from './shortage.ts';
import type { FileBytes, Surroundings } from './surroundings.ts';

/*
 * The bytes of files on disk.
 */

/** Milliseconds between two attempts to open a file that is leased, or for which there is no handle; and the system's limit (proc(5), lease-break-time) with some to spare. */
const LEASE_CHECK = 20;
const LONGEST_LEASE = 60_000;

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

export function isPassing(bytes: FileBytes | keyof typeof PASSING): bytes is keyof typeof PASSING {
  return bytes === 'leased' || bytes === 'no handle';
}

/**
 * Never blocks: neither on what has come in the file's place, nor on a lease (fcntl(2), F_SETLEASE) that another
 * process, such as a file server, still holds. "leased": that one is to let go of it soon.
 */
export function readNow(path: string, isOrdinary = false, reach?: Reach): FileBytes | keyof typeof PASSING {
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
