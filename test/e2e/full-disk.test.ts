import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CLI, CREDENTIALS, folder, NODE, put, recording, run, simulator } from '../support/cli.ts';

const START = JSON.stringify({
  ...{ appId: 'a', resourceId: 'R', sid: 'S', cname: 'gala', uid: '9' },
  clientRequest: { recordingConfig: { transcodingConfig: { mixedVideoLayout: 1 } } },
});

/** The command where no file may become longer than 16 bytes: a write breaks off as on a full disk. */
async function cramped(args: readonly string[], cwd: string): Promise<{ code: number; stderr: string }> {
  const env = { PATH: process.env.PATH ?? '', HOME: cwd, REELSTATE_NO_CACHE: '1' };
  const ran = promisify(execFile)('prlimit', ['--fsize=16:16', NODE, CLI, ...args], { cwd, env });
  return ran.then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

describe('where a disk is full, half a file is no file, and its name is told', () => {
  it.each([
    ['a picture', ['preview', 'a', '--out', 'out.svg'], 'out.svg'],
    ['a page', ['preview', 'a', '--out', 'out.html'], 'out.html'],
    ['pictures of a plan', ['plan', '--pictures-dir', '.'], 'a.svg'],
    ['import', ['import', 'start.json', '--out', 'out.yaml'], 'out.yaml'],
    ['several', ['import', 'start.json', 'start.json', '--out', 'out'], 'out/gala.yaml'],
    ['init', ['init', '.'], '.gitignore'],
  ])('%s', async (_, args, named) => {
    const files: Record<string, string> = { 'start.json': START };
    if (args[0] !== 'init') files['recordings/a.yaml'] = recording('a');
    const cwd = await folder(files);
    const before = (await readdir(cwd)).sort();
    const { code, stderr } = await cramped(args, cwd);
    expect(code, stderr).toBe(1);
    if (args[0] !== 'init') expect(stderr).toContain(named);
    const after = (await readdir(cwd, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    expect(after.map(({ name }) => name).sort()).toEqual(
      args[0] === 'init' ? before : [...before.filter((name) => name !== 'recordings'), 'a.yaml'].sort(),
    );
  });
});

it('half a picture in the place of one that was there is removed as well', async () => {
  const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'a.svg': 'a picture from before' });
  for (const args of [
    ['preview', 'a', '--out', 'a.svg'],
    ['plan', '--pictures-dir', '.'],
  ]) {
    await put(cwd, { 'a.svg': 'a picture from before' });
    expect((await cramped(args, cwd)).code).toBe(1);
    expect(await readdir(cwd)).not.toContain('a.svg');
  }
  // One that could not even be begun stands.
  await mkdir(join(cwd, 'b.svg'));
  expect((await cramped(['preview', 'a', '--out', 'b.svg'], cwd)).stderr).toContain('it is a folder');
  expect(await readdir(cwd)).toContain('b.svg');
});

it('a disk that becomes full under an apply is told as that, and not as damage', async () => {
  const names = [...'abcdefgh'];
  const layout = 'layout: { mixedVideoLayout: vertical }\n';
  const cwd = await folder({
    ...Object.fromEntries(names.map((name) => [`recordings/${name}.yaml`, recording(name, layout)])),
    // What was known ahead of the disk is read again, as it would be among many recordings.
    'collect.cjs': 'setImmediate(function again() { gc(); setImmediate(again).unref(); }).unref();\n',
  });
  const sim = await simulator(cwd, ['--latency', '50-300']);
  const env = { ...CREDENTIALS, PATH: process.env.PATH ?? '', HOME: cwd, REELSTATE_ENDPOINT: sim.url };
  const node = [NODE, '--expose-gc', '--require', './collect.cjs', CLI];
  let full = 0;
  for (const bytes of [130_000, 150_000, 200_000]) {
    const command = [`--fsize=${bytes}:${bytes}`, ...node, 'apply', '--yes', '--state', `state-${bytes}`];
    const { stdout, stderr } = await promisify(execFile)('prlimit', command, { cwd, env }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    if (stdout.includes('Stopped: the state cannot be written')) full++;
    expect(stderr).not.toContain('damaged');
  }
  expect(full).toBeGreaterThan(0);
  await sim.stop();
});

describe('what is written over', () => {
  it('a saved plan and an exported state stand until the new one is whole, and a link stays a link', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'kept/plan.json': 'before' });
    await symlink('kept/plan.json', join(cwd, 'plan.json'));
    // The state is made with the first saved plan.
    expect((await run(['plan', '--out', 'other.json'], { cwd })).code).toBe(0);
    const full = await cramped(['plan', '--out', 'plan.json'], cwd);
    expect(full).toMatchObject({ code: 1, stderr: expect.stringMatching(/^reelstate: .*plan\.json/) });
    expect(await readFile(join(cwd, 'kept/plan.json'), 'utf8')).toBe('before');
    expect(await readdir(join(cwd, 'kept'))).toEqual(['plan.json']);
    expect((await run(['plan', '--out', 'plan.json'], { cwd })).code).toBe(0);
    expect(await readlink(join(cwd, 'plan.json'))).toBe('kept/plan.json');
    expect(JSON.parse(await readFile(join(cwd, 'kept/plan.json'), 'utf8')).reelstate).toBe('plan');
  });

  it('a pipe or a device is written to, and never replaced by a file', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const sim = await simulator(cwd);
    await run(['apply'], { cwd });
    await put(cwd, { 'recordings/a.yaml': recording('a', 'layout: { mixedVideoLayout: vertical }\n') });
    await promisify(execFile)('mkfifo', ['pipe.json'], { cwd });
    for (const [args, word] of [
      [['plan', '--out', 'pipe.json'], '"reelstate":"plan"'],
      [['state', 'export', '--out', 'pipe.json'], '"reelstate":"state"'],
      [['preview', 'a', '--out', 'pipe.json'], 'a'],
    ] as const) {
      const [ran, read] = await Promise.all([run(args, { cwd }), readFile(join(cwd, 'pipe.json'), 'utf8')]);
      expect(ran.code, ran.stderr).toBe(0);
      expect(read).toContain(word);
    }
    expect(await readdir(cwd)).toContain('pipe.json');
    await sim.stop();
  });
});
