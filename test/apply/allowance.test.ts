import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Allowance } from '../../src/apply/allowance.ts';
import { FakeClock, settle } from '../support/clock.ts';

const never = new AbortController().signal;

/** Takes `number` places one after the other; departs each after `delay(i)` ms. @returns departure times */
async function burst(
  allowance: Allowance,
  clock: FakeClock,
  number: number,
  delay: (i: number) => number = () => 0,
) {
  const departures: number[] = [];
  const run = (async () => {
    for (let i = 0; i < number; i++) {
      const ticket = await allowance.take(never);
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

describe('the allowance', () => {
  it('never lets more than the rate leave in any sliding second', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 40 }),
        async (rate, delays) => {
          const clock = new FakeClock();
          const departures = await burst(
            new Allowance(rate, clock),
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
    const times = await burst(new Allowance(10, clock), clock, 500);
    const seconds = ((times.at(-1) as number) - (times[0] as number)) / 1000;
    expect(500 / seconds).toBeGreaterThanOrEqual(9.4);
  });

  it('an answer frees a place a second later, and not before, however long the way back was', async () => {
    const clock = new FakeClock();
    const allowance = new Allowance(1, clock);
    const stop = new AbortController().signal;
    const first = await allowance.take(stop);
    first?.departed();
    await clock.advance(20);
    first?.answered();
    const second = allowance.take(stop);
    await clock.advance(1_001);
    expect(allowance.inUse).toBe(1);
    const before = clock.monotonic();
    await clock.advance(1);
    (await second)?.departed();
    // Not answered soon, it is free by its departure.
    const third = allowance.take(stop);
    await clock.advance(1_049);
    expect(allowance.inUse).toBe(1);
    await clock.advance(1);
    await third;
    expect(clock.monotonic() - before).toBe(1_051);
  });

  it('lets a burst go at once after a rest', async () => {
    const clock = new FakeClock();
    const times = await burst(new Allowance(10, clock), clock, 10);
    expect((times.at(-1) as number) - (times[0] as number)).toBe(0);
  });

  it('counts what an earlier process sent', async () => {
    const clock = new FakeClock();
    const began = clock.monotonic();
    const times = await burst(new Allowance(10, clock, Array(10).fill(200)), clock, 1);
    expect(times[0]).toBe(began + 850);
  });

  it('takes a departure in the future, by a wall clock that was set back, for one just now', async () => {
    const clock = new FakeClock();
    const began = clock.monotonic();
    const times = await burst(new Allowance(10, clock, Array(10).fill(-3_600_000)), clock, 1);
    expect(times[0]).toBe(began + 1_050);
  });

  it('does not move when the wall clock is set', async () => {
    const clock = new FakeClock();
    const allowance = new Allowance(10, clock);
    await burst(allowance, clock, 10);
    const taken = allowance.take(never);
    clock.stepWall(10_000);
    await settle();
    expect(allowance.inUse).toBeLessThanOrEqual(10);
    clock.stepWall(-20_000);
    await clock.advance(1_050);
    expect(await taken).toBeDefined();
  });

  it('sends one request in five seconds at a rate of 0.2', async () => {
    const clock = new FakeClock();
    const times = await burst(new Allowance(0.2, clock), clock, 3);
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(5_000);
  });

  it('holds everybody back after a 429, halves the rate, and recovers step by step', async () => {
    const clock = new FakeClock();
    const allowance = new Allowance(10, clock);
    expect(allowance.slowDown()).toBe(1_000);
    expect(allowance.rate).toBe(5);
    const began = clock.monotonic();
    const times = await burst(allowance, clock, 6);
    expect(times[0]).toBe(began + 1_000);
    expect((times[5] as number) - (times[0] as number)).toBeGreaterThanOrEqual(1_050);
    await clock.advance(60_000);
    void allowance.inUse;
    expect(allowance.rate).toBe(10);
  });

  it('obeys Retry-After, and counts the 429s of one burst once', () => {
    const clock = new FakeClock();
    const allowance = new Allowance(10, clock);
    expect(allowance.slowDown(7_000)).toBe(7_000);
    allowance.slowDown(7_000);
    expect(allowance.rate).toBe(5);
  });

  it('gives a place back that was not used', async () => {
    const clock = new FakeClock();
    const allowance = new Allowance(1, clock);
    (await allowance.take(never))?.giveBack();
    expect(await allowance.take(never)).toBeDefined();
  });

  it('gives up when it is told to stop', async () => {
    const clock = new FakeClock();
    const allowance = new Allowance(1, clock);
    await allowance.take(never);
    const stop = new AbortController();
    const waiting = allowance.take(stop.signal);
    stop.abort();
    expect(await waiting).toBeUndefined();
  });
});
