import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programRunner } from '../../src/apply/program.ts';

const never = new AbortController().signal;

let cwd: string;
beforeAll(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'reelstate-program-')));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const ENV = {
  PATH: process.env.PATH,
  AGORA_CUSTOMER_ID: 'id',
  AGORA_CUSTOMER_SECRET: 'secret',
  OTHER: 'other',
};
const NODE = process.execPath;

/** Runs a script of the shell, which starts faster than Node. */
const sh = (script: string, ...args: string[]) =>
  programRunner(cwd, ENV, never)(['/bin/sh', '-c', script, 'sh', ...args]);

describe('a credentials program', () => {
  it('gets its arguments as they are, through no shell', async () => {
    expect(await sh('printf "<%s>" "$@"', '$HOME', 'a b', '; echo x', '')).toEqual({
      stdout: '<$HOME><a b><; echo x><>',
    });
  });

  it('is found on the PATH, and runs in the working directory', async () => {
    expect(await programRunner(cwd, ENV, never)(['sh', '-c', 'pwd'])).toEqual({ stdout: `${cwd}\n` });
  });

  it("gets the environment without reelstate's own credentials", async () => {
    const { stdout } = (await sh('env')) as { stdout: string };
    expect(stdout).toContain('OTHER=other');
    expect(stdout).not.toContain('AGORA');
  });

  it('gets no input: whoever asks for some ends instead of waiting', async () => {
    expect(await sh('read line; echo "[$line]"')).toEqual({ stdout: '[]\n' });
  });

  it('may say things on standard error: they are not its output', async () => {
    expect(await sh('echo note >&2; echo ok')).toEqual({ stdout: 'ok\n' });
  });
});

describe('a credentials program that fails', () => {
  const told = async (argv: string[]) =>
    ((await programRunner(cwd, ENV, never)(argv)) as { message: string }).message;

  it('is told with its exit code, and without what it printed or was given', async () => {
    const script = 'echo SECRET-OUT; echo SECRET-ERR >&2; exit 3';
    expect(await told(['/bin/sh', '-c', script, 'SECRET-ARG'])).toBe(
      'sh gave no storage credentials: it ended with 3',
    );
  });

  it('is told where it does not exist or cannot be run', async () => {
    expect(await told(['reelstate-no-such-program', 'SECRET-ARG'])).toBe(
      'reelstate-no-such-program gave no storage credentials: there is no program "reelstate-no-such-program" in PATH; a path with a slash counts from the recording file',
    );
    expect(await told(['./tools/none', 'SECRET-ARG'])).toBe(
      'none gave no storage credentials: there is no program "./tools/none", or what its first line names is missing; a path counts from the recording file',
    );
    await writeFile(join(cwd, 'plain'), 'x');
    await chmod(join(cwd, 'plain'), 0o600);
    expect(await told([join(cwd, 'plain')])).toBe(
      'plain gave no storage credentials: it could not be run (EACCES)',
    );
  });

  it('is told where a signal ended it', async () => {
    expect(await told(['/bin/sh', '-c', 'kill -9 $$'])).toBe(
      'sh gave no storage credentials: it was ended by SIGKILL',
    );
  });

  it('is told where it prints without end, and is ended', async () => {
    expect(await told([NODE, '-e', 'setInterval(() => process.stdout.write("x".repeat(65536)), 1)'])).toBe(
      'node gave no storage credentials: it prints too much',
    );
  });

  it.each([
    ['a text with NUL', ['sh', 'SECRET\u0000ARG'], 'ERR_INVALID_ARG_VALUE'],
    ['more than any system takes', ['sh', '-c', `: ${'SECRET'.repeat(1_000_000)}`], 'E2BIG'],
    ['nothing', [], 'ERR_INVALID_ARG_VALUE'],
  ])('is told where it cannot be given %s', async (_, argv, code) => {
    const message = await told(argv);
    expect(message).toContain(`gave no storage credentials: it could not be run (${code})`);
    expect(message).not.toContain('SECRET');
  });
});
