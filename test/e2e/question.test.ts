import { spawn, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CLI, CREDENTIALS, folder, NODE, recording, run, simulator } from '../support/cli.ts';

/*
 * The question of apply on a real terminal, which `script` of util-linux gives.
 */

const hasTerminal = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');

it('there is a terminal, or the question is not tested on one', () => {
  if (!hasTerminal)
    console.log('There is no script of util-linux here: the question was not tested on a terminal.');
});

const QUESTION = 'Send this? Only "yes" sends it: ';
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** Runs a command line of a shell on a terminal, and types when the question is there. @returns what the terminal shows */
function onTerminal(line: string, typed: string, cwd: string, url: string): Promise<string> {
  const command = line.replace('reelstate', `"${NODE}" "${CLI}"`);
  const child = spawn('script', ['-qc', `${command}; echo "code $?"`, '/dev/null'], {
    cwd,
    env: {
      ...{ ...CREDENTIALS, PATH: process.env.PATH, HOME: cwd, SHELL: '/bin/sh', TERM: 'xterm' },
      REELSTATE_ENDPOINT: url,
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const wasAsked = shown.includes(QUESTION);
    shown += text;
    if (!wasAsked && shown.includes(QUESTION)) child.stdin.write(typed);
  });
  return new Promise((resolve) => child.on('close', () => resolve(shown)));
}

it.skipIf(!hasTerminal).each([
  ['reelstate apply', 'yes\r', 0],
  ['reelstate apply > out.txt', 'yes\r', 0],
  ['reelstate apply --json > out.txt', 'yes\r', 0],
  ['reelstate apply --json', 'no\r', 1],
  ['reelstate apply --output markdown', 'no\r', 1],
  ['reelstate apply 2> err.txt', 'no\r', 1],
  ['reelstate apply --json > out.txt', CTRL_C, 1],
  ['reelstate apply --json > out.txt', CTRL_D, 1],
  ['reelstate apply', CTRL_C, 1],
  ['reelstate apply', CTRL_D, 1],
])('%s, answered %j, ends with %i', async (line, typed, code) => {
  const cwd = await folder({ 'recordings/a.yaml': recording('a') });
  const sim = await simulator(cwd);
  const shown = await onTerminal(line, typed, cwd, sim.url);
  expect(shown).toContain(`code ${code}`);
  const asked = shown.slice(0, shown.indexOf(QUESTION));
  expect(asked).toMatch(/updateLayout/);
  expect(await sim.requests()).toHaveLength(code === 0 ? 1 : 0);
  if (line.includes('out.txt')) {
    const out = await readFile(join(cwd, 'out.txt'), 'utf8');
    expect(out).not.toContain('Send this');
    if (line.includes('--json')) for (const event of out.trimEnd().split('\n')) JSON.parse(event);
  }
  await sim.stop();
});

it.skipIf(!hasTerminal)('where the input is no terminal, it sends only with --yes', async () => {
  const cwd = await folder({ 'recordings/a.yaml': recording('a') });
  const sim = await simulator(cwd);
  const shown = await onTerminal('reelstate apply < /dev/null', '', cwd, sim.url);
  expect(shown).toContain('code 64');
  expect(shown).toContain('--yes is needed to send 1 call');
  expect(await sim.requests()).toHaveLength(0);
  const sent = await onTerminal('reelstate apply --yes < /dev/null', '', cwd, sim.url);
  expect(sent).toContain('code 0');
  expect(sent).not.toContain(QUESTION);
  expect(await sim.requests()).toHaveLength(1);
  await sim.stop();
});

it.skipIf(!hasTerminal)('of a saved plan it is asked on a terminal, and nowhere else', async () => {
  const cwd = await folder({ 'recordings/a.yaml': recording('a') });
  const sim = await simulator(cwd);
  await run(['plan', '--out', 'p.json'], { cwd });
  expect(await onTerminal('reelstate apply p.json', 'no\r', cwd, sim.url)).toContain('code 1');
  expect(await sim.requests()).toHaveLength(0);
  const sent = await onTerminal('reelstate apply p.json < /dev/null', '', cwd, sim.url);
  expect(sent).toContain('code 0');
  expect(sent).not.toContain(QUESTION);
  expect(await sim.requests()).toHaveLength(1);
  await sim.stop();
});
