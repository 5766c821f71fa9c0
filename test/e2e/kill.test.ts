import { expect, it } from 'vitest';
import { killRuns } from '../support/kill.ts';

it('killed with -9 at random moments: nothing torn, nothing lost, nothing outdated sent', async () => {
  const { killed, requests } = await killRuns(10, 7);
  expect(killed).toBeGreaterThan(0);
  expect(requests).toBeGreaterThan(0);
});
