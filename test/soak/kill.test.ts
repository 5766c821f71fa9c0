import { expect, it } from 'vitest';
import { killRuns } from '../support/kill.ts';

it('200 times killed with -9: nothing torn, nothing lost, nothing outdated sent', async () => {
  const figures = await killRuns(200, Number(process.env.SEED ?? 1));
  console.log(
    `killed ${figures.killed} times, ${figures.midCall} of them with a call in flight; ${figures.requests} requests`,
  );
  expect(figures.killed).toBe(200);
  expect(figures.midCall).toBeGreaterThan(20);
});
