import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry, JournalEvent, State } from '../../src/model/journal.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import { View } from '../../src/state/compaction.ts';
import type { Step } from '../../src/state/disk.ts';
import { emptyState, fold } from '../../src/state/fold.ts';
import { readHistory } from '../../src/state/history.ts';
import { COMPACT_AFTER, readState, Store } from '../../src/state/store.ts';
import { identity } from '../support/engine.ts';

/*
 * The journal begins anew while entries are appended. Whatever the moment at which the writer is killed: what was
 * appended is known, all of it and once.
 */

let root: string;
let dir: string;
let time: number;
const now = () => (time += 1_000);
const open = (step?: Step, where = dir) => Store.open(where, 'a test', now, step);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'reelstate-'));
  dir = join(root, 'state');
  time = 1_750_000_000_000;
});
afterEach(() => rm(root, { recursive: true, force: true }));

const key = (n: number) => recordingKey(identity(n));

function intent(n: number, color: string): JournalEvent {
  return {
    event: 'intent',
    key: key(n),
    name: `rec-${n}`,
    file: `recordings/${n}.yaml`,
    identity: identity(n),
    endpoint: 'updateLayout',
    reason: 'changed',
    request: { mixedVideoLayout: 0, backgroundColor: color },
  };
}

/** Any event; an answer is one to the entry before it, or to one of long ago. */
const anyEvent = fc
  .record({ n: fc.nat(3), color: fc.constantFrom('#000001', '#000002'), what: fc.nat(8), of: fc.nat(20) })
  .map(({ n, color, what, of }) => (seq: number): JournalEvent => {
    const to = { key: key(n), endpoint: 'updateLayout' as const, of: of < 15 ? seq - 1 : of };
    switch (what) {
      case 0:
        return { event: 'forget', key: key(n) };
      case 1:
        return { event: 'ended', key: key(n) };
      case 2:
        return { event: 'doubt', key: key(n), endpoint: 'updateLayout' };
      case 3:
        return { event: 'rename', key: key(n), name: `other-${of}`, file: 'recordings/other.yaml' };
      case 4:
        return { event: 'withdraw', ...to };
      case 5:
        return { event: 'answer', ...to, outcome: 'unknown', message: 'reset' };
      case 6:
        return { event: 'answer', ...to, outcome: 'applied', status: 200 };
      default:
        return intent(n, color);
    }
  });

/** All that a state says, apart from how it is held. */
const told = ({ serial, known, sent }: State) => JSON.stringify({ serial, known: [...known], sent });

/** What the entries up to each number add up to, told by adding them up alone. */
function statesAfter(entries: readonly JournalEntry[]): string[] {
  const state = emptyState();
  const after = entries.map((entry) => {
    fold(state, structuredClone(entry));
    return told(state);
  });
  return [told(emptyState()), ...after];
}

/** Steps are taken one after the other, and before each the directory is copied as a kill would leave it. */
class Kills {
  readonly copies: { path: string; what: string; durable: number }[] = [];
  /** Number of the last entry that somebody was told of. */
  durable = 0;
  /** Called before each step, while a compaction is under way. */
  onStep: () => void = () => {};
  #last: Promise<unknown> = Promise.resolve();

  readonly step: Step = (what, act) => {
    const done = this.#last.then(async () => {
      await this.#copy(what);
      this.onStep();
      return act();
    });
    this.#last = done.catch(() => {});
    return done;
  };

  async #copy(what: string): Promise<void> {
    const path = join(root, `kill-${this.copies.length}`);
    await cp(dir, path, { recursive: true, filter: (source) => !source.includes('lock.') });
    this.copies.push({ path, what, durable: this.durable });
  }

  /** Where a file has grown from one step to the next, it may have been half way there when the kill came. */
  async addTorn(): Promise<void> {
    const whole = [...this.copies];
    for (const [index, { path, what, durable }] of whole.entries()) {
      const next = whole[index + 1]?.path;
      if (!next || what !== 'write') continue;
      for (const name of await readdir(next)) {
        const [before, after] = await Promise.all([sizeOf(join(path, name)), sizeOf(join(next, name))]);
        if (after - before < 2) continue;
        const torn = `${path}-torn`;
        await cp(path, torn, { recursive: true });
        await cp(join(next, name), join(torn, name));
        await truncate(join(torn, name), before + Math.floor((after - before) * 0.6));
        this.copies.push({ path: torn, what: `half a write to ${name}`, durable });
      }
    }
  }
}

