import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, GIT_ENV, git, repository } from '../sources/git-support.ts';
import { folder, put, recording, run, sid, simulator } from '../support/cli.ts';

/*
 * What `plan --json` prints, kept in a file: applied where the very same plan would be made now, or refused with what
 * is other.
 */

const RED = 'layout: { backgroundColor: "#FF0000" }\n';
const BLUE = 'layout: { backgroundColor: "#0000FF" }\n';
const SECRET = 'rtmp://cdn.example.com/live/the-stream-key';
const WEB = recording('web', 'rtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN_URL } }] }\n', 'web');
const STORED = recording(
  'stored',
  `storage:
  vendor: s3
  region: AP_SOUTHEAST_1
  bucket: b
  accessKey: { fromEnv: S3_KEY }
  secretKey: { fromFile: ../secrets/s3 }
`,
);

async function desk(files: Record<string, string> = { 'recordings/a.yaml': recording('a', RED) }) {
  return at(await folder(files));
}

async function at(cwd: string, surroundings: Record<string, string> = {}) {
  const sim = await simulator(cwd);
  const reelstate = (args: string[], env: Record<string, string> = {}) =>
    run(args, { cwd, env: { ...surroundings, REELSTATE_ENDPOINT: sim.url, ...env } });
  return {
    ...{ cwd, sim, reelstate },
    /** Does what `reelstate plan --json … > p.json` does in a shell. */
    async print(args: string[] = [], env: Record<string, string> = {}) {
      const { code, stdout } = await reelstate(['plan', '--json', ...args], env);
      await writeFile(join(cwd, 'p.json'), stdout);
      return { code, plan: JSON.parse(stdout) };
    },
    async refused(why: RegExp, env: Record<string, string> = {}) {
      const before = (await sim.requests()).length;
      const ran = await reelstate(['apply', 'p.json'], env);
      expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(why) });
      expect(ran.stderr).toMatch(/Nothing was sent\. Make a new one with reelstate plan --json\.\n$/);
      expect(await sim.requests()).toHaveLength(before);
    },
  };
}

