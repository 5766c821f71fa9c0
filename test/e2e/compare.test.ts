import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, GIT_ENV, git, repository } from '../sources/git-support.ts';
import { folder, put, recording } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';
import { watching } from '../support/watching.ts';

/*
 * Plans for a review: from one commit to another, and against what a daemon has applied. Whoever makes them has
 * neither the state nor the secrets.
 */

const LAYOUT = (fields: string) => `layout: { ${fields} }\n`;
const RED = LAYOUT('mixedVideoLayout: bestFit, backgroundColor: "#FF0000"');
const WEB = (name: string, onhold = true) =>
  recording('web', `onhold: ${onhold}\nrtmp: { outputs: [{ rtmpUrl: { fromEnv: ${name} } }] }\n`, 'web');

interface Planned {
  applyable: boolean;
  summary: Record<string, number>;
  recordings: {
    name: string;
    action: string;
    notes?: string[];
    calls: {
      endpoint: string;
      reason: string;
      changes: { path: string; before: unknown; after: unknown; reason: string }[];
    }[];
  }[];
  diagnostics: { code: string; severity: string }[];
}

async function plan(cwd: string, ...args: string[]): Promise<Planned & { code: number | null }> {
  const ran = await run(['plan', '--json', ...args], { cwd, env: GIT_ENV });
  if (ran.stdout === '') throw new Error(ran.stderr);
  return { ...(JSON.parse(ran.stdout) as Planned), code: ran.code };
}

