import { expect, it } from 'vitest';
import { News } from '../../src/daemon/news.ts';
import { FakeClock } from '../support/clock.ts';

const never = new AbortController().signal;

it('many changes are one event, the first at once and the next after a quarter of a second', async () => {
  const clock = new FakeClock();
  const news = new News(clock);
  const heard: number[] = [];
  const begun = clock.monotonic();
  void (async () => {
    for (;;) {
      await news.after(news.version, 3_600_000, never);
      heard.push(clock.monotonic() - begun);
    }
  })();
  for (let i = 0; i < 100; i++) {
    news.changed();
    await clock.advance(10);
  }
  expect(heard).toEqual([0, 250, 500, 750, 1_000]);
  await clock.advance(60_000);
  expect(heard).toHaveLength(5);
  expect(news.listeners).toBe(1);
});

it('the dearer the pages, the longer until the next event', async () => {
  const clock = new FakeClock();
  const news = new News(clock);
  news.changed();
  await clock.advance(0);
  const told = news.version;
  news.spent(80);
  news.changed();
  await clock.advance(799);
  expect(news.version).toBe(told);
  await clock.advance(1);
  expect(news.version).toBe(told + 1);
  news.spent(60_000);
  news.changed();
  await clock.advance(5_000);
  expect(news.version).toBe(told + 2);
});

it('waiting ends with its time, with its signal, and at once for what has happened meanwhile', async () => {
  const clock = new FakeClock();
  const news = new News(clock);
  await news.after(news.version - 1, 1_000, never);
  const over = new AbortController();
  const ended = [news.after(news.version, 1_000, never), news.after(news.version, 3_600_000, over.signal)];
  over.abort();
  await ended[1];
  await clock.advance(1_000);
  await ended[0];
  await news.after(news.version, 3_600_000, over.signal);
  expect(news.listeners).toBe(0);
});
