import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { systemClock } from '../src/system-clock.ts';

const FOR_LONG = 1_000_000;

it('wakes all who sleep until a signal, with one listener, and leaves none behind', async () => {
  const over = new AbortController();
  const sleeping = Array.from({ length: 3_000 }, () => systemClock.sleep(FOR_LONG, over.signal));
  const short = systemClock.sleep(1, over.signal);
  expect(getEventListeners(over.signal, 'abort')).toHaveLength(1);
  await short;
  expect(getEventListeners(over.signal, 'abort')).toHaveLength(1);
  over.abort();
  await Promise.all(sleeping);
  expect(getEventListeners(over.signal, 'abort')).toHaveLength(0);
  await systemClock.sleep(FOR_LONG, over.signal);
});

it('listens no longer once the last one is awake', async () => {
  const { signal } = new AbortController();
  await Promise.all([systemClock.sleep(1, signal), systemClock.sleep(2, signal)]);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  const again = systemClock.sleep(1, signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await again;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
