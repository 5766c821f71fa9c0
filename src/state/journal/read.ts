import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Answered, Intent, JournalEntry, PastCall, State } from '../../model/journal.ts';
import type { KnownRecording } from '../../model/plan.ts';
import type { Holder } from '../../model/store.ts';
import { DamagedState } from '../errors.ts';
import { emptyState, fold } from '../fold.ts';

/*
 * The state of version 0.1, read once more: a journal of JSON lines with checksums (journal.jsonl), the sum of what came
 * before it (snapshot.jsonl), older entries without their requests (history*.jsonl) and the key of the fingerprints. It
 * is never written again.
 */

/** Where its files go once they are taken over. */
export const ASIDE = 'journal-0.1';
export const JOURNAL = 'journal.jsonl';

const FILES = /^(journal|snapshot|history(\.\d+)?)\.jsonl(\.new)?$|^key(\.new)?$|^\.?lock\.\d/;
const VERSION = 1;

export interface OldState {
  state: State;
  /** In hex; undefined where none was made yet. */
  key: string | undefined;
  /** The oldest first. */
  calls: (PastCall & { key: string })[];
}

/** Whether a folder holds anything of it. */
export function hasJournal(folder: string): boolean {
  return [JOURNAL, 'snapshot.jsonl', 'key'].some((name) => existsSync(join(folder, name)));
}

/** Whether a journal was begun after another one had been put aside. */
export function hasSecondJournal(folder: string): boolean {
  // In the order in which it is moved.
  return existsSync(join(folder, ASIDE, JOURNAL)) && existsSync(join(folder, JOURNAL));
}

/** @throws DamagedState where something is not as it was written */
export function readJournal(folder: string): OldState {
  const path = join(folder, JOURNAL);
  // Opened first: a writer puts the snapshot in place before it begins the journal anew.
  const journal = bytesOf(path);
  const state = emptyState();
  const snapshot = bytesOf(join(folder, 'snapshot.jsonl'));
  if (snapshot) restore(state, snapshot, join(folder, 'snapshot.jsonl'));
  // It was put in place together with the key, and again with every snapshot.
  if (!journal) throw new DamagedState(`${path} is missing`);
  const entries: JournalEntry[] = [];
  const lines = [...linesOf(journal)];
  const header = headerOf(lines[0], path);
  let last = Number(header.after ?? state.serial);
  if (last > state.serial)
    throw new DamagedState(`${path}: entries ${state.serial + 1} to ${last} are missing`);
  for (const [index, line] of lines.slice(1).entries()) {
    const entry = decode(line) as JournalEntry | undefined;
    if (!entry) throw new DamagedState(`${path}:${index + 2}: this line of the journal is damaged`);
    if (entry.seq !== last + 1) throw new DamagedState(`${path}:${index + 2}: entry ${last + 1} is missing`);
    last = entry.seq;
    entries.push(entry);
    fold(state, entry);
  }
  return { state, key: keyIn(folder), calls: pastCalls([...historyIn(folder), ...entries]) };
}

/** Puts its files aside. Done again where a kill came in between. */
export function putAside(folder: string): void {
  const names = readdirSync(folder).filter((name) => FILES.test(name));
  if (names.length === 0) return;
  mkdirSync(join(folder, ASIDE), { recursive: true, mode: 0o700 });
  for (const name of names) {
    const aside = join(folder, ASIDE, name);
    if (!existsSync(aside)) renameSync(join(folder, name), aside);
  }
}

/** A process of version 0.1 on this host that writes there. */
export function oldWriter(folder: string): Holder | undefined {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (!name.startsWith('lock.') || !/^lock\.\d+-/.test(name)) continue;
    const holder = jsonIn(bytesOf(join(folder, name))?.toString()) as
      | (Holder & { started?: string })
      | undefined;
    if (holder?.host === hostname() && isAlive(holder)) return holder;
  }
  return undefined;
}

