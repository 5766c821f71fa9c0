import type { DesiredSource } from '../model/source.ts';
import { WatchedFiles, type WatchedOptions } from './files.ts';
import type { Hint } from './followed-file.ts';
import type { Refreshed } from './rounds.ts';
import { WatchedFolders, type WatchFolder, watchFolder } from './watched-folders.ts';

/** Milliseconds without an event after which what has come in is handed on. The events of one save come together. */
const QUIET = 2;

/** While events go on coming in, as in a checkout, what there is is handed on after so many milliseconds. */
const LONGEST_GATHERING = 50;

/**
 * Events in one batch from which on some may have been lost: the system's queue holds 16,384 (inotify(7),
 * max_queued_events). Then nothing that was not heard counts as not having happened.
 */
const TRUSTED_EVENTS = 4_096;

/**
 * Without --sweep the source rests between two sweeps for so many times what the last one took: with ten thousand files
 * that is less than half a percent of a processor, although garbage and planning cost as much again. Events tell of
 * nearly everything anyway.
 */
const REST_FACTOR = 600;

export interface SourceOptions extends WatchedOptions {
  /** Milliseconds between two sweeps, which find what no event told. */
  sweepMs: number;
  /** The longest rest between two sweeps that take long; left out, it is never longer than `sweepMs`. */
  longestRestMs?: number;
  /** The same where the system does not let all folders be watched. */
  pollMs: number;
  /** Something may have changed: `refresh([])` tells. */
  onChange: () => void;
  /** Called once, with a message: events cannot be relied on. */
  onTrouble: (message: string) => void;
  watchFolder?: WatchFolder;
}

/** The files of a folder as a source that tells when to refresh. */
export class FileSource implements DesiredSource {
  readonly #options: SourceOptions;
  readonly #files: WatchedFiles;
  readonly #folders: WatchedFolders;
  readonly #closing = new AbortController();
  /** Hints from events since the last refresh, and during it. */
  #pending = new Map<string, Hint>();
  #handed: ReadonlyMap<string, Hint> = new Map();
  /** Aborts when events name more than the refresh under way was asked for. */
  #awaited = new AbortController();
  #events = 0;
  #all = true;
  #gathering = false;
  #started = false;
  /** When the sweep under way, or interrupted, began, on the monotonic clock. */
  #began: number | undefined;
  /** How long the last sweep took, in milliseconds. */
  #took = 0;
  #inTrouble = false;
  #listenedAt = -1;
  #running: Promise<unknown> = Promise.resolve();
  #settling = new AbortController();
  #sweeping = new AbortController();

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#files = new WatchedFiles(options, () => this.#listen());
    this.#folders = new WatchedFolders(options.watchFolder ?? watchFolder, (kind, path) =>
      this.#heard(kind, path),
    );
  }

  /**
   * Reads what events have named since the last refresh, the first time everything. One refresh at a time.
   * @param hint further paths to be read, absolute; left out, everything is read
   */
  refresh(hint?: readonly string[]): Promise<Refreshed> {
    if (!hint) this.#all = true;
    for (const path of hint ?? []) this.#note('change', path);
    const run = this.#running.then(() => this.#refresh());
    this.#running = run.catch(() => {});
    return run;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#settling.abort();
    this.#sweeping.abort();
    this.#folders.close();
    await this.#running;
  }

  async #refresh(): Promise<Refreshed> {
    const all = this.#all;
    this.#handed = this.#pending;
    if (this.#events > TRUSTED_EVENTS) for (const hint of this.#pending.values()) hint.written = true;
    this.#pending = new Map();
    this.#events = 0;
    this.#all = false;
    this.#awaited = new AbortController();
    // The first refresh parses everything, a sweep does not.
    if (all && this.#started) this.#began ??= this.#options.clock.monotonic();
    const refreshed = await this.#files.refresh(this.#handed, all, this.#awaited.signal);
    this.#handed = new Map();
    if (this.#closing.signal.aborted) return refreshed;
    if (refreshed.more) this.#options.onChange();
    else if (this.#began !== undefined) {
      this.#took = this.#options.clock.monotonic() - this.#began;
      this.#began = undefined;
    }
    if (await this.#listen()) {
      this.#all = true;
      void this.#gather();
    }
    this.#scheduleCheck(refreshed.again);
    if (!this.#started) void this.#sweep();
    this.#started = true;
    return refreshed;
  }

  /** Watches all folders that matter. @returns whether there are new ones: earlier changes there gave no event */
  async #listen(): Promise<boolean> {
    const { version } = this.#files.places;
    if (version === this.#listenedAt || this.#closing.signal.aborted) return false;
    this.#listenedAt = version;
    const more = await this.#folders.follow(this.#files.places.folders());
    const { limit } = this.#folders;
    if (limit && !this.#inTrouble) {
      const seconds = this.#options.pollMs / 1000;
      this.#options.onTrouble(
        `the system lets no more folders be watched (${limit}): looking at all files every ${seconds} s instead`,
      );
      this.#sweeping.abort();
    }
    this.#inTrouble = limit !== undefined;
    return more;
  }

  #heard(kind: string, path: string | undefined): void {
    if (path !== undefined && !this.#files.places.concerns(path)) return;
    if (path === undefined) this.#all = true;
    else this.#note(kind, path);
    this.#events++;
    void this.#gather();
  }

  #note(kind: string, path: string): void {
    const hint = this.#pending.get(path) ?? { moved: false, written: false };
    this.#pending.set(path, hint);
    this.#awaited.abort();
    if (kind === 'rename') {
      hint.moved = true;
      return;
    }
    hint.written = true;
    const handed = this.#handed.get(path);
    if (handed) handed.written = true;
  }

  /** Waits until the events of one save or checkout have come in. */
  async #gather(): Promise<void> {
    if (this.#gathering) return;
    this.#gathering = true;
    const { clock, onChange } = this.#options;
    const since = clock.monotonic();
    let heard: number;
    do {
      heard = this.#events;
      await clock.sleep(QUIET, this.#closing.signal);
    } while (this.#events !== heard && clock.monotonic() - since < LONGEST_GATHERING);
    this.#gathering = false;
    if (!this.#closing.signal.aborted) onChange();
  }

  /** Schedules the next check of files that are being written. */
  #scheduleCheck(again: number | undefined): void {
    this.#settling.abort();
    if (again === undefined) return;
    this.#settling = new AbortController();
    const { signal } = this.#settling;
    // A checkout's files settle one after another: one refresh takes several.
    const pause = Math.max(again, this.#options.settleMs / 4);
    void this.#options.clock.sleep(Math.ceil(pause), signal).then(() => {
      if (!signal.aborted) this.#options.onChange();
    });
  }

  async #sweep(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const { clock, sweepMs, pollMs, longestRestMs = 0 } = this.#options;
      this.#sweeping = new AbortController();
      const { signal } = this.#sweeping;
      const atEase = Math.max(sweepMs, Math.min(this.#took * REST_FACTOR, longestRestMs));
      await clock.sleep(this.#inTrouble ? pollMs : atEase, signal);
      if (signal.aborted) continue;
      this.#all = true;
      this.#options.onChange();
    }
  }
}
