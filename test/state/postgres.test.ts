import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Writer } from '../../src/model/store.ts';
import type { Leave } from '../../src/model/work.ts';
import { openState } from '../../src/state/open.ts';
import { systemClock } from '../../src/system-clock.ts';
import { cuttable } from '../support/cuttable.ts';
import { PASSWORD, type Server, startServer, withoutServer } from '../support/postgres.ts';
import { answer, intent, read } from '../support/states.ts';
import { until } from '../support/watching.ts';

/*
 * Several writers of one database: who holds an account, and what is sent and recorded under it.
 */

const missing = withoutServer();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(missing !== undefined)('a state that is shared', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  }, 60_000);
  afterAll(() => server.stop(), 60_000);

  const open = (
    address: string,
    command = 'a test',
    more: { rateOf?: () => number; patience?: number } = {},
  ): Promise<Writer> =>
    openState(address, {
      command,
      now: () => Date.now(),
      keyText: undefined,
      shared: {
        clock: systemClock,
        env: { PGPASSWORD: PASSWORD },
        rateOf: () => 10,
        scope: 'account',
        patience: 20_000,
        ...more,
      },
    });

  const admit = async (store: Writer, n: number, account = 'acme'): Promise<Leave> => {
    const leave = await store.admit(account, 'app', intent(n, '#000001', { account, target: 'agora' }));
    if (!leave) throw new Error('not admitted');
    return leave;
  };

  it('has one holder of an account; one that waits is told which, and has it once that has ended', async () => {
    const address = await server.address();
    const [first, second] = [await open(address, 'reelstate watch'), await open(address, 'reelstate apply')];
    await first.claim(['acme']);
    expect([first.holds('acme'), second.holds('acme')]).toEqual([true, false]);
    await expect(second.claim(['acme'], 300)).rejects.toThrow(
      new RegExp(`in use by process ${process.pid} on .* \\(reelstate watch, since 20`),
    );
    await second.claim(['another'], 300);
    const claimed = second.claim(['acme'], 10_000);
    await pause(100);
    const leave = await admit(first, 1);
    await first.append(answer(1, leave.of as number));
    await first.close();
    await claimed;
    // What the first one has recorded is known.
    expect(second.state.known.size).toBe(1);
    await second.close();
  });

  it('shares accounts out, and hands on what is over once its calls are answered', async () => {
    const address = await server.address();
    const accounts = ['a', 'b', 'c', 'd', 'e'];
    const first = await open(address);
    await first.claim(accounts);
    await until(async () => accounts.every((account) => first.holds(account)), 'all of them');
    const leaves = await Promise.all(accounts.map((account, n) => admit(first, n, account)));
    const second = await open(address);
    await second.claim(accounts);
    await until(async () => accounts.filter((account) => first.holds(account)).length === 3, 'fewer');
    await pause(500);
    // Nothing is admitted any more, and what is in flight is waited for.
    const leaving = accounts.filter((account) => !first.holds(account));
    expect(await first.admit(leaving[0] as string, 'app')).toBeUndefined();
    expect(accounts.filter((account) => second.holds(account))).toEqual([]);
    await Promise.all(leaves.map((leave, n) => first.append(answer(n, leave.of as number))));
    await until(async () => leaving.every((account) => second.holds(account)), 'the rest');
    expect(second.state.known.get(intent(Number(accounts.indexOf(leaving[0] as string))).key)).toMatchObject({
      updateLayout: { applied: {}, unknown: [] },
    });
    await first.close();
    await until(async () => accounts.every((account) => second.holds(account)), 'all of the other');
    await second.close();
  });

  it('records nothing and sends nothing under a lease that another process has taken', async () => {
    const address = await server.address();
    const { proxied, cut, mend } = await cuttable(address);
    const old = await open(proxied);
    await old.claim(['acme']);
    const leave = await admit(old, 1);
    expect(leave.mayLeave()).toBe(true);
    const late = await admit(old, 2);
    const lost: boolean[] = [];
    old.onClaim((_, held) => lost.push(held));
    cut();
    const next = await open(address);
    const began = performance.now();
    await next.claim(['acme'], 10_000);
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(2_000);
    expect(took).toBeLessThan(6_000);
    expect(late.mayLeave()).toBe(false);
    expect(old.trouble).toContain('cannot be reached');
    // Both calls of the old one may have taken effect.
    const known = () => next.state.known.get(intent(1).key)?.updateLayout;
    expect(known()?.unknown).toHaveLength(1);
    const again = await admit(next, 1);
    await next.append(answer(1, again.of as number));
    const before = await read(address);
    const answered = old.append(answer(1, leave.of as number, 'refused'));
    mend();
    await answered;
    await until(async () => lost.length > 0, 'the loss is noticed');
    expect(lost).toEqual([false]);
    expect(await old.admit('acme', 'app')).toBeUndefined();
    const after = await read(address);
    expect(after.state.known.get(intent(1).key)).toEqual(before.state.known.get(intent(1).key));
    for (const each of [before, after, next, old]) await each.close();
  }, 30_000);

  it('goes on under a lease that ran out while the database was away, if it is still nobody else’s', async () => {
    const address = await server.address();
    const { proxied, cut, mend } = await cuttable(address);
    const store = await open(proxied);
    await store.claim(['acme']);
    const leave = await admit(store, 1);
    const lost: boolean[] = [];
    store.onClaim((_, held) => lost.push(held));
    cut();
    await pause(4_500);
    expect(leave.mayLeave()).toBe(false);
    const recorded = store.append(answer(1, leave.of as number));
    const next = admit(store, 2);
    mend();
    await recorded;
    expect((await next).mayLeave()).toBe(true);
    expect(store.trouble).toBeUndefined();
    expect(lost).toEqual([]);
    const reader = await read(address);
    expect(reader.state.known.get(intent(1).key)?.updateLayout).toMatchObject({ applied: {}, unknown: [] });
    await reader.close();
    await store.close();
  }, 30_000);

  it('a command waits for a database that is away, but not for ever', async () => {
    const { proxied, cut } = await cuttable(await server.address());
    const store = await open(proxied, 'reelstate apply', { patience: 300 });
    await store.claim(['acme'], 1_000);
    const leave = await admit(store, 1);
    cut();
    await expect(store.append(answer(1, leave.of as number))).rejects.toThrow('cannot be reached');
    await expect(store.broken).rejects.toThrow('cannot be reached');
    await store.close();
  }, 30_000);

  it('gives leave that is not older than some milliseconds', async () => {
    const store = await open(await server.address());
    await store.claim(['acme']);
    const [leave, late] = [await admit(store, 1), await admit(store, 2)];
    expect(leave.mayLeave()).toBe(true);
    await pause(120);
    expect(late.mayLeave()).toBe(false);
    await store.append({
      event: 'withdraw',
      key: intent(2).key,
      endpoint: 'updateLayout',
      of: late.of as number,
    });
    expect((await store.history({})).calls.map(({ name }) => name)).toEqual(['rec-1']);
    await store.close();
  });

  it('has as many places as the rate, for calls and queries, whoever takes them', async () => {
    const address = await server.address();
    const [first, second] = [
      await open(address, 'a', { rateOf: () => 3 }),
      await open(address, 'b', { rateOf: () => 3 }),
    ];
    await first.claim(['acme']);
    const began = performance.now();
    for (const n of [1, 2]) {
      const leave = await admit(first, n);
      await first.append(answer(n, leave.of as number));
    }
    (await first.admit('acme', 'app'))?.over(true);
    await pause(30);
    await first.close();
    await second.claim(['acme'], 5_000);
    // All three are taken, for a second after their answers.
    await admit(second, 3);
    expect(performance.now() - began).toBeGreaterThan(995);
    // One that did not leave gives its place back at once.
    const withdrawn = await admit(second, 4);
    const { key } = intent(4);
    await second.append({ event: 'withdraw', key, endpoint: 'updateLayout', of: withdrawn.of as number });
    const again = performance.now();
    await admit(second, 5);
    expect(performance.now() - again).toBeLessThan(900);
    await second.close();
  });

  it('is made by the first of many that begin at once', async () => {
    const address = await server.address();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open(address)));
    expect(new Set(stores.map(({ id }) => id)).size).toBe(1);
    expect(new Set(stores.map(({ key }) => key.toString('hex'))).size).toBe(1);
    for (const store of stores) await store.close();
  });

  it.each([
    ['removed', 'drop schema reelstate cascade'],
    ['replaced', `update reelstate.meta set value = 'another' where name = 'id'`],
  ])('that was %s under a writer ends it', async (_, sql) => {
    const store = await open(await server.address());
    await store.claim(['acme']);
    await server.query(sql);
    await expect(store.checkPlace()).rejects.toThrow('removed or ');
    await expect(store.broken).rejects.toThrow('removed or ');
    await expect(store.append(intent(1))).rejects.toThrow('removed or ');
    await store.close();
  });
});
