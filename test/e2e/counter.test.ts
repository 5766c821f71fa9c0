import { spawn, spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { CLI, CREDENTIALS, folder, NODE, recording, run, simulator } from '../support/cli.ts';

/*
 * What is shown of a long apply while it runs, on a terminal that `script` of util-linux gives, and where there is none.
 */

const hasTerminal = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');

it('there is a terminal, or the counter is not tested on one', () => {
  if (!hasTerminal)
    console.log('There is no script of util-linux here: the counter was not tested on a terminal.');
});

const RECORDINGS = Object.fromEntries(
  Array.from({ length: 36 }, (_, n) => [`recordings/r${n}.yaml`, recording(n)]),
);

/** What a terminal of some columns shows of an apply to 36 recordings. */
async function shown(columns: number, args: string, term = 'xterm'): Promise<string[]> {
  const cwd = await folder(RECORDINGS);
  const sim = await simulator(cwd);
  const child = spawn(
    'script',
    ['-qc', `stty cols ${columns}; "${NODE}" "${CLI}" apply --yes ${args}`, '/dev/null'],
    {
      cwd,
      env: {
        ...{ ...CREDENTIALS, PATH: process.env.PATH, HOME: cwd, SHELL: '/bin/sh', TERM: term },
        REELSTATE_ENDPOINT: sim.url,
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  await new Promise((resolve) => child.on('close', resolve));
  expect(await sim.requests()).toHaveLength(36);
  await sim.stop();
  // Each drawing of the live line begins anew, and is taken back before the next.
  return text.split('\r\u001b[K').slice(1);
}

const COUNT = /^(?:\u001b\[2m)?(\d+)\/36(?:, (\d+) s left| applied)?(?:\u001b\[22m)?$/;

it.skipIf(!hasTerminal)('a long apply counts on a terminal, with the time that is left', async () => {
  const counts = (await shown(80, '')).flatMap((line) => {
    const match = COUNT.exec(line);
    return match
      ? [{ applied: Number(match[1]), left: match[2] === undefined ? undefined : Number(match[2]) }]
      : [];
  });
  const timed = counts.filter(({ left }) => left !== undefined);
  expect(timed.length).toBeGreaterThan(5);
  for (const { applied, left } of timed) {
    expect(left).toBeGreaterThanOrEqual(Math.ceil((36 - applied) / 10));
    expect(left).toBeLessThan(30);
  }
  expect(counts.at(-1)).toEqual({ applied: 36, left: undefined });
});

it.skipIf(!hasTerminal)('it fits a narrow terminal, and goes without colours', async () => {
  const drawn = await shown(12, '--no-color');
  const live = drawn.filter((line) => /^\d+\/36/.test(line));
  expect(live.length).toBeGreaterThan(5);
  for (const line of live) expect(line).toMatch(/^\d+\/36$/);
  expect(drawn.join('')).not.toContain('\u001b[');
});

it.skipIf(!hasTerminal)('a terminal that cannot take a line back has no counter', async () => {
  expect(await shown(80, '', 'dumb')).toEqual([]);
});

it('without a terminal there is no counter', async () => {
  const cwd = await folder({ 'recordings/a.yaml': recording('a') });
  const sim = await simulator(cwd);
  const { stderr } = await run(['apply', '--yes'], { cwd });
  expect(stderr).toMatch(/^ {2}ok a {2}updateLayout \(\d+ ms\)\n$/);
  await sim.stop();
});
