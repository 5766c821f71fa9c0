import { expect, it } from 'vitest';
import { folder, recording, run, simulator } from '../support/cli.ts';

/* A viewer sees half of a change for as long as the second call of a recording waits for its place. */

const BLOCKS = `subscriptions: { audioUidList: { subscribeAudioUids: ["101"] } }
layout: { mixedVideoLayout: vertical }
`;

it('both calls of a recording go out together, and never more than the allowance in a second', async () => {
  const names = Array.from({ length: 20 }, (_, n) => `r${n}`);
  const cwd = await folder(
    Object.fromEntries(names.map((name) => [`recordings/${name}.yaml`, recording(name, BLOCKS)])),
  );
  const sim = await simulator(cwd, ['--latency', '20-60']);
  expect((await run(['apply'], { cwd })).code).toBe(0);
  const requests = await sim.requests();
  expect(requests).toHaveLength(2 * names.length);
  const apart = names.map((name) => {
    const [first, second] = requests.filter(({ sid }) => sid === `sid-${name}`);
    return (second?.mono ?? Number.NaN) - (first?.mono ?? Number.NaN);
  });
  // Without a place of its own each second call comes about a second later.
  expect(apart.filter((ms) => ms > 600).length).toBeLessThanOrEqual(2);
  expect(await sim.violations()).toEqual([]);
});
