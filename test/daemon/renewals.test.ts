import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Renewals, renewalLead } from '../../src/daemon/renewals.ts';
import type { KnownRecording } from '../../src/model/plan.ts';
import { emptyState } from '../../src/state/fold.ts';
import { FakeClock } from '../support/clock.ts';
import { identity } from '../support/engine.ts';

const MINUTE = 60_000;

/** A recording whose credentials a program gave at a time, for a while; undefined: for ever. */
function known(name: string, at: number, lifetime?: number): KnownRecording {
  const storageConfig = {
    credentials: {},
    stsToken: {},
    ...(lifetime === undefined ? {} : { stsExpiration: (at + lifetime) / 1000 }),
  };
  return {
    key: name,
    name,
    file: `recordings/${name}.yaml`,
    identity: identity(1),
    update: { applied: { request: { storageConfig }, at, seq: 1 } },
    updateLayout: {},
  } as unknown as KnownRecording;
}

describe('credentials that a program gave', () => {
  it('are renewed every hour, somewhat earlier, each at a moment of its own', () => {
    const clock = new FakeClock();
    const renewals = new Renewals(clock);
    const at = clock.now();
    fc.assert(
      fc.property(fc.string(), (name) => {
        const recording = known(name, at, 12 * 60 * MINUTE);
        const lead = renewalLead(recording);
        expect(lead).toBeGreaterThanOrEqual(0);
        expect(lead).toBeLessThan(10 * MINUTE);
        expect(renewalLead(known(name, at, 12 * 60 * MINUTE))).toBe(lead);
      }),
    );
    const leads = Array.from({ length: 1_000 }, (_, n) => renewalLead(known(`rec-${n}`, at, 720 * MINUTE)));
    const inOneSecond = new Map<number, number>();
    for (const lead of leads)
      inOneSecond.set(Math.floor(lead / 1000), (inOneSecond.get(Math.floor(lead / 1000)) ?? 0) + 1);
    expect(Math.max(...inOneSecond.values())).toBeLessThan(10);
    expect(renewals.isDue(known('a', at, 720 * MINUTE))).toBe(false);
  });

  it('are due before they expire, and not as soon as they are there, however short they live', async () => {
    for (const minutes of [2, 15, 60, 720]) {
      const clock = new FakeClock();
      const renewals = new Renewals(clock);
      const recording = known('a', clock.now(), minutes * MINUTE);
      expect(renewals.isDue(recording)).toBe(false);
      await clock.advance((Math.min(minutes, 60) / 4) * MINUTE);
      expect(renewals.isDue(recording)).toBe(false);
      await clock.advance((Math.min(minutes, 60) * 0.75 - 1) * MINUTE);
      expect(renewals.isDue(recording)).toBe(true);
    }
  });

  it('say when the next is due', () => {
    const clock = new FakeClock();
    const renewals = new Renewals(clock);
    expect(renewals.next([])).toBeUndefined();
    const soon = known('soon', clock.now(), 40 * MINUTE);
    expect(renewals.next([known('late', clock.now()), soon])).toBeCloseTo(20 * 60, 0);
  });
});

describe('a program that fails', () => {
  it.each([
    ['failed', [1, 2, 4, 8, 16, 32, 60, 60]],
    ['refused', [5, 10, 20, 40, 60, 60]],
  ] as const)('%s: is left alone for longer each time in a row', async (why, minutes) => {
    const clock = new FakeClock();
    const renewals = new Renewals(clock);
    for (const each of minutes) {
      renewals.rest('a', why);
      await clock.advance(each * MINUTE - 1);
      expect(renewals.rested()).toEqual([]);
      await clock.advance(1);
      expect(renewals.rested()).toEqual(['a']);
      expect(renewals.rested()).toEqual([]);
    }
    renewals.well('a');
    renewals.rest('a', why);
    await clock.advance((minutes[0] as number) * MINUTE);
    expect(renewals.rested()).toEqual(['a']);
  });

  it('rests whatever else is due', async () => {
    const clock = new FakeClock();
    const renewals = new Renewals(clock);
    const recording = known('a', clock.now(), 2 * MINUTE);
    await clock.advance(2 * MINUTE);
    renewals.rest('a', 'refused');
    expect(renewals.isDue(recording)).toBe(false);
    renewals.forget();
    expect(renewals.isDue(recording)).toBe(true);
  });
});

it('goes through what is known only after something has happened', () => {
  const renewals = new Renewals(new FakeClock());
  const state = emptyState();
  const one = known('a', 0);
  state.known.set('a', one);
  expect(renewals.concerned(state)).toEqual([one]);
  state.known.set('b', known('b', 0));
  expect(renewals.concerned(state)).toHaveLength(1);
  state.serial += 1;
  expect(renewals.concerned(state)).toHaveLength(2);
});