describe('plan --from --to', () => {
  it('shows what the change sends, whatever the state, the working tree and the environment', async () => {
    const cwd = await repository({
      'recordings/a.yaml': recording('a', RED),
      'recordings/same.yaml': recording('same', RED),
      'recordings/gone.yaml': recording('gone', RED),
      'recordings/web.yaml': WEB('CDN_URL'),
    });
    const from = git(cwd, ['rev-parse', 'HEAD']);
    await put(cwd, {
      'recordings/a.yaml': recording('a', LAYOUT('mixedVideoLayout: floating')),
      'recordings/new.yaml': recording('new', RED),
    });
    await rm(join(cwd, 'recordings/gone.yaml'));
    commit(cwd, 'Change');
    await put(cwd, { 'recordings/a.yaml': 'half: [' });
    const planned = await plan(cwd, '--from', from);
    expect(planned).toMatchObject({
      code: 0,
      applyable: true,
      diagnostics: [],
      summary: { to_create: 1, to_update: 1, to_forget: 1, unchanged: 2 },
    });
    const [a] = planned.recordings;
    expect(a?.calls).toMatchObject([
      {
        endpoint: 'updateLayout',
        changes: [
          { path: '/layout/mixedVideoLayout', before: 1, after: 0, reason: 'changed' },
          { path: '/layout/backgroundColor', before: '#FF0000', after: '#000000', reason: 'reset' },
        ],
      },
    ]);
    // The other way round, and from a commit to itself.
    expect((await plan(cwd, '--from', 'HEAD', '--to', from)).summary).toMatchObject({
      to_create: 1,
      to_update: 1,
      to_forget: 1,
    });
    expect((await plan(cwd, '--from', 'HEAD')).summary).toMatchObject({
      to_create: 0,
      to_update: 0,
      to_forget: 0,
    });
    expect((await run(['plan', '--from', from, '--detailed-exitcode'], { cwd, env: GIT_ENV })).code).toBe(2);
  });

  it('a secret from another place is a change, from the same it is none', async () => {
    const cwd = await repository({ 'recordings/web.yaml': WEB('CDN_URL') });
    await put(cwd, { 'recordings/web.yaml': WEB('CDN_URL', false) });
    commit(cwd, 'Paused no more');
    expect((await plan(cwd, '--from', 'HEAD~1')).recordings[0]?.calls[0]?.changes).toMatchObject([
      { path: '/onhold' },
    ]);
    await put(cwd, { 'recordings/web.yaml': WEB('OTHER_URL', false) });
    commit(cwd, 'Another place');
    expect((await plan(cwd, '--from', 'HEAD~1')).recordings[0]?.calls).toHaveLength(1);
  });

  it('recordings that wait for a backend are compared, too', async () => {
    const file = (n: string, layout: string) => `recording: { fromFile: ../run/${n}.json }\n${layout}`;
    const cwd = await repository({
      'recordings/a.yaml': file('a', RED),
      'recordings/b.yaml': file('a', RED),
    });
    await put(cwd, { 'recordings/a.yaml': file('a', LAYOUT('mixedVideoLayout: floating')) });
    commit(cwd, 'Vertical');
    const { recordings, summary } = await plan(cwd, '--from', 'HEAD~1');
    expect(summary).toMatchObject({ to_update: 1, unchanged: 1 });
    expect(recordings[0]).toMatchObject({
      name: 'a',
      action: 'update',
      calls: [{ endpoint: 'updateLayout', reason: 'changed' }],
    });
  });

  it('errors of the new commit fail it, those of the old one are told', async () => {
    const cwd = await repository({
      'recordings/a.yaml': 'recording: [',
      'recordings/b.yaml': recording('b', RED),
    });
    await put(cwd, { 'recordings/a.yaml': recording('a', RED), 'recordings/b.yaml': 'recording: [' });
    commit(cwd, 'One mended, one broken');
    const ran = await run(['plan', '--from', 'HEAD~1', '--json'], { cwd, env: GIT_ENV });
    expect(ran.stderr).toMatch(/1 file of HEAD~1 cannot be used/);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      applyable: false,
      recordings: [{ name: 'a', action: 'create' }],
      summary: { to_forget: 0 },
    });
  });

  describe('where the folder is not in the old commit', () => {
    const BLUE = LAYOUT('mixedVideoLayout: bestFit, backgroundColor: "#0000FF"');
    const PLAIN = LAYOUT('mixedVideoLayout: bestFit');
    const markdown = async (cwd: string, ...args: string[]) => {
      const ran = await run(['plan', '--from', 'HEAD~1', '--output', 'markdown', ...args], {
        cwd,
        env: GIT_ENV,
      });
      return { code: ran.code, shown: ran.stdout, told: ran.stderr };
    };
    const RESET = '- a: backgroundColor <code>"&#35;FF0000"</code> → <code>"&#35;000000"</code>';

    it.each([
      ['recordings', 'live'],
      ['shows/recordings', 'live'],
      ['recordings', 'shows/live'],
      ['recordings/eu', 'recordings-eu'],
      ['.', 'live'],
    ])('because it was renamed from %s to %s: what goes back to its default is seen', async (old, now) => {
      const cwd = await repository({
        [`${old}/a.yaml`]: recording('a', RED),
        [`${old}/hall/b.yaml`]: recording('b', RED),
        [`${old}/gone.yaml`]: recording('gone', BLUE),
        ...(old === '.' ? {} : { 'other/x.yaml': 'something: else\n' }),
      });
      for (const name of ['a', 'hall/b']) {
        await put(cwd, {
          [`${now}/${name}.yaml`]: recording(name === 'a' ? 'a' : 'b', name === 'a' ? PLAIN : RED),
        });
        git(cwd, ['rm', '--quiet', '--cached', `${old}/${name}.yaml`]);
        await rm(join(cwd, old, `${name}.yaml`));
      }
      await rm(join(cwd, old, 'gone.yaml'));
      commit(cwd, 'Moved');
      const { code, shown, told } = await markdown(cwd, '--dir', now);
      expect(code).toBe(0);
      expect(shown).toContain(RESET);
      expect(shown).toContain(
        `- ${now} was ${old} in <code>HEAD~1</code>, as git tells`.replace('~', '&#126;'),
      );
      expect(told).toContain(`${now} was ${old} in HEAD~1`);
      const json = await plan(cwd, '--from', 'HEAD~1', '--dir', now);
      expect(json).toMatchObject({
        comparison: { from: 'HEAD~1', from_dir: old, complete: true },
        summary: { to_create: 0, to_update: 1, unchanged: 1 },
      });
    });

    it('and git knows of no rename: that is said, in every form, and --from-dir mends it', async () => {
      const cwd = await repository({ 'recordings/a.yaml': recording('a', RED) });
      const text = `# Written anew, with much to say about it.\n${'# Nothing here is as it was before.\n'.repeat(30)}`;
      await rm(join(cwd, 'recordings'), { recursive: true });
      await put(cwd, { 'live/a.yaml': `${text}${recording('a', PLAIN)}` });
      commit(cwd, 'Written anew');
      const { shown, told } = await markdown(cwd, '--dir', 'live');
      const why = 'live is not in HEAD~1, so nothing could be compared';
      expect(told).toContain(why);
      expect(shown).toMatch(/^.*\n\*\*Not all could be compared: see below\. 1 to create/);
      expect(shown.replace(/<\/?code>/g, '').replace('&#126;', '~')).toContain(`- ${why}`);
      expect(shown).toContain('--from-dir DIR');
      expect(await plan(cwd, '--from', 'HEAD~1', '--dir', 'live')).toMatchObject({
        comparison: { complete: false, notes: [expect.stringContaining(why)] },
        recordings: [{ action: 'create', notes: [expect.stringMatching(/^not known to be new/)] }],
      });
      const mended = await markdown(cwd, '--dir', 'live', '--from-dir', 'recordings');
      expect(mended.shown).toContain(RESET);
      expect(mended.shown).toContain('**0 to create, 1 to change');
      const wrong = await markdown(cwd, '--dir', 'live', '--from-dir', 'nowhere');
      expect(wrong.told).toContain('nowhere is not in HEAD~1, so nothing could be compared');
      expect(wrong.shown).toContain('Not all could be compared');
    });

    it('but for one file that was moved into it', async () => {
      const cwd = await repository({
        'recordings/a.yaml': recording('a', RED),
        'recordings/c.yaml': recording('c', RED),
        'live/b.yaml': recording('b', RED),
      });
      git(cwd, ['mv', 'recordings/a.yaml', 'live/renamed.yaml']);
      await put(cwd, { 'live/renamed.yaml': recording('a', PLAIN) });
      commit(cwd, 'One is moved');
      const planned = await plan(cwd, '--from', 'HEAD~1', '--dir', 'live');
      expect(planned).toMatchObject({
        comparison: { notes: ['1 recording of live had its file in recordings in HEAD~1.'] },
        summary: { to_create: 0, to_update: 1, unchanged: 1, to_forget: 0 },
      });
    });
  });

  it('files of the old commit that cannot be used are told where the plan is read', async () => {
    const cwd = await repository({ 'recordings/a.yaml': 'recording: 5\n' });
    await put(cwd, { 'recordings/a.yaml': recording('a', RED) });
    commit(cwd, 'Mended');
    const args = ['plan', '--from', 'HEAD~1', '--output'];
    const markdown = await run([...args, 'markdown'], { cwd, env: GIT_ENV });
    expect(markdown.stdout).toMatch(/1 file of .*cannot be used: what it describes is planned as new/);
    expect(markdown.stdout).toMatch(/- error `[a-z-]+` recordings\/a\.yaml:1:12: /);
    expect(markdown.stderr).toMatch(/1 file of HEAD~1 cannot be used.*\n {2}recordings\/a\.yaml:1:12: /);
    const html = await run([...args, 'html'], { cwd, env: GIT_ENV });
    expect(html.stdout).toMatch(/1 file of HEAD~1 cannot be used/);
    expect(html.stdout).toContain('recordings/a.yaml:1:12');
    expect(await plan(cwd, '--from', 'HEAD~1')).toMatchObject({
      comparison: { complete: false, diagnostics: [{ range: { filename: 'recordings/a.yaml' } }] },
    });
  });

  it('a name mentions nobody', async () => {
    const name = '@octo-org/admins see #12';
    const cwd = await repository({ 'recordings/a.yaml': `name: "${name}"\n${recording('a', RED)}` });
    await put(cwd, { 'recordings/a.yaml': `name: "${name}"\n${recording('a')}` });
    commit(cwd, 'Change');
    for (const args of [[], ['--from', 'HEAD~1']]) {
      const { stdout } = await run(['plan', '--output', 'markdown', ...args], { cwd, env: GIT_ENV });
      expect(stdout).toContain('<code>&#64;octo-org/admins</code> see <code>&#35;12</code>');
      expect(stdout).not.toMatch(/@|#12/);
    }
  });

  it('a comment is as short as its host wants it', async () => {
    const names = Array.from({ length: 60 }, (_, n) => `n${n}`);
    const cwd = await repository(
      Object.fromEntries(names.map((name) => [`recordings/${name}.yaml`, recording(name, RED)])),
    );
    const markdown = async (...args: string[]) =>
      (await run(['plan', '--output', 'markdown', ...args], { cwd, env: GIT_ENV })).stdout;
    expect(await markdown()).not.toContain('left out');
    const short = await markdown('--comment-limit', '2000');
    expect(short.length).toBeLessThanOrEqual(2_000);
    expect(short).toMatch(/60 to create[\s\S]*recordings left out, because a comment holds no more: n\d/);
    for (const wrong of ['5', 'many', '-1'])
      expect(await run(['plan', `--comment-limit=${wrong}`], { cwd })).toMatchObject({
        code: 64,
        stderr: expect.stringContaining('--comment-limit'),
      });
  });

  it('everything deleted is an error unless it is meant', async () => {
    const cwd = await repository({ 'recordings/a.yaml': recording('a', RED), keep: '' });
    await rm(join(cwd, 'recordings/a.yaml'));
    await put(cwd, { 'recordings/.keep': '' });
    commit(cwd, 'Nothing left');
    expect(await plan(cwd, '--from', 'HEAD~1')).toMatchObject({
      code: 1,
      diagnostics: [{ code: 'empty-set' }],
    });
    expect(await plan(cwd, '--from', 'HEAD~1', '--allow-empty')).toMatchObject({
      code: 0,
      summary: { to_forget: 1 },
    });
  });

  it.each([
    [['--to', 'HEAD'], /--to needs --from/],
    [['--from-dir', 'x'], /--from-dir needs --from/],
    [['--from', 'HEAD', '--git'], /--git does not go with --from and --to/],
    [['--from', 'HEAD', '--out', 'x.json'], /--out does not go with/],
    [['--from', 'HEAD', '--against', 'http://127.0.0.1:1'], /--from does not go with --against/],
    [['--against', 'nonsense'], /must be an address/],
  ])('the command line is wrong: %j', async (args, message) => {
    const cwd = await repository({ 'recordings/a.yaml': recording('a', RED) });
    expect(await run(['plan', ...args], { cwd, env: GIT_ENV })).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(message),
    });
  });
});

