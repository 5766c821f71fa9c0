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
import { Outlines } from '../desired/outlines.ts';
import type { State, Written } from '../model/journal.ts';
import type { RecordingPlan } from '../model/plan.ts';
import type { DesiredRecording } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { version } from '../version.ts';
import type { FileMemory } from './git.ts';

/*
 * Outlines from one run to the next, in the user's cache folder, never in a checkout. A cache is a guess: one that is
 * torn, somebody else's, of another version, or in any other way not what was written, is as good as none.
 */

/** A cache that nobody has written for so long is removed, in milliseconds: checkouts come and go. */
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

/** The outlines of a folder's files, kept between runs. */
export class OutlineCache {
  readonly outlines: Outlines;
  readonly #path: string | undefined;

  /** Reads what was kept. Never throws: without a cache everything is read in full. */
  constructor({ dir, cwd, env, fromGit }: CachePlace) {
    const folder = cacheFolder(env);
    // The names under which files are shown count from the working directory.
    const name = hash('sha256', `${resolve(cwd, dir)}\n${cwd}${fromGit ? '\ngit' : ''}`);
    this.#path = folder && join(folder, `${name}${ENDING}`);
    this.outlines = new Outlines(this.#path && readCache(this.#path));
  }

  /**
   * Keeps what has been learnt. Never throws: what cannot be kept is learnt again.
   * @param now milliseconds since 1970
   */
  save(now: number): void {
    if (this.#path === undefined || this.outlines.size === 0) return;
    const text = this.outlines.text();
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

/** Knows of which recordings the file says what is known of them, without comparing them again. */
export class Settlements {
  readonly #outlines: Outlines;
  readonly #state: Pick<State, 'known' | 'written'>;

  constructor({ outlines }: OutlineCache, state: Pick<State, 'known' | 'written'>) {
    this.#outlines = outlines;
    this.#state = state;
  }

  /** The memory of a source that knows content by its ID: of files that are settled nobody asks for more. */
  get memory(): FileMemory {
    const outlines = this.#outlines;
    return {
      recall: (oid, file, bytes) => {
        const checked = outlines.recallById(oid, file, bytes);
        return checked && this.isEnough(checked) ? checked : undefined;
      },
      learn: (oid, bytes, checked) => outlines.learn(bytes, checked, oid),
    };
  }

  /** Whether nobody will ask for more than what a file is about, because it is settled. */
  isEnough = ({ file, documents: [document] }: CheckedFile): boolean =>
    document !== undefined &&
    !('fromFile' in document.recording) &&
    this.#outlines.isSettled(file, document.content, this.#written(recordingKey(document.recording)));

  /** Whether there was nothing to do when the recording and what is known of it were the same as now. */
  isSettled = ({ file, identity, content }: DesiredRecording): boolean =>
    identity !== undefined && this.#outlines.isSettled(file, content, this.#written(recordingKey(identity)));

  /** Takes down a plan with nothing to do and nothing to say. */
  settle({ action, calls, notes, released, unresolved, file, key, content }: RecordingPlan): void {
    if (action !== 'no-op' || key === undefined) return;
    if (calls.length + notes.length + released.length + unresolved.length === 0)
      this.#outlines.settle(file, content, this.#written(key));
  }

  /** What is known of a recording: as it was written down, or as it would be. */
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
    // Where nothing could be written there is nothing to be removed.
  }
}

/** The user's folder for this (XDG Base Directory Specification: XDG_CACHE_HOME counts only where it is absolute). */
function cacheFolder({ XDG_CACHE_HOME, HOME, LOCALAPPDATA }: CachePlace['env']): string | undefined {
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, 'reelstate');
  if (HOME && isAbsolute(HOME)) return join(HOME, '.cache', 'reelstate');
  return LOCALAPPDATA ? join(LOCALAPPDATA, 'reelstate', 'cache') : undefined;
}

/** What a cache begins with: of which program it is, and the sum of the rest. */
function header(content: Buffer): string {
  const { mtimeMs, size } = statSync(fileURLToPath(import.meta.url));
  // The time as well, because a program that is being worked on changes without a new version.
  return `reelstate outlines ${version} ${mtimeMs} ${size} ${hash('sha256', content)}`;
}

function readCache(path: string): string | undefined {
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
