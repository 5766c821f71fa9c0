import { createHmac } from 'node:crypto';
import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, GIT_ENV, git, repository, serve } from '../sources/git-support.ts';
import { folder, put, recording, run, sid } from '../support/cli.ts';
import { until, watching } from '../support/watching.ts';

/*
 * The daemon on commits: of the repository it stands in, and of a remote. Real repositories, the built command.
 */

const LAYOUT = (color: string) => `layout: { backgroundColor: "${color}" }\n`;
const FILE = (n: string, color: string) => ({ [`recordings/${n}.yaml`]: recording(n, LAYOUT(color)) });
const color = (wanted: string) => (each: Record<string, never>) =>
  (each.layout as unknown as { backgroundColor?: string } | null)?.backgroundColor === wanted;
const AUTHOR = 'Ada Lovelace <ada@example.com>';
const IGNORED = { '.gitignore': '.reelstate\n' };

/** A daemon, with what it says of its commits at hand. */
async function daemonIn(cwd: string, args: string[], env: Record<string, string> = {}) {
  const w = await watching(cwd, args, { env: { ...GIT_ENV, ...env } });
  const said = async () => (await (await w.get('/api/recordings')).json()) as Said;
  return {
    ...w,
    said,
    source: (wanted: (source: Said['source']) => unknown, what: string) =>
      until(async () => {
        const { source } = await said();
        return wanted(source) && source;
      }, what),
    metric: async (name: string) =>
      new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await (await w.get('/metrics')).text())?.[1],
  };
}

interface Said {
  ready: boolean;
  source: {
    kind: string;
    ref: string;
    commit: { sha: string; author: string; subject: string } | null;
    broken: string[];
    remote: { outcome: string; message: string | null; commit: string | null } | null;
  };
  recordings: { name: string; applied: { updateLayout: { commit: object | null } } }[];
}