function isAlive({ pid, started }: { pid: number; started?: string }): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // A later process may have the number: its start, in clock ticks since this boot, is another one (proc(5)).
  const stat = bytesOf(`/proc/${pid}/stat`)?.toString();
  const boot = bytesOf('/proc/sys/kernel/random/boot_id')?.toString().trim();
  if (started === undefined || stat === undefined || boot === undefined) return true;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] !== 'Z' && started === `${boot}/${fields[19]}`;
}

/** What follows the last line feed was torn off by a kill: it was never durable. */
function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0, end = bytes.indexOf(10); end !== -1; start = end + 1, end = bytes.indexOf(10, start))
    yield bytes.subarray(start, end);
}

/** `,"crc":"01234567"}` */
const END_LENGTH = 18;

/** What a line says; undefined where it is not what was written. */
function decode(line: Buffer | undefined): unknown {
  const until = (line?.length ?? 0) - END_LENGTH;
  if (!line || until <= 0) return undefined;
  const [, sum] = /^,"crc":"([0-9a-f]{8})"\}$/.exec(line.toString('latin1', until)) ?? [];
  const content = line.subarray(0, until);
  if (sum === undefined || crc32(content).toString(16).padStart(8, '0') !== sum) return undefined;
  return jsonIn(`${content.toString()}}`);
}

function jsonIn(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Put in place whole, so a file without a sound first line is damage. */
function headerOf(line: Buffer | undefined, path: string): Record<string, unknown> {
  if (!line) throw new DamagedState(`${path} is empty`);
  const header = decode(line) as Record<string, unknown> | undefined;
  if (!header) throw new DamagedState(`${path}:1: this line is damaged`);
  if (header.version !== VERSION)
    throw new DamagedState(
      `${path}: written by another version of reelstate (format ${header.version ?? 'unknown'}, this one reads ${VERSION})`,
    );
  return header;
}

function restore(state: State, snapshot: Buffer, path: string): void {
  const [first, ...lines] = linesOf(snapshot);
  const header = headerOf(first, path);
  state.serial = Number(header.serial ?? 0);
  state.sent = (header.sent as State['sent'] | undefined) ?? [];
  state.orphaned = new Map(header.orphaned as [] | undefined);
  for (const [index, line] of lines.entries()) {
    const recording = decode(line) as KnownRecording | undefined;
    if (!recording) throw new DamagedState(`${path}:${index + 2}: this line is damaged`);
    state.known.set(recording.key, recording);
  }
  if (header.recordings !== lines.length) throw new DamagedState(`${path} is damaged: lines are missing`);
}

function keyIn(folder: string): string | undefined {
  const path = join(folder, 'key');
  const key = bytesOf(path)?.toString().trim();
  if (key !== undefined && !/^[0-9a-f]{64}$/.test(key)) throw new DamagedState(`${path} is damaged`);
  return key;
}

type HistoryEntry =
  | Exclude<JournalEntry, { event: 'intent' }>
  | (Omit<Intent, 'request'> & { seq: number; at: string });

/** Lines that cannot be read are passed over: nothing is planned by them. */
function historyIn(folder: string): HistoryEntry[] {
  const parts = existsSync(folder) ? readdirSync(folder) : [];
  return parts
    .filter((name) => /^history(\.\d+)?\.jsonl$/.test(name))
    .flatMap((name) => [...linesOf(bytesOf(join(folder, name)) ?? Buffer.alloc(0))])
    .flatMap((line) => (decode(line) as HistoryEntry | undefined) ?? []);
}

/** The calls among the entries, each with its answer. */
function pastCalls(entries: readonly HistoryEntry[]): OldState['calls'] {
  const calls = new Map<number, OldState['calls'][number]>();
  for (const entry of [...entries].sort((a, b) => a.seq - b.seq)) {
    if (entry.event === 'intent') {
      const { seq, at, key, name, file, identity, endpoint, reason, commit } = entry;
      const { sid } = identity;
      calls.set(seq, {
        ...{ seq, at, key, name, file, sid, endpoint, reason },
        ...(commit ? { commit } : {}),
      });
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

function bytesOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
