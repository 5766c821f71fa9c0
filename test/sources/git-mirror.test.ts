import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Vault } from '../../src/secrets/vault.ts';
import { GitFiles } from '../../src/sources/git.ts';
import { type Fetched, GitMirror, type MirrorOptions } from '../../src/sources/git-mirror.ts';
import { GitSource } from '../../src/sources/git-source.ts';
import { folder, put, recording } from '../support/cli.ts';
import { commit, GIT_ENV, git, repository, SleepersClock, serve } from './git-support.ts';

const INTERVAL = 30_000;
const FETCH_TIMEOUT = 300_000;

async function mirrorOf(url: string, options: Partial<MirrorOptions> = {}): Promise<GitMirror> {
  return new GitMirror({
    url,
    ref: 'main',
    directory: options.directory ?? (await folder()),
    interval: INTERVAL,
    verifySignatures: false,
    env: GIT_ENV,
    clock: new SleepersClock(),
    random: () => 0.5,
    ...options,
  });
}

async function names(mirror: GitMirror, cwd?: string): Promise<string[]> {
  const source = new GitFiles({
    dir: 'recordings',
    cwd: cwd ?? (await folder()),
    env: GIT_ENV,
    vault: new Vault(randomBytes(32)),
    gitDir: mirror.directory,
  });
  onTestFinished(() => source.close());
  const { set } = await source.load(mirror.goodRef);
  return set.recordings.map(({ name }) => name);
}

const ONE = { 'recordings/a.yaml': recording('a') };

describe.each<[string, (path: string) => Promise<string>]>([
  ['file://', async (path) => `file://${path}`],
  ['http:// and git http-backend', (path) => serve(path)],
])('%s', (_, addressOf) => {
  test('follows commits, force-pushes and a ref that goes back; goes on while the remote is away', async () => {
    const path = await repository(ONE);
    const mirror = await mirrorOf(await addressOf(path));
    const first = git(path, ['rev-parse', 'HEAD']);
    expect(await mirror.good()).toBeUndefined();
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: first, changed: true });
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: first, changed: false });
    expect(await names(mirror)).toEqual(['a']);

    await put(path, { 'recordings/b.yaml': recording('b') });
    const second = commit(path, 'Add b');
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: second, changed: true });
    expect(await names(mirror)).toEqual(['a', 'b']);

    await rm(join(path, 'recordings/a.yaml'));
    const forced = commit(path, 'Otherwise', '--amend');
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: forced, changed: true });
    expect(await names(mirror)).toEqual(['b']);

    git(path, ['reset', '--quiet', '--hard', first]);
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: first, changed: true });

    await rename(path, `${path}-away`);
    const away = await mirror.fetch();
    expect(away).toMatchObject({ outcome: 'away', good: first, message: expect.any(String) });
    expect(await names(mirror)).toEqual(['a']);
    await rename(`${path}-away`, path);
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: first, changed: false });
  });
});

test('is shallow: the remote may have a long past', async () => {
  const path = await repository(ONE);
  for (let n = 0; n < 5; n++) commit(path, `Commit ${n}`);
  const mirror = await mirrorOf(`file://${path}`);
  await mirror.fetch();
  expect(git(mirror.directory, ['rev-list', '--count', mirror.goodRef])).toBe('1');
});

test('another process goes on with the last good commit, and is not held up by locks of one that was killed', async () => {
  const path = await repository(ONE);
  const directory = await folder();
  const url = `file://${path}`;
  const earlier = await mirrorOf(url, { directory });
  await earlier.fetch();
  for (const lock of ['shallow.lock', 'config.lock', 'refs/reelstate/good.lock'])
    await writeFile(join(earlier.directory, lock), '');
  const second = commit(path, 'The next');
  const later = await mirrorOf(url, { directory });
  expect(await later.good()).toBe(git(path, ['rev-parse', 'HEAD~']));
  expect(await later.fetch()).toEqual({ outcome: 'current', good: second, changed: true });
  const elsewhere = await mirrorOf(`file://${await repository(ONE)}`, { directory });
  expect(await elsewhere.good()).toBeUndefined();
});

test('a mirror inside a hook does not take the repository of the hook for its own', async () => {
  const path = await repository(ONE);
  const hooked = await repository({ 'recordings/h.yaml': recording('h') });
  const env = {
    ...GIT_ENV,
    GIT_DIR: join(hooked, '.git'),
    GIT_WORK_TREE: hooked,
    GIT_INDEX_FILE: '.git/index',
  };
  const mirror = await mirrorOf(`file://${path}`, { env });
  expect(await mirror.fetch()).toMatchObject({ outcome: 'current' });
  expect(await names(mirror)).toEqual(['a']);
  expect(git(hooked, ['for-each-ref', 'refs/reelstate'])).toBe('');
});

