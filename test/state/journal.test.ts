import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../src/model/journal.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import { emptyState, fold } from '../../src/state/fold.ts';
import { whenTestEnds } from '../support/cli.ts';
import { identity } from '../support/engine.ts';
import { OLD_KEY, oldEntries, oldJournal, oldLine, oldState } from '../support/old-state.ts';
import { answer, call, intent, open, read, stateFolder } from '../support/states.ts';

/*
 * The state of version 0.1: read as it is, and taken over by the first process that writes.
 */

const EVENTS: JournalEvent[] = [
  intent(1),
  answer(1, 1),
  intent(2, '#000002'),
  answer(2, 3, 'unknown'),
  intent(3),
  { event: 'forget', key: recordingKey(identity(3)) },
];

let dir = '';
beforeEach(async () => {
  dir = await stateFolder();
});

/** What some events add up to, as a snapshot has it. */
function snapshotOf(events: readonly JournalEvent[]): string {
  const state = emptyState();
  for (const entry of oldEntries(events)) fold(state, entry);
  const { serial, sent, orphaned, known } = state;
  const header = {
    ...{ reelstate: 'snapshot', version: 1, serial, sent },
    ...(orphaned.size > 0 ? { orphaned: [...orphaned] } : {}),
    recordings: known.size,
  };
  return [header, ...known.values()].map(oldLine).join('');
}

const history = (events: readonly JournalEvent[]) =>
  oldEntries(events)
    .map((entry) => oldLine({ ...entry, request: undefined }))
    .join('');

const known = ({ state }: Awaited<ReturnType<typeof read>>) => ({
  serial: state.serial,
  orphaned: [...state.orphaned],
  known: [...state.known.values()],
});

