import { expect, it } from 'vitest';
import { Gap } from '../../src/daemon/gap.ts';
import { FakeClock } from '../support/clock.ts';

it('a process that goes on has no gap; one that stood still has one, once', async () => {
  const clock = new FakeClock();
  const gap = new Gap(clock);
  const stop = new AbortController();
  const run = gap.run(stop.signal);
  await clock.advance(60_000);
  expect(gap.take()).toBe(false);
  // A suspended machine: only the wall clock went on. Whatever asks first, sees it.
  clock.stepWall(30_000);
  expect(gap.take()).toBe(true);
  expect(gap.take()).toBe(false);
  clock.stepWall(-30_000);
  await clock.advance(1_000);
  expect(gap.take()).toBe(true);
  stop.abort();
  await run;
});

it('a stopped process is seen by the monotonic clock', () => {
  let now = 0;
  const gap = new Gap({ now: () => 0, monotonic: () => now, sleep: async () => {} });
  now = 1_900;
  expect(gap.take()).toBe(false);
  now += 2_100;
  expect(gap.take()).toBe(true);
});
