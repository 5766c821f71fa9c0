import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Vault } from '../../src/secrets/vault.ts';
import { GitFiles } from '../../src/sources/git.ts';
import { GitMirror } from '../../src/sources/git-mirror.ts';
import { complaint } from '../../src/sources/git-program.ts';
import { signatureTrouble } from '../../src/sources/git-signature.ts';
import { folder, put, recording } from '../support/cli.ts';
import { commit, GIT_ENV, git, repository, SleepersClock } from './git-support.ts';

/*
 * Which commit a name means, here and at a remote, and what is told of it.
 */

const ONE = { 'recordings/a.yaml': recording('a') };

function files(cwd: string): GitFiles {
  const made = new GitFiles({ dir: 'recordings', cwd, env: GIT_ENV, vault: new Vault(randomBytes(32)) });
  onTestFinished(() => made.close());
  return made;
}

/** A repository with two commits; `name` is a branch at the second and a tag at the first. */
async function bothOf(name: string) {
  const path = await repository(ONE);
  const first = git(path, ['rev-parse', 'HEAD']);
  const second = commit(path, 'Two');
  git(path, ['update-ref', `refs/heads/${name}`, second]);
  git(path, ['update-ref', `refs/tags/${name}`, first]);
  return { path, first, second };
}

describe('a short name is a branch first', () => {
  test('the branch is taken and that is told; a full name is that ref', async () => {
    const { path, first, second } = await bothOf('live');
    const source = files(path);
    const loaded = await source.load('live');
    expect(loaded).toMatchObject({
      commit: { sha: second },
      notes: [
        '"live" is a branch and a tag: refs/heads/live is taken; a full name, refs/heads/live or refs/tags/live, says which',
      ],
    });
    for (const [name, sha] of [
      ['refs/heads/live', second],
      ['refs/tags/live', first],
      ['heads/live', second],
      ['tags/live', first],
      ['live~1', first],
      ['live^{commit}', second],
      ['live@{0}', second],
      ['HEAD', second],
      ['@', second],
      ['HEAD~1', first],
      [second.slice(0, 10), second],
    ] as const) {
      const head = await source.head(name);
      expect([name, head.sha]).toEqual([name, sha]);
    }
    expect((await files(path).load('refs/heads/live')).notes).toBeUndefined();
    expect((await files(path).load('HEAD')).notes).toBeUndefined();
  });

  test('a branch of a remote counts as one', async () => {
    const { path, first, second } = await bothOf('x');
    git(path, ['update-ref', 'refs/remotes/origin/main', second]);
    git(path, ['update-ref', 'refs/tags/origin/main', first]);
    const loaded = await files(path).load('origin/main');
    expect(loaded.commit.sha).toBe(second);
    expect(loaded.notes?.[0]).toContain('refs/remotes/origin/main is taken');
    expect((await files(path).head('origin/main~1')).sha).toBe(first);
  });

  test('then a tag, then the ID of a commit', async () => {
    const { path, first, second } = await bothOf('x');
    const short = second.slice(0, 9);
    git(path, ['update-ref', `refs/tags/${short}`, first]);
    expect((await files(path).head(short)).sha).toBe(first);
    git(path, ['update-ref', `refs/heads/${short}`, second]);
    expect((await files(path).head(short)).sha).toBe(second);
    // A whole ID is always that commit.
    git(path, ['update-ref', `refs/tags/${second}`, first]);
    expect((await files(path).head(second)).sha).toBe(second);
    git(path, ['tag', '-a', '-m', 'A release', 'v1', first]);
    for (const name of ['v1', 'v1^{commit}', 'v1^0', 'refs/tags/v1'])
      expect((await files(path).head(name)).sha).toBe(first);
  });

  test('a ref whose name holds that of another does not stand for it', async () => {
    const { path, first, second } = await bothOf('x');
    git(path, ['update-ref', 'refs/tags/refs/heads/gone', first]);
    await expect(files(path).head('refs/heads/gone')).rejects.toMatchObject({ name: 'Failure' });
    git(path, ['update-ref', 'refs/tags/gone', second]);
    const loaded = await files(path).load('gone');
    expect(loaded).toMatchObject({ commit: { sha: second } });
    expect(loaded.notes).toBeUndefined();
  });

  test('a branch that is gone does not give way to the tag of its name', async () => {
    const { path, second } = await bothOf('live');
    const source = files(path);
    await source.load('live');
    git(path, ['update-ref', '-d', 'refs/heads/live']);
    await expect(source.load('live')).rejects.toMatchObject({
      message: expect.stringContaining('the branch "live" is gone'),
    });
    git(path, ['update-ref', 'refs/heads/live', second]);
    expect((await source.load('live')).commit.sha).toBe(second);
  });
});

