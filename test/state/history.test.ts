import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JournalEntry, JournalEvent } from '../../src/model/journal.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import { moveToHistory, pastCalls, readHistory } from '../../src/state/history.ts';
import { COMPACT_AFTER, Store } from '../../src/state/store.ts';
import { identity } from '../support/engine.ts';

let dir: string;
const open = () => Store.open(dir, 'a test', () => 1_750_000_000_000);
const commit = { sha: 'a'.repeat(40), author: 'Ada <ada@example.com>', subject: 'Make it red' };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'reelstate-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function intent(n: number): JournalEvent {
  const who = identity(n);
  return {
    event: 'intent',
    key: recordingKey(who),
    name: `rec-${n}`,
    file: `recordings/${n}.yaml`,
    identity: who,
    endpoint: 'updateLayout',
    reason: 'changed',
    commit,
    request: { mixedVideoLayout: 0, backgroundColor: '#C0FFEE' },
  };
}

function answer(n: number, of: number): JournalEvent {
  return {
    event: 'answer',
    key: recordingKey(identity(n)),
    endpoint: 'updateLayout',
    of,
    outcome: 'applied',
    status: 200,
  };
}

/** Entries as the journal has them, from a number on. */
function entries(from: number, to: number): JournalEntry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    seq: from + i,
    at: '2026-01-02T03:04:05.000Z',
    ...intent(from + i),
  }));
}

const seqs = async () => (await readHistory(dir)).entries.map(({ seq }) => seq);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe('the history', () => {
  it('is nothing where nothing was done', async () => {
    expect(await readHistory(join(dir, 'nowhere'))).toEqual({ entries: [], damaged: 0 });
  });

  it('outlives the journal, without the requests, for its owner alone', async () => {
    const store = await open();
    await store.append(answer(1, await store.append(intent(1))));
    await store.append(intent(2));
    const before = pastCalls((await readHistory(dir)).entries);
    await store.compact();
    await store.append(answer(2, 3));
    expect(await readFile(join(dir, 'history.jsonl'), 'utf8')).not.toContain('C0FFEE');
    expect((await stat(join(dir, 'history.jsonl'))).mode & 0o777).toBe(0o600);
    const [first, second] = pastCalls((await readHistory(dir)).entries);
    expect(first).toEqual(before[0]);
    expect(first).toMatchObject({
      name: 'rec-1',
      sid: 'sid-1',
      commit,
      answer: { outcome: 'applied', status: 200 },
    });
    // The answer came after its question had moved.
    expect(before[1]?.answer).toBeUndefined();
    expect(second?.answer).toMatchObject({ outcome: 'applied' });
    await store.close();
  });

  it('a kill between two of its steps loses nothing and doubles nothing', async () => {
    const store = await open();
    for (let n = 1; n <= 3; n++) await store.append(answer(n, await store.append(intent(n))));
    const old = await readFile(join(dir, 'journal.jsonl'));
    await store.compact();
    await store.close();
    // Killed before the journal began anew: its entries are in both.
    await writeFile(join(dir, 'journal.jsonl'), old);
    expect(await seqs()).toEqual(upTo(6));
    const again = await open();
    await again.append(intent(4));
    await again.compact();
    await again.close();
    expect(await seqs()).toEqual(upTo(7));
    expect((await readFile(join(dir, 'history.jsonl'), 'utf8')).trimEnd().split('\n')).toHaveLength(7);
  });

  it('whatever a kill tore off is written again from the journal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 3_000 }), async (length) => {
        await rm(join(dir, 'history.jsonl'), { force: true });
        await moveToHistory(dir, entries(1, 3));
        const path = join(dir, 'history.jsonl');
        await truncate(path, Math.min(length, (await stat(path)).size));
        await moveToHistory(dir, entries(1, 5));
        expect(await seqs()).toEqual(upTo(5));
      }),
      { numRuns: 30 },
    );
  });

  it('begins another part when one is large, and lets go of the oldest', async () => {
    const limits = { bytes: 1_000, parts: 3 };
    for (let from = 1; from <= 25; from += 5) await moveToHistory(dir, entries(from, from + 4), limits);
    expect((await readdir(dir)).sort()).toEqual(['history.1.jsonl', 'history.2.jsonl', 'history.jsonl']);
    expect(await seqs()).toEqual(Array.from({ length: 15 }, (_, i) => i + 11));
  });

  it('a kill while the parts are renamed loses nothing that is to be kept', async () => {
    const limits = { bytes: 1_000, parts: 3 };
    await moveToHistory(dir, entries(1, 5), limits);
    await moveToHistory(dir, entries(6, 10), limits);
    // The newest part had got its number, and the new one was not begun.
    await writeFile(join(dir, 'history.2.jsonl'), await readFile(join(dir, 'history.1.jsonl')));
    await writeFile(join(dir, 'history.1.jsonl'), await readFile(join(dir, 'history.jsonl')));
    await rm(join(dir, 'history.jsonl'));
    await moveToHistory(dir, entries(6, 12), limits);
    expect(await seqs()).toEqual(upTo(12));
  });

  it('a damaged line is counted, and the others are read', async () => {
    await moveToHistory(dir, entries(1, 3));
    const path = join(dir, 'history.jsonl');
    await writeFile(path, (await readFile(path, 'utf8')).replace('rec-2', 'rec-9'));
    await appendFile(path, 'half a li');
    const { entries: found, damaged } = await readHistory(dir);
    expect(found.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(damaged).toBe(1);
  });

  it('a reader beside a writer that moves entries sees each once', async () => {
    const store = await open();
    const reads: Promise<number[]>[] = [];
    for (let round = 0; round < 5; round++) {
      for (let n = 1; n <= 20; n++) await store.append(intent(n));
      reads.push(seqs(), seqs());
      await store.compact();
      reads.push(seqs());
    }
    for (const found of await Promise.all(reads)) expect(found).toEqual(upTo(found.length));
    expect(await seqs()).toEqual(upTo(100));
    await store.close();
  });

  it('a writer that goes on for long begins the journal anew in between, and loses nothing by it', async () => {
    const store = await open();
    const many = 4 * COMPACT_AFTER + 500;
    for (let done = 0; done < many; done += 500)
      await Promise.all(Array.from({ length: 500 }, (_, i) => store.append(intent(i % 10))));
    // No entry waits for it, so the last of them may be there before it is done.
    await vi.waitFor(
      async () => {
        const lines = (await readFile(join(dir, 'journal.jsonl'), 'utf8')).split('\n');
        expect(lines.length).toBeLessThan(COMPACT_AFTER);
      },
      { timeout: 30_000 },
    );
    expect((await seqs()).length).toBe(many);
    expect(store.state.serial).toBe(many);
    await store.close();
    const again = await open();
    expect(again.state.serial).toBe(many);
    await again.close();
  });
});
