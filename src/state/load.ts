import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEntry, State } from '../model/journal.ts';
import { emptyState, fold } from './fold.ts';
import { entriesAtOnce, JournalReader } from './journal-file.ts';
import { readKnownLine } from './known-line.ts';
import { DamagedStateError, decodeLine, HEADER, MEND } from './lines.ts';

export const JOURNAL = 'journal.jsonl';
export const SNAPSHOT = 'snapshot.jsonl';

/** The first line of a snapshot. */
export interface SnapshotHeader {
  reelstate: 'snapshot';
  version: typeof HEADER.version;
  serial: number;
  sent: State['sent'];
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
}

/**
 * What a state directory says, whether or not somebody writes to it meanwhile.
 * @throws DamagedStateError where something is not as it was written
 */
export function load(directory: string): Loaded {
  // The journal is opened first: a writer renames the snapshot into place before it begins the journal anew, so
  // whatever this journal lacks, the snapshot read after it has. What the snapshot has already is passed over.
  const path = join(directory, JOURNAL);
  const file = openIfThere(path);
  try {
    const state = emptyState();
    const snapshot = readIfThere(join(directory, SNAPSHOT));
    if (snapshot !== undefined) restore(state, snapshot, join(directory, SNAPSHOT));
    if (file !== undefined) return { state, ...addJournal(state, file, path) };
    if (snapshot !== undefined) throw new DamagedStateError(`${path} is missing. ${MEND}`);
    return { state, length: 0, entries: 0, fresh: true };
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

function addJournal(state: State, file: number, path: string): Omit<Loaded, 'state'> {
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

function restore(state: State, text: string, path: string): void {
  const [first = '', ...lines] = text.split('\n').slice(0, -1);
  const header = decodeLine(first) as Partial<SnapshotHeader> | undefined;
  if (header && header.version !== HEADER.version)
    throw new DamagedStateError(
      `${path}: written by another version of reelstate (format ${header.version ?? 'unknown'}, this one reads ${HEADER.version}).`,
    );
  if (header?.reelstate !== 'snapshot' || header.recordings !== lines.length)
    throw new DamagedStateError(`${path} is damaged. ${MEND}`);
  state.serial = header.serial ?? 0;
  state.sent = header.sent ?? [];
  for (const [index, line] of lines.entries()) {
    const recording = readKnownLine(line);
    if (!recording) throw new DamagedStateError(`${path}:${index + 2}: this line is damaged. ${MEND}`);
    state.known.set(recording.key, recording);
    state.written.set(recording.key, line);
  }
}

/** At once: for tens of megabytes this takes a third of what reading them in pieces does, and nothing else is due yet. */
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