describe('what plan --json printed, applied', () => {
  it('sends exactly that, once', async () => {
    const { sim, reelstate, print, refused } = await desk();
    const { plan } = await print();
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 call for 1 recording applied'),
    });
    expect((await sim.requests()).map(({ body }) => body)).toEqual([plan.recordings[0].calls[0].body]);
    await refused(/cannot be applied: since it was made calls have been sent: updateLayout of a\n/);
    await sim.stop();
  });

  it('as often as there is nothing to do', async () => {
    const { sim, reelstate, print } = await desk();
    await reelstate(['apply']);
    await print();
    for (const _ of [1, 2])
      expect(await reelstate(['apply', 'p.json'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('Nothing to do.'),
      });
    expect(await sim.requests()).toHaveLength(1);
    await sim.stop();
  });

  it('is about the recordings that it names, and no others', async () => {
    const { cwd, sim, reelstate, print, refused } = await desk({
      'recordings/a.yaml': recording('a', RED),
      'recordings/b.yaml': recording('b', RED),
    });
    await print(['b']);
    await put(cwd, { 'recordings/a.yaml': recording('a', BLUE), 'recordings/c.yaml': recording('c', RED) });
    expect((await reelstate(['apply', 'p.json', '--json'])).code).toBe(0);
    expect((await sim.requests()).map(({ sid }) => sid)).toEqual([sid('b')]);
    await print(['a', 'c']);
    await rm(join(cwd, 'recordings/c.yaml'));
    await refused(/c \(gone\) would be planned otherwise now/);
    await sim.stop();
  });

  it('sends the whole state where it was made with --resync, once', async () => {
    const { sim, reelstate, print, refused } = await desk();
    await reelstate(['apply']);
    const { plan } = await print(['--resync']);
    expect(plan.recordings[0].calls).toMatchObject([{ reason: 'resync', changes: [] }]);
    expect((await reelstate(['apply', 'p.json'])).code).toBe(0);
    expect(await sim.requests()).toHaveLength(2);
    // It would look the same once more.
    await refused(/since it was made calls have been sent: updateLayout of a/);
    await sim.stop();
  });

  it('takes the files of the commit that it names, wherever the ref is now', async () => {
    const files = { 'recordings/a.yaml': recording('a', RED), '.gitignore': '.reelstate\np.json\n' };
    const { cwd, sim, reelstate, print, refused } = await at(await repository(files), GIT_ENV);
    const { plan } = await print(['--git']);
    const sha = git(cwd, ['rev-parse', 'HEAD']);
    expect(plan.commit.sha).toBe(sha);
    await put(cwd, { 'recordings/a.yaml': recording('a', BLUE) });
    commit(cwd, 'Blue');
    await put(cwd, { 'recordings/a.yaml': 'half done' });
    expect((await reelstate(['apply', 'p.json'])).code).toBe(0);
    expect((await sim.requests()).map(({ body }) => body)).toEqual([plan.recordings[0].calls[0].body]);
    const { recordings } = JSON.parse((await reelstate(['status', '--json'])).stdout);
    expect(recordings[0].updateLayout.commit).toMatchObject({ sha });

    await print(['--ref', 'main']);
    await writeFile(
      join(cwd, 'p.json'),
      (await readFile(join(cwd, 'p.json'), 'utf8')).replace(git(cwd, ['rev-parse', 'main']), '0'.repeat(40)),
    );
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/there is no commit called "0{40}"/),
    });
    await put(cwd, { 'recordings/a.yaml': recording('a', BLUE) });
    await print();
    await put(cwd, { 'recordings/a.yaml': recording('a', RED) });
    // From disk it was, whatever the environment says now.
    await refused(/a \(action: no-op instead of update\)/, { REELSTATE_GIT: '1' });
    await sim.stop();
  });

  it('sends secrets in full that it shows masked', async () => {
    const { cwd, sim, reelstate, print } = await desk({
      'recordings/web.yaml': WEB,
      'recordings/stored.yaml': STORED,
      'secrets/s3': 'the-secret-key\n',
    });
    const env = { CDN_URL: SECRET, S3_KEY: 'the-access-key' };
    await print([], env);
    const text = await readFile(join(cwd, 'p.json'), 'utf8');
    expect(text).toContain('(sensitive)');
    for (const secret of ['the-stream-key', 'the-secret-key', 'the-access-key'])
      expect(text).not.toContain(secret);
    const applied = await reelstate(['apply', 'p.json'], env);
    expect(applied.code).toBe(0);
    expect(applied.stdout + applied.stderr).not.toMatch(/the-(stream|secret|access)-key/);
    const requests = (await sim.requests()).map(({ sid, body }) => [sid, body.clientRequest]);
    expect(Object.fromEntries(requests)).toMatchObject({
      [sid('web')]: { rtmpPublishConfig: { outputs: [{ rtmpUrl: SECRET }] } },
      [sid('stored')]: { storageConfig: { accessKey: 'the-access-key', secretKey: 'the-secret-key' } },
    });
    await sim.stop();
  });

  it('spells the lists as it shows them', async () => {
    const lists = 'subscriptions: { videoUidList: { unSubscribeVideoUids: ["444"] } }\n';
    const { sim, reelstate, print } = await desk({ 'recordings/a.yaml': recording('a', lists) });
    const { plan } = await print(['--unsubscribe-spelling', 'unsubscribe']);
    expect((await reelstate(['apply', 'p.json'])).code).toBe(0);
    expect((await sim.requests()).map(({ body }) => body)).toEqual([plan.recordings[0].calls[0].body]);
    expect(JSON.stringify(plan)).toContain('unsubscribeVideoUids');
    await sim.stop();
  });

  it('forgets, also all of them', async () => {
    const { cwd, sim, reelstate, print, refused } = await desk();
    await reelstate(['apply']);
    await rm(join(cwd, 'recordings/a.yaml'));
    await print(['--allow-empty']);
    expect(await reelstate(['apply', 'p.json'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Forgotten: a.'),
    });
    await refused(/a \(gone\) would be planned otherwise now/);
    await sim.stop();
  });

  it('of nothing does nothing, until there is something', async () => {
    const { cwd, sim, reelstate, print, refused } = await desk({ 'recordings/.keep': '' });
    const { plan } = await print();
    expect(plan).toMatchObject({ applyable: true, recordings: [] });
    expect((await reelstate(['apply', 'p.json'])).code).toBe(0);
    await put(cwd, { 'recordings/a.yaml': recording('a', RED) });
    await refused(/a \(new\) would be planned otherwise now/);
    await sim.stop();
  });
});