describe('watch --git', () => {
  it('follows commits, merges, resets and rebases, and never the working tree', async () => {
    const cwd = await repository({ ...FILE('a', '#000001'), ...IGNORED });
    const first = git(cwd, ['rev-parse', 'HEAD']);
    // So rarely that only what is heard can be in time.
    const w = await daemonIn(cwd, ['--git', '--sweep', '1h']);
    await w.atService(sid('a'), color('#000001'));
    expect((await w.said()).source).toMatchObject({
      kind: 'commit',
      ref: 'HEAD',
      commit: { sha: first, author: AUTHOR },
    });

    await put(cwd, FILE('a', '#000002'));
    git(cwd, ['add', '--all']);
    await put(cwd, FILE('a', '#FFFFFF'));
    git(cwd, ['commit', '--quiet', '-m', 'Two']);
    await w.atService(sid('a'), color('#000002'));
    git(cwd, ['checkout', '--quiet', '--', '.']);

    git(cwd, ['switch', '--quiet', '-c', 'topic/deep', first]);
    await w.atService(sid('a'), color('#000001'));
    await put(cwd, { other: 'x' });
    commit(cwd, 'Beside');
    git(cwd, ['switch', '--quiet', 'main']);
    await w.atService(sid('a'), color('#000002'));
    git(cwd, ['merge', '--quiet', '--no-edit', 'topic/deep']);
    const merge = git(cwd, ['rev-parse', 'HEAD']);
    await w.source(({ commit: at }) => at?.sha === merge, 'the merge');

    git(cwd, ['reset', '--quiet', '--hard', first]);
    await w.atService(sid('a'), color('#000001'));

    git(cwd, ['pack-refs', '--all']);
    await put(cwd, FILE('a', '#000003'));
    commit(cwd, 'Three');
    await w.atService(sid('a'), color('#000003'));

    expect(JSON.stringify(await w.sim.requests())).not.toContain('#FFFFFF');
    expect(await w.sim.violations()).toEqual([]);
    await w.stop();
  });

  it('a rebase counts when it is done, not for each of its commits', async () => {
    const cwd = await repository({ ...FILE('a', '#000001'), ...IGNORED });
    git(cwd, ['switch', '--quiet', '-c', 'topic']);
    for (const n of ['2', '3', '4']) {
      await put(cwd, FILE('a', `#00000${n}`));
      commit(cwd, n);
    }
    git(cwd, ['switch', '--quiet', 'main']);
    await put(cwd, FILE('b', '#00000B'));
    commit(cwd, 'b');
    git(cwd, ['switch', '--quiet', 'topic']);
    const w = await daemonIn(cwd, ['--git', '--sweep', '20ms']);
    await w.atService(sid('a'), color('#000004'));
    const b = {
      appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
      cname: 'channel-b',
      uid: '527841',
      resourceId: 'resource-b',
      sid: sid('b'),
      mode: 'mix',
    };
    const type = { 'content-type': 'application/json' };
    await w.sim.json('/_sim/recordings', { method: 'POST', body: JSON.stringify(b), headers: type });
    // Stops at each commit: long enough for many looks.
    git(cwd, ['rebase', '--quiet', 'main', '--exec', 'sleep 0.3']);
    await w.atService(sid('b'), color('#00000B'));
    expect((await w.sim.requests()).filter((request) => request.sid === sid('a'))).toHaveLength(1);
    await w.daemon.shows(/a rebase is under way/, 'stderr');
    await w.stop();
  });

  it('a commit with a broken file: the rest is applied and the commit is marked', async () => {
    const cwd = await repository({ ...FILE('a', '#000001'), ...FILE('b', '#000001'), ...IGNORED });
    const w = await daemonIn(cwd, ['--git', '--sweep', '1h']);
    await w.atService(sid('b'), color('#000001'));
    await put(cwd, { 'recordings/a.yaml': 'recording: [', ...FILE('b', '#000002') });
    const broken = commit(cwd, 'Half of it');
    await w.atService(sid('b'), color('#000002'));
    expect(await w.condition('a', 'Stalled', 'Invalid')).toBeTruthy();
    expect((await w.said()).source).toMatchObject({ commit: { sha: broken }, broken: ['recordings/a.yaml'] });
    expect(await w.metric('reelstate_git_commit_broken_files')).toBe('1');
    await w.daemon.shows(
      new RegExp(`"commit":"${broken}","broken":1,"files":\\["recordings/a.yaml"\\]`),
      'stderr',
    );
    git(cwd, ['revert', '--no-edit', 'HEAD']);
    await w.atService(sid('b'), color('#000001'));
    await until(async () => (await w.metric('reelstate_git_commit_broken_files')) === '0', 'whole again');
    await w.stop();
  });

  it('says which commit asked for what is applied: in /api/recordings, the log, status and history', async () => {
    const cwd = await repository({ ...FILE('a', '#000001'), ...IGNORED });
    const first = git(cwd, ['rev-parse', 'HEAD']);
    const w = await daemonIn(cwd, ['--git', '--ref', 'main']);
    await w.atService(sid('a'), color('#000001'));
    await put(cwd, FILE('a', '#000002'));
    const second = commit(cwd, 'Make it two');
    await w.atService(sid('a'), color('#000002'));
    const by = { sha: second, author: AUTHOR, subject: 'Make it two' };
    await until(
      async () =>
        JSON.stringify((await w.said()).recordings[0]?.applied.updateLayout?.commit) === JSON.stringify(by),
      'applied',
    );
    await w.daemon.shows(new RegExp(`"commit":"${second}"[^\\n]*"msg":"applied"`), 'stderr');
    const ended = await w.stop();
    expect(ended.code).toBe(0);
    const options = { cwd, env: GIT_ENV };
    expect((await run(['status'], options)).stdout).toContain(
      `from ${second.slice(0, 10)} Make it two (${AUTHOR})`,
    );
    const { calls } = JSON.parse((await run(['history', 'a', '--json'], options)).stdout);
    expect(calls).toMatchObject([
      {
        recording: 'a',
        endpoint: 'updateLayout',
        reason: 'changed',
        outcome: 'applied',
        status: 200,
        commit: by,
      },
      { recording: 'a', endpoint: 'updateLayout', reason: 'first-apply', commit: { sha: first } },
    ]);
    // Nothing is claimed of files from the working tree.
    await put(cwd, FILE('a', '#000001'));
    const sim = await watching(cwd, [], { env: GIT_ENV });
    await sim.atService(sid('a'), color('#000001'));
    await sim.condition('a', 'Ready');
    await sim.stop();
    const later = JSON.parse((await run(['history', '--json', '--limit', '1'], options)).stdout);
    expect(later).toMatchObject({ calls: [{ commit: null, outcome: 'applied' }], earlier: 2 });
  });

  it('a branch that is gone turns /readyz red, and heals', async () => {
    const cwd = await repository({ ...FILE('a', '#000001'), ...IGNORED });
    git(cwd, ['branch', 'live']);
    const w = await daemonIn(cwd, ['--git', '--ref', 'live', '--sweep', '100ms']);
    await w.atService(sid('a'), color('#000001'));
    git(cwd, ['branch', '-D', 'live']);
    await until(async () => (await w.get('/readyz')).status === 503, 'red');
    git(cwd, ['branch', 'live']);
    await until(async () => (await w.get('/readyz')).status === 200, 'green');
    await w.stop();
  });

  it('files that a commit refers to and does not hold are followed on disk', async () => {
    const who = JSON.stringify({
      appId: 'app',
      cname: 'c',
      uid: '7',
      resourceId: 'r',
      sid: 'one',
      mode: 'mix',
    });
    const cwd = await repository({
      'recordings/a.yaml': `recording: { fromFile: ../run/a.json }\n${LAYOUT('#000001')}`,
      '.gitignore': '.reelstate\nrun\n',
    });
    const w = await daemonIn(cwd, ['--git', '--sweep', '100ms']);
    await w.condition('a', 'Reconciling', 'Waiting');
    await w.sim.json('/_sim/recordings', {
      method: 'POST',
      body: who,
      headers: { 'content-type': 'application/json' },
    });
    await put(cwd, { 'run/a.json': who });
    await w.atService('one', color('#000001'));
    await w.stop();
  });
});