describe('a branch that goes back is told', () => {
  test('by a reset, and not by commits, merges and rewritten ones', async () => {
    const path = await repository(ONE);
    const first = git(path, ['rev-parse', 'HEAD']);
    const source = files(path);
    const notes = async () => (await source.load('main')).notes;
    expect(await notes()).toBeUndefined();
    commit(path, 'Two');
    commit(path, 'Three');
    expect(await notes()).toBeUndefined();
    commit(path, 'Three again', '--amend');
    expect(await notes()).toBeUndefined();
    git(path, ['switch', '--quiet', '-c', 'side', first]);
    commit(path, 'Beside');
    git(path, ['switch', '--quiet', 'main']);
    git(path, ['merge', '--quiet', '--no-edit', 'side']);
    expect(await notes()).toBeUndefined();
    const merge = git(path, ['rev-parse', 'HEAD']);
    git(path, ['reset', '--quiet', '--hard', first]);
    expect(await notes()).toEqual([
      `it went back: commit ${first.slice(0, 10)}, which is taken now, is older than ${merge.slice(0, 10)}, which stood until now`,
    ]);
    expect(await notes()).toBeUndefined();
  });
});

describe('what is in a repository counts as it was written', () => {
  test('git replace and grafts name no other commit', async () => {
    const path = await repository(ONE);
    const first = git(path, ['rev-parse', 'HEAD']);
    await put(path, { 'recordings/b.yaml': recording('b') });
    const second = commit(path, 'Two');
    git(path, ['replace', second, first]);
    const { commit: taken, set } = await files(path).load('HEAD');
    expect(taken).toMatchObject({ sha: second, subject: 'Two' });
    expect(set.recordings).toHaveLength(2);
    git(path, ['replace', '-d', second]);
    const other = commit(path, 'Three');
    await mkdir(join(path, '.git/info'), { recursive: true });
    await appendFile(join(path, '.git/info/grafts'), `${other} ${first}\n`);
    expect((await files(path).head('HEAD~1')).sha).toBe(second);
  });

  test('a partial clone whose remote is away fails at the files that it lacks alone', async () => {
    const remote = await repository({ ...ONE, 'recordings/b.yaml': recording('b') });
    git(remote, ['config', 'uploadpack.allowFilter', 'true']);
    const into = join(await folder(), 'clone');
    git(remote, ['clone', '--quiet', '--no-checkout', '--filter=blob:none', `file://${remote}`, into]);
    // Of the three files one is here.
    const blob = git(into, ['rev-parse', 'HEAD:recordings/a.yaml']);
    git(into, ['cat-file', 'blob', blob]);
    await rename(remote, `${remote}-away`);
    const source = files(into);
    const { set } = await source.load('HEAD');
    expect(set.recordings.map(({ name }) => name)).toEqual(['a']);
    expect(set.broken).toEqual(['recordings/b.yaml']);
    expect(set.diagnostics).toMatchObject([
      {
        code: 'file-unreadable',
        summary: expect.stringMatching(/lacks the object \w+: the clone is partial, and its remote cannot/),
      },
    ]);
    await rename(`${remote}-away`, remote);
    expect((await source.load('HEAD')).set.recordings).toHaveLength(2);
  });
});

describe('at a remote', () => {
  async function mirrorOf(url: string, ref = 'main', directory?: string): Promise<GitMirror> {
    return new GitMirror({
      ...{ url, ref, interval: 30_000, verifySignatures: false, env: GIT_ENV },
      directory: directory ?? (await folder()),
      clock: new SleepersClock(),
      random: () => 0.5,
    });
  }

  test('the branch is taken, a full name is that ref, and a branch that is gone leaves the last good commit', async () => {
    const { path, first, second } = await bothOf('live');
    const url = `file://${path}`;
    const directory = await folder();
    const mirror = await mirrorOf(url, 'live', directory);
    const note = expect.stringContaining('"live" is a branch and a tag: refs/heads/live is taken');
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: second, changed: true, note });
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good: second, changed: false, note });
    for (const [ref, good] of [
      ['refs/heads/live', second],
      ['refs/tags/live', first],
      ['tags/live', first],
      [first, first],
    ] as const)
      expect(await (await mirrorOf(url, ref)).fetch()).toEqual({ outcome: 'current', good, changed: true });
    git(path, ['update-ref', '-d', 'refs/heads/live']);
    // Another process knows that it was a branch, too.
    for (const each of [mirror, await mirrorOf(url, 'live', directory)])
      expect(await each.fetch()).toMatchObject({
        outcome: 'away',
        good: second,
        message: expect.stringContaining('the branch "live" is gone'),
      });
    git(path, ['update-ref', 'refs/tags/refs/heads/live', first]);
    expect(await (await mirrorOf(url, 'refs/heads/live')).fetch()).toMatchObject({ outcome: 'away' });
    // Who asks for the first time gets the tag.
    expect(await (await mirrorOf(url, 'live')).fetch()).toEqual({
      outcome: 'current',
      good: first,
      changed: true,
    });
  });

  test('with SHA-256 names, in another process too', async () => {
    const path = await repository(ONE, '--object-format=sha256');
    const directory = await folder();
    for (const ref of ['main', 'HEAD']) {
      const mirror = await mirrorOf(`file://${path}`, ref, directory);
      const good = git(path, ['rev-parse', 'HEAD']);
      expect(await mirror.fetch()).toEqual({ outcome: 'current', good, changed: true });
      const next = commit(path, 'The next');
      const later = await mirrorOf(`file://${path}`, ref, directory);
      expect(await later.good()).toBe(good);
      expect(await later.fetch()).toEqual({ outcome: 'current', good: next, changed: true });
    }
  });

  test('an annotated tag that stays is not fetched again', async () => {
    const path = await repository(ONE);
    git(path, ['tag', '-a', '-m', 'A release', 'v1']);
    const mirror = await mirrorOf(`file://${path}`, 'v1');
    const good = git(path, ['rev-parse', 'HEAD']);
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good, changed: true });
    await writeFile(join(path, '.git/objects/info/alternates'), '/nowhere\n');
    expect(await mirror.fetch()).toEqual({ outcome: 'current', good, changed: false });
  });
});

