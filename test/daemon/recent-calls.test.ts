import { describe, expect, it } from 'vitest';
import { RateUse } from '../../src/daemon/rate-use.ts';
import { callsOf, RecentCalls } from '../../src/daemon/recent-calls.ts';
import type { PastCall } from '../../src/model/journal.ts';
import type { ApplyEvent } from '../../src/model/work.ts';
import { FakeClock } from '../support/clock.ts';

const about = (name: string) => ({ key: `key-${name}`, name, endpoint: 'update' as const });
const start = (name: string): ApplyEvent => ({ type: 'start', ...about(name), reason: 'changed' });
const repeat = (name: string): ApplyEvent => ({
  ...{ type: 'repeat', ...about(name), outcome: 'deferred', status: 503, message: 'busy', after: 500 },
});
const applied = (name: string): ApplyEvent => ({ type: 'applied', ...about(name), status: 200, took: 10 });
const failed = (name: string): ApplyEvent => ({
  ...{ type: 'failed', ...about(name), outcome: 'refused', status: 400, message: 'no' },
});

describe('the calls since the start', () => {
  it('are one each with all its attempts, the newest first', async () => {
    const clock = new FakeClock();
    const calls = new RecentCalls(clock);
    const take = async (event: ApplyEvent, ms: number) => {
      await clock.advance(ms);
      calls.take(event);
    };
    await take(start('a'), 0);
    await take(start('b'), 0);
    expect(calls.last(9)).toMatchObject([{ outcome: 'under way' }, { outcome: 'under way' }]);
    await take(repeat('a'), 100);
    expect(calls.last(1, 'a')).toMatchObject([
      { outcome: 'repeated', attempts: 1, message: 'busy', status: 503 },
    ]);
    await take(failed('b'), 0);
    await take(applied('a'), 500);
    const [b, a] = calls.last(9);
    expect(a).toMatchObject({ name: 'a', attempts: 2, outcome: 'applied', status: 200, took: 600 });
    expect(a).not.toHaveProperty('message');
    expect(b).toMatchObject({ name: 'b', attempts: 1, outcome: 'refused', message: 'no', took: 100 });
    expect(calls.last(1)).toEqual([b]);
    // What could not be made ready was never sent.
    calls.take(failed('c'));
    expect(calls.last(9)).toHaveLength(2);
    // A newer call for the same endpoint takes the place of one that was to be repeated.
    for (const event of [start('d'), repeat('d'), start('d'), applied('d')]) await take(event, 10);
    expect(calls.last(2, 'd')).toMatchObject([
      { attempts: 1, outcome: 'applied' },
      { attempts: 1, outcome: 'deferred' },
    ]);
  });

  it('are not more than can be kept', () => {
    const calls = new RecentCalls(new FakeClock());
    for (let n = 0; n < 10_000; n++)
      for (const event of [start(`r${n}`), applied(`r${n}`)]) calls.take(event);
    const kept = calls.last(100_000);
    expect(kept.length).toBeLessThanOrEqual(4_000);
    expect(kept[0]?.name).toBe('r9999');
  });
});

describe('attempts of the history', () => {
  const attempt = (second: number, outcome?: string, more: Partial<PastCall> = {}): PastCall => {
    const at = (s: number) => new Date(1_750_000_000_000 + s * 1000).toISOString();
    return {
      ...{
        seq: second,
        at: at(second),
        name: 'a',
        file: 'a.yaml',
        sid: 's',
        endpoint: 'update',
        reason: 'changed',
      },
      ...(outcome ? { answer: { at: at(second + 0.5), outcome, status: 503, message: outcome } } : {}),
      ...more,
    } as PastCall;
  };
  const shown = (past: PastCall[]) =>
    callsOf(past).map(({ attempts, outcome, took }) => `${attempts} ${outcome} ${took}`);

  it('are put together until the answer is final', () => {
    expect(shown([attempt(1, 'deferred'), attempt(2, 'unknown'), attempt(4, 'applied')])).toEqual([
      '3 applied 3500',
    ]);
    expect(shown([attempt(1, 'applied'), attempt(2, 'applied')])).toEqual(['1 applied 500', '1 applied 500']);
    expect(shown([attempt(1, 'refused'), attempt(2)])).toEqual(['1 unknown undefined', '1 refused 500']);
  });

  it('are not where recording, endpoint, reason or commit is another', () => {
    const others: Partial<PastCall>[] = [
      { sid: 't' },
      { endpoint: 'updateLayout' },
      { reason: 'resync' },
      { commit: { sha: 'x', author: '', subject: '' } },
    ];
    for (const other of others)
      expect(shown([attempt(1, 'deferred'), attempt(2, 'applied', other)])).toHaveLength(2);
  });
});

describe('requests of the last ten minutes', () => {
  it('are counted in steps of five seconds, and forgotten', async () => {
    const clock = new FakeClock();
    const use = new RateUse(clock);
    const answered = (status?: number) => use.take({ type: 'answered', endpoint: 'update', took: 1, status });
    answered(200);
    answered(429);
    answered();
    use.take(repeat('a'));
    await clock.advance(5_000);
    answered(200);
    const { every, requests, throttled, repeated } = use.view();
    expect([every, requests.length]).toEqual([5, 120]);
    expect([requests.slice(-2), throttled.slice(-2), repeated.slice(-2)]).toEqual([
      [3, 1],
      [1, 0],
      [1, 0],
    ]);
    await clock.advance(590_000);
    expect(use.view().requests.slice(0, 2)).toEqual([3, 1]);
    await clock.advance(10_000);
    expect(use.view().requests.every((number) => number === 0)).toBe(true);
    answered(200);
    expect(use.view().requests.at(-1)).toBe(1);
  });
});