describe('a state of version 0.1', () => {
  const places: [string, Record<string, string>][] = [
    ['in its journal', { 'journal.jsonl': oldJournal(EVENTS) }],
    [
      'in a snapshot and what came after it',
      {
        'snapshot.jsonl': snapshotOf(EVENTS.slice(0, 3)),
        'journal.jsonl': oldJournal(EVENTS.slice(3), 3),
        'history.jsonl': history(EVENTS.slice(0, 3)),
      },
    ],
    [
      'killed before its journal began anew, and in the middle of a line',
      {
        'snapshot.jsonl': snapshotOf(EVENTS.slice(0, 4)),
        'journal.jsonl': `${oldJournal(EVENTS)}{"seq":7,"at":"20`,
        'history.1.jsonl': history(EVENTS.slice(0, 4)),
      },
    ],
  ];

  it.each(places)('is read without a change, and taken over once: %s', async (_, files) => {
    await oldState(dir, files);
    const before = await readdir(dir);
    const old = await read(dir);
    expect(old.key?.toString('hex')).toBe(OLD_KEY);
    expect(old.state.known.get(recordingKey(identity(1)))?.updateLayout.applied).toMatchObject({ seq: 1 });
    expect(old.state.known.get(recordingKey(identity(2)))?.updateLayout.unknown).toHaveLength(1);
    expect([...old.state.orphaned.keys()]).toEqual([recordingKey(identity(3))]);
    const { calls } = await old.history({});
    expect(calls.map(({ seq, answer: said }) => [seq, said?.outcome])).toEqual([
      [5, undefined],
      [3, 'unknown'],
      [1, 'applied'],
    ]);
    expect(await readdir(dir)).toEqual(before);

    const store = await open(dir);
    expect(known(store)).toEqual(known(old));
    expect(store.key).toEqual(old.key);
    expect((await store.history({})).calls).toEqual(calls);
    expect([...store.state.known.heads()].map(({ target }) => target)).toEqual([undefined, undefined]);
    await call(store, 4);
    await store.close();
    // Kept aside, and not looked at again.
    for (const [name, text] of Object.entries(files))
      expect(await readFile(join(dir, 'journal-0.1', name), 'utf8')).toBe(text);
    const names = await readdir(dir);
    expect(names.filter((name) => /jsonl|^key$/.test(name))).toEqual([]);
    const again = await open(dir);
    expect(again.state.serial).toBe(8);
    await again.close();
  });

  const applied = EVENTS.slice(0, 2);
  it.each([
    ['an empty journal', { 'journal.jsonl': '' }, /journal\.jsonl is empty/],
    [
      'an empty journal beside a snapshot',
      { 'journal.jsonl': '', 'snapshot.jsonl': snapshotOf(applied) },
      /journal\.jsonl is empty/,
    ],
    ['a snapshot alone', { 'snapshot.jsonl': snapshotOf(applied) }, /journal\.jsonl is missing/],
    [
      'a changed byte',
      { 'journal.jsonl': oldJournal(applied).replace('#000001', '#000009') },
      /journal\.jsonl:2: this line of the journal is damaged/,
    ],
    [
      'a lost line',
      { 'journal.jsonl': oldJournal(EVENTS).split('\n').toSpliced(2, 1).join('\n') },
      /entry 2 is missing/,
    ],
    [
      'a beginning that is nowhere',
      { 'journal.jsonl': oldJournal(applied, 4) },
      /entries 1 to 4 are missing/,
    ],
    [
      'a newer version',
      { 'journal.jsonl': oldLine({ reelstate: 'journal', version: 99 }) },
      /another version of reelstate \(format 99/,
    ],
    [
      'a cut snapshot',
      {
        'snapshot.jsonl': snapshotOf(EVENTS.slice(0, 4)).split('\n').slice(0, 2).join('\n').concat('\n'),
        'journal.jsonl': oldJournal([], 4),
      },
      /lines are missing/,
    ],
    ['a key that is none', { key: 'zz', 'journal.jsonl': oldJournal(applied) }, /key is damaged/],
  ])('that is damaged is refused, and stays as it is: %s', async (_, files, message) => {
    await oldState(dir, files as Record<string, string>);
    const before = await readdir(dir);
    await expect(read(dir)).rejects.toThrow(message);
    await expect(open(dir)).rejects.toThrow(message);
    expect((await readdir(dir)).sort()).toEqual(before.sort());
  });

  it('with a key and nothing else has lost its journal', async () => {
    await oldState(dir, {});
    await expect(read(dir)).rejects.toThrow('journal.jsonl is missing');
    await expect(open(dir)).rejects.toThrow('journal.jsonl is missing');
    expect(await readdir(dir)).toEqual(['key']);
  });

  it('is not taken over while a process of this host writes it, and is once that has ended', async () => {
    const lock = { host: hostname(), command: 'reelstate watch', since: '2026-01-01T00:00:00.000Z' };
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    whenTestEnds(() => void child.kill('SIGKILL'));
    await oldState(dir, { 'journal.jsonl': oldJournal(EVENTS) });
    await writeFile(join(dir, `lock.${child.pid}-aaaa`), JSON.stringify({ ...lock, pid: child.pid }));
    await expect(open(dir)).rejects.toThrow(
      `in use by process ${child.pid} on ${hostname()} (reelstate watch, since 2026-01-01`,
    );
    expect((await read(dir)).state.known.size).toBe(2);
    expect(existsSync(join(dir, 'state.db'))).toBe(false);
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await (await open(dir)).close();
    expect((await readdir(dir)).filter((name) => /lock\.\d/.test(name))).toEqual([]);
  });

  it('the lock of a process elsewhere says nothing', async () => {
    await oldState(dir, { 'journal.jsonl': oldJournal(EVENTS) });
    await writeFile(join(dir, 'lock.1-aaaa'), JSON.stringify({ pid: 1, host: 'elsewhere' }));
    await writeFile(join(dir, 'lock.2-bbbb'), '');
    await (await open(dir)).close();
  });
});
