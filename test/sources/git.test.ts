import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Bounds, boundsOf } from '../../src/desired/bounds.ts';
import { loadRecordings } from '../../src/desired/load.ts';
import { Vault } from '../../src/secrets/vault.ts';
import { GitFiles, type GitFilesOptions } from '../../src/sources/git.ts';
import { GitSource } from '../../src/sources/git-source.ts';
import { folder, put, recording } from '../support/cli.ts';
import { FakeClock } from '../support/clock.ts';
import { told } from '../support/told.ts';
import { commit, GIT_ENV, git, repository } from './git-support.ts';

const vault = new Vault(randomBytes(32));

function files(cwd: string, options: Partial<GitFilesOptions> = {}): GitFiles {
  const made = new GitFiles({ dir: 'recordings', cwd, env: GIT_ENV, vault, ...options });
  onTestFinished(() => made.close());
  return made;
}

function layout(color: string): string {
  return `layout: { backgroundColor: "${color}" }\n`;
}

const THREE = {
  'recordings/a.yaml': recording('a'),
  'recordings/b.yaml': recording('b'),
  'recordings/inner/c.yml': recording('c'),
};

async function names(loading: ReturnType<GitFiles['load']>): Promise<string[]> {
  return (await loading).set.recordings.map(({ name }) => name).sort();
}

test('takes what is committed and nothing else, and says which commit it was', async () => {
  const path = await repository(THREE);
  const sha = git(path, ['rev-parse', 'HEAD']);
  await put(path, { 'recordings/new.yaml': recording('new'), 'recordings/a.yaml': 'broken: [' });
  await rm(join(path, 'recordings/b.yaml'));
  git(path, ['add', 'recordings/new.yaml']);
  const loaded = await files(path).load('HEAD');
  expect(loaded.commit).toEqual({
    sha,
    author: 'Ada Lovelace <ada@example.com>',
    subject: 'The first commit',
    date: '2026-01-02T02:04:05.000Z',
  });
  expect(loaded.set.recordings.map(({ name, file }) => [name, file])).toEqual([
    ['a', 'recordings/a.yaml'],
    ['b', 'recordings/b.yaml'],
    ['c', 'recordings/inner/c.yml'],
  ]);
  expect(loaded.set).toMatchObject({ diagnostics: [], broken: [], files: 3 });
});

test('a checkout that stopped half-way changes nothing', async () => {
  const path = await repository(THREE);
  const before = (await files(path).load('main')).set;
  await rm(join(path, 'recordings/inner'), { recursive: true });
  await rm(join(path, '.git/index'));
  await writeFile(join(path, '.git/index.lock'), '');
  expect(told((await files(path).load('main')).set)).toEqual(told(before));
});

