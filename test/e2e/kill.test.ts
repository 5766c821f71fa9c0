import { expect, it } from 'vitest';
import { killRuns } from '../support/kill.ts';

it('killed with -9 at random moments: nothing torn, nothing lost, nothing outdated sent', async () => {
  const { killed, requests } = await killRuns(8, 7);
  expect(killed).toBe(8);
  expect(requests).toBeGreaterThan(0);
}, 180_000);