const sizeOf = (path: string) =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** Every entry that the history has, as often as it has it. */
async function inHistory(where: string): Promise<number[]> {
  const names = (await readdir(where)).filter((name) => name.startsWith('history'));
  const texts = await Promise.all(names.map((name) => readFile(join(where, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).seq as number),
  );
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** A writer that begins its journal anew twice while it goes on, and what it left at every step. */
async function run(events: ((seq: number) => JournalEvent)[], entryEach: number) {
  const kills = new Kills();
  const store = await open(kills.step);
  const entries: JournalEntry[] = [];
  const appending: Promise<void>[] = [];
  const append = () => {
    const next = events[entries.length];
    if (!next) return;
    const seq = entries.length + 1;
    const event = next(seq);
    entries.push({ seq, at: new Date(time + 1_000).toISOString(), ...event });
    appending.push(
      store.append(event).then((got) => {
        expect(got).toBe(seq);
        kills.durable = seq;
      }),
    );
  };
  for (let n = 0; n < events.length / 2; n++) append();
  await Promise.all(appending);
  let steps = 0;
  kills.onStep = () => {
    if (steps++ % entryEach === 0) append();
  };
  await store.compact();
  await store.compact();
  kills.onStep = () => {};
  await Promise.all(appending);
  await store.close();
  await kills.addTorn();
  return { copies: kills.copies.filter(({ path }) => path), entries };
}

describe('a kill while the journal begins anew', () => {
  it('at any step: what was appended is known, and the history has each entry once', async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { minLength: 8, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (events, entryEach) => {
          const { copies, entries } = await run(events, entryEach);
          const states = statesAfter(entries);
          for (const { path, what, durable } of copies) {
            const state = await readState(path);
            expect(state.serial, what).toBeGreaterThanOrEqual(durable);
            expect(told(state), what).toBe(states[state.serial]);
            expect(
              (await readHistory(path)).entries.map(({ seq }) => seq),
              what,
            ).toEqual(upTo(state.serial));
            // Whoever comes next goes on from there, and finishes what was begun.
            const next = await open(undefined, path);
            await next.compact();
            await next.append(intent(1, '#000003'));
            await next.close();
            expect(
              (await inHistory(path)).sort((a, b) => a - b),
              what,
            ).toEqual(upTo(state.serial));
            expect((await readState(path)).serial, what).toBe(state.serial + 1);
          }
          seen += copies.length;
          await rm(root, { recursive: true, force: true });
          await mkdir(root);
          time = 1_750_000_000_000;
        },
      ),
      { numRuns: 5 },
    );
    expect(seen).toBeGreaterThan(200);
  }, 60_000);

  it('a reader that opens one file before steps of the writer and another after them sees one state', async () => {
    const events = upTo(24).map((n) => () => intent(n % 3, `#${100_000 + n}`));
    const { copies, entries } = await run(events, 2);
    const states = statesAfter(entries);
    const whole = copies.filter(({ path }) => !path.endsWith('torn'));
    const journals = await distinct(whole, ['journal.jsonl']);
    const others = await distinct(whole, ['snapshot.jsonl', 'history.jsonl']);
    expect(Math.min(journals.length, others.length)).toBeGreaterThan(4);
    for (const { index, path, durable } of journals)
      for (const later of others) {
        // Without steps in between it is read as a kill leaves it.
        if (later.last < index || (await sizeOf(join(path, 'journal.jsonl'))) === 0) continue;
        const mixed = join(root, 'mixed');
        await cp(later.path, mixed, { recursive: true });
        await cp(join(path, 'journal.jsonl'), join(mixed, 'journal.jsonl'));
        const state = await readState(mixed);
        expect(state.serial).toBeGreaterThanOrEqual(durable);
        expect(told(state)).toBe(states[state.serial]);
        const seqs = (await readHistory(mixed)).entries.map(({ seq }) => seq);
        expect(seqs).toEqual(upTo(seqs.length));
        expect(seqs.length).toBeGreaterThanOrEqual(durable);
        await rm(mixed, { recursive: true });
      }
  }, 60_000);

  /** Of copies in which those files are the same only one, with the number of the first such and of the last. */
  async function distinct(copies: Kills['copies'], names: string[]) {
    const found = new Map<string, Kills['copies'][number] & { index: number; last: number }>();
    for (const [index, copy] of copies.entries()) {
      const texts = names.map((name) => readFile(join(copy.path, name), 'utf8').catch(() => ''));
      const content = (await Promise.all(texts)).join('\0');
      found.set(content, { index, ...copy, ...found.get(content), last: index });
    }
    return [...found.values()];
  }
});

describe('a power cut while the journal begins anew', () => {
  it('finds nothing renamed that is not flushed, and nothing given up that is not for good elsewhere', async () => {
    const steps: string[] = [];
    const step: Step = (what, act) => {
      steps.push(what);
      return act();
    };
    const store = await open(step);
    await store.append(intent(1, '#000001'));
    steps.length = 0;
    await store.compact();
    expect(steps).toEqual([
      ...['open snapshot.jsonl.new', 'write', 'flush'],
      ...['rename snapshot.jsonl.new snapshot.jsonl', 'flush the folder'],
      ...['open history.jsonl', 'open history.jsonl', 'truncate', 'write', 'flush', 'flush the folder'],
      ...['open journal.jsonl.new', 'write', 'flush', 'flush'],
      ...['rename journal.jsonl.new journal.jsonl', 'flush the folder'],
    ]);
    await store.close();
  });
});

