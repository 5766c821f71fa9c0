import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../src/main.ts';
import { Failure, usage } from '../src/model/failure.ts';
import { version } from '../src/version.ts';
import { FakeClock } from './support/clock.ts';
import { fakeIo } from './support/io.ts';

const RECORDING = `recording: { appId: a, cname: c, uid: "1", resourceId: r, sid: s }
layout: { mixedVideoLayout: bestFit }
`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'reelstate-main-'));
  const files = {
    'recordings/town-hall.yaml': RECORDING,
    'broken/bad.yaml': 'recording: 5\n',
    'damaged/state.db': 'no database\n',
    'a-file': '',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), text);
  }
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

/** Runs a command line in this process. @param broken what the clock throws, standing for a defect anywhere */
async function run(
  argv: string[],
  { env = {}, broken }: { env?: Record<string, string>; broken?: unknown } = {},
) {
  const clock = new FakeClock();
  if (broken !== undefined)
    clock.now = () => {
      throw broken;
    };
  const { io, said } = fakeIo({ env, cwd, clock });
  const code = await main(argv, io);
  return { code, stdout: said.out, stderr: said.err };
}

const STACK = /^\s+at .+:\d+:\d+/m;

describe('the command line', () => {
  it('without a command shows what there is, and is wrong', async () => {
    const { code, stdout, stderr } = await run([]);
    expect([code, stdout]).toEqual([64, '']);
    for (const command of ['validate', 'plan|diff', 'apply', 'status', 'preview', 'import', 'simulate'])
      expect(stderr).toContain(command);
  });

  it.each(['validate', 'plan', 'diff', 'apply', 'status', 'preview', 'import', 'schema', 'simulate'])(
    '%s --help is a result, and names the flags that every command takes',
    async (command) => {
      const { code, stdout, stderr } = await run([command, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      for (const flag of [
        '--dir',
        '--state',
        '--endpoint',
        '--rate',
        '--output',
        '--json',
        '--no-color',
        '--log-level',
      ])
        expect(stdout).toContain(flag);
    },
  );

  it.each([[['--help']], [['-h']], [['help']], [['help', 'plan']]])('%j is a result', async (argv) => {
    const { code, stdout, stderr } = await run(argv);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Usage: reelstate');
  });

  it.each(['--version', '-V'])('%s is the version alone', async (flag) => {
    expect(await run([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['pla'], 'Did you mean plan?'],
    [['plan', '--frobnicate'], "unknown option '--frobnicate'"],
    [['plan', '--resinc'], 'Did you mean --resync?'],
    [['plan', '--dir'], 'argument missing'],
    [['validate', 'a-name'], 'too many arguments'],
    [['import'], "missing required argument 'start-json'"],
    [['plan', '--rate', '0'], '--rate "0": must be'],
    [['plan', '--state', ''], '--state: must not be empty'],
    [['apply', '--region', 'toString'], '--region "toString": must be one of us, ap, eu, cn'],
    [['apply', '--endpoint', 'http://api.agora.io'], 'plain HTTP would show your credentials'],
    [['plan', 'town-hal'], 'no recording is called "town-hal"\n  Did you mean town-hall?'],
    [['simulate', '--listen', '0.0.0.0:0'], 'only a loopback address'],
  ])('wrong: %j', async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(STACK);
    expect(stderr).not.toContain('defect');
  });

  it('takes the common flags before the command as well', async () => {
    expect(JSON.parse((await run(['--json', 'plan'])).stdout)).toMatchObject({ format_version: '1.0' });
    expect((await run(['--dir', 'broken', 'validate'])).code).toBe(1);
    expect((await run(['--dir', 'broken', 'validate', '--dir', 'recordings'])).code).toBe(0);
  });
});

describe('exit codes', () => {
  it('0 where there is nothing wrong, 1 where something is, in every form of output', async () => {
    for (const form of ['text', 'json', 'markdown']) {
      expect((await run(['validate', '--output', form])).code).toBe(0);
      expect((await run(['plan', '--output', form])).code).toBe(0);
      expect((await run(['plan', '--output', form, '--detailed-exitcode'])).code).toBe(2);
      expect((await run(['validate', '--dir', 'broken', '--output', form])).code).toBe(1);
      expect((await run(['plan', '--dir', 'broken', '--output', form, '--detailed-exitcode'])).code).toBe(1);
    }
  });

  it('a plan and what is wrong with the files are two streams', async () => {
    const { stdout, stderr } = await run(['plan', '--dir', 'broken']);
    expect(stderr).toContain('broken/bad.yaml:1:12: error[');
    expect(stdout).not.toContain('error[');
  });
});

describe("a user's mistake", () => {
  it('is told in a line and a hint', async () => {
    expect(await run(['status', 'nobody'])).toEqual({
      code: 64,
      stdout: '',
      stderr:
        'reelstate: no recording is called "nobody"\n  See reelstate status for the recordings in the state folder, and the files.\n',
    });
  });

  it('missing credentials are named, nothing is sent', async () => {
    const { code, stderr } = await run(['apply', '--yes', '--state', 'state-1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^reelstate: AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET are not set\n.*Nothing was sent/m,
    );
    const one = await run(['apply', '--yes', '--state', 'state-2'], { env: { AGORA_CUSTOMER_ID: 'x' } });
    expect(one.stderr).toMatch(/^reelstate: AGORA_CUSTOMER_SECRET is not set\n/m);
  });

  it.each([
    ['a state that is a file', ['plan', '--state', 'a-file']],
    ['a state that cannot be made', ['apply', '--state', 'a-file/state']],
    ['a damaged state', ['status', '--state', 'damaged']],
  ])('%s is no defect of ours, even with --log-level debug', async (_, argv) => {
    const { code, stdout, stderr } = await run([...argv, '--log-level', 'debug']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^reelstate: .+\n( {2}.+\n)?$/);
    expect(stderr).not.toContain('defect');
  });

  it('brings its own exit code, and no control characters of what it quotes', async () => {
    const broken = new Failure('cannot read \u001b[2Jx', { hint: 'look at \u0007y' });
    expect(await run(['plan'], { broken })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'reelstate: cannot read \\u001b[2Jx\n  look at \\u0007y\n',
    });
    expect((await run(['plan'], { broken: usage('wrong') })).code).toBe(64);
  });

  it('what the system says is told as it is', async () => {
    const broken = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(await run(['plan', '--log-level', 'debug'], { broken })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'reelstate: ENOSPC: no space left on device, write\n',
    });
  });
});

describe('a defect of ours', () => {
  const broken = new TypeError("Cannot read properties of undefined (reading 'x')");

  it('says that it is one, how to learn where, and shows no stack trace', async () => {
    expect(await run(['plan'], { broken })).toEqual({
      code: 1,
      stdout: '',
      stderr:
        "reelstate: this is a defect of reelstate, please report it: Cannot read properties of undefined (reading 'x')\n" +
        '  With --log-level debug it says where.\n',
    });
  });

  it.each([
    [['plan', '--log-level', 'debug'], {}],
    [['plan', '--log-level=debug'], {}],
    [['--log-level', 'debug', 'plan'], {}],
    [['plan'], { REELSTATE_LOG_LEVEL: 'debug' }],
  ])('shows where with %j %j', async (argv, env) => {
    const { code, stderr } = await run(argv, { env: env as Record<string, string>, broken });
    expect(code).toBe(1);
    expect(stderr).toContain('defect of reelstate');
    expect(stderr).toMatch(STACK);
  });

  it('is one too where Node says that it was called wrongly', async () => {
    const wrong = Object.assign(new TypeError('The "path" argument must be a string'), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
    expect((await run(['plan'], { broken: wrong })).stderr).toContain('defect of reelstate');
  });
});
