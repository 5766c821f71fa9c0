import type { DesiredRecording, DesiredSet } from './recording.ts';

/** Which commit the files are from. */
export interface Commit {
  sha: string;
  author: string;
  subject: string;
}

/** The files as they are now. */
export interface Snapshot {
  set: DesiredSet;
  /** Recordings by name; the same as in `set`. */
  byName: ReadonlyMap<string, DesiredRecording>;
  /** Names that must be planned again: changed, new, or gone. */
  changed: readonly string[];
  /** Files of which something has changed: known recordings from there are planned again, too, whatever their names. */
  files: ReadonlySet<string>;
  /** Files that are still being written: their content before counts. */
  settling?: readonly string[];
  /** Every known recording is to be planned again. */
  whole?: boolean;
  /** Present where the files are taken from a commit. */
  commit?: Commit;
  /** Notes about the commit: how its name was read, or that it is older than the one before. */
  notes?: readonly string[];
}

/** Where desired recordings come from, again and again. */
export interface DesiredSource {
  /** Reads the files again. @param hint paths that may have changed; left out: all */
  refresh(hint?: readonly string[]): Promise<Snapshot>;
  close(): Promise<void>;
}