describe('the same rules as for a folder on disk', () => {
  test('links, circles, dots, other files, names of all kinds', async () => {
    const path = await repository({
      ...THREE,
      'recordings/.hidden.yaml': recording('hidden'),
      'recordings/.dot/d.yaml': recording('d'),
      'recordings/notes.txt': 'nothing',
      'recordings/ü "quoted" and spaced.yaml': recording('u'),
      'recordings/line\nfeed.yaml': 'recording: {}',
      'recordings/broken.yaml': 'recording: [',
      'recordings/large.yaml': '#'.repeat(1024 * 1024 + 1),
      'common/s.yaml': recording('s'),
      'common/deep/t.yaml': recording('t'),
    });
    const links = {
      'recordings/file-link.yaml': '../common/s.yaml',
      'recordings/folder-link': '../common/deep',
      'recordings/again': 'folder-link',
      'recordings/nowhere.yaml': 'nothing-here.yaml',
      'recordings/circle.yaml': 'circle.yaml',
      'recordings/up': '.',
      'recordings/through-link.yaml': 'folder-link/../s.yaml',
    };
    for (const [name, target] of Object.entries(links)) await symlink(target, join(path, name));
    commit(path, 'Links');
    const { set } = await files(path).load('HEAD');
    const onDisk = await loadRecordings({ dir: 'recordings', cwd: path, env: GIT_ENV, vault });
    const wording = (text: string) => text.replace('this link leads in a circle', 'this link leads nowhere');
    expect({
      ...told(set),
      diagnostics: set.diagnostics.map((one) => ({ ...one, summary: wording(one.summary) })),
    }).toEqual(told(onDisk));
    expect(set.recordings.map(({ name }) => name)).toContain('t');
    expect(set.diagnostics.map(({ code }) => code)).toContain('file-too-large');
  });

  test('a submodule and a link out of the repository are told', async () => {
    const path = await repository(THREE);
    const other = await repository({ 'x.yaml': recording('x') });
    git(path, ['-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', other, 'recordings/sub']);
    await symlink(join(other, 'x.yaml'), join(path, 'recordings/out.yaml'));
    await symlink('../../x.yaml', join(path, 'recordings/above.yaml'));
    await symlink('sub/x.yaml', join(path, 'recordings/within.yaml'));
    commit(path, 'A submodule');
    const { set } = await files(path).load('HEAD');
    expect(set.recordings.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(set.broken).toEqual([
      'recordings/above.yaml',
      'recordings/out.yaml',
      'recordings/sub',
      'recordings/within.yaml',
    ]);
    expect(set.diagnostics.map(({ severity, summary }) => [severity, summary])).toEqual([
      ['error', 'this link leads out of the repository'],
      ['error', 'this link leads out of the repository'],
      ['warning', '"sub" is a submodule, and recordings in it are not read'],
      ['error', 'this link leads into a submodule'],
    ]);
    expect(set.files).toBe(6);
    for (const dir of ['recordings/sub', 'recordings/sub/deeper']) {
      const within = (await files(path, { dir }).load('HEAD')).set;
      expect(within).toMatchObject({ broken: [dir], recordings: [] });
      expect(within.diagnostics).toMatchObject([
        { code: 'directory-unreadable', summary: expect.stringContaining('"recordings/sub" is a submodule') },
      ]);
    }
  });

  test('a broken file does not hold back the others', async () => {
    const path = await repository({ ...THREE, 'recordings/bad.yaml': 'recording: { appId: 5 }\n' });
    const { set } = await files(path).load('HEAD');
    expect(set.recordings).toHaveLength(3);
    expect(set.broken).toEqual(['recordings/bad.yaml']);
    expect(set.diagnostics[0]?.range.filename).toBe('recordings/bad.yaml');
  });
});

describe('references', () => {
  const secret = 'storage: { vendor: google, bucket: b, accessKey: KEY, secretKey: { fromFile: PATH } }\n';
  const identity = JSON.stringify({ appId: 'x', cname: 'c', uid: '1', resourceId: 'r', sid: 'from-commit' });

  async function secretOf(path: string, written: string, bounds?: Bounds): Promise<string | undefined> {
    const text = recording('a', secret.replace('PATH', written));
    await put(path, { 'recordings/a.yaml': text });
    commit(path, 'A secret');
    const [first] = (await files(path, bounds ? { bounds } : {}).load('HEAD')).set.recordings;
    const sealed = first?.blocks().storage?.secretKey;
    return sealed && vault.reveal(sealed);
  }

  test('in the repository they come from the commit, elsewhere from the disk', async () => {
    const outside = await folder({ key: 'outside\n' });
    const bounds = (path: string) =>
      boundsOf({ dir: 'recordings', cwd: path, env: {}, secretsDirs: [outside] });
    const path = await repository({ 'keys/committed': 'committed\n', '.gitignore': 'run/\n' });
    await put(path, { 'keys/committed': 'changed since\n', 'run/key': 'on-disk\n' });
    git(path, ['update-index', '--assume-unchanged', 'keys/committed']);
    expect(await secretOf(path, '../keys/committed')).toBe('committed');
    expect(await secretOf(path, '../run/key')).toBe('on-disk');
    expect(await secretOf(path, join(outside, 'key'))).toBeUndefined();
    expect(await secretOf(path, join(outside, 'key'), bounds(path))).toBe('outside');
    expect(await secretOf(path, '../nowhere')).toBeUndefined();
    expect(await secretOf(path, '../keys')).toBeUndefined();
  });

  test('links are followed, and never out of the repository', async () => {
    const outside = await folder({ key: 'outside\n' });
    const path = await repository({ 'keys/committed': 'committed\n' });
    await symlink('keys', join(path, 'alias'));
    await symlink(outside, join(path, 'elsewhere'));
    await symlink(`../${outside.split('/').at(-1)}`, join(path, 'beside'));
    await symlink('circle', join(path, 'circle'));
    commit(path, 'Links');
    expect(await secretOf(path, '../alias/committed')).toBe('committed');
    for (const written of ['../elsewhere/key', '../beside/key']) {
      expect(await secretOf(path, written)).toBeUndefined();
      const { diagnostics } = (await files(path).load('HEAD')).set;
      expect(diagnostics.map(({ code }) => code)).toEqual(['reference-out-of-bounds']);
    }
    expect(await secretOf(path, '../circle/key')).toBeUndefined();
  });

  test('identities: committed ones as committed, those of a backend when they are there', async () => {
    const waiting = 'recording: { fromFile: ../run/a.json }\n';
    const path = await repository({
      'recordings/a.yaml': waiting,
      'recordings/b.yaml': 'recording: { fromFile: b.json }\n',
      'recordings/b.json': identity,
    });
    await put(path, { 'recordings/b.json': 'changed since' });
    const source = files(path);
    const first = (await source.load('HEAD')).set.recordings;
    expect(first.map(({ waitingFor }) => waitingFor)).toEqual(['run/a.json', undefined]);
    expect(first[1]?.identity?.sid).toBe('from-commit');
    await put(path, { 'run/a.json': identity.replace('from-commit', 'from-disk') });
    const second = (await source.load('HEAD')).set.recordings;
    expect(second[0]?.identity?.sid).toBe('from-disk');
  });
});

describe('where it is called', () => {
  test('from a folder below the top', async () => {
    const path = await repository({
      'sub/recordings/a.yaml': recording('a'),
      'recordings/b.yaml': recording('b'),
    });
    const cwd = join(path, 'sub');
    expect((await files(cwd).load('HEAD')).set.recordings[0]?.file).toBe('recordings/a.yaml');
    const above = await files(cwd, { dir: '../recordings' }).load('HEAD');
    expect(above.set.recordings[0]?.file).toBe('../recordings/b.yaml');
    const absolute = await files(cwd, { dir: join(path, 'recordings') }).load('HEAD');
    expect(absolute.set.recordings[0]?.file).toBe('../recordings/b.yaml');
    expect(await names(files(path, { dir: '.' }).load('HEAD'))).toEqual(['a', 'b']);
  });

  test('through a link to the repository', async () => {
    const path = await repository(THREE);
    const link = join(await folder(), 'link');
    await symlink(path, link);
    const { set } = await files(link).load('HEAD');
    expect(set.recordings[0]?.file).toBe('recordings/a.yaml');
    expect(await names(files(link, { dir: join(link, 'recordings') }).load('HEAD'))).toEqual(['a', 'b', 'c']);
  });

  test('in a linked working tree, and in a hook, where git names the repository', async () => {
    const path = await repository(THREE);
    const tree = join(await folder(), 'tree');
    git(path, ['worktree', 'add', '--quiet', '-b', 'side', tree]);
    await put(tree, { 'recordings/d.yaml': recording('d') });
    commit(tree, 'On the side');
    expect(await names(files(tree).load('HEAD'))).toEqual(['a', 'b', 'c', 'd']);
    expect(await names(files(path).load('HEAD'))).toEqual(['a', 'b', 'c']);
    const hook = { ...GIT_ENV, GIT_DIR: join(path, '.git'), GIT_INDEX_FILE: '.git/index' };
    expect(await names(files(path, { env: hook }).load('HEAD'))).toEqual(['a', 'b', 'c']);
  });

  test('with SHA-256 names', async () => {
    const path = await repository(THREE, '--object-format=sha256');
    const { commit: head, set } = await files(path).load('HEAD');
    expect(head.sha).toHaveLength(64);
    expect(set.recordings).toHaveLength(3);
  });
});

describe('what cannot be is told', () => {
  test.each([['no-such-branch'], ['HEAD:recordings'], ['--help'], ['HEAD\nHEAD'], ['']])(
    'the ref %j',
    async (ref) => {
      const path = await repository(THREE);
      const source = files(path);
      await expect(source.load(ref)).rejects.toMatchObject({
        name: 'Failure',
        message: expect.stringContaining('there is no commit called'),
        hint: expect.stringContaining('git log'),
      });
      // And the next one is answered for itself.
      expect(await names(source.load('main'))).toEqual(['a', 'b', 'c']);
    },
  );

  test('no repository, none with a commit, one whose folder is elsewhere', async () => {
    await expect(files(await folder()).load('HEAD')).rejects.toMatchObject({
      name: 'Failure',
      message: expect.stringContaining('not a git repository'),
    });
    await expect(files(await repository()).load('HEAD')).rejects.toMatchObject({ name: 'Failure' });
    const path = await repository(THREE);
    for (const dir of ['..', '../elsewhere', '/'])
      await expect(files(path, { dir }).load('HEAD')).rejects.toMatchObject({
        name: 'Failure',
        exitCode: 64,
      });
  });

  test('a folder that the commit does not have', async () => {
    const path = await repository({ ...THREE, file: '' });
    for (const dir of ['nowhere', 'file']) {
      const { set } = await files(path, { dir }).load('HEAD');
      expect(set.diagnostics.map(({ code }) => code)).toEqual(['directory-not-found']);
      expect(set.broken).toEqual([dir]);
    }
  });

  test('without git', async () => {
    const env = { ...GIT_ENV, PATH: await folder() };
    await expect(files(await repository(THREE), { env }).load('HEAD')).rejects.toMatchObject({
      name: 'Failure',
      message: 'git cannot be found',
    });
  });

  test('a repository that lacks objects', async () => {
    const path = await repository(THREE);
    const blob = git(path, ['rev-parse', 'HEAD:recordings/b.yaml']);
    const object = join(path, '.git/objects', blob.slice(0, 2), blob.slice(2));
    const bytes = await readFile(object);
    await rm(object);
    const source = files(path);
    const { set } = await source.load('HEAD');
    expect(set.recordings.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(set.diagnostics).toMatchObject([
      { code: 'file-unreadable', range: { filename: 'recordings/b.yaml' } },
    ]);
    await writeFile(object, bytes);
    expect(await names(source.load('HEAD'))).toEqual(['a', 'b', 'c']);
    const tree = git(path, ['rev-parse', 'HEAD:recordings/inner']);
    await rm(join(path, '.git/objects', tree.slice(0, 2), tree.slice(2)));
    await expect(files(path).load('HEAD')).rejects.toMatchObject({ name: 'Failure' });
  });
});

describe('a ref that moves', () => {
  test('commit, merge, reset, amend, packed refs: each load sees where it is', async () => {
    const path = await repository(THREE);
    const source = files(path);
    const first = (await source.head('main')).sha;
    expect(await names(source.load('main'))).toEqual(['a', 'b', 'c']);

    await put(path, { 'recordings/d.yaml': recording('d') });
    const second = commit(path, 'Add d');
    expect((await source.head('main')).sha).toBe(second);
    expect(await names(source.load('main'))).toEqual(['a', 'b', 'c', 'd']);

    git(path, ['tag', '-a', '-m', 'A release', 'v1', second]);
    git(path, ['reset', '--quiet', '--hard', first]);
    expect(await names(source.load('main'))).toEqual(['a', 'b', 'c']);

    await rm(join(path, 'recordings/inner'), { recursive: true });
    const amended = commit(path, 'The first commit, otherwise', '--amend');
    expect((await source.head('main')).sha).toBe(amended);
    expect(await names(source.load('main'))).toEqual(['a', 'b']);

    git(path, ['checkout', '--quiet', '-b', 'side']);
    await put(path, { 'recordings/e.yaml': recording('e') });
    commit(path, 'Add e');
    git(path, ['checkout', '--quiet', 'main']);
    git(path, ['merge', '--quiet', '--no-ff', '-m', 'Merge side', 'side']);
    git(path, ['pack-refs', '--all']);
    git(path, ['gc', '--quiet', '--prune=now']);
    const merged = await source.load('main');
    expect(merged.commit.subject).toBe('Merge side');
    expect(merged.set.recordings.map(({ name }) => name)).toEqual(['a', 'b', 'e']);

    expect((await source.load('v1')).commit.sha).toBe(second);
    expect(await names(source.load(second.slice(0, 12)))).toEqual(['a', 'b', 'c', 'd']);
  });

  test('what a commit leaves alone is not parsed again, and what it changes is', async () => {
    const path = await repository({
      'recordings/a.yaml': recording('a', layout('#111111')),
      'recordings/b.yaml': recording('b', layout('#222222')),
    });
    const source = files(path);
    const [a1, b1] = (await source.load('main')).set.recordings;
    await put(path, { 'recordings/b.yaml': recording('b', layout('#333333')) });
    commit(path, 'Another colour for b');
    const [a2, b2] = (await source.load('main')).set.recordings;
    expect(a2?.blocks().layout).toBe(a1?.blocks().layout);
    expect(b1?.blocks().layout?.backgroundColor).toBe('#222222');
    expect(b2?.blocks().layout?.backgroundColor).toBe('#333333');
  });

  test('names what is other than in the load before, and gives the same set where nothing is', async () => {
    const path = await repository({ ...THREE, 'recordings/bad.yaml': 'recording: [' });
    const source = files(path);
    const first = await source.load('main');
    expect([...first.changed].sort()).toEqual(['a', 'b', 'c']);
    commit(path, 'Nothing');
    const second = await source.load('main');
    expect(second).toMatchObject({ changed: [], commit: { subject: 'Nothing' } });
    expect(second.set).toBe(first.set);

    await put(path, {
      'recordings/a.yaml': recording('a', layout('#123456')),
      'recordings/d.yaml': recording('d'),
    });
    await rm(join(path, 'recordings/b.yaml'));
    commit(path, 'One of each');
    const third = await source.load('main');
    expect([...third.changed].sort()).toEqual(['a', 'b', 'd']);
    expect(third.byName.get('a')).toBe(third.set.recordings[0]);
    expect([...third.byName.keys()].sort()).toEqual(['a', 'c', 'd']);

    await put(path, { 'recordings/bad.yaml': 'recording: {' });
    commit(path, 'Still broken, but otherwise');
    const fourth = await source.load('main');
    expect(fourth.changed).toEqual([]);
    expect(fourth.set.diagnostics).not.toEqual(third.set.diagnostics);

    await symlink('nowhere', join(path, 'recordings/link.yaml'));
    commit(path, 'A link');
    const fifth = await source.load('main');
    expect(fifth.changed).toEqual([]);
    expect(fifth.set.broken).toEqual(['recordings/bad.yaml', 'recordings/link.yaml']);
  });

  test('what a file refers to may change without any commit', async () => {
    const storage =
      'storage: { vendor: google, bucket: b, accessKey: k, secretKey: { fromFile: ../run/key } }\n';
    const path = await repository({ ...THREE, 'recordings/s.yaml': recording('s', storage) });
    await put(path, { 'run/key': 'one' });
    const source = files(path);
    const first = await source.load('main');
    expect((await source.load('main')).set).toBe(first.set);
    await put(path, { 'run/key': 'two' });
    const second = await source.load('main');
    expect(second.changed).toEqual(['s']);
    const secret = second.byName.get('s')?.blocks().storage?.secretKey;
    expect(secret && vault.reveal(secret)).toBe('two');
  });

  test('a load that fails leaves everything as it was', async () => {
    const path = await repository(THREE);
    const source = files(path);
    const first = await source.load('main');
    await put(path, {
      'recordings/deep/d.yaml': recording('d'),
      'recordings/a.yaml': recording('a', layout('#123456')),
    });
    commit(path, 'Incomplete');
    const tree = git(path, ['rev-parse', 'HEAD:recordings/deep']);
    const object = join(path, '.git/objects', tree.slice(0, 2), tree.slice(2));
    const bytes = await readFile(object);
    await rm(object);
    await expect(source.load('main')).rejects.toMatchObject({ name: 'Failure' });
    expect(await source.load('HEAD~')).toMatchObject({ changed: [], set: first.set });
    await writeFile(object, bytes);
    expect([...(await source.load('main')).changed].sort()).toEqual(['a', 'd']);
  });

  test('loads at the same time are done one after the other', async () => {
    const path = await repository(THREE);
    const source = files(path);
    const first = source.head('main').then(({ sha }) => sha);
    await put(path, { 'recordings/d.yaml': recording('d') });
    const sha = await first;
    commit(path, 'Add d');
    const loads = await Promise.all([source.load('main'), source.load(sha), source.load('main')]);
    expect(loads.map(({ set }) => set.recordings.length)).toEqual([4, 3, 4]);
    expect(loads.map(({ changed }) => changed.length)).toEqual([4, 1, 1]);
  });

  test('after close, and after git was ended from outside, the next load starts it again', async () => {
    const path = await repository(THREE);
    const bin = await folder();
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    const script = `#!/bin/sh\n[ "$1" != cat-file ] || echo $$ >> "${bin}/pids"\nexec ${real} "$@"\n`;
    await writeFile(join(bin, 'git'), script, { mode: 0o755 });
    const source = files(path, { env: { ...GIT_ENV, PATH: `${bin}:${GIT_ENV.PATH}` } });
    await source.load('main');
    source.close();
    expect(await names(source.load('main'))).toEqual(['a', 'b', 'c']);
    const pids = (await readFile(join(bin, 'pids'), 'utf8')).trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    process.kill(pids[1] as number, 'SIGKILL');
    // It may be asked before its end is known here: then that load says so, and the one after it works.
    await source.load('main').catch((error) => expect(error.name).toBe('Failure'));
    expect(await names(source.load('main'))).toEqual(['a', 'b', 'c']);
  });
});

test('as the source of a daemon: every look is at where the ref is by then', async () => {
  const path = await repository(THREE);
  const source = new GitSource(files(path), 'main', new FakeClock());
  expect((await source.refresh()).changed).toHaveLength(3);
  expect((await source.refresh()).changed).toEqual([]);
  await rm(join(path, 'recordings/a.yaml'));
  const sha = commit(path, 'Without a');
  expect(await source.refresh()).toMatchObject({ changed: ['a'], commit: { sha, subject: 'Without a' } });
  git(path, ['checkout', '--quiet', '--detach']);
  git(path, ['branch', '--quiet', '-D', 'main']);
  await expect(source.refresh()).rejects.toMatchObject({ name: 'Failure' });
  await source.close();
});

test('odd commits: no message, many lines, an encoding of its own', async () => {
  const path = await repository(THREE);
  const source = files(path);
  commit(path, '', '--allow-empty-message');
  expect((await source.head('HEAD')).subject).toBe('');
  commit(path, '\n\nOne line\nand another\n\nThe body\n');
  expect((await source.head('HEAD')).subject).toBe('One line and another');
  const message = join(await folder(), 'message');
  await mkdir(dirname(message), { recursive: true });
  await writeFile(message, Buffer.from('Gr\u00fc\u00dfe\n', 'latin1'));
  git(path, ['-c', 'i18n.commitEncoding=ISO-8859-1', 'commit', '--quiet', '--allow-empty', '-F', message]);
  expect((await source.head('HEAD')).subject).toBe('Gr\u00fc\u00dfe');
});