describe('an entry while the journal begins anew', () => {
  /** Steps go on until one comes whose name is that; it and what comes after it in its turn wait. */
  function holding(what: RegExp) {
    let release = () => {};
    let reached = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const isHeld = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const step: Step = async (name, act) => {
      if (what.test(name)) {
        reached();
        await held;
      }
      return act();
    };
    return { step, release, isHeld };
  }

  it.each([/open snapshot/, /rename snapshot/, /open history/, /open journal\.jsonl\.new/])(
    'is durable while %s is held up, in its order, and in what follows',
    async (what) => {
      // The first to open a directory begins a journal, too.
      await (await open()).close();
      const { step, release, isHeld } = holding(what);
      const store = await open(step);
      for (let n = 0; n < 6; n++) await store.append(intent(n % 3, '#000001'));
      let isDone = false;
      const compacting = store.compact().then(() => {
        isDone = true;
      });
      await isHeld;
      const lanes = [0, 1, 2].map(async (n) => {
        for (const color of ['#000002', '#000003']) await store.append(intent(n, color));
      });
      await Promise.all(lanes);
      expect(isDone).toBe(false);
      const beside = await readState(dir);
      expect(beside.serial).toBe(12);
      expect(told(beside)).toBe(told(store.state));
      release();
      await compacting;
      // The six that came first are in the snapshot alone now.
      expect((await readFile(join(dir, 'journal.jsonl'), 'utf8')).split('\n')).toHaveLength(1 + 6 + 1);
      expect(told(await readState(dir))).toBe(told(store.state));
      await store.append(intent(4, '#000001'));
      await store.close();
      expect((await readState(dir)).serial).toBe(13);
      expect((await readHistory(dir)).entries.map(({ seq }) => seq)).toEqual(upTo(13));
    },
  );

  it('whoever opens a long journal does not wait for it either', async () => {
    const before = await open();
    await Promise.all(upTo(COMPACT_AFTER - 1).map((n) => before.append(intent(n % 10, '#000001'))));
    await before.close();
    const again = await open();
    await again.append(intent(1, '#000002'));
    // Killed, so that it is left to the next.
    await cp(dir, join(root, 'left'), { recursive: true, filter: (source) => !source.includes('lock.') });
    await again.close();
    const { step, release, isHeld } = holding(/open snapshot/);
    const store = await open(step, join(root, 'left'));
    await isHeld;
    expect(await store.append(intent(1, '#000003'))).toBe(COMPACT_AFTER + 1);
    release();
    await store.close();
    expect((await readFile(join(root, 'left/journal.jsonl'), 'utf8')).split('\n')).toHaveLength(3);
  });

  it('is refused when it failed, and so is every later one', async () => {
    const full = new Error('no space left');
    const store = await open((what, act) =>
      what === 'open snapshot.jsonl.new' ? Promise.reject(full) : act(),
    );
    await store.append(intent(1, '#000001'));
    await expect(store.compact()).rejects.toBe(full);
    await expect(store.broken).rejects.toBe(full);
    await expect(store.append(intent(1, '#000002'))).rejects.toBe(full);
    await store.close();
    expect((await readState(dir)).serial).toBe(1);
  });

  it('leaves its place alone: nobody takes the new journal for another', async () => {
    const store = await open();
    await store.append(intent(1, '#000001'));
    const looks = upTo(20).map(() => store.checkPlace());
    await Promise.all([store.compact(), ...looks, ...upTo(20).map(() => store.checkPlace())]);
    await rm(join(dir, 'journal.jsonl'));
    await expect(store.checkPlace()).rejects.toThrow(/removed or replaced/);
    await store.close();
  });
});

describe('the view of a state', () => {
  it('says what the state was, whichever recordings change between which of its lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { maxLength: 30 }),
        fc.array(anyEvent, { maxLength: 30 }),
        async (first, then) => {
          const state = emptyState();
          const add = (event: (seq: number) => JournalEvent, view?: View) => {
            const seq = state.serial + 1;
            const entry = { seq, at: new Date(time + seq * 1_000).toISOString(), ...event(seq) };
            view?.keep(entry.key);
            fold(state, entry);
          };
          for (const event of first) add(event);
          const as = [...state.known.values()].map((each) => JSON.stringify(each));
          const [sent, serial] = [JSON.stringify(state.sent), state.serial];
          const view = new View(state);
          const left = [...then];
          const changing = (async () => {
            for (let event = left.shift(); event; event = left.shift()) {
              add(event, view);
              await new Promise((resolve) => setImmediate(resolve));
            }
          })();
          let text = '';
          for await (const each of view.texts()) text += each;
          await changing;
          const [header, ...lines] = text
            .trimEnd()
            .split('\n')
            .map((line) => line.replace(/,"crc":"\w+"\}$/, '}'));
          expect(JSON.parse(header as string)).toMatchObject({ serial, recordings: as.length });
          expect(JSON.stringify(JSON.parse(header as string).sent)).toBe(sent);
          expect(lines).toEqual(as);
          for (const [key, { text: line }] of state.written)
            expect(line.replace(/,"crc":"\w+"\}$/, '}')).toBe(JSON.stringify(state.known.get(key)));
        },
      ),
      { numRuns: 200 },
    );
  });
});
