import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Judgement, Meaning } from '../../src/agora/answers.ts';
import { type Decision, decide, type PolicyInput } from '../../src/apply/policy.ts';
import { TIMINGS } from '../../src/apply/timings.ts';

const NOW = 1_000_000;

/** The verdict for the answer that comes after `times` repetitions for the same kind of answer. */
function decision(
  meaning: Meaning,
  { times = 0, retryAfter, ...input }: Partial<PolicyInput> & { times?: number; retryAfter?: number } = {},
): Decision {
  const judgement: Judgement = { meaning, message: '', ...(retryAfter === undefined ? {} : { retryAfter }) };
  const trouble = { since: NOW, repeated: { [meaning]: times } };
  return decide({ judgement, trouble, gapSince: undefined, now: NOW, random: () => 0, ...input });
}

const wait = (decision: Decision) => (decision.do === 'repeat' ? decision.after : undefined);
const waits = (meaning: Meaning, count: number, input: Partial<PolicyInput> = {}) =>
  Array.from({ length: count }, (_, times) => wait(decision(meaning, { times, ...input })));

describe('what follows from an answer', () => {
  it.each<[Meaning, Decision]>([
    ['applied', { do: 'done', outcome: 'applied' }],
    ['refused', { do: 'refuse', outcome: 'refused' }],
    ['unauthorized', { do: 'stop-account', outcome: 'refused' }],
    ['throttled', { do: 'slow-down', outcome: 'deferred' }],
    ['not-found', { do: 'repeat', outcome: 'deferred', after: 5_000 }],
    ['unfinished', { do: 'repeat', outcome: 'unknown', after: 3_000 }],
    ['unknown', { do: 'repeat', outcome: 'unknown', after: 1_000 }],
    ['foreign', { do: 'repeat', outcome: 'unknown', after: 5_000 }],
    ['unreached', { do: 'repeat', outcome: 'deferred', after: 1_000 }],
  ])('%s', (meaning, expected) => {
    expect(decision(meaning)).toEqual(expected);
  });
});

describe('the waits', () => {
  it('after an unknown outcome: 1, 3, 6 s, then doubled up to half a minute', () => {
    const expected = [1_000, 3_000, 6_000, 12_000, 24_000, 30_000, 30_000];
    expect(waits('unknown', 7)).toEqual(expected);
    expect(waits('unreached', 7)).toEqual(expected);
  });

  it('after an unfinished request: 3 s, 6 s, then on as after any other', () => {
    expect(waits('unfinished', 5)).toEqual([3_000, 6_000, 12_000, 24_000, 30_000]);
  });

  it("after an answer that is not in the service's words: long, and up to five minutes", () => {
    expect(waits('foreign', 8)).toEqual([5_000, 15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  it('are drawn a quarter shorter at most, and only where they are doubled', () => {
    const random = () => 0.999_999;
    expect(waits('unknown', 6, { random })).toEqual([1_000, 3_000, 6_000, 9_000, 18_000, 22_500]);
  });

  it('count each kind of answer for itself', () => {
    const trouble = { since: NOW, repeated: { unknown: 5 } };
    expect(wait(decision('unfinished', { trouble }))).toBe(3_000);
  });

  it('never end and never grow beyond half a minute, however long the trouble lasts', () => {
    const troubled = fc.constantFrom<Meaning>('unknown', 'unreached', 'unfinished', 'not-found');
    fc.assert(
      fc.property(
        troubled,
        fc.nat(100_000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (meaning, times, drawn) => {
          const after = wait(decision(meaning, { times, random: () => drawn })) as number;
          expect(after).toBeGreaterThanOrEqual(1_000);
          expect(after).toBeLessThanOrEqual(30_000);
        },
      ),
    );
  });
});

describe('what the service asks for', () => {
  it('is obeyed where it is longer than the wait of the schedule, up to ten minutes', () => {
    expect(wait(decision('unknown', { retryAfter: 20_000 }))).toBe(20_000);
    expect(wait(decision('unknown', { retryAfter: 500 }))).toBe(1_000);
    expect(wait(decision('unfinished', { retryAfter: 86_400_000 }))).toBe(TIMINGS.retryAfterCap);
    expect(wait(decision('not-found', { retryAfter: 20_000 }))).toBe(20_000);
  });

  it('is handed on with a 429', () => {
    expect(decision('throttled', { retryAfter: 7_000 })).toEqual({
      do: 'slow-down',
      outcome: 'deferred',
      retryAfter: 7_000,
    });
  });
});

describe('a recording that is not found', () => {
  const after = (gap: number, times: number) => decision('not-found', { times, gapSince: NOW - gap });

  it('is looked for after 5, 10, 15 and then 30 s', () => {
    expect(waits('not-found', 6)).toEqual([5_000, 10_000, 15_000, 30_000, 30_000, 30_000]);
  });

  it('has ended only after more than 90 s without a break', () => {
    expect(after(90_000, 4)).toMatchObject({ do: 'repeat' });
    expect(after(90_001, 4)).toEqual({ do: 'ended', outcome: 'refused' });
    expect(decision('not-found', { times: 1_000 })).toMatchObject({ do: 'repeat' });
  });

  it('is found to have ended just behind the limit, not half a minute later', () => {
    let gap = 0;
    let times = 0;
    for (let next = after(gap, times); next.do === 'repeat'; next = after(gap, ++times)) gap += next.after;
    expect(gap).toBe(TIMINGS.endedAfter + 1_000);
  });
});
