import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answered, Intent, JournalEntry, PastCall } from '../model/journal.ts';
import { takingTurns } from '../model/turns.ts';
import { Disk } from './disk.ts';
import { decodeLine, encodeLine } from './lines.ts';
import { JOURNAL, journalEntries, readIfThere } from './load.ts';

/*
 * The history of calls, within limits: the journal's entries without the requests. The journal is
 * where an entry becomes durable; before the journal begins anew its entries move here. A kill in between leaves them
 * in both, and an entry's number tells that it is the same one. So nothing is lost and nothing is there twice.
 */

/** The newest part; older ones are called history.1.jsonl, history.2.jsonl and so on. */
const NEWEST = 'history.jsonl';
const PART = /^history(?:\.(\d+))?\.jsonl$/;

export interface HistoryLimits {
  /** A part that is larger is closed, and another one begun. */
  bytes: number;
  /** Parts that are kept. */
  parts: number;
}

/** Some 100,000 calls in all. */
const LIMITS: HistoryLimits = { bytes: 8 * 1024 * 1024, parts: 5 };

/** An entry of the journal as the history has it: an intent without what was sent. */
export type HistoryEntry =
  | Exclude<JournalEntry, { event: 'intent' }>
  | (Omit<Intent, 'request'> & { seq: number; at: string });

/** Characters that are written at once. */
const WRITTEN_TOGETHER = 512 * 1024;

/**
 * Adds those entries that are not there yet, and flushes them to the disk.
 * @param entries of the journal, in their order
 */
export async function moveToHistory(
  directory: string,
  entries: Iterable<JournalEntry> | AsyncIterable<JournalEntry>,
  limits: HistoryLimits = LIMITS,
  disk: Disk = new Disk(directory),
): Promise<void> {
  const newest = await endOf(disk.path(NEWEST));
  const after = newest.last ?? (await endOf(disk.path('history.1.jsonl'))).last ?? 0;
  let { length } = newest;
  let text = '';
  const write = async () => {
    if (length > limits.bytes) {
      await rotate(disk, limits.parts);
      length = 0;
    }
    length = await append(disk, length, text);
    text = '';
  };
  const turn = takingTurns();
  for await (const entry of entries) {
    if (entry.seq > after) text += encodeLine(withoutRequest(entry));
    await turn();
    if (text.length >= WRITTEN_TOGETHER) await write();
  }
  if (text !== '') await write();
}

function withoutRequest(entry: JournalEntry): HistoryEntry {
  if (entry.event !== 'intent') return entry;
  const { request: _, ...rest } = entry;
  return rest;
}

/** Bytes that are read at once while the last entry is looked for. */
const TAIL = 64 * 1024;
const LINE_FEED = 10;

/** The number of a part's last entry, and how many of its bytes are whole lines: a kill may have torn off the last. */
async function endOf(path: string): Promise<{ last: number | undefined; length: number }> {
  const file = await open(path, 'r').catch(undefinedIfAbsent);
  if (!file) return { last: undefined, length: 0 };
  try {
    let length = 0;
    let tail: Buffer = Buffer.alloc(0);
    for (let start = (await file.stat()).size; start > 0; ) {
      const bytes = Math.min(TAIL, start);
      start -= bytes;
      const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, start);
      tail = Buffer.concat([buffer, tail]);
      const whole = tail.lastIndexOf(LINE_FEED) + 1;
      if (whole > 0) length = start + whole;
      // The first of these lines may have its beginning further ahead.
      const first = start === 0 ? 0 : tail.indexOf(LINE_FEED) + 1;
      const last = lastEntry(tail.toString('utf8', first, Math.max(first, whole)));
      if (last) return { last: last.seq, length };
    }
    return { last: undefined, length };
  } finally {
    await file.close();
  }
}

/** The last that can be read, looked for from the end. */
function lastEntry(whole: string): HistoryEntry | undefined {
  for (let end = whole.length - 1; end > 0; ) {
    const start = whole.lastIndexOf('\n', end - 1) + 1;
    const entry = decodeLine(whole.slice(start, end)) as HistoryEntry | undefined;
    if (entry) return entry;
    end = start - 1;
  }
  return undefined;
}

/** Makes room for a new part. From the oldest on, so that no part takes the place of another that is still wanted. */
async function rotate(disk: Disk, parts: number): Promise<void> {
  for (let older = parts - 1; older >= 1; older--)
    await disk
      .rename(older === 1 ? NEWEST : `history.${older - 1}.jsonl`, `history.${older}.jsonl`)
      .catch(undefinedIfAbsent);
}

/** @returns where the part ends now */
async function append(disk: Disk, length: number, text: string): Promise<number> {
  const file = (await disk.open(NEWEST, 'r+').catch(undefinedIfAbsent)) ?? (await disk.open(NEWEST, 'wx'));
  let end: number;
  try {
    await disk.truncate(file, length);
    end = await disk.write(file, Buffer.from(text), length);
    await disk.flush(file);
  } finally {
    await file.close();
  }
  await disk.flushFolder();
  return end;
}

function undefinedIfAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Reads again where a writer has moved entries meanwhile. */
const READS = 4;

/**
 * Reads the whole history, without the writer's lock.
 * @returns entries in their order, and how many lines could not be read
 * @throws DamagedStateError where the journal is damaged
 */
export async function readHistory(directory: string): Promise<{ entries: HistoryEntry[]; damaged: number }> {
  for (let read = 1; ; read++) {
    const found = await readOnce(directory);
    const isWhole = found.entries.every(({ seq }, index) => seq === (found.entries[0]?.seq ?? 0) + index);
    if (isWhole || read === READS) return found;
  }
}

async function readOnce(directory: string): Promise<{ entries: HistoryEntry[]; damaged: number }> {
  // The journal first: what leaves it after that has arrived in the history before.
  const entries = new Map<number, HistoryEntry>();
  const turn = takingTurns();
  for (const entry of journalEntries(join(directory, JOURNAL))) {
    entries.set(entry.seq, withoutRequest(entry));
    await turn();
  }
  let damaged = 0;
  for (const name of await partsOf(directory)) {
    const lines = (readIfThere(join(directory, name)) ?? '').split('\n');
    for (const line of lines.slice(0, -1)) {
      const entry = decodeLine(line) as HistoryEntry | undefined;
      if (entry) entries.set(entry.seq, entry);
      else damaged++;
      await turn();
    }
  }
  return { entries: [...entries.values()].sort((a, b) => a.seq - b.seq), damaged };
}

async function partsOf(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => PART.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The calls among the entries, each with its answer; the oldest first. */
export function pastCalls(entries: readonly HistoryEntry[]): PastCall[] {
  const calls = new Map<number, PastCall>();
  for (const entry of entries) {
    if (entry.event === 'intent') {
      const { seq, at, name, file, identity, endpoint, reason, commit } = entry;
      const { sid } = identity;
      calls.set(seq, { ...{ seq, at, name, file, sid, endpoint, reason }, ...(commit ? { commit } : {}) });
    } else if (entry.event === 'withdraw') calls.delete(entry.of);
    else if (entry.event === 'answer') {
      const call = calls.get(entry.of);
      if (call) call.answer = answerOf(entry);
    }
  }
  return [...calls.values()];
}

function answerOf({ at, outcome, status, message }: Answered & { at: string }): PastCall['answer'] {
  return { at, outcome, ...(status === undefined ? {} : { status }), ...(message ? { message } : {}) };
}
