import type { CheckedFile } from '../desired/checked.ts';
import type { Standing } from '../desired/loss.ts';
import type { ResolvedFile } from '../desired/resolve.ts';
import type { KnownRecording } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Look } from '../model/source.ts';
import type { FollowedFile, Hint } from './followed-file.ts';
import { Pace } from './pace.ts';

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

  /** Takes over what another one was to do, and has taken note of. */
  absorb(other: Round): void {
    this.dirty ||= other.dirty;
    this.whole ||= other.whole;
    this.search ||= other.search;
    for (const name of other.names) this.names.add(name);
    for (const file of other.files) this.files.add(file);
    for (const [path, hint] of other.due) this.due.set(path, hint);
    for (const [entry, bytes] of other.unread) this.unread.set(entry, bytes);
    for (const entry of other.unresolved) this.unresolved.add(entry);
  }

  /** Something of the file has changed. */
  note({ shown, resolved }: Entry): void {
    this.dirty = true;
    this.files.add(shown);
    for (const { recording } of resolved?.documents ?? []) this.names.add(recording.name);
  }

  /** Recordings that are known from a file. */
  knownOf(shown: string, known: Iterable<KnownRecording>): readonly KnownRecording[] {
    if (!this.#known) {
      this.#known = new Map();
      for (const recording of known)
        this.#known.set(recording.file, [...(this.#known.get(recording.file) ?? []), recording]);
    }
    return this.#known.get(shown) ?? [];
  }

  pace(): Promise<void> | undefined {
    return this.#pace.breathe();
  }
}
