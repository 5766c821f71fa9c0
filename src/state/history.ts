import { type FileHandle, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answered, Intent, JournalEntry, PastCall } from '../model/journal.ts';
import { decodeJournal, decodeLine, encodeLine } from './lines.ts';
import { takingTurns } from './turns.ts';

/*
 * What happened, for as long as there is room for it: the journal's entries without the requests. The journal is
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

/**
 * Adds those entries that are not there yet, and flushes them to the disk.
 * @param entries of the journal, in their order
 */
export async function moveToHistory(
  directory: string,
  entries: Iterable<JournalEntry>,
  limits: HistoryLimits = LIMITS,
): Promise<void> {
  const { last, length } = await endOf(directory, NEWEST);
  const after = last ?? (await endOf(directory, 'history.1.jsonl')).last ?? 0;
  const turn = takingTurns();
  const lines: string[] = [];
  for (const entry of entries) {
    if (entry.seq > after) lines.push(encodeLine(withoutRequest(entry)));
    await turn();
  }
  if (lines.length === 0) return;
  const rotated = length > limits.bytes;
  if (rotated) await rotate(directory, limits.parts);
  await append(directory, rotated ? 0 : length, lines.join(''));
}

function withoutRequest(entry: JournalEntry): HistoryEntry {
  if (entry.event !== 'intent') return entry;
  const { request: _, ...rest } = entry;
  return rest;
}

/** The number of a part's last entry, and how many of its bytes are whole lines: a kill may have torn off the last. */
async function endOf(directory: string, name: string): Promise<{ last: number | undefined; length: number }> {
  const text = (await readIfThere(join(directory, name))) ?? '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return { last: lastEntry(whole)?.seq, length: Buffer.byteLength(whole) };
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
async function rotate(directory: string, parts: number): Promise<void> {
  for (let older = parts - 1; older >= 1; older--) {
    const from = join(directory, older === 1 ? NEWEST : `history.${older - 1}.jsonl`);
    await rename(from, join(directory, `history.${older}.jsonl`)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

async function append(directory: string, length: number, text: string): Promise<void> {
  const file = await openToWrite(join(directory, NEWEST));
  try {
    await file.truncate(length);
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, length + done);
      done += bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function openToWrite(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'wx', 0o600);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads again where a writer has moved entries meanwhile. */
const READS = 4;

/**
 * All that is remembered, without taking the writer's place.
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
  const path = join(directory, 'journal.jsonl');
  const journal = decodeJournal((await readIfThere(path)) ?? '', path).entries.map(withoutRequest);
  const entries = new Map(journal.map((entry) => [entry.seq, entry]));
  let damaged = 0;
  for (const name of await partsOf(directory)) {
    const lines = ((await readIfThere(join(directory, name))) ?? '').split('\n');
    for (const line of lines.slice(0, -1)) {
      const entry = decodeLine(line) as HistoryEntry | undefined;
      if (entry) entries.set(entry.seq, entry);
      else damaged++;
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