test('references count from the working directory, as if it were the top of the repository', async () => {
  const path = await repository({ 'recordings/a.yaml': 'recording: { fromFile: ../run/a.json }\n' });
  const mirror = await mirrorOf(`file://${path}`);
  await mirror.fetch();
  const cwd = await folder({
    'run/a.json': JSON.stringify({ appId: 'x', cname: 'c', uid: '1', resourceId: 'r', sid: 's' }),
  });
  const source = new GitFiles({
    dir: 'recordings',
    cwd,
    env: GIT_ENV,
    vault: new Vault(randomBytes(32)),
    gitDir: mirror.directory,
  });
  onTestFinished(() => source.close());
  const { set } = await source.load(mirror.goodRef);
  expect(set.recordings).toMatchObject([{ name: 'a', file: 'recordings/a.yaml', identity: { sid: 's' } }]);
});

test('as the source of a daemon: the last good commit, or none yet', async () => {
  const path = await repository(ONE);
  const mirror = await mirrorOf(`file://${path}`);
  const cwd = await folder();
  const files = new GitFiles({
    dir: 'recordings',
    cwd,
    env: GIT_ENV,
    vault: new Vault(randomBytes(32)),
    gitDir: mirror.directory,
  });
  const source = new GitSource(files, mirror, new SleepersClock());
  onTestFinished(() => source.close());
  await expect(source.refresh()).rejects.toMatchObject({
    message: 'no commit of the remote could be taken yet',
  });
  await mirror.fetch();
  expect(await source.refresh()).toMatchObject({ changed: ['a'], commit: { subject: 'The first commit' } });
  await rm(path, { recursive: true });
  expect(await mirror.fetch()).toMatchObject({ outcome: 'away' });
  expect(await source.refresh()).toMatchObject({ changed: [], set: { files: 1 } });
});

test('tags and branches other than main; what is no commit, or not there', async () => {
  const path = await repository(ONE);
  const url = `file://${path}`;
  git(path, ['tag', '-a', '-m', 'A release', 'v1']);
  git(path, ['tag', 'blob', 'HEAD:recordings/a.yaml']);
  const head = git(path, ['rev-parse', 'HEAD']);
  expect(await (await mirrorOf(url, { ref: 'v1' })).fetch()).toMatchObject({
    outcome: 'current',
    good: head,
  });
  expect(await (await mirrorOf(url, { ref: 'HEAD' })).fetch()).toMatchObject({
    outcome: 'current',
    good: head,
  });
  expect(await (await mirrorOf(url, { ref: 'blob' })).fetch()).toMatchObject({
    outcome: 'away',
    message: 'blob is not a commit there',
  });
  expect(await (await mirrorOf(url, { ref: 'nowhere' })).fetch()).toMatchObject({
    outcome: 'away',
    message: expect.stringContaining('nowhere'),
  });
});

test.each([
  [{ url: 'https://user:secret@example.com/x.git' }],
  [{ url: 'https://secret@example.com/x.git' }],
  [{ url: 'ssh://git:secret@example.com/x.git' }],
  [{ url: '--upload-pack=touch /tmp/x' }],
  [{ url: '' }],
  [{ url: 'http://example.com/x.git', env: { REELSTATE_GIT_TOKEN: 'secret' } }],
  [{ ref: '--all' }],
  [{ ref: '+main' }],
  [{ ref: 'main:refs/heads/x' }],
  [{ ref: 'a..b' }],
  [{ ref: '' }],
])('refuses %j', async (options) => {
  const failure = await mirrorOf('file:///nowhere', options).catch((error) => error);
  expect(failure).toMatchObject({ name: 'Failure', exitCode: 64 });
  expect(failure.message).not.toContain('secret');
});

test.each([
  ['origin/main', 'the remote has no ref origin/main: there the branch is called main'],
  ['0123abc', 'the remote has no ref 0123abc: a commit can be named by its whole ID alone'],
  ['nope', 'the remote has no ref nope'],
])('says what was meant by %s', async (ref, message) => {
  const mirror = await mirrorOf(`file://${await repository(ONE)}`, { ref });
  expect(await mirror.fetch()).toMatchObject({ outcome: 'away', message });
});

