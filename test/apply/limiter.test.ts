import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limiter } from '../../src/apply/limiter.ts';
import { FakeClock, settle } from '../support/clock.ts';

/** Takes `number` places one after the other; departs each after `delay(i)` ms. @returns departure times */
async function burst(
  limiter: Limiter,
  clock: FakeClock,
  number: number,
  delay: (i: number) => number = () => 0,
) {
  const departures: number[] = [];
  const run = (async () => {
    for (let i = 0; i < number; i++) {
      const ticket = await limiter.take();
      void clock.sleep(delay(i)).then(() => {
        ticket?.departed();
        departures.push(clock.monotonic());
      });
      if (delay(i) === 0) await settle();
    }
  })();
  await clock.advance(600_000);
  await run;
  return departures.sort((a, b) => a - b);
}

function mostInASecond(times: readonly number[], window = 1_000): number {
  return Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + window).length));
}

describe('the limiter', () => {
  it('never lets more than the rate leave in any sliding second', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 40 }),
        async (rate, delays) => {
          const clock = new FakeClock();
          const departures = await burst(
            new Limiter(rate, clock),
            clock,
            delays.length,
            (i) => delays[i] ?? 0,
          );
          expect(departures).toHaveLength(delays.length);
          expect(mostInASecond(departures)).toBeLessThanOrEqual(rate);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('uses at least 94 % of it while there is work', async () => {
    const clock = new FakeClock();
    const times = await burst(new Limiter(10, clock), clock, 500);
    const seconds = ((times.at(-1) as number) - (times[0] as number)) / 1000;
    expect(500 / seconds).toBeGreaterThanOrEqual(9.4);
  });

  it('an answer frees a place a second later, and not before, however long the way back was', async () => {
    const clock = new FakeClock();
    const limiter = new Limiter(1, clock);
    const first = await limiter.take();
    first?.departed();
    await clock.advance(20);
    first?.answered();
    const second = limiter.take();
    await clock.advance(1_001);
    expect(limiter.inUse).toBe(1);
    const before = clock.monotonic();
    await clock.advance(1);
    (await second)?.departed();
    // Not answered at all, it is free by its departure: it may have been late, but not for ever.
    const third = limiter.take();
    await clock.advance(2_049);
    expect(limiter.inUse).toBe(1);
    await clock.advance(1);
    await third;
    expect(clock.monotonic() - before).toBe(2_051);
  });

  it('the first answers may all be late: what they take beyond the margin keeps their places', async () => {
    const clock = new FakeClock();
    const limiter = new Limiter(2, clock);
    const tickets = [await limiter.take(), await limiter.take()];
    for (const ticket of tickets) ticket?.departed();
    await clock.advance(300);
    for (const ticket of tickets) ticket?.answered();
    await clock.advance(999);
    expect(limiter.inUse).toBe(2);
    await clock.advance(1);
    expect(limiter.inUse).toBe(0);
  });

  it.each([
    ['an answer that takes longer than the others keeps its place for so much longer', [100, 400], 1_350],
    ['one that takes as long as the others does not', [400, 400], 1_050],
    ['one that takes very long says nothing of when its request arrived', [2_000, 2_000], 1_050],
    ['one that is lost soon does not', [100, 'lost'], 1_050],
  ] as const)('%s', async (_, [first, second], free) => {
    const clock = new FakeClock();
    const limiter = new Limiter(2, clock);
    const make = async (takes: number | 'lost') => {
      const ticket = await limiter.take();
      ticket?.departed();
      void clock
        .sleep(takes === 'lost' ? 50 : takes)
        .then(() => (takes === 'lost' ? ticket?.lost() : ticket?.answered()));
    };
    for (let i = 0; i < 20; i++) {
      await make(first);
      await clock.advance(5_000);
    }
    await make(second);
    await clock.advance(free - 1);
    expect(limiter.inUse).toBe(1);
    await clock.advance(1);
    expect(limiter.inUse).toBe(0);
  });

  it('lets a burst go at once after a rest', async () => {
    const clock = new FakeClock();
    const times = await burst(new Limiter(10, clock), clock, 10);
    expect((times.at(-1) as number) - (times[0] as number)).toBe(0);
  });

  it('counts what an earlier process sent', async () => {
    const clock = new FakeClock();
    const began = clock.monotonic();
    const times = await burst(new Limiter(10, clock, Array(10).fill(200)), clock, 1);
    expect(times[0]).toBe(began + 850);
  });

  it('takes a departure in the future, by a wall clock that was set back, for one just now', async () => {
    const clock = new FakeClock();
    const began = clock.monotonic();
    const times = await burst(new Limiter(10, clock, Array(10).fill(-3_600_000)), clock, 1);
    expect(times[0]).toBe(began + 1_050);
  });

  it('does not move when the wall clock is set', async () => {
    const clock = new FakeClock();
    const limiter = new Limiter(10, clock);
    await burst(limiter, clock, 10);
    const taken = limiter.take();
    clock.stepWall(10_000);
    await settle();
    expect(limiter.inUse).toBeLessThanOrEqual(10);
    clock.stepWall(-20_000);
    await clock.advance(1_050);
    expect(await taken).toBeDefined();
  });

  it('sends one request in five seconds at a rate of 0.2', async () => {
    const clock = new FakeClock();
    const times = await burst(new Limiter(0.2, clock), clock, 3);
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(5_000);
  });

  it('holds everybody back after a 429, halves the rate, and recovers step by step', async () => {
    const clock = new FakeClock();
    const limiter = new Limiter(10, clock);
    expect(limiter.slowDown()).toBe(1_000);
    expect(limiter.rate).toBe(5);
    const began = clock.monotonic();
    const times = await burst(limiter, clock, 6);
    expect(times[0]).toBe(began + 1_000);
    expect((times[5] as number) - (times[0] as number)).toBeGreaterThanOrEqual(1_050);
    await clock.advance(60_000);
    void limiter.inUse;
    expect(limiter.rate).toBe(10);
  });

  it('obeys Retry-After, and counts the 429s of one burst once', () => {
    const clock = new FakeClock();
    const limiter = new Limiter(10, clock);
    expect(limiter.slowDown(7_000)).toBe(7_000);
    limiter.slowDown(7_000);
    expect(limiter.rate).toBe(5);
  });

  it('of what waits the most urgent goes first, also before what came earlier', async () => {
    const clock = new FakeClock();
    const limiter = new Limiter(1, clock);
    const order: string[] = [];
    const go = async (name: string, urgency: number) => {
      (await limiter.take(urgency))?.departed();
      order.push(name);
    };
    for (const [name, urgency] of Object.entries({ first: 0, low: 1, high: 9, middle: 5 }))
      void go(name, urgency);
    await clock.advance(10_000);
    expect(order).toEqual(['first', 'high', 'middle', 'low']);
  });

  it('has no timer left when it is closed', async () => {
    const clock = new FakeClock();
    const limiter = new Limiter(2, clock, [0]);
    (await limiter.take())?.departed();
    limiter.slowDown();
    const waiting = limiter.take();
    limiter.close();
    expect(await waiting).toBeUndefined();
    const before = clock.monotonic();
    await clock.advance(Number.POSITIVE_INFINITY);
    expect(clock.monotonic()).toBe(before);
  });

  it('gives a place back that was not used', async () => {
    const clock = new FakeClock();
    const limiter = new Limiter(1, clock);
    (await limiter.take())?.giveBack();
    expect(await limiter.take()).toBeDefined();
  });

  it('what waits goes without a place when it is dismissed', async () => {
    const clock = new FakeClock();
    const limiter = new Limiter(1, clock);
    await limiter.take();
    const waiting = [limiter.take(), limiter.take()];
    limiter.dismiss();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });
});
