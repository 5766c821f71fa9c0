import { existsSync } from 'node:fs';
import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../src/model/journal.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import { COMPACT_AFTER, readKey, readState, Store } from '../../src/state/store.ts';
import { identity } from '../support/engine.ts';

let dir: string;
const now = () => 1_750_000_000_000;
const open = () => Store.open(dir, 'a test', now);
const journal = () => join(dir, 'journal.jsonl');

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'reelstate-')), 'state');
});
afterEach(() => rm(join(dir, '..'), { recursive: true, force: true }));

function intent(n: number, color = '#000001'): JournalEvent {
  const who = identity(n);
  return {
    event: 'intent',
    key: recordingKey(who),
    name: `rec-${n}`,
    file: `recordings/${n}.yaml`,
    identity: who,
    endpoint: 'updateLayout',
    reason: 'changed',
    request: { mixedVideoLayout: 0, backgroundColor: color },
  };
}

function answer(n: number, of: number, outcome: 'applied' | 'unknown' | 'refused' = 'applied'): JournalEvent {
  return {
    event: 'answer',
    key: recordingKey(identity(n)),
    endpoint: 'updateLayout',
    of,
    outcome,
    status: 200,
  };
}

describe('the state directory', () => {
  it('knows nothing where there is none, and reading makes none', async () => {
    expect((await readState(dir)).known.size).toBe(0);
    expect(await readKey(dir)).toBeUndefined();
    expect(existsSync(dir)).toBe(false);
  });

  it('remembers what was applied', async () => {
    const store = await open();
    await store.append(answer(1, await store.append(intent(1))));
    await store.close();
    const known = (await readState(dir)).known.get(recordingKey(identity(1)));
    expect(known?.updateLayout.applied?.request.backgroundColor).toBe('#000001');
    expect(known?.updateLayout.unknown).toEqual([]);
  });

  it('an intent without an answer is an unknown outcome', async () => {
    const store = await open();
    await store.append(answer(1, await store.append(intent(1))));
    await store.append(intent(1, '#000002'));
    await store.close();
    const known = (await readState(dir)).known.get(recordingKey(identity(1)));
    expect(known?.updateLayout.applied?.request.backgroundColor).toBe('#000001');
    expect(known?.updateLayout.unknown.map(({ request }) => request.backgroundColor)).toEqual(['#000002']);
  });

  it("is its owner's alone", async () => {
    const store = await open();
    await store.close();
    for (const [name, mode] of [
      ['', 0o700],
      ['journal.jsonl', 0o600],
      ['key', 0o600],
    ] as const)
      expect((await stat(join(dir, name))).mode & 0o777).toBe(mode);
  });

  it('drops a torn last line, wherever it was torn, and goes on', async () => {
    const store = await open();
    await store.append(answer(1, await store.append(intent(1))));
    await store.append(intent(2));
    await store.close();
    const whole = await readFile(journal(), 'utf8');
    const lastLine = whole.trimEnd().lastIndexOf('\n') + 1;
    for (const length of [lastLine + 1, lastLine + 40, whole.length - 1]) {
      await writeFile(journal(), whole);
      await truncate(journal(), length);
      expect((await readState(dir)).serial).toBe(2);
      const again = await open();
      await again.append(intent(3));
      await again.close();
      expect([...(await readState(dir)).known.values()].map(({ name }) => name)).toEqual(['rec-1', 'rec-3']);
    }
  });

  it('takes zeros at the end, which a power cut leaves, for a torn line', async () => {
    const store = await open();
    await store.append(intent(1));
    await store.close();
    await appendFile(journal(), Buffer.alloc(512));
    expect((await readState(dir)).serial).toBe(1);
  });

  it.each([
    [
      'a changed byte',
      (text: string) => text.replace('#000001', '#000009'),
      /journal\.jsonl:2: this line of the journal is damaged/,
    ],
    [
      'a lost line',
      (text: string) =>
        text
          .split('\n')
          .filter((_, i) => i !== 2)
          .join('\n'),
      /entry 2 is missing/,
    ],
    ['a lost first line', (text: string) => text.slice(text.indexOf('\n') + 1), /another version/],
    ['a newer version', (text: string) => text, /another version/],
  ])('refuses damage in the middle, and says where: %s', async (what, damage, message) => {
    const store = await open();
    for (let n = 1; n <= 3; n++) await store.append(intent(n));
    await store.close();
    if (what === 'a newer version') {
      const { encodeLine } = await import('../../src/state/lines.ts');
      await writeFile(journal(), encodeLine({ reelstate: 'journal', version: 99 }));
    } else await writeFile(journal(), damage(await readFile(journal(), 'utf8')));
    await expect(readState(dir)).rejects.toThrow(message);
    const before = await readFile(journal(), 'utf8');
    await expect(open()).rejects.toThrow(message);
    expect(await readFile(journal(), 'utf8')).toBe(before);
    expect((await readdir(dir)).filter((name) => name.includes('lock'))).toEqual([]);
  });

  it('begins the journal anew from a snapshot, and means the same after it', async () => {
    const store = await open();
    for (let n = 1; n <= 5; n++)
      await store.append(answer(n, await store.append(intent(n)), n === 3 ? 'unknown' : 'applied'));
    const before = structuredClone(store.state);
    await store.compact();
    await store.append(intent(6));
    await store.close();
    const after = await readState(dir);
    expect(after.serial).toBe(11);
    expect((await readFile(journal(), 'utf8')).split('\n')).toHaveLength(3);
    after.known.delete(recordingKey(identity(6)));
    const told = ({ known }: typeof after) => JSON.parse(JSON.stringify([...known]));
    expect(told(after)).toEqual(told(before));
  });

  describe('what is let go', () => {
    const told = ({ known }: Store['state']) => JSON.parse(JSON.stringify([...known]));

    /** A store of some recordings that are all in its snapshot, one of them with a name beyond ASCII. */
    async function opened(): Promise<Store> {
      const before = await open();
      for (let n = 1; n <= 40; n++) await before.append(answer(n, await before.append(intent(n))));
      const { key } = intent(7);
      await before.append({ event: 'rename', key, name: 'Großer Saal 大', file: 'recordings/ä.yaml' });
      await before.append({ event: 'ended', key: intent(9).key });
      await before.compact();
      await before.close();
      return open();
    }

    it('says the same, whatever takes the place of its file', async () => {
      const store = await opened();
      const known = told((await readState(dir)) as Store['state']);
      const [lines, digests] = [
        [...store.state.written.values()].map(({ text }) => text),
        [...store.state.written.values()].map(({ digest }) => digest),
      ];
      store.letGo();
      await store.append(answer(3, await store.append(intent(3, '#000003'))));
      await store.compact();
      await writeFile(join(dir, 'other'), '');
      await rename(join(dir, 'other'), join(dir, 'snapshot.jsonl'));
      const [third] = known.splice(2, 1);
      const now = told(store.state);
      expect(now.splice(2, 1)).not.toEqual([third]);
      expect(now).toEqual(known);
      const others = [...store.state.written].filter(([key]) => key !== intent(3).key);
      expect(others.map(([, { text }]) => text)).toEqual(lines.filter((_, index) => index !== 2));
      expect(others.map(([, { digest }]) => digest)).toEqual(digests.filter((_, index) => index !== 2));
      await store.close();
    });

    it('is not taken for what somebody has written over it', async () => {
      const store = await opened();
      store.letGo();
      const path = join(dir, 'snapshot.jsonl');
      await writeFile(path, (await readFile(path, 'utf8')).replaceAll('#000001', '#000002'));
      const known = store.state.known.get(intent(4).key);
      expect(() => known?.updateLayout).toThrow(/the state of rec-4 was changed under this process/);
      await truncate(path, 100);
      expect(() => known?.updateLayout).toThrow(/snapshot.jsonl was cut off under this process/);
      await store.close();
    });
  });

  it('a kill between the snapshot and the new journal counts nothing twice', async () => {
    const store = await open();
    await store.append(answer(1, await store.append(intent(1))));
    const old = await readFile(journal());
    await store.compact();
    await store.close();
    await writeFile(journal(), old);
    const state = await readState(dir);
    expect(state.serial).toBe(2);
    expect(state.known.get(recordingKey(identity(1)))?.updateLayout.unknown).toEqual([]);
  });

  it('refuses an empty journal beside a snapshot: it never leaves one', async () => {
    const store = await open();
    await store.append(answer(1, await store.append(intent(1))));
    await store.compact();
    await store.close();
    await truncate(journal(), 0);
    await expect(readState(dir)).rejects.toThrow(/journal\.jsonl is empty/);
    await expect(open()).rejects.toThrow(/journal\.jsonl is empty/);
  });

  it('refuses a journal whose beginning is neither in it nor in the snapshot', async () => {
    const store = await open();
    await store.append(intent(1));
    await store.compact();
    const empty = await readFile(journal());
    await store.append(intent(2));
    await store.close();
    await rm(join(dir, 'snapshot.jsonl'));
    await expect(readState(dir)).rejects.toThrow(/entr(y|ies) .* missing/);
    await writeFile(journal(), empty);
    await expect(readState(dir)).rejects.toThrow(/entries 1 to 1 are missing/);
  });

  it('does not grow for ever', async () => {
    const store = await open();
    await Promise.all(Array.from({ length: COMPACT_AFTER }, (_, i) => store.append(intent(i % 10))));
    await store.close();
    expect((await stat(journal())).size).toBeLessThan(200);
    expect((await readState(dir)).known.size).toBe(10);
  });

  it('a reader that reads while a writer compacts sees one or the other', async () => {
    const store = await open();
    await store.append(answer(1, await store.append(intent(1))));
    const reads = Array.from({ length: 30 }, () => readState(dir));
    await Promise.all([store.compact(), store.compact()].map((each) => each.catch(() => {})));
    for (const { serial } of await Promise.all(reads)) expect(serial).toBe(2);
    await store.close();
  });

  it('keeps the order of what is appended at once', async () => {
    const store = await open();
    const numbers = await Promise.all(Array.from({ length: 50 }, (_, i) => store.append(intent(i))));
    await store.close();
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect((await readState(dir)).serial).toBe(50);
  });

  it('whatever was torn off: what is left is what had been durable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 70, max: 2_000 }), async (length) => {
        await rm(dir, { recursive: true, force: true });
        const store = await open();
        for (let n = 1; n <= 4; n++) await store.append(answer(n, await store.append(intent(n))));
        await store.close();
        const whole = await readFile(journal());
        await truncate(journal(), Math.min(length, whole.length));
        const lines = whole.subarray(0, length).toString().split('\n').length - 2;
        expect((await readState(dir)).serial).toBe(Math.max(0, Math.min(8, lines)));
      }),
      { numRuns: 25 },
    );
  });
});