describe('plan --against', () => {
  it('plans from what a daemon has applied, without state, key or secrets', async () => {
    const CDN_URL = 'rtmp://cdn.example.com/live/the-stream-key';
    const files = {
      'recordings/a.yaml': recording('a', RED),
      'recordings/web.yaml': WEB('CDN_URL'),
      'recordings/run.yaml': `recording: { fromFile: ../run/r.json }\n${RED}`,
      'run/r.json': JSON.stringify({
        appId: 'app',
        cname: 'c',
        uid: '7',
        resourceId: 'r',
        sid: 'run',
        mode: 'mix',
      }),
    };
    const live = await folder(files);
    const w = await watching(live, [], { env: { CDN_URL } });
    for (const name of ['a', 'web', 'run']) await w.condition(name, 'Ready');
    const known = await (await w.get('/api/known')).text();
    expect(known).not.toMatch(/the-stream-key|hmac-sha256/);
    expect(known).toContain('env:CDN_URL');

    // Elsewhere: neither state nor secrets nor what the backend wrote.
    const { 'run/r.json': _, ...elsewhere } = files;
    const cwd = await folder(elsewhere);
    const none = await plan(cwd, '--against', w.url);
    expect(none).toMatchObject({
      code: 0,
      applyable: true,
      summary: { recordings: 3, to_create: 0, to_update: 0, to_forget: 0 },
    });
    await put(cwd, {
      'recordings/a.yaml': recording('a', LAYOUT('mixedVideoLayout: bestFit')),
      'recordings/web.yaml': WEB('OTHER_URL'),
      'recordings/run.yaml': `recording: { fromFile: ../run/r.json }\n${LAYOUT('mixedVideoLayout: bestFit')}`,
    });
    const planned = await plan(cwd, '--against', w.url);
    expect(planned.summary).toMatchObject({ to_update: 3, to_create: 0 });
    expect(planned.recordings.find(({ name }) => name === 'run')?.calls[0]?.changes).toMatchObject([
      { path: '/layout/backgroundColor', reason: 'reset' },
    ]);
    const markdown = await run(['plan', '--against', w.url, '--output', 'markdown'], { cwd });
    expect(markdown.stdout).toMatch(/^<!-- reelstate plan -->\n\*\*0 to create, 3 to change/);
    expect(markdown.stderr).toBe('');
    await w.stop();
  });

  it('says so where a secret is written out, and where nobody answers', async () => {
    const cwd = await folder({
      'recordings/web.yaml': recording(
        'web',
        'rtmp: { outputs: [{ rtmpUrl: "rtmp://cdn.example.com/live/key" }] }\n',
        'web',
      ),
    });
    const w = await watching(cwd);
    await w.condition('web', 'Ready');
    const { recordings } = await plan(cwd, '--against', w.url);
    expect(recordings[0]).toMatchObject({
      action: 'no-op',
      notes: [expect.stringMatching(/is not seen here/)],
    });
    const { url } = w;
    await w.stop();
    expect(await run(['plan', '--against', url], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no reelstate daemon answers/),
    });
    const sim = await simulator(cwd);
    expect(await run(['plan', '--against', sim.url], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/it answers 404/),
    });
    await sim.stop();
  });
});
