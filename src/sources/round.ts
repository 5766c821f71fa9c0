import type { CheckedFile } from '../desired/checked.ts';
import type { Standing } from '../desired/loss.ts';
import type { ResolvedFile } from '../desired/resolve.ts';
import type { Known } from '../model/known.ts';
import type { KnownRecording } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { Snapshot } from '../model/source.ts';
import { Pace } from '../model/turns.ts';
import type { FollowedFile, Hint } from './followed-file.ts';

/** The result of a refresh. `set` is the same object as before when nothing has changed. */
export interface Refreshed extends Snapshot {
  /**
   * Files of which something has changed, as the user would type them: known recordings from there are planned again,
   * too.
   */
  files: ReadonlySet<string>;
  /** Every known recording is to be planned again: the first refresh, or the unreadable files have changed. */
  whole: boolean;
  /** Files that are still being written, as the user would type them: their content before counts. */
  settling: string[];
  /** After how many milliseconds those are to be checked again. */
  again?: number;
  /** A refresh of many files yielded: its rest is to be asked for at once. */
  more: boolean;
}

/** A recording file. Exactly one of: in the assembly; held; lost; parked. */
export interface Entry {
  path: string;
  shown: string;
  file: FollowedFile;
  /** Stage A of what was last taken. */
  checked?: CheckedFile;
  /** Stage A of what it holds now, where that takes something away: it must stand still for so many milliseconds. */
  offered?: { checked: CheckedFile; needed: number } | undefined;
  /** What its documents said when they last had no error. */
  standing: readonly Standing[];
  resolved?: ResolvedFile;
  /** References that the last resolution followed. */
  uses: ReadonlySet<string>;
}

/** Bytes with what they say, or why they could not be read. */
export type Reading = (readonly [Uint8Array, CheckedFile])[] | Error;

/** The work of one refresh, done and still to do: it can be interrupted and resumed. */
export class Round {
  dirty = false;
  whole = false;
  /** Whether the folders are to be searched first. */
  search = false;
  readonly names: Set<string> = new Set();
  readonly files: Set<string> = new Set();
  /** Paths to check. */
  readonly due = new Map<string, Hint | undefined>();
  /** Read, but not understood yet. */
  readonly unread: Map<Entry, Uint8Array> = new Map();
  /** The result of other threads. */
  reading: Promise<Reading> | undefined;
  readonly read: Map<Uint8Array, CheckedFile> = new Map();
  readonly unresolved: Set<Entry> = new Set();
  readonly #pace: Pace;
  #known: Map<string, string[]> | undefined;

  constructor(clock: Clock) {
    this.#pace = new Pace(clock);
  }

  /** Adds a path to check. @param hint of events, added to earlier hints */
  owe(path: string, hint?: Hint): void {
    const before = this.due.get(path);
    if (!before) this.due.set(path, hint);
    else if (hint?.moved) before.moved = true;
    if (before && hint?.written) before.written = true;
  }

  /** Takes over the work of another round. */
  absorb({ search, due }: Round): void {
    this.search ||= search;
    for (const [path, hint] of due) this.owe(path, hint);
  }

  /** Something of the file has changed. */
  note({ shown, resolved }: Entry): void {
    this.dirty = true;
    this.files.add(shown);
    for (const { recording } of resolved?.documents ?? []) this.names.add(recording.name);
  }

  /** Recordings that are known from a file, and those that its documents are about: the file may have been moved. */
  knownOf({ shown }: Entry, { documents }: CheckedFile, known: Known): ReadonlySet<KnownRecording> {
    if (!this.#known) {
      this.#known = new Map();
      for (const { key, name, file } of known.heads())
        for (const id of [`file ${file}`, `name ${name}`])
          this.#known.set(id, [...(this.#known.get(id) ?? []), key]);
    }
    const ids = [`file ${shown}`, ...documents.map(({ name }) => `name ${name}`)];
    const keys = new Set(ids.flatMap((id) => this.#known?.get(id) ?? []));
    for (const { recording } of documents) if (!('fromFile' in recording)) keys.add(recordingKey(recording));
    return new Set([...keys].flatMap((key) => known.get(key) ?? []));
  }

  pace(): Promise<void> | undefined {
    return this.#pace.breathe();
  }
}
