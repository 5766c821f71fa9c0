import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { CLI, folder, NODE } from '../support/cli.ts';

/*
 * What is printed for many recordings arrives whole and in order, however slowly it is read.
 */

/** More than any pipe holds: some megabytes of JSON. */
const MANY = 1_200;
const CLOCK = /"timestamp": "[^"]*"/;

/** Reads a little at a time, and looks away in between. */
const SLOWLY = `
  process.stdin.pause();
  const timer = setInterval(() => {
    const piece = process.stdin.read(50000) ?? process.stdin.read();
    if (piece) process.stdout.write(piece);
  }, 2);
  process.stdin.on('end', () => clearInterval(timer));
`;

let cwd = '';

beforeAll(async () => {
  const room = (n: number) =>
    `recording: { appId: a, cname: c${n}, uid: 1, resourceId: r, sid: "s${n}" }\nlayout: { mixedVideoLayout: bestFit }\n`;
  cwd = await folder({
    ...Object.fromEntries(Array.from({ length: MANY }, (_, n) => [`recordings/room-${n}.yaml`, room(n)])),
    // Something for standard error, before all of it.
    'recordings/broken.yaml': 'oops',
    'slowly.mjs': SLOWLY,
  });
});

function shell(line: string): string {
  const script = line
    .replaceAll('reelstate', `"${NODE}" "${CLI}"`)
    .replaceAll('node ', `"${process.execPath}" `);
  return execFileSync('sh', ['-c', script], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
}

test.each(['plan --json', 'plan', 'plan --output markdown', 'validate --json'])(
  '%s through a slow pipe',
  async (command) => {
    shell(`reelstate ${command} > whole.txt 2>&1 || true`);
    const whole = await readFile(join(cwd, 'whole.txt'), 'utf8');
    const piped = shell(`(reelstate ${command} 2>&1 || true) | node slowly.mjs`);
    expect(piped.replace(CLOCK, '')).toBe(whole.replace(CLOCK, ''));
    if (command === 'plan --json')
      expect(JSON.parse(whole.slice(whole.indexOf('{'))).recordings).toHaveLength(MANY);
  },
);

test('whoever has read enough may go', async () => {
  const said = shell('(reelstate plan --json 2> told.txt; echo $? > code.txt) | head -c 300');
  expect(said).toHaveLength(300);
  // The finding about the broken file, and no word about a pipe.
  const told = await readFile(join(cwd, 'told.txt'), 'utf8');
  expect(told).not.toMatch(/EPIPE| {4}at |defect/);
  expect(await readFile(join(cwd, 'code.txt'), 'utf8')).toMatch(/^\d+\n$/);
});
