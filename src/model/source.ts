import type { DesiredRecording, DesiredSet } from './recording.ts';

/** Which commit the files are from. */
export interface Commit {
  sha: string;
  author: string;
  subject: string;
}

/** The files as they are now. */
export interface Look {
  set: DesiredSet;
  /** Recordings by name; the same as in `set`. */
  byName: ReadonlyMap<string, DesiredRecording>;
  /** Names that must be planned again: changed, new, or gone. */
  changed: readonly string[];
  /** Files of which something has changed: what is known from there is concerned, too, whatever its name. */
  files?: ReadonlySet<string>;
  /** Files in motion: what they held before stands. */
  settling?: readonly string[];
  /** Everything known is to be compared anew. */
  whole?: boolean;
  /** Present where the files are taken from a commit. */
  commit?: Commit;
  /** What is to be told of the commit: how its name was read, or that it lies behind the one before. */
  notes?: readonly string[];
}

/** Where desired recordings come from, again and again. */
export interface DesiredSource {
  /** Looks again. @param hint paths that are said to have changed; left out: everything */
  look(hint?: readonly string[]): Promise<Look>;
  close(): Promise<void>;
}
