import type { CheckedFile } from '../desired/checked.ts';
import type { ResolvedFile } from '../desired/resolve.ts';
import type { Clock } from '../model/ports.ts';
import type { Look } from '../model/source.ts';
import type { FollowedFile } from './followed-file.ts';
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
}

/** A recording file. Exactly one of: in the assembly; held; lost; parked. */
export interface Entry {
  path: string;
  shown: string;
  file: FollowedFile;
  /** Stage A of what was last taken. */
  checked?: CheckedFile;
  resolved?: ResolvedFile;
  /** References that the last resolution followed. */
  uses: ReadonlySet<string>;
}

/** What one refresh gathers. */
export class Round {
  dirty = false;
  whole = false;
  readonly names: Set<string> = new Set();
  readonly files: Set<string> = new Set();
  readonly settling = new Set<string>();
  /** Read, but not understood yet. */
  readonly unread: Map<Entry, Uint8Array> = new Map();
  readonly unresolved: Set<Entry> = new Set();
  again: number | undefined;
  readonly #pace: Pace;

  /** @param left of a round that has failed: what it had taken note of is seen only once */
  constructor(clock: Clock, left?: Round) {
    this.#pace = new Pace(clock);
    if (!left) return;
    this.dirty = left.dirty;
    this.whole = left.whole;
    this.names = new Set(left.names);
    this.files = new Set(left.files);
    this.unread = new Map(left.unread);
    this.unresolved = new Set(left.unresolved);
  }

  /** Something of the file has changed. */
  note({ shown, resolved }: Entry): void {
    this.dirty = true;
    this.files.add(shown);
    for (const { recording } of resolved?.documents ?? []) this.names.add(recording.name);
  }

  wait(shown: string, ms: number): void {
    this.settling.add(shown);
    this.again = Math.min(this.again ?? ms, ms);
  }

  pace(): Promise<void> | undefined {
    return this.#pace.breathe();
  }
}
