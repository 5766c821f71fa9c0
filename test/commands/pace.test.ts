import { describe, expect, it } from 'vitest';
import { makePace } from '../../src/commands/pace.ts';
import { liveLine } from '../../src/commands/progress.ts';
import { FakeClock } from '../support/clock.ts';

const ADMITTED = { type: 'admitted', waited: 0 } as const;

describe('the time that is left', () => {
  it('is what the allowance needs for the rest', () => {
    const pace = makePace(new FakeClock(), 100);
    expect(pace.left({ planned: 425, applied: 212, failed: 0 })).toBe(21_300);
  });

  it('is longer where calls have taken longer so far', async () => {
    const clock = new FakeClock();
    const pace = makePace(clock, 100);
    // Until the first news another process may have been waited for.
    await clock.advance(60_000);
    pace.take(ADMITTED, { applied: 0 });
    await clock.advance(20_000);
    expect(pace.left({ planned: 200, applied: 100, failed: 0 })).toBe(20_000);
    // A burst at the beginning is no promise.
    expect(pace.left({ planned: 500, applied: 300, failed: 0 })).toBe(20_000);
    // One slow answer shows nothing yet.
    expect(pace.left({ planned: 425, applied: 1, failed: 0 })).toBe(42_400);
  });

  it('counts a hold of the service, and measures anew after it', async () => {
    const clock = new FakeClock();
    const pace = makePace(clock, 100);
    pace.take({ type: 'slowed', status: 429, hold: 30_000, rate: 5 }, { applied: 50 });
    expect(pace.left({ planned: 150, applied: 50, failed: 0 })).toBe(40_000);
    await clock.advance(10_000);
    expect(pace.left({ planned: 150, applied: 50, failed: 0 })).toBe(30_000);
    await clock.advance(24_000);
    expect(pace.left({ planned: 150, applied: 70, failed: 0 })).toBe(16_000);
  });

  it('is not told of a short apply, of the end, and of what is to be repeated', () => {
    const pace = makePace(new FakeClock(), 100);
    pace.take(ADMITTED, { applied: 0 });
    expect(pace.left({ planned: 29, applied: 0, failed: 0 })).toBeUndefined();
    expect(pace.left({ planned: 30, applied: 0, failed: 0 })).toBe(3_000);
    expect(pace.left({ planned: 30, applied: 30, failed: 0 })).toBeUndefined();
    expect(pace.left({ planned: 30, applied: 28, failed: 2 })).toBeUndefined();
  });
});

describe('the live line', () => {
  const counts = { planned: 425, applied: 212, failed: 3 };

  it('is the longest form that fits in one line', () => {
    expect(liveLine(counts, 21_300, 80)).toBe('212/425, 22 s left, 3 in trouble');
    expect(liveLine(counts, 21_300, 32)).toBe('212/425, 22 s left');
    expect(liveLine(counts, 21_300, 18)).toBe('212/425');
    expect(liveLine(counts, 21_300, 7)).toBe('');
  });

  it('has no time where none is known, and minutes where seconds would be too many', () => {
    expect(liveLine({ ...counts, failed: 0 }, undefined, 80)).toBe('212/425 applied');
    expect(liveLine({ ...counts, failed: 0 }, 99_000, 80)).toBe('212/425, 99 s left');
    expect(liveLine({ ...counts, failed: 0 }, 99_001, 80)).toBe('212/425, 2 min left');
  });
});
