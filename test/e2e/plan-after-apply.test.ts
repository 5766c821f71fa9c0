import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folder, put, recording, run, simulator } from '../support/cli.ts';

/*
 * What an apply has established is remembered by it: the plan after it finds nothing to learn, and says what it would say if it
 * read everything.
 */

const layout = (color: string) => `layout: { backgroundColor: "${color}" }\n`;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const files = (color: string, names = NAMES) =>
  Object.fromEntries(names.map((name) => [`recordings/${name}.yaml`, recording(name, layout(color))]));

/** What is kept between runs. */
async function kept(cwd: string): Promise<string> {
  const cache = join(cwd, '.cache/reelstate');
  const [name, other] = await readdir(cache);
  expect(other).toBeUndefined();
  return readFile(join(cache, name as string), 'utf8');
}

/** What the next plan is, which must not depend on what is kept. */
async function planned(cwd: string) {
  const [cached, whole] = [
    await run(['plan', '--json'], { cwd }),
    await run(['plan', '--json', '--no-cache'], { cwd }),
  ];
  const [known, read] = [JSON.parse(cached.stdout), JSON.parse(whole.stdout)];
  expect({ ...known, timestamp: '' }).toEqual({ ...read, timestamp: '' });
  return known.summary;
}

it('leaves nothing to learn for the plan after it', async () => {
  const cwd = await folder(files('#000001'));
  await simulator(cwd);
  expect((await run(['apply'], { cwd })).code).toBe(0);
  const before = await kept(cwd);
  expect(await planned(cwd)).toMatchObject({ unchanged: NAMES.length });
  expect(await kept(cwd)).toBe(before);
  await put(cwd, files('#000002', ['b', 'c']));
  expect((await run(['apply', 'b'], { cwd })).code).toBe(0);
  expect(await planned(cwd)).toMatchObject({ unchanged: NAMES.length - 1, to_update: 1 });
  expect((await run(['apply', '--resync'], { cwd })).code).toBe(0);
  const after = await kept(cwd);
  expect(await planned(cwd)).toMatchObject({ unchanged: NAMES.length });
  expect(await kept(cwd)).toBe(after);
});

it.each([1, 2, 3])('remembers nothing of what it could not establish (seed %i)', async (seed) => {
  const cwd = await folder(files('#000001'));
  await simulator(cwd, ['--fault', '400@0.4', '--fault', 'cut-after@0.2', '--seed', String(seed)]);
  expect((await run(['apply', '--retry-for', '1s'], { cwd })).code).toBe(1);
  expect((await planned(cwd)).unchanged).toBeLessThan(NAMES.length);
});
