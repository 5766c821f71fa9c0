import { existsSync } from 'node:fs';
import { lstat, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GIT_ENV, git, repository } from '../sources/git-support.ts';
import { folder, put, recording, sid } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';

/*
 * A plan that is saved: applied exactly as it is, once, or refused with the reason.
 */

const RED = 'layout: { backgroundColor: "#FF0000" }\n';
const BLUE = 'layout: { backgroundColor: "#0000FF" }\n';
const SECRET = 'rtmp://cdn.example.com/live/the-stream-key';
const WEB = recording('web', 'rtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN_URL } }] }\n', 'web');

async function desk(files: Record<string, string> = { 'recordings/a.yaml': recording('a', RED) }) {
  const cwd = await folder(files);
  const sim = await simulator(cwd);
  const reelstate = (args: string[], env: Record<string, string> = {}) =>
    run(args, { cwd, env: { REELSTATE_ENDPOINT: sim.url, ...env } });
  return { cwd, sim, reelstate };
}

describe('plan --out and apply FILE', () => {
  it('applies what was planned, once', async () => {
    const { cwd, sim, reelstate } = await desk();
    const planned = await reelstate(['plan', '--out', 'p.json']);
    expect(planned).toMatchObject({ code: 0, stderr: expect.stringContaining('Wrote p.json') });
    expect((await stat(join(cwd, 'p.json'))).mode & 0o777).toBe(0o600);
    expect(await sim.requests()).toEqual([]);
    const applied = await reelstate(['apply', 'p.json']);
    expect(applied).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 call for 1 recording applied'),
    });
    expect((await sim.requests()).map(({ sid }) => sid)).toEqual([sid('a')]);
    const again = await reelstate(['apply', './p.json']);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(
      /cannot be applied: since it was made calls have been sent: updateLayout of a\n {2}Nothing was sent/,
    );
    expect(await sim.requests()).toHaveLength(1);
    await sim.stop();
  });

  it('holds no secret, and applies one that is the same', async () => {
    const { cwd, sim, reelstate } = await desk({ 'recordings/web.yaml': WEB });
    expect((await reelstate(['plan', '--out', 'p.json'], { CDN_URL: SECRET })).code).toBe(0);
    const text = await readFile(join(cwd, 'p.json'), 'utf8');
    expect(text).not.toContain('the-stream-key');
    expect(text).toMatch(/hmac-sha256:[0-9a-f]{64}/);
    const { key } = JSON.parse((await reelstate(['state', 'export'])).stdout);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(text).not.toContain(key);
    const other = await reelstate(['apply', 'p.json'], { CDN_URL: `${SECRET}-2` });
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/a secret is another than when it was made: env:CDN_URL/),
    });
    expect(other.stdout + other.stderr).not.toContain('the-stream-key');
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/CDN_URL is not set/),
    });
    expect(await sim.requests()).toEqual([]);
    expect((await reelstate(['apply', 'p.json'], { CDN_URL: SECRET })).code).toBe(0);
    expect(await sim.recordings()).toMatchObject([{ rtmp: { outputs: [{ rtmpUrl: SECRET }] } }]);
    await sim.stop();
  });

  it.each<[string, (cwd: string) => Promise<unknown>, RegExp]>([
    [
      'a file has changed',
      (cwd) => put(cwd, { 'recordings/a.yaml': recording('a', BLUE) }),
      /recordings\/a\.yaml has changed/,
    ],
    [
      'even where it means the same',
      (cwd) => put(cwd, { 'recordings/a.yaml': `${recording('a', RED)}# more\n` }),
      /recordings\/a\.yaml has changed/,
    ],
    [
      'a file is new',
      (cwd) => put(cwd, { 'recordings/b.yaml': recording('b', RED) }),
      /recordings\/b\.yaml is new/,
    ],
    ['a file is gone', (cwd) => rm(join(cwd, 'recordings/a.yaml')), /recordings\/a\.yaml is gone/],
    [
      'another state',
      (cwd) => rm(join(cwd, '.reelstate'), { recursive: true }),
      /made with another state directory/,
    ],
    ['a file of another version', (cwd) => edit(cwd, { format_version: '7.0' }), /format 7\.0/],
    ['a hand has changed a call', (cwd) => edit(cwd, { recordings: [] }), /a would be planned otherwise now/],
    [
      'half of a file',
      (cwd) => writeFile(join(cwd, 'p.json'), '{"reelstate":"plan"'),
      /not a plan that can be applied/,
    ],
  ])('is refused: %s', async (_, change, message) => {
    const { cwd, sim, reelstate } = await desk();
    await reelstate(['plan', '--out', 'p.json']);
    await change(cwd);
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
    expect(await sim.requests()).toEqual([]);
    await sim.stop();
  });

  it('is refused after what a file refers to has changed', async () => {
    const who = (sid: string) =>
      JSON.stringify({
        appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
        cname: 'c',
        uid: '7',
        resourceId: 'r',
        sid,
        mode: 'mix',
      });
    const { cwd, sim, reelstate } = await desk({
      'recordings/a.yaml': `recording: { fromFile: ../run/a.json }\n${RED}`,
      'run/a.json': who('one'),
    });
    await reelstate(['plan', '--out', 'p.json']);
    await put(cwd, { 'run/a.json': who('two') });
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/a would be planned otherwise now/),
    });
    await sim.stop();
  });

  it('with errors or without secrets it is written, says so, and cannot be applied', async () => {
    const { cwd, sim, reelstate } = await desk({ 'recordings/web.yaml': WEB });
    const planned = await reelstate(['plan', '--out', 'p.json']);
    expect(planned).toMatchObject({ code: 0, stderr: expect.stringMatching(/It cannot be applied/) });
    expect(await reelstate(['apply', 'p.json'], { CDN_URL: SECRET })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/made with errors, or with references/),
    });
    await put(cwd, { 'recordings/web.yaml': 'recording: [' });
    expect((await reelstate(['plan', '--out', 'p.json'])).code).toBe(1);
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/made with errors/),
    });
    expect(await sim.requests()).toEqual([]);
    await sim.stop();
  });

  it('of a commit: refused once the ref has moved, and the commit is what the calls are recorded with', async () => {
    const cwd = await repository({
      'recordings/a.yaml': recording('a', RED),
      '.gitignore': '.reelstate\np.json\n',
    });
    const sim = await simulator(cwd);
    const reelstate = (...args: string[]) =>
      run(args, { cwd, env: { ...GIT_ENV, REELSTATE_ENDPOINT: sim.url } });
    expect((await reelstate('plan', '--git', '--out', 'p.json')).code).toBe(0);
    const first = git(cwd, ['rev-parse', 'HEAD']);
    await put(cwd, { 'recordings/a.yaml': 'not committed' });
    git(cwd, ['commit', '--quiet', '--allow-empty', '-m', 'More']);
    expect(await reelstate('apply', 'p.json')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(`HEAD was at ${first.slice(0, 10)} when it was made, and is at`),
    });
    expect((await reelstate('plan', '--git', '--out', 'p.json')).code).toBe(0);
    expect((await reelstate('apply', 'p.json')).code).toBe(0);
    const { recordings } = JSON.parse((await reelstate('status', '--json')).stdout);
    expect(recordings[0].updateLayout.commit).toEqual({
      sha: git(cwd, ['rev-parse', 'HEAD']),
      author: 'Ada Lovelace <ada@example.com>',
      subject: 'More',
    });
    await sim.stop();
  });

  it('is refused after the file of a recording that it was asked for is gone', async () => {
    const { cwd, sim, reelstate } = await desk();
    await reelstate(['plan', 'a', '--out', 'p.json']);
    await rm(join(cwd, 'recordings/a.yaml'));
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/recordings\/a\.yaml is gone/),
    });
    await sim.stop();
  });

  it.each([
    [['apply', 'p.json', 'a'], /p\.json is a plan/],
    [['apply', 'p.json', '--git'], /what it is about was said when it was made \(--git\)/],
    [['apply', 'p.json', '--allow-empty'], /\(--allow-empty\)/],
    [
      ['apply', 'nowhere.json'],
      /no recording is called "nowhere\.json"\n {2}A plan in a file is for reelstate apply, and the file has to be there/,
    ],
    [
      ['apply', './nowhere'],
      /no recording is called "\.\/nowhere"\n {2}Recordings go by their names, not by their files/,
    ],
  ])('the command line is wrong: %j', async (args, message) => {
    const { sim, reelstate } = await desk();
    await reelstate(['plan', '--out', 'p.json']);
    expect(await reelstate(args)).toMatchObject({ code: 64, stderr: expect.stringMatching(message) });
    await sim.stop();
  });

  it.each([
    ['half a file', (text: string) => text.slice(0, text.length / 2)],
    ['nothing', () => ''],
    ['another JSON', () => '[1, null]'],
    ['what status --json prints', () => '{"format_version":"1.0","recordings":[]}'],
  ])('is no plan: %s', async (_, make) => {
    const { cwd, sim, reelstate } = await desk();
    await reelstate(['plan', '--out', 'p.json']);
    await put(cwd, { 'p.json': make(await readFile(join(cwd, 'p.json'), 'utf8')) });
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /p\.json is not a plan that can be applied\n {2}reelstate plan --out FILE/,
      ),
    });
    expect(await sim.requests()).toEqual([]);
    await sim.stop();
  });

  it('what plan --json printed is not applied, and the way to a plan that is', async () => {
    const { cwd, sim, reelstate } = await desk();
    await put(cwd, { 'p.json': (await reelstate(['plan', '--json'])).stdout });
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        'reelstate: p.json is what reelstate plan --json printed: it is for programs to read, and cannot be applied\n' +
        '  reelstate plan --out FILE writes one.\n',
    });
    expect(await sim.requests()).toEqual([]);
    await sim.stop();
  });

  it('forgets, also all of them', async () => {
    const { cwd, sim, reelstate } = await desk();
    await reelstate(['apply']);
    await rm(join(cwd, 'recordings/a.yaml'));
    await reelstate(['plan', '--allow-empty', '--out', 'p.json']);
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Forgotten: a.'),
    });
    await sim.stop();
  });

  it('sends the whole state where it was made with --resync, once', async () => {
    const { sim, reelstate } = await desk();
    await reelstate(['apply']);
    await reelstate(['plan', '--resync', '--out', 'p.json']);
    expect((await reelstate(['apply', 'p.json'])).code).toBe(0);
    expect(await sim.requests()).toHaveLength(2);
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/since it was made calls have been sent: updateLayout of a/),
    });
    await sim.stop();
  });

  it('may be called as one likes, and goes to a file', async () => {
    const { cwd, sim, reelstate } = await desk();
    for (const name of ['evening', 'evening.plan', '.plan']) {
      await reelstate(['plan', '--resync', '--out', name]);
      expect(await reelstate(['apply', name]), name).toMatchObject({ code: 0 });
    }
    expect(await sim.requests()).toHaveLength(3);
    // What is no plan is no plan, whatever it is called.
    await put(cwd, { a: '{"reelstate":"pla', b: '' });
    expect(await reelstate(['apply', 'a', '--resync'])).toMatchObject({ code: 0 });
    expect((await reelstate(['apply', 'b'])).stderr).toContain('no recording is called "b"');
    expect(await reelstate(['plan', '--out', 'nowhere/p.json'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'reelstate: nowhere/p.json cannot be written: its folder does not exist\n',
    });
    for (const out of ['', '-'])
      expect(await reelstate(['plan', '--out', out]), out).toMatchObject({ code: 64, stdout: '' });
    expect(existsSync(join(cwd, '-'))).toBe(false);
    await sim.stop();
  });

  it('takes the place of no folder and of no link', async () => {
    const { cwd, sim, reelstate } = await desk();
    await reelstate(['apply']);
    await symlink('nowhere', join(cwd, 'dangling'));
    for (const command of [['plan'], ['state', 'export']])
      for (const [out, why] of [
        ['recordings', 'a folder'],
        ['dangling', 'a link that leads nowhere'],
      ] as const)
        expect(await reelstate([...command, '--out', out]), out).toMatchObject({
          code: 1,
          stderr: `reelstate: ${out} cannot be written: it is ${why}\n`,
        });
    expect((await lstat(join(cwd, 'dangling'))).isSymbolicLink()).toBe(true);
    // A link to an ordinary file stays one, and the file is written.
    await put(cwd, { 'real.json': '' });
    await symlink('real.json', join(cwd, 'p.json'));
    await reelstate(['plan', '--resync', '--out', 'p.json']);
    expect((await lstat(join(cwd, 'p.json'))).isSymbolicLink()).toBe(true);
    expect((await reelstate(['apply', 'p.json'])).code).toBe(0);
    await sim.stop();
  });

  it('a recording may be called like a path', async () => {
    const { sim, reelstate } = await desk({
      'recordings/a.yaml': `name: halls/town.json\n${recording('a', RED)}`,
    });
    expect(await reelstate(['apply', 'halls/town.json'])).toMatchObject({ code: 0 });
    expect(await sim.requests()).toHaveLength(1);
    await sim.stop();
  });

  it('only what was asked for is in it', async () => {
    const { sim, reelstate } = await desk({
      'recordings/a.yaml': recording('a', RED),
      'recordings/b.yaml': recording('b', RED),
    });
    await reelstate(['plan', 'b', '--out', 'p.json']);
    expect((await reelstate(['apply', 'p.json', '--json'])).code).toBe(0);
    expect((await sim.requests()).map(({ sid }) => sid)).toEqual([sid('b')]);
    await sim.stop();
  });
});

async function edit(cwd: string, fields: object): Promise<void> {
  const path = join(cwd, 'p.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...fields }));
}