test('runs no command that an address names', async () => {
  const proof = join(await folder(), 'proof');
  const mirror = await mirrorOf(`ext::touch ${proof}`);
  expect(await mirror.fetch()).toMatchObject({ outcome: 'away' });
  expect(existsSync(proof)).toBe(false);
});

describe('a token', () => {
  const token = 'ghp_tokenOfManyLetters';
  const expected = `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;

  /** Every file below a folder, as one text. */
  async function allText(path: string): Promise<string> {
    const entries = await readdir(path, { withFileTypes: true, recursive: true });
    const texts = entries
      .filter((entry) => entry.isFile())
      .map((entry) => readFile(join(entry.parentPath ?? entry.path, entry.name), 'latin1'));
    return (await Promise.all(texts)).join('\n');
  }

  test('reaches the remote, and neither a command line, nor a log, nor the mirror', async () => {
    const path = await repository(ONE);
    const url = await serve(path, (header) => header === expected);
    const trace = join(await folder(), 'trace');
    // A line end comes from how it was put there.
    const env = { ...GIT_ENV, REELSTATE_GIT_TOKEN: `${token}\r\n`, GIT_TRACE: trace };
    const mirror = await mirrorOf(url, { env });
    expect(await mirror.fetch()).toMatchObject({ outcome: 'current', changed: true });
    const traced = await readFile(trace, 'utf8');
    expect(traced).toContain('remote-http');
    const basic = expected.slice('Basic '.length);
    for (const secret of [token, basic]) {
      expect(traced).not.toContain(secret);
      expect(await allText(mirror.directory)).not.toContain(secret);
    }
  });

  test('that is wrong, or missing: away, with a message that says so and asks nobody', async () => {
    const path = await repository(ONE);
    const url = await serve(path, (header) => header === expected);
    for (const env of [GIT_ENV, { ...GIT_ENV, REELSTATE_GIT_TOKEN: 'another-token' }]) {
      const fetched = await (await mirrorOf(url, { env })).fetch();
      expect(fetched).toMatchObject({ outcome: 'away', good: undefined });
      expect(JSON.stringify(fetched)).toMatch(/auth|username|terminal prompts disabled/i);
      expect(JSON.stringify(fetched)).not.toContain('another-token');
    }
  });

  test('goes to the host that it is for, beside settings that the environment passes already', async () => {
    const path = await repository(ONE);
    const seen: (string | undefined)[] = [];
    const url = await serve(path, (header) => {
      seen.push(header);
      return true;
    });
    const env = {
      ...GIT_ENV,
      REELSTATE_GIT_TOKEN: token,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `url.${url}.insteadOf`,
      GIT_CONFIG_VALUE_0: 'https://git.example.com/x.git',
    };
    const mirror = await mirrorOf('https://git.example.com/x.git', { env });
    expect(await mirror.fetch()).toMatchObject({ outcome: 'current' });
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });
});

describe('signatures', () => {
  /** Keys for signing, and a git that trusts the first of them. */
  async function signers() {
    const keys = await folder();
    for (const name of ['trusted', 'stranger'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(keys, name)]);
    const key = await readFile(join(keys, 'trusted.pub'), 'utf8');
    await writeFile(join(keys, 'allowed'), `ada@example.com ${key}`);
    const config = `[gpg]\n\tformat = ssh\n[gpg "ssh"]\n\tallowedSignersFile = ${join(keys, 'allowed')}\n`;
    await writeFile(join(keys, 'config'), config);
    const env = { ...GIT_ENV, GIT_CONFIG_GLOBAL: join(keys, 'config') };
    const signed = (path: string, name: string, message: string, ...more: string[]) => {
      git(path, ['add', '--all']);
      const by = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${join(keys, name)}`];
      git(path, [...by, 'commit', '--quiet', '--allow-empty', '-S', '-m', message, ...more]);
      return git(path, ['rev-parse', 'HEAD']);
    };
    return { env, signed };
  }

  test('only a commit that git trusts is taken; anything else is reported and the last good one stays', async () => {
    const { env, signed } = await signers();
    const path = await repository(ONE);
    const directory = await folder();
    const url = `file://${path}`;
    const mirror = await mirrorOf(url, { env, directory, verifySignatures: true });
    const unsigned = git(path, ['rev-parse', 'HEAD']);
    expect(await mirror.fetch()).toEqual({
      outcome: 'refused',
      good: undefined,
      commit: unsigned,
      message: 'it is not signed',
    });

    await put(path, { 'recordings/b.yaml': recording('b') });
    const trusted = signed(path, 'trusted', 'Signed');
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: trusted, changed: true });

    await put(path, { 'recordings/c.yaml': recording('c') });
    const stranger = signed(path, 'stranger', 'Signed by nobody we know');
    expect(await mirror.fetch()).toMatchObject({
      outcome: 'refused',
      good: trusted,
      commit: stranger,
      message: expect.stringContaining('signature'),
    });
    expect(await names(mirror)).toEqual(['a', 'b']);
    // It stays refused, and an unsigned one on top of a trusted one is no better.
    expect(await mirror.fetch()).toMatchObject({ outcome: 'refused', good: trusted, commit: stranger });
    git(path, ['reset', '--quiet', '--hard', trusted]);
    commit(path, 'On top');
    expect(await mirror.fetch()).toMatchObject({ outcome: 'refused', good: trusted });

    const again = signed(path, 'trusted', 'Signed again', '--amend');
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: again, changed: true });
  });

  test('what was taken before anybody looked at signatures is not good enough afterwards', async () => {
    const { env } = await signers();
    const path = await repository(ONE);
    const directory = await folder();
    const url = `file://${path}`;
    expect(await (await mirrorOf(url, { env, directory })).fetch()).toMatchObject({ outcome: 'current' });
    const strict = await mirrorOf(url, { env, directory, verifySignatures: true });
    expect(await strict.good()).toBeUndefined();
    expect(await strict.fetch()).toMatchObject({ outcome: 'refused', good: undefined });
  });
});