describe("git's own words", () => {
  test.each([
    ['', 'it is not signed'],
    [
      'gpg: Signature made Sat 28 Nov 2026\ngpg:                using EDDSA key ABCD\ngpg: Good signature from "Ada <a@x>" [expired]\ngpg: Note: This key has expired!\nPrimary key fingerprint: AB CD',
      'its signature is not accepted: gpg: Note: This key has expired!',
    ],
    [
      'Good "git" signature with ED25519 key SHA256:abc\n/a:1: key has expired: verify time 2026-11-29T09:47:24 > valid-before 2020-01-01T00:00:00\nNo principal matched.',
      'its signature is not accepted: /a:1: key has expired: verify time 2026-11-29T09:47:24 > valid-before 2020-01-01T00:00:00',
    ],
    [
      "gpg: Signature made Sat 28 Nov 2026\ngpg:                using EDDSA key ABCD\ngpg: Can't check signature: No public key",
      "its signature is not accepted: gpg: Can't check signature: No public key",
    ],
    [
      'gpg: Signature made Sat 28 Nov 2026\ngpg: BAD signature from "Ada <a@x>" [ultimate]\nPrimary key fingerprint: AB CD',
      'its signature is not accepted: gpg: BAD signature from "Ada <a@x>" [ultimate]',
    ],
    [
      'Good "git" signature with ED25519 key SHA256:abc\nNo principal matched.',
      'its signature is not accepted: No principal matched.',
    ],
    [
      'error: gpg.ssh.allowedSignersFile needs to be configured and exist for ssh signature verification',
      'its signature is not accepted: gpg.ssh.allowedSignersFile needs to be configured and exist for ssh signature verification',
    ],
  ])('%j', (stderr, message) => {
    expect(signatureTrouble(stderr)).toBe(message);
  });

  test.each([
    [
      'git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.',
      'Could not read from remote repository. (git@github.com: Permission denied (publickey).)',
    ],
    [
      "Warning: Permanently added 'h' (ED25519) to the list of known hosts.\nHost key verification failed.\nfatal: Could not read from remote repository.",
      'Could not read from remote repository. (Host key verification failed.)',
    ],
    [
      "remote: The 'octo' organization has enabled or enforced SAML SSO.\nremote: To access this repository, visit https://github.com/orgs/octo/sso\nfatal: unable to access 'https://github.com/octo/x.git/': The requested URL returned error: 403",
      "unable to access 'https://github.com/octo/x.git/': The requested URL returned error: 403 (The 'octo' organization has enabled or enforced SAML SSO. To access this repository, visit https://github.com/orgs/octo/sso)",
    ],
    [
      "remote: Repository not found.\nfatal: repository 'https://h/x.git/' not found",
      "repository 'https://h/x.git/' not found (Repository not found.)",
    ],
    ['remote: Enumerating objects: 3, done.\nhint: a hint\nfatal: early EOF', 'early EOF'],
    [
      'error: cannot run ssh: No such file or directory\nfatal: unable to fork',
      'cannot run ssh: No such file or directory',
    ],
    [
      '18:46:27.246380 git.c:460               trace: built-in: git fetch\n18:46:27.250000 http.c:845              => Send header: Authorization: Basic eDp0b2tlbg==\nOpenSSH_9.2p1 Debian-2\ndebug1: Connecting to h\nHost key verification failed.\nfatal: Could not read from remote repository.',
      'Could not read from remote repository. (Host key verification failed.)',
    ],
    ["fatal: couldn't find remote ref nope", "couldn't find remote ref nope"],
    ['killed', 'killed'],
  ])('what ssh and the remote say before git is the cause: %j', (stderr, told) => {
    expect(complaint({ stderr, code: 128 })).toBe(told);
  });

  test('the way out of a checkout that is owned by another user is kept', () => {
    const stderr =
      "fatal: detected dubious ownership in repository at '/src'\nTo add an exception for this directory, call:\n\n\tgit config --global --add safe.directory /src";
    expect(complaint({ stderr, code: 128 })).toBe(
      "detected dubious ownership in repository at '/src' (where that is as it should be: git config --global --add safe.directory /src)",
    );
  });
});