describe('what plan --json printed is refused', () => {
  type Desk = Awaited<ReturnType<typeof desk>>;
  it.each<[string, (at: Desk) => Promise<unknown>, RegExp]>([
    [
      'a file has changed',
      ({ cwd }) => put(cwd, { 'recordings/a.yaml': recording('a', BLUE) }),
      /a \(updateLayout \/layout\/backgroundColor\) would be planned otherwise now/,
    ],
    [
      'a file has another name',
      async ({ cwd }) => {
        await rm(join(cwd, 'recordings/a.yaml'));
        await put(cwd, { 'recordings/b.yaml': `name: a\n${recording('a', RED)}` });
      },
      /a \(file: recordings\/b\.yaml instead of recordings\/a\.yaml\)/,
    ],
    [
      'it is about another recording',
      ({ cwd }) => put(cwd, { 'recordings/a.yaml': `name: a\n${recording('z', RED)}` }),
      /a \(sid: sid-z instead of sid-a\)/,
    ],
    [
      'another apply in between',
      async ({ cwd, reelstate }) => {
        await put(cwd, { 'recordings/a.yaml': recording('a', BLUE) });
        await reelstate(['apply']);
        await put(cwd, { 'recordings/a.yaml': recording('a', RED) });
      },
      /since it was made calls have been sent: updateLayout of a/,
    ],
    [
      'the file of a recording is gone',
      async ({ cwd }) => {
        await rm(join(cwd, 'recordings/a.yaml'));
        await put(cwd, { 'recordings/b.yaml': recording('b', RED) });
      },
      /a \(gone\) would be planned otherwise now/,
    ],
    [
      'a file has an error now',
      ({ cwd }) => put(cwd, { 'recordings/a.yaml': 'recording: [' }),
      /recordings\/a\.yaml:1: /,
    ],
    [
      'the folder is another',
      ({ cwd }) => rm(join(cwd, 'recordings'), { recursive: true }),
      /does not exist/,
    ],
    ['a hand has changed a call', ({ cwd }) => edit(cwd, /#FF0000/g, '#FF0001'), /a \(updateLayout/],
    [
      'a hand has taken out a call',
      async ({ cwd }) => {
        const plan = JSON.parse(await readFile(join(cwd, 'p.json'), 'utf8'));
        plan.recordings[0].calls = [];
        await put(cwd, { 'p.json': JSON.stringify(plan) });
      },
      /a \(updateLayout \/layout\/backgroundColor\)/,
    ],
    [
      'another version',
      ({ cwd }) => edit(cwd, '"1.0"', '"7.0"'),
      /another version of reelstate \(format 7\.0/,
    ],
    [
      'errors within',
      ({ cwd }) => edit(cwd, '"diagnostics": []', '"diagnostics": [{"severity":"error"}]'),
      /made with errors/,
    ],
    ['no recordings', ({ cwd }) => edit(cwd, '"recordings": [', '"records": ['), /p\.json is damaged/],
    ['no time', ({ cwd }) => edit(cwd, /"timestamp": "[^"]*"/, '"timestamp": "then"'), /p\.json is damaged/],
    ['no commit', ({ cwd }) => edit(cwd, '{', '{ "commit": { "sha": "--all" },'), /p\.json is damaged/],
  ])('%s', async (_, change, message) => {
    const place = await desk();
    await place.print();
    await change(place);
    await place.refused(message);
    await place.sim.stop();
  });

  it('the file of a known recording is gone', async () => {
    const { cwd, sim, reelstate, print, refused } = await desk({
      'recordings/a.yaml': recording('a', RED),
      'recordings/b.yaml': recording('b', RED),
    });
    await reelstate(['apply']);
    await put(cwd, { 'recordings/a.yaml': recording('a', BLUE) });
    await print();
    await rm(join(cwd, 'recordings/a.yaml'));
    await refused(/a \(action: forget instead of update\)/);
    await sim.stop();
  });

  it('a secret is another, where the plan tells', async () => {
    const { sim, reelstate, print, refused } = await desk({ 'recordings/web.yaml': WEB });
    await reelstate(['apply'], { CDN_URL: SECRET });
    await print([], { CDN_URL: SECRET });
    await refused(/web \(action: update instead of no-op\)/, { CDN_URL: `${SECRET}-2` });
    await print([], { CDN_URL: `${SECRET}-2` });
    await refused(/web \(action: no-op instead of update\)/, { CDN_URL: SECRET });
    await refused(/web \(update \/rtmp\/outputs\/0\/rtmpUrl\)/, {
      CDN_URL: 'rtmp://other.example.com/live/the-stream-key',
    });
    await refused(/CDN_URL is not set/);
    await sim.stop();
  });

  it('with errors or without secrets', async () => {
    const { cwd, sim, print, refused } = await desk({ 'recordings/web.yaml': WEB });
    expect((await print()).plan.applyable).toBe(false);
    await refused(/made with errors, or with references that could not be resolved/, { CDN_URL: SECRET });
    await put(cwd, { 'recordings/web.yaml': 'recording: [' });
    expect((await print()).code).toBe(1);
    await refused(/made with errors/);
    await sim.stop();
  });

  it.each([
    ['half a file', (text: string) => text.slice(0, text.length / 2)],
    ['nothing', () => ''],
    ['another JSON', () => '[1, null]'],
    ['what status --json prints', () => '{"format_version":"1.0","recordings":[]}'],
  ])('as no plan: %s', async (_, make) => {
    const { cwd, sim, reelstate, print } = await desk();
    await print();
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

  it.each([
    [['apply', 'p.json', 'a'], /p\.json is a plan/],
    [['apply', 'p.json', '--resync'], /what it is about was said when it was made \(--resync\)/],
  ])('the command line is wrong: %j', async (args, message) => {
    const { sim, reelstate, print } = await desk();
    await print();
    expect(await reelstate(args)).toMatchObject({ code: 64, stderr: expect.stringMatching(message) });
    await sim.stop();
  });
});

async function edit(cwd: string, from: string | RegExp, to: string): Promise<void> {
  const path = join(cwd, 'p.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
}
