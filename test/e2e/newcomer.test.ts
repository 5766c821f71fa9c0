import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GIT_ENV } from '../sources/git-support.ts';
import { folder, recording, start } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';

const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
    cwd,
    env: { ...GIT_ENV, HOME: cwd },
  });

describe('what is asked for in a hurry', () => {
  it('a picture never takes the place of a recording file, nor of a form that nobody knows', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    for (const [out, why] of [
      ['recordings/a.yaml', /is the name of a recording file/],
      ['a.gif', /its ending says the form: \.txt, \.json, \.md, \.svg, \.png, \.html/],
      ['picture', /its ending says the form/],
    ] as const) {
      const ran = await run(['preview', '--out', out], { cwd });
      expect(ran.code).toBe(64);
      expect(ran.stderr).toMatch(why);
    }
    expect(await readFile(join(cwd, 'recordings/a.yaml'), 'utf8')).toBe(recording('a'));
    expect((await run(['preview', '--out', 'picture', '--output', 'svg'], { cwd })).code).toBe(0);
  });

  it('nothing to draw is no failure, and JSON all the same', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', 'onhold: true\n', 'web') });
    expect((await run(['preview'], { cwd })).code).toBe(0);
    const json = await run(['preview', '--json'], { cwd });
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({ format_version: '1.0' });
  });

  it('status takes the name of a recording to which nothing was sent', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const ran = await run(['status', 'a'], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(
      /^The state folder is empty: .*\na {2}New {6}mix {9}never applied: recordings\/a\.yaml\n\n1 recording: 1 never applied\./,
    );
    expect(JSON.parse((await run(['status', 'a', '--json'], { cwd })).stdout)).toMatchObject({
      recordings: [],
      never_applied: [{ name: 'a', file: 'recordings/a.yaml', sid: 'sid-a', mode: 'mix', action: 'create' }],
    });
    expect((await run(['status', 'b'], { cwd })).code).toBe(64);
  });

  it.each([
    [['plan', 'recordings/a.yaml'], /Did you mean a\?/],
    [['plan', 'a.yaml'], /Did you mean a\?/],
    [['plan', 'nobody.yaml'], /Recordings go by their names, not by their files/],
    [['plan', 'plan.json'], /A plan in a file is for reelstate apply/],
    [['import', 'start.json', '--name', ''], /--name: must not be empty/],
    [['apply', '--timeout', '10'], /--timeout "10": must be a duration/],
    [['apply', '--timeout', '0'], /no call can be answered in no time/],
  ])('%j is a wrong command line, and says why', async (args, why) => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'plan.json': '{}', 'start.json': '{}' });
    const ran = await run(args, { cwd });
    expect(ran.code).toBe(64);
    expect(ran.stderr).toMatch(why);
  });

  it('a plan in a file takes the flags that it was made with, and no others', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const sim = await simulator(cwd);
    const apply = (...args: string[]) => run(['apply', 'p.json', '--endpoint', sim.url, ...args], { cwd });
    expect((await run(['plan', '--out', 'p.json'], { cwd })).code).toBe(0);
    for (const [args, flag] of [
      [['--unsubscribe-spelling', 'unsubscribe'], '--unsubscribe-spelling'],
      [['--dir', 'other'], '--dir'],
      [['--resync'], '--resync'],
    ] as const) {
      const ran = await apply(...args);
      expect(ran.code).toBe(64);
      expect(ran.stderr).toContain(`(${flag})`);
    }
    const same = await apply('--dir', './recordings', '--unsubscribe-spelling', 'unSubscribe');
    expect(same).toMatchObject({ code: 0 });
    await sim.stop();
  });

  it.each([
    [['validate'], 'STRICT'],
    [['plan'], 'GIT'],
    [['plan'], 'DETAILED_EXITCODE'],
    [['plan'], 'JSON'],
    [['plan'], 'NO_CACHE'],
    [['apply'], 'YES'],
    [['apply'], 'RESYNC'],
    [['watch'], 'NO_SELF_HEAL'],
    [['watch', '--git-url', 'file:///nowhere'], 'VERIFY_SIGNATURES'],
  ])('%j: a switch in REELSTATE_%s that is neither on nor off is refused', async (args, name) => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', 'layout: {}\n') });
    const env = { [`REELSTATE_${name}`]: 'on', REELSTATE_ENDPOINT: 'http://127.0.0.1:9' };
    const ran = await run(args, { cwd, env });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({
      code: 64,
      stderr: expect.stringContaining(`REELSTATE_${name} "on": must be 1 or 0`),
    });
  });

  it('a simulator says that its folder is not there', async () => {
    const started = start(['simulate', '--listen', '127.0.0.1:0', '--recordings', 'nowhere'], {
      cwd: await folder(),
    });
    await started.shows(/nowhere.*no recording of it runs here: check --recordings/, 'stderr');
    await started.shows(/http:\/\/127\.0\.0\.1:\d+/);
    started.child.kill('SIGTERM');
    expect((await started.done).code).toBe(0);
  });

  it('no end says that all is done while a file has an error', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': 'recording: {\n' });
    const sim = await simulator(cwd);
    const applied = await run(['apply', '--endpoint', sim.url], { cwd });
    expect(applied).toMatchObject({ code: 1 });
    expect(applied.stdout).toMatch(
      /1 call for 1 recording applied\.\nNot everything could be planned: see the errors\.\n$/,
    );
    const plan = await run(['plan'], { cwd });
    expect(plan.stdout).toMatch(/1 unchanged\.\nNot everything could be planned: see the errors\.\n$/);
    expect(plan.stdout).not.toContain('Nothing to do');
    await sim.stop();
  });
});

it('the last file of a repository can be taken away, too: git knows no empty folder', async () => {
  const cwd = await folder({ 'recordings/a.yaml': recording('a'), '.gitignore': '.reelstate\n.cache\n' });
  git(cwd, 'init', '--quiet');
  git(cwd, 'add', '--all');
  git(cwd, 'commit', '--quiet', '-m', 'One');
  const sim = await simulator(cwd);
  const apply = (...args: string[]) => run(['apply', '--git', '--endpoint', sim.url, ...args], { cwd });
  expect((await apply()).code).toBe(0);
  git(cwd, 'rm', '--quiet', 'recordings/a.yaml');
  git(cwd, 'commit', '--quiet', '-m', 'None');
  await mkdir(join(cwd, 'recordings'), { recursive: true });
  const refused = await apply();
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/"recordings" is not in commit/);
  const forgotten = await apply('--allow-empty');
  expect(forgotten).toMatchObject({ code: 0 });
  expect(forgotten.stdout).toMatch(/Forgotten: a\./);
  await sim.stop();
});
