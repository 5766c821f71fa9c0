import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folder, put, recording, start } from '../support/cli.ts';
import { until, watching } from '../support/watching.ts';

/*
 * A daemon whose process stands still, or is killed, while calls wait: what it did not see meanwhile counts before
 * anything leaves, and what the killed one sent counts against the allowance.
 */

const layout = (color: string) => `layout: { backgroundColor: "${color}" }\n`;

it('after SIGCONT the files are looked at before anything that waited leaves', async () => {
  const names = Array.from({ length: 12 }, (_, n) => `r${n}`);
  const files = (color: string) =>
    Object.fromEntries(names.map((name) => [`recordings/${name}.yaml`, recording(name, layout(color))]));
  const cwd = await folder(files('#000001'));
  // A sweep would see it, too, but not at once.
  const w = await watching(cwd, ['--rate', '2', '--sweep', '1h', '--resync', '0'], { announced: true });
  await until(async () => (await w.sim.requests()).length >= 2, 'the first calls');
  w.daemon.child.kill('SIGSTOP');
  const before = (await w.sim.requests()).length;
  // What waits is wanted no more: some files are deleted, the others say something else.
  for (const name of names.slice(6)) await rm(join(cwd, `recordings/${name}.yaml`));
  for (const name of names.slice(0, 6))
    await put(cwd, { [`recordings/${name}.yaml`]: recording(name, layout('#000002')) });
  await new Promise((resolve) => setTimeout(resolve, 3_500));
  // One call may have been on its way to the network when the process was stopped.
  const inFlight = 1;
  w.daemon.child.kill('SIGCONT');
  await until(async () => (await w.sim.requests()).length >= before + 6, 'what is wanted by now', 15_000);
  const after = (await w.sim.requests()).slice(before + inFlight);
  expect(
    after.map(({ body }) => (body.clientRequest as { backgroundColor?: string }).backgroundColor),
  ).toEqual(after.map(() => '#000002'));
  expect((await w.stop()).stderr).toContain('was suspended');
});

it('a daemon that takes the place of a killed one counts what that one may have asked', async () => {
  const names = Array.from({ length: 4 }, (_, n) => `r${n}`);
  const cwd = await folder(
    Object.fromEntries(names.map((name) => [`recordings/${name}.yaml`, recording(name, layout('#000001'))])),
  );
  const w = await watching(cwd, ['--rate', '4', '--resync', '1s'], { sim: ['--rate', '4'] });
  const queries = async () => (await w.sim.requests()).filter(({ endpoint }) => endpoint === 'query').length;
  await until(async () => (await queries()) >= 4, 'queries');
  w.daemon.child.kill('SIGKILL');
  await w.daemon.done;
  for (const name of names)
    await put(cwd, { [`recordings/${name}.yaml`]: recording(name, layout('#000002')) });
  const next = start(['watch', '--endpoint', w.sim.url, '--rate', '4', '--resync', '1s'], { cwd });
  await until(
    async () =>
      (await w.sim.recordings()).every(
        ({ layout: now }) => (now as unknown as { backgroundColor: string }).backgroundColor === '#000002',
      ),
    'the edits',
  );
  expect(await w.sim.violations()).toEqual([]);
  next.child.kill('SIGTERM');
  await next.done;
  await w.sim.stop();
});
