import { expect, it } from 'vitest';
import { killRuns } from '../support/kill.ts';

/** Side by side, because most of a run is waiting until a call in flight can no longer take effect. */
const LANES = 4;
const RUNS = 2;

it('killed with -9 at random moments: nothing torn, nothing lost, nothing outdated sent', async () => {
  const lanes = Array.from({ length: LANES }, (_, lane) => killRuns(RUNS, 7 + lane, 1 + lane * RUNS));
  const figures = await Promise.all(lanes);
  for (const { killed, requests } of figures) {
    expect(killed).toBe(RUNS);
    expect(requests).toBeGreaterThan(0);
  }
  expect(figures.some(({ midCall }) => midCall > 0)).toBe(true);
}, 180_000);