describe('the one writer', () => {
  it('a second one is told who holds it', async () => {
    const store = await open();
    await expect(open()).rejects.toThrow(new RegExp(`in use by process ${process.pid} \\(a test, since`));
    await store.close();
    await (await open()).close();
  });

  it('a holder that has died is noticed', async () => {
    await (await open()).close();
    const dead = {
      pid: 2 ** 22 - 7,
      host: (await import('node:os')).hostname(),
      command: 'x',
      since: 'then',
    };
    await writeFile(join(dir, 'lock.1-other'), JSON.stringify(dead));
    await (await open()).close();
    expect(existsSync(join(dir, 'lock.1-other'))).toBe(false);
  });

  it('another process that got the number of a dead holder is not taken for it', async () => {
    await (await open()).close();
    const reused = {
      pid: process.ppid,
      host: (await import('node:os')).hostname(),
      command: 'x',
      since: 'then',
      started: 'another-boot/1',
    };
    await writeFile(join(dir, 'lock.1-other'), JSON.stringify(reused));
    await (await open()).close();
  });

  it('a lock that is no lock is taken over', async () => {
    await (await open()).close();
    await writeFile(join(dir, 'lock.1-other'), '');
    await (await open()).close();
  });

  it('a holder on another machine is believed', async () => {
    await (await open()).close();
    await writeFile(
      join(dir, 'lock.1-other'),
      JSON.stringify({ pid: 1, host: 'elsewhere', command: 'reelstate watch', since: 'then' }),
    );
    await expect(open()).rejects.toThrow(/on elsewhere .*remove .*lock\.1-other/);
  });

  it('of many at once never two get in, and nothing is left behind', async () => {
    await (await open()).close();
    const dead = {
      pid: 2 ** 22 - 7,
      host: (await import('node:os')).hostname(),
      command: 'x',
      since: 'then',
    };
    await writeFile(join(dir, 'lock.1-other'), JSON.stringify(dead));
    const tries = await Promise.allSettled(Array.from({ length: 20 }, open));
    const winners = tries.filter((each) => each.status === 'fulfilled');
    expect(winners.length).toBeLessThanOrEqual(1);
    await winners[0]?.value.close();
    await (await open()).close();
    expect((await readdir(dir)).filter((name) => name.includes('lock'))).toEqual([]);
  });
});