describe.each<[string, (path: string) => Promise<string>]>([
  ['file://', async (path) => `file://${path}`],
  ['http:// and git http-backend', (path) => serve(path)],
])('watch --git-url %s', (_, addressOf) => {
  it('follows the remote, and goes on with the last good commit while it is away', async () => {
    const remote = await repository(FILE('a', '#000001'));
    const cwd = await folder(FILE('a', '#FFFFFF'));
    const url = await addressOf(remote);
    const w = await daemonIn(cwd, ['--git-url', url, '--ref', 'main', '--interval', '1s']);
    await w.atService(sid('a'), color('#000001'));
    await put(remote, FILE('a', '#000002'));
    const second = commit(remote, 'Two');
    await w.atService(sid('a'), color('#000002'));

    await rename(remote, `${remote}-away`);
    const away = await w.source(({ remote: at }) => at?.outcome === 'away', 'away');
    expect(away).toMatchObject({ commit: { sha: second }, remote: { message: expect.any(String) } });
    expect((await w.get('/readyz')).status).toBe(200);
    expect(await w.metric('reelstate_git_remote_away')).toBe('1');
    await w.stop();
    expect((await stat(join(cwd, '.reelstate/mirrors'))).isDirectory()).toBe(true);

    // Another process begins where the last one was, and the remote is still away.
    const again = await daemonIn(cwd, ['--git-url', url, '--ref', 'main', '--interval', '1s']);
    await again.condition('a', 'Ready');
    await again.source(
      ({ remote: at, commit: at2 }) => at?.outcome === 'away' && at2?.sha === second,
      'still away',
    );
    await rename(`${remote}-away`, remote);
    await again.source(({ remote: at }) => at?.outcome === 'current', 'back');
    expect(await again.metric('reelstate_git_remote_away')).toBe('0');
    expect(JSON.stringify(await again.sim.requests())).not.toContain('#FFFFFF');
    await again.stop();
  });
});

