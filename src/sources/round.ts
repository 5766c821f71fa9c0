import type { CheckedFile } from '../desired/checked.ts';
import type { Standing } from '../desired/loss.ts';
import type { ResolvedFile } from '../desired/resolve.ts';
import type { Known, KnownRecording } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { Look } from '../model/source.ts';
import { Pace } from '../model/turns.ts';
import type { FollowedFile, Hint } from './followed-file.ts';

/** What a look at the files has given. `set` is the same object as before when nothing has changed. */
export interface Refreshed extends Look {
  /** Files of which something has changed, as the user would type them: what is known from there is concerned, too. */
  files: ReadonlySet<string>;
  /** Everything known is to be compared anew: the first look, or what could not be read has changed. */
  whole: boolean;
  /** Files in motion, as the user would type them: what they held before stands. */
  settling: string[];
  /** After how many milliseconds those want to be looked at again. */
  again?: number;
  /** A look at many files gave way to one at few: the rest of it is to be asked for at once. */
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
  /** What its documents said when they were last without an error. */
  standing: readonly Standing[];
  resolved?: ResolvedFile;
  /** References that the last resolution followed. */
  uses: ReadonlySet<string>;
}

/** Bytes with what they say, or why they could not be read. */
export type Reading = (readonly [Uint8Array, CheckedFile])[] | Error;

/** What one look at files gathers, and what of it is still to be done: it may be left, and taken up again. */
export class Round {
  dirty = false;
  whole = false;
  /** Whether the folders are to be searched first. */
  search = false;
  readonly names: Set<string> = new Set();
  readonly files: Set<string> = new Set();
  /** Paths to be looked at. */
  readonly due = new Map<string, Hint | undefined>();
  /** Read, but not understood yet. */
  readonly unread: Map<Entry, Uint8Array> = new Map();
  /** What other threads make of it. */
  reading: Promise<Reading> | undefined;
  readonly read: Map<Uint8Array, CheckedFile> = new Map();
  readonly unresolved: Set<Entry> = new Set();
  readonly #pace: Pace;
  #known: Map<string, KnownRecording[]> | undefined;

  constructor(clock: Clock) {
    this.#pace = new Pace(clock);
  }

  /** A path is to be looked at. @param hint what events have told of it, besides what they told before */
  owe(path: string, hint?: Hint): void {
    const before = this.due.get(path);
    if (!before) this.due.set(path, hint);
    else if (hint?.moved) before.moved = true;
    if (before && hint?.written) before.written = true;
  }

  /** Takes over what another one was to do. */
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
      for (const recording of known.values())
        for (const id of [`file ${recording.file}`, `name ${recording.name}`])
          this.#known.set(id, [...(this.#known.get(id) ?? []), recording]);
    }
    const ids = [`file ${shown}`, ...documents.map(({ name }) => `name ${name}`)];
    const found = new Set(ids.flatMap((id) => this.#known?.get(id) ?? []));
    for (const { recording } of documents) {
      const same = 'fromFile' in recording ? undefined : known.get(recordingKey(recording));
      if (same) found.add(same);
    }
    return found;
  }

  pace(): Promise<void> | undefined {
    return this.#pace.breathe();
  }
}