describe('run', () => {
  /** Runs a mirror; `next` gives what is reported next. */
  function running(mirror: GitMirror) {
    const reports: Fetched[] = [];
    let tell = () => {};
    const stop = new AbortController();
    const ended = mirror.run(stop.signal, (fetched) => {
      reports.push(fetched);
      tell();
    });
    onTestFinished(() => {
      stop.abort();
      return ended;
    });
    const next = async () => {
      while (reports.length === 0)
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      return reports.shift() as Fetched;
    };
    return { next, stop, ended, reports };
  }

  test('fetches at once, and again after the interval, give or take a tenth', async () => {
    const path = await repository(ONE);
    const clock = new SleepersClock();
    const draws = [0, 0.5, 0.75];
    const mirror = await mirrorOf(`file://${path}`, { clock, random: () => draws.shift() ?? 0 });
    const { next, stop, ended } = running(mirror);
    expect(await next()).toMatchObject({ outcome: 'current', changed: true });
    (await clock.sleeper(27_000)).wake();
    expect(await next()).toMatchObject({ outcome: 'current', changed: false });
    const second = commit(path, 'The next');
    (await clock.sleeper(30_000)).wake();
    expect(await next()).toMatchObject({ outcome: 'current', good: second, changed: true });
    await clock.sleeper(31_500);
    stop.abort();
    await ended;
    expect(clock.sleepers).toEqual([]);
  });

  test('fetches soon when somebody says that there is news, during a fetch too', async () => {
    const path = await repository(ONE);
    const clock = new SleepersClock();
    const mirror = await mirrorOf(`file://${path}`, { clock });
    const { next } = running(mirror);
    await next();
    await clock.sleeper(INTERVAL);
    const second = commit(path, 'The next');
    mirror.fetchSoon();
    expect(await next()).toMatchObject({ good: second });
    await clock.sleeper(INTERVAL);
    mirror.fetchSoon();
    await clock.sleeper(FETCH_TIMEOUT);
    mirror.fetchSoon();
    expect(await next()).toMatchObject({ outcome: 'current' });
    expect(await next()).toMatchObject({ outcome: 'current' });
  });

  test('a remote that never answers is given up, and asked again', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const clock = new SleepersClock();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    const { next } = running(await mirrorOf(url, { clock }));
    const asked = new Promise<void>((resolve) => server.once('request', () => resolve()));
    const limit = await clock.sleeper(FETCH_TIMEOUT);
    await asked;
    limit.wake();
    expect(await next()).toEqual({ outcome: 'away', good: undefined, message: 'the remote takes too long' });
    (await clock.sleeper(INTERVAL)).wake();
    (await clock.sleeper(FETCH_TIMEOUT)).wake();
    expect(await next()).toMatchObject({ outcome: 'away' });
  });

  test('ends in the middle of a fetch', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    const { stop, ended, reports } = running(await mirrorOf(url));
    await new Promise<void>((resolve) => server.once('request', () => resolve()));
    stop.abort();
    await ended;
    expect(reports).toEqual([]);
  });
});
