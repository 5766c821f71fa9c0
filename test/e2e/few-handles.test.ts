import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLI, CREDENTIALS, folder, NODE, recording, sid, simulator } from '../support/cli.ts';
import { until } from '../support/watching.ts';

/** As many files may be open as a shell's `ulimit -n` says. */
const HANDLES = 64;
const FILES = 500;
const FEWER = 100;
const LAYOUT = (colour: string) => `layout: { backgroundColor: "${colour}" }\n`;

function many(count: number): Promise<string> {
  const files = Array.from({ length: count }, (_, n) => [
    `recordings/d${n % 20}/r${n}.yaml`,
    recording(n, LAYOUT('#000001')),
  ]);
  return folder(Object.fromEntries(files));
}

/** The built command with few file handles. */
function startLimited(cwd: string, args: readonly string[]) {
  const child = spawn('sh', ['-c', `ulimit -n ${HANDLES}; exec "$@"`, 'sh', NODE, CLI, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...CREDENTIALS },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  return { child, said, done: once(child, 'close').then(([code]) => code as number) };
}

describe('with few file handles', () => {
  it('validate, plan and apply go through five hundred files in twenty folders', async () => {
    const cwd = await many(FILES);
    const sim = await simulator(cwd, ['--rate', '0']);
    for (const args of [
      ['validate'],
      ['plan', '--no-cache'],
      ['apply', '--yes', '--rate', '200', '--endpoint', sim.url],
    ]) {
      const { said, done } = startLimited(cwd, args);
      expect(await done, said.err).toBe(0);
      expect(said.err).not.toMatch(/too many|unreadable/);
    }
    expect(await sim.requests()).toHaveLength(FILES);
    await sim.stop();
  });

  it('a daemon whose handles are all in use looks again when there are some, and takes no file for gone', async () => {
    const cwd = await many(FEWER);
    const sim = await simulator(cwd, ['--rate', '0']);
    const { child, said, done } = startLimited(cwd, [
      ...['watch', '--endpoint', sim.url, '--rate', '200', '--resync', '0', '--sweep', '200ms'],
      ...['--listen', '127.0.0.1:0'],
    ]);
    await until(async () => said.err.includes('"msg":"watching"'), 'watching', 30_000);
    await until(async () => (await sim.requests()).length === FEWER, 'all applied', 30_000);
    const port = Number(/"url":"http:\/\/127\.0\.0\.1:(\d+)/.exec(said.err)?.[1]);
    // Each connection takes a handle for as long as it is open.
    const taken: Socket[] = [];
    for (let n = 0; n < 2 * HANDLES; n++) taken.push(connect(port, '127.0.0.1').on('error', () => {}));
    await sleep(300);
    await writeFile(join(cwd, 'recordings/d1/r1.yaml'), recording(1, LAYOUT('#000002')));
    await writeFile(join(cwd, 'recordings/d2/new.yaml'), recording('new', LAYOUT('#000002')));
    await sleep(1_000);
    for (const socket of taken) socket.destroy();
    const isThere = (n: string) => async () =>
      (await sim.requests()).some(
        (each) => each.sid === sid(n) && JSON.stringify(each.body).includes('#000002'),
      );
    await until(isThere('1'), 'the edit', 15_000);
    expect(said.err).not.toMatch(
      /too many|unreadable|went away|forgotten|defect|cannot be looked at|no more folders/,
    );
    child.kill('SIGTERM');
    expect(await done).toBe(0);
    await sim.stop();
  });
});
