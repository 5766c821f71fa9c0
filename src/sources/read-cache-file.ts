import { hash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckedFile } from '../desired/checked.ts';
import { ReadCache } from '../desired/read-cache.ts';
import type { State, Written } from '../model/journal.ts';
import type { RecordingPlan } from '../model/plan.ts';
import type { DesiredRecording } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { version } from '../version.ts';

/*
 * The read cache from one run to the next, in the user's cache folder, never in a checkout. A cache file that is torn,
 * owned by another user, of another version, or in any other way not what was written, is ignored.
 */

/** A cache file that was not written for so long is removed, in milliseconds: checkouts come and go. */
const FORGOTTEN_AFTER = 30 * 24 * 3_600_000;

const ENDING = '.outlines';

export interface CachePlace {
  /** The folder of the recording files. */
  dir: string;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The files are those of commits: their content goes by git's IDs. */
  fromGit?: boolean;
}

/** The read cache of a folder's files, kept between runs. */
export class ReadCacheFile {
  readonly readCache: ReadCache;
  readonly #path: string | undefined;

  /** Reads the cache file. Never throws: without it every file is read in full. */
  constructor({ dir, cwd, env, fromGit }: CachePlace) {
    const folder = cacheFolder(env);
    // The names under which files are shown count from the working directory.
    const name = hash('sha256', `${resolve(cwd, dir)}\n${cwd}${fromGit ? '\ngit' : ''}`);
    this.#path = folder && join(folder, `${name}${ENDING}`);
    this.readCache = new ReadCache(this.#path && readCacheText(this.#path));
  }

  /**
   * Writes the cache. Never throws: what cannot be written is read again.
   * @param now milliseconds since 1970
   */
  save(now: number): void {
    if (this.#path === undefined || this.readCache.size === 0) return;
    const text = this.readCache.text();
    if (text === undefined) return;
    const aside = `${this.#path}.${randomBytes(6).toString('hex')}`;
    try {
      const folder = join(this.#path, '..');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const content = Buffer.from(text);
      const whole = Buffer.concat([Buffer.from(`${header(content)}\n`), content]);
      writeFileSync(aside, whole, { flag: 'wx', mode: 0o600 });
      renameSync(aside, this.#path);
      removeForgotten(folder, now);
    } catch {
      removeIfThere(aside);
    }
  }
}

/** Knows for which recordings the plan is a no-op, without planning them again. */
export class NoopCache {
  readonly #readCache: ReadCache;
  readonly #state: Pick<State, 'known' | 'written'>;

  constructor({ readCache }: ReadCacheFile, state: Pick<State, 'known' | 'written'>) {
    this.#readCache = readCache;
    this.#state = state;
  }

  /** Whether a file's identity is enough, because its plan is a no-op. */
  isEnough = ({ file, documents: [document] }: CheckedFile): boolean =>
    document !== undefined &&
    !('fromFile' in document.recording) &&
    this.#readCache.isNoop(file, document.content, this.#written(recordingKey(document.recording)));

  /** Whether the plan was a no-op for the recording and its state as they are now. */
  isNoop = ({ file, identity, content }: DesiredRecording): boolean =>
    identity !== undefined && this.#readCache.isNoop(file, content, this.#written(recordingKey(identity)));

  /** Remembers a plan without calls and notes. */
  remember({ action, calls, notes, released, unresolved, file, key, content }: RecordingPlan): void {
    if (action !== 'no-op' || key === undefined) return;
    if (calls.length + notes.length + released.length + unresolved.length === 0)
      this.#readCache.rememberNoop(file, content, this.#written(key));
  }

  /** The recording's line of the state: as it was written, or as it would be. */
  #written(key: string): Pick<Written, 'digest'> | undefined {
    const { known, written } = this.#state;
    const line = written.get(key);
    if (line !== undefined) return line;
    const recording = known.get(key);
    return recording && { digest: hash('sha256', JSON.stringify(recording), 'base64') };
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing was written, so nothing has to be removed.
  }
}

/** The user's folder for this (XDG Base Directory Specification: XDG_CACHE_HOME counts only where it is absolute). */
function cacheFolder({ XDG_CACHE_HOME, HOME, LOCALAPPDATA }: CachePlace['env']): string | undefined {
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, 'reelstate');
  if (HOME && isAbsolute(HOME)) return join(HOME, '.cache', 'reelstate');
  return LOCALAPPDATA ? join(LOCALAPPDATA, 'reelstate', 'cache') : undefined;
}

/** The first line of a cache file: the program it is from, and the checksum of the rest. */
function header(content: Buffer): string {
  const { mtimeMs, size } = statSync(fileURLToPath(import.meta.url));
  // The program's modification time as well, because a program under development changes without a new version.
  return `reelstate outlines ${version} ${mtimeMs} ${size} ${hash('sha256', content)}`;
}

function readCacheText(path: string): string | undefined {
  try {
    const file = openSync(
      path,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
    try {
      const stats = fstatSync(file);
      const isOurs = process.getuid === undefined || stats.uid === process.getuid();
      if (!stats.isFile() || !isOurs || (stats.mode & 0o022) !== 0) return undefined;
      const whole = readFileSync(file);
      const end = whole.indexOf('\n');
      const content = whole.subarray(end + 1);
      return whole.toString('utf8', 0, end) === header(content) ? content.toString() : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

function removeForgotten(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.includes(ENDING) && now - statSync(path).mtimeMs > FORGOTTEN_AFTER)
      rmSync(path, { force: true });
  }
}