describe('watch --git-url', () => {
  it('is not ready before anything was fetched, and begins when the remote comes', async () => {
    const cwd = await folder(FILE('a', '#000001'));
    const later = join(await folder(), 'later');
    const w = await daemonIn(cwd, ['--git-url', `file://${later}`, '--ref', 'main', '--interval', '1s']);
    const red = await w.get('/readyz');
    expect(red.status).toBe(503);
    expect(await red.text()).toMatch(/no commit of the remote could be taken yet/);
    await rename(await repository(FILE('a', '#000001')), later);
    await w.atService(sid('a'), color('#000001'));
    expect((await w.get('/readyz')).status).toBe(200);
    await w.stop();
  });

  it('--verify-signatures takes no commit that is not trusted, says so, and stays with the last good one', async () => {
    const keys = await folder();
    const { execFileSync } = await import('node:child_process');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, 'key')]);
    const publicKey = execFileSync('cat', [join(keys, 'key.pub')], { encoding: 'utf8' });
    await writeFile(join(keys, 'allowed'), `ada@example.com ${publicKey}`);
    const signed = [
      '-c',
      'gpg.format=ssh',
      '-c',
      `user.signingKey=${join(keys, 'key')}`,
      'commit',
      '--quiet',
      '--allow-empty',
      '-S',
    ];
    const remote = await repository(FILE('a', '#000001'));
    git(remote, [...signed, '--amend', '--no-edit']);
    const good = git(remote, ['rev-parse', 'HEAD']);
    const cwd = await folder(FILE('a', '#000001'));
    const config = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'gpg.ssh.allowedSignersFile',
      GIT_CONFIG_VALUE_0: join(keys, 'allowed'),
    };
    const w = await daemonIn(
      cwd,
      ['--git-url', `file://${remote}`, '--ref', 'main', '--interval', '1s', '--verify-signatures'],
      config,
    );
    await w.atService(sid('a'), color('#000001'));
    await put(remote, FILE('a', '#000002'));
    const bad = commit(remote, 'By anybody');
    const refused = await w.source(({ remote: at }) => at?.outcome === 'refused', 'refused');
    expect(refused).toMatchObject({
      commit: { sha: good },
      remote: { commit: bad, message: 'it is not signed' },
    });
    expect(await w.metric('reelstate_git_commit_refused')).toBe('1');
    await w.daemon.shows(new RegExp(`"commit":"${bad}"[^\\n]*not taken`), 'stderr');
    git(remote, [...signed, '-m', 'By Ada']);
    await w.atService(sid('a'), color('#000002'));
    expect(await w.metric('reelstate_git_commit_refused')).toBe('0');
    await w.stop();
  });

  it('a webhook fetches at once, and only who knows the secret can', async () => {
    const remote = await repository(FILE('a', '#000001'));
    const cwd = await folder(FILE('a', '#000001'));
    const secret = 'a-hook-secret';
    const w = await daemonIn(cwd, ['--git-url', `file://${remote}`, '--ref', 'main', '--interval', '1h'], {
      // A line end comes from how it was put there.
      REELSTATE_HOOK_SECRET: `${secret}\n`,
    });
    await w.atService(sid('a'), color('#000001'));
    const hook = (headers: Record<string, string>, body: string, method = 'POST') =>
      fetch(`${w.url}/hooks/git`, { method, headers, ...(method === 'POST' ? { body } : {}) });
    const sign = (body: string, key = secret) => ({
      'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
    });

    for (const [headers, body] of [
      [{}, '{}'],
      [sign('{}', 'another'), '{}'],
      [sign('{}'), '{ }'],
      [{ 'x-hub-signature-256': 'sha256=' }, '{}'],
      [{ 'x-gitlab-token': 'another' }, '{}'],
      [{ 'x-gitlab-token': '' }, '{}'],
    ] as const)
      expect((await hook(headers as Record<string, string>, body)).status).toBe(401);
    expect((await hook({}, '', 'GET')).status).toBe(405);
    expect((await hook({ 'x-gitlab-token': secret }, 'x'.repeat(6 * 1024 * 1024))).status).toBe(413);

    await put(remote, FILE('a', '#000002'));
    commit(remote, 'Two');
    expect((await hook(sign('{"ref":"refs/heads/main"}'), '{"ref":"refs/heads/main"}')).status).toBe(202);
    await w.atService(sid('a'), color('#000002'));
    await put(remote, FILE('a', '#000003'));
    commit(remote, 'Three');
    expect((await hook({ 'x-gitlab-token': secret }, '{}')).status).toBe(202);
    await w.atService(sid('a'), color('#000003'));
    const { stderr } = await w.stop();
    expect(stderr).not.toContain(secret);
  });

  it('without a secret nobody can: the path is not there', async () => {
    const remote = await repository(FILE('a', '#000001'));
    const cwd = await folder(FILE('a', '#000001'));
    const w = await daemonIn(cwd, ['--git-url', `file://${remote}`]);
    const sent = await fetch(`${w.url}/hooks/git`, {
      method: 'POST',
      headers: { 'x-gitlab-token': '' },
      body: '{}',
    });
    expect(sent.status).toBe(404);
    expect((await fetch(`${w.url}/hooks/git`)).status).toBe(404);
    await w.stop();
  });

  it.each([
    [['--git-url', 'https://ada:secret@example.com/x.git'], /credentials do not belong into the address/],
    [['--interval', '5s'], /--interval is about a remote/],
    [['--verify-signatures'], /--verify-signatures is about a remote/],
    [['--git-url', 'https://example.com/x.git', '--interval', '10ms'], /at least 1s/],
  ])('the command line is wrong: %j', async (args, message) => {
    const cwd = await folder(FILE('a', '#000001'));
    const ran = await run(['watch', ...args], { cwd, env: GIT_ENV });
    expect(ran).toMatchObject({ code: 64, stderr: expect.stringMatching(message) });
    expect(ran.stderr).not.toContain('secret@');
  });

  it('--git outside of a repository is told at /readyz and in the log', async () => {
    const cwd = await folder(FILE('a', '#000001'));
    const w = await daemonIn(cwd, ['--git'], { GIT_CEILING_DIRECTORIES: join(cwd, '..') });
    expect(await (await w.get('/readyz')).text()).toMatch(/not a git repository/);
    await w.stop();
  });
});
