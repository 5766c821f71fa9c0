import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../src/model/journal.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import type { Writer } from '../../src/model/store.ts';
import { emptyState, fold } from '../../src/state/fold.ts';
import { accountOf } from '../../src/state/key.ts';
import { identity } from '../support/engine.ts';
import { answer, call, intent, KINDS, NOW, open, read, told } from '../support/states.ts';

/*
 * What holds for a state, whichever database keeps it.
 */

const key = (n: number) => recordingKey(identity(n));

/** What may be recorded, with numbers in place of what they name. */
const step = fc.record({
  what: fc.constantFrom(
    ...(['intent', 'intent', 'intent', 'applied', 'applied', 'unknown', 'refused', 'withdraw'] as const),
    ...(['forget', 'rename', 'ended', 'doubt', 'release', 'bind'] as const),
  ),
  n: fc.integer({ min: 1, max: 4 }),
  mark: fc.integer({ min: 1, max: 3 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function eventOf({ what, n, mark }: Step, calls: number[]): JournalEvent | undefined {
  const of = calls[mark % Math.max(1, calls.length)];
  switch (what) {
    case 'intent':
      return intent(n, `#00000${mark}`, mark === 1 ? {} : { target: `t${mark}`, account: `a${n}` });
    case 'applied':
    case 'unknown':
    case 'refused':
      return of === undefined ? undefined : answer(n, of, what);
    case 'withdraw':
      return of === undefined ? undefined : { event: what, key: key(n), endpoint: 'updateLayout', of };
    case 'forget':
    case 'ended':
      return { event: what, key: key(n) };
    case 'rename':
      return { event: what, key: key(n), name: `Großer Saal ${mark}`, file: `recordings/ä${mark}.yaml` };
    case 'doubt':
      return { event: what, key: key(n), endpoint: 'updateLayout' };
    case 'release':
      return { event: what, key: key(n), blocks: ['rtmp'] };
    case 'bind':
      return { event: what, key: key(n), target: `t${mark}` };
  }
}

async function record(store: Writer, steps: readonly Step[], calls: Map<number, number[]>): Promise<void> {
  for (const one of steps) {
    const event = eventOf(one, calls.get(one.n) ?? []);
    if (!event) continue;
    const seq = await store.append(event);
    if (event.event === 'intent') calls.set(one.n, [...(calls.get(one.n) ?? []), seq]);
  }
}

describe.each(KINDS)('a state in $name', ({ place, end, isShared }) => {
  afterAll(end);
  const tell = (state: Parameters<typeof told>[0]) => told(state, !isShared);

  it('knows nothing where there is none', async () => {
    const state = await read(await place());
    expect(state).toMatchObject({ id: undefined, key: undefined });
    expect(state.state.known.size).toBe(0);
    expect(await state.history({})).toEqual({ calls: [], earlier: 0 });
    await state.close();
  });

  it('remembers what was applied, and a call without an answer as one of unknown outcome', async () => {
    const at = await place();
    const store = await open(at);
    await call(store, 1);
    await store.append(intent(1, '#000002'));
    await store.close();
    const { state, ...reader } = await read(at);
    const known = state.known.get(key(1))?.updateLayout;
    expect(known?.applied?.request.backgroundColor).toBe('#000001');
    expect(known?.unknown.map(({ request }) => request.backgroundColor)).toEqual(['#000002']);
    const sent = [
      { seq: 1, at: NOW, answered: true, appId: 'app' },
      { seq: 3, at: NOW, answered: false, appId: 'app' },
    ];
    expect(state.sent).toEqual(isShared ? [] : sent);
    expect(reader).toBeDefined();
  });

  const expectRead = async (at: string, plain: Parameters<typeof told>[0]) => {
    const reader = await read(at);
    expect(tell(reader)).toEqual(tell(plain));
    await reader.close();
  };

  /** A recording is forgotten while one of its calls may still take effect, and is known anew without an account. */
  const FORGOTTEN: Step[] = [
    { what: 'intent', n: 2, mark: 3 },
    { what: 'forget', n: 2, mark: 1 },
    { what: 'intent', n: 2, mark: 1 },
  ];

  it('is, after any events and restarts, what its events add up to', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 4 }), async (runs) => {
        const at = await place();
        const plain = { state: emptyState() };
        const calls = new Map<number, number[]>();
        for (const steps of runs) {
          const store = await open(at);
          const { append } = store;
          store.append = async (event) => {
            const seq = await append.call(store, event);
            fold(plain.state, { seq, at: new Date(NOW).toISOString(), ...event });
            return seq;
          };
          await record(store, steps, calls);
          expect(tell(store)).toEqual(tell(plain));
          // Beside the writer, and after it.
          if (steps.length > 0) await expectRead(at, plain);
          await store.close();
          await expectRead(at, plain);
        }
      }),
      { numRuns: isShared ? 5 : 15, examples: [[[FORGOTTEN]]] },
    );
  });

  it('keeps the order of what is appended at once', async () => {
    const at = await place();
    const store = await open(at);
    const numbers = await Promise.all(Array.from({ length: 50 }, (_, i) => store.append(intent(i))));
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    await store.close();
    expect((await read(at)).state.serial).toBe(50);
  });

  it('has every call in its history, the newest first, and counts the others', async () => {
    const at = await place();
    const store = await open(at);
    const commit = { sha: 'a'.repeat(40), author: 'A', subject: 'A change' };
    await store.append(answer(1, await store.append(intent(1, '#000001', { commit })), 'refused'));
    await call(store, 2);
    await store.append({
      event: 'withdraw',
      key: key(2),
      endpoint: 'updateLayout',
      of: await store.append(intent(2)),
    });
    await store.append(intent(1));
    await store.append({ event: 'forget', key: key(1) });
    const reader = await read(at);
    for (const state of [store, reader]) {
      const { calls, earlier } = await state.history({});
      expect(calls.map(({ seq, name, sid }) => [seq, name, sid])).toEqual([
        [7, 'rec-1', 'sid-1'],
        [3, 'rec-2', 'sid-2'],
        [1, 'rec-1', 'sid-1'],
      ]);
      expect(earlier).toBe(0);
      expect(calls[0]?.answer).toBeUndefined();
      expect(calls[2]).toMatchObject({ commit, answer: { outcome: 'refused', status: 200 } });
      expect(await state.history({ names: ['rec-1'], limit: 1 })).toMatchObject({
        calls: [{ seq: 7 }],
        earlier: 1,
      });
      expect((await state.calledNames()).sort()).toEqual(['rec-1', 'rec-2']);
    }
    await reader.close();
    await store.close();
  });

  it('lets go of calls that are older than they are to be kept', async () => {
    const at = await place();
    const day = 86_400_000;
    let now = NOW - 3 * day;
    const store = await open(at, { now: () => now });
    for (let n = 1; n <= 20; n++) await call(store, n);
    now = NOW;
    await call(store, 21);
    await store.close();
    const later = await open(at, { keepHistory: 2 * day });
    await call(later, 22);
    expect((await later.history({})).calls.map(({ name }) => name)).toEqual(['rec-22', 'rec-21']);
    expect(later.state.known.size).toBe(22);
    await later.close();
  });

  it('binds what is known, whatever else is known of it', async () => {
    const at = await place();
    const store = await open(at);
    await call(store, 1);
    const before = store.state.known.head(key(1));
    await store.append({ event: 'bind', key: key(1), target: 'agora', account: 'mine' });
    await store.append({ event: 'bind', key: key(1), target: 'elsewhere' });
    await store.close();
    const bound = (await read(at)).state.known.head(key(1));
    expect(bound).toMatchObject({ target: 'elsewhere', account: 'mine', digest: before?.digest });
  });

  it('is the same after it was exported and imported, whatever was there before', async () => {
    const [here, there] = [await place(), await place()];
    const store = await open(here);
    await call(store, 1);
    await store.append(intent(2, '#000002', { target: 'agora', account: 'mine' }));
    await store.append({ event: 'forget', key: key(2) });
    await call(store, 3, '#000003', 'unknown');
    const dump = JSON.parse(JSON.stringify(await store.dump(NOW)));
    await store.close();
    const other = await open(there);
    await call(other, 9);
    await other.restore(dump);
    for (const copy of [other, await read(there)]) {
      expect(tell(copy)).toEqual(tell(store));
      expect(copy.key).toEqual(store.key);
      expect((await copy.history({})).calls).toEqual(
        await read(here)
          .then((it) => it.history({}))
          .then((it) => it.calls),
      );
    }
    // It goes on with numbers of its own.
    expect(await other.append(intent(1))).toBe(dump.serial + 1);
    await other.close();
    expect(other.id).not.toBe(store.id);
  });

  it('keeps the key of the fingerprints, unless a text gives it', async () => {
    const [kept, given] = [await place(), await place()];
    const first = await open(kept);
    await first.close();
    expect((await read(kept)).key).toEqual(first.key);
    const keyText = 'a text of sixteen or more';
    await expect(read(kept, { keyText })).rejects.toThrow('keeps a key of its own');
    await expect(open(kept, { keyText })).rejects.toThrow('keeps a key of its own');

    const second = await open(given, { keyText });
    await call(second, 1);
    const dump = await second.dump(NOW);
    await second.close();
    expect(dump.key).toBeNull();
    expect((await read(given, { keyText })).key).toEqual(second.key);
    await expect(read(given)).rejects.toThrow('REELSTATE_STATE_KEY, which is not set');
    await expect(open(given, { keyText: 'another text, just as long' })).rejects.toThrow(
      'another REELSTATE_STATE_KEY',
    );
    await expect(open(await place(), { keyText: 'short' })).rejects.toThrow('16 characters');
    const third = await open(kept);
    await expect(third.restore(dump)).rejects.toThrow('REELSTATE_STATE_KEY, which is not set');
    expect(accountOf(first.key, 'customer')).not.toBe(accountOf(second.key, 'customer'));
    await third.close().catch(() => {});
  });

  it('gives leave for calls and for queries, and records only calls', async () => {
    const store = await open(await place());
    await store.claim(['account']);
    const leave = await store.admit('account', 'app', intent(1));
    expect(leave).toMatchObject({ of: 1 });
    expect(leave?.mayLeave()).toBe(true);
    const query = await store.admit('account', 'app');
    expect(query?.of).toBeUndefined();
    expect(query?.mayLeave()).toBe(true);
    expect((await store.history({})).calls).toHaveLength(1);
    await store.close();
  });

  it('a writer that was killed is told of, one that has ended is not', async () => {
    const at = await place();
    await (await open(at)).close();
    const again = await open(at);
    expect(again.afterKill).toBe(false);
    await again.close();
  });
});
