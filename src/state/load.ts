import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEntry, State } from '../model/journal.ts';
import type { LateCall } from '../model/plan.ts';
import type { Endpoint } from '../model/recording.ts';
import { emptyState, fold } from './fold.ts';
import { entriesAtOnce, JournalReader } from './journal-file.ts';
import { readKnownLine } from './known-line.ts';
import { DamagedStateError, decodeLine, HEADER, MEND } from './lines.ts';
import { LineFile, WrittenLine } from './written.ts';

export const JOURNAL = 'journal.jsonl';
export const SNAPSHOT = 'snapshot.jsonl';

/** The first line of a snapshot. */
export interface SnapshotHeader {
  reelstate: 'snapshot';
  version: typeof HEADER.version;
  serial: number;
  sent: State['sent'];
  /** Calls that may still take effect of recordings that were forgotten, by `recordingKey`; absent where there are none. */
  orphaned?: [string, Record<Endpoint, LateCall[]>][];
  /** Number of recordings that follow, a line each. */
  recordings: number;
}

export interface Loaded {
  state: State;
  /** Bytes of the journal that are sound, and the entries in them. */
  length: number;
  entries: number;
  /** There is no journal yet. */
  fresh: boolean;
  /** The file from which lines of the state are read on access; to be closed. */
  snapshot: LineFile | undefined;
}

/**
 * Reads a state directory, also while another process writes to it.
 * @throws DamagedStateError where something is not as it was written
 */
export function load(directory: string): Loaded {
  // The journal is opened first: a writer renames the snapshot into place before it begins the journal anew, so
  // whatever this journal lacks, the snapshot read after it has. What the snapshot has already is passed over.
  const path = join(directory, JOURNAL);
  const file = openIfThere(path);
  let snapshot: LineFile | undefined;
  try {
    const state = emptyState();
    snapshot = ifThere(() => new LineFile(join(directory, SNAPSHOT)));
    if (snapshot !== undefined) restore(state, snapshot);
    if (file !== undefined) {
      const added = addJournal(state, file, path);
      // A compacted journal has its first line before it replaces the one before.
      if (added.fresh && snapshot !== undefined) throw new DamagedStateError(`${path} is empty. ${MEND}`);
      return { state, snapshot, ...added };
    }
    if (snapshot !== undefined) throw new DamagedStateError(`${path} is missing. ${MEND}`);
    return { state, snapshot, length: 0, entries: 0, fresh: true };
  } catch (error) {
    snapshot?.close();
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** What is in a journal, if there is one. */
export function* journalEntries(path: string): Generator<JournalEntry> {
  const file = openIfThere(path);
  if (file === undefined) return;
  try {
    yield* entriesAtOnce(file, new JournalReader(path));
  } finally {
    closeSync(file);
  }
}

function addJournal(state: State, file: number, path: string): Omit<Loaded, 'state' | 'snapshot'> {
  const reader = new JournalReader(path, state.serial);
  for (const entry of entriesAtOnce(file, reader)) {
    if (entry.seq > state.serial + 1) throw missing(path, state.serial, entry.seq - 1);
    fold(state, entry);
  }
  if (reader.after !== undefined && reader.after > state.serial)
    throw missing(path, state.serial, reader.after);
  return { length: reader.length, entries: reader.entries, fresh: reader.length === 0 };
}

function missing(path: string, serial: number, to: number): DamagedStateError {
  return new DamagedStateError(`${path}: entries ${serial + 1} to ${to} are missing. ${MEND}`);
}

function restore(state: State, snapshot: LineFile): void {
  const { path, bytes } = snapshot;
  const damaged = new DamagedStateError(`${path} is damaged. ${MEND}`);
  let end = bytes.indexOf(LINE_FEED);
  const header = decodeLine(bytes.toString('utf8', 0, Math.max(0, end))) as
    | Partial<SnapshotHeader>
    | undefined;
  if (header && header.version !== HEADER.version)
    throw new DamagedStateError(
      `${path}: written by another version of reelstate (format ${header.version ?? 'unknown'}, this one reads ${HEADER.version}).`,
    );
  if (header?.reelstate !== 'snapshot') throw damaged;
  state.serial = header.serial ?? 0;
  state.sent = header.sent ?? [];
  state.orphaned = new Map(header.orphaned);
  let number = 1;
  for (let start = end + 1; ; start = end + 1) {
    end = bytes.indexOf(LINE_FEED, start);
    // What follows the last line feed is no line.
    if (end === -1) break;
    number++;
    const line = new WrittenLine(snapshot, start, end);
    const recording = readKnownLine(bytes, start, end, line);
    if (!recording) throw new DamagedStateError(`${path}:${number}: this line is damaged. ${MEND}`);
    state.known.set(recording.key, recording);
    state.written.set(recording.key, line);
  }
  if (header.recordings !== number - 1) throw damaged;
}

const LINE_FEED = 10;

export function readIfThere(path: string): string | undefined {
  return ifThere(() => readFileSync(path, 'utf8'));
}

function openIfThere(path: string): number | undefined {
  return ifThere(() => openSync(path, 'r'));
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
