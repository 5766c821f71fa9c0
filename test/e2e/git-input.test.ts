import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, GIT_ENV, git, repository } from '../sources/git-support.ts';
import { folder, put, recording, sid } from '../support/cli.ts';
import { runHere as run } from '../support/here.ts';
import { watching } from '../support/watching.ts';

/*
 * Repositories as other people have them: names that mean two things, clones that are not whole, files that are not
 * the files. Real repositories, the built command.
 */

const FILE = (name: string, color: string) => ({
  [`recordings/${name}.yaml`]: recording(name, `layout: { backgroundColor: "${color}" }\n`),
});
const color = (wanted: string) => (each: Record<string, never>) =>
  (each.layout as unknown as { backgroundColor?: string } | null)?.backgroundColor === wanted;
const IGNORED = { '.gitignore': '.reelstate\n' };
const options = (cwd: string) => ({ cwd, env: GIT_ENV });

const POINTER =
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';

/** Commits one and two on main, and the tag main at one. */
async function tagged() {
  const remote = await repository({ ...FILE('a', '#111111'), ...IGNORED });
  const first = git(remote, ['rev-parse', 'HEAD']);
  await put(remote, FILE('a', '#222222'));
  const second = commit(remote, 'Two');
  return { remote, first, second, tag: () => git(remote, ['tag', 'main', first]) };
}

describe('a tag with the name of the branch', () => {
  it.each([
    ['--git-url', '--ref', 'main', '--interval', '1s'],
    ['--ref', 'main', '--sweep', '200ms'],
  ])('watch %s: never takes its place, and is told', async (...args) => {
    const { remote, tag } = await tagged();
    const isRemote = args[0] === '--git-url';
    const cwd = isRemote ? await folder(FILE('a', '#FFFFFF')) : remote;
    const given = isRemote ? ['--git-url', `file://${remote}`, ...args.slice(1)] : args;
    const w = await watching(cwd, given, { env: GIT_ENV });
    await w.atService(sid('a'), color('#222222'));
    tag();
    await w.daemon.shows(
      /"level":"warn"[^\n]*\\"main\\" is a branch and a tag: refs\/heads\/main is taken/,
      'stderr',
    );
    await put(remote, FILE('a', '#333333'));
    commit(remote, 'Three');
    await w.atService(sid('a'), color('#333333'));
    const sent = (await w.sim.requests()).map(({ body }) => JSON.stringify(body));
    expect(sent.filter((body) => body.includes('#111111'))).toEqual([]);
    const { stderr } = await w.stop();
    expect(stderr.match(/is a branch and a tag/g)).toHaveLength(1);
  });

  it('plan --from, --to and --ref take the branch, and say so', async () => {
    const { remote, first, second, tag } = await tagged();
    tag();
    const told = /"main" is a branch and a tag: refs\/heads\/main is taken/;
    const from = await run(['plan', '--from', 'main', '--to', first, '--json'], options(remote));
    expect(from.stderr).toMatch(told);
    expect(from.stdout).toContain('"after": "#111111"');
    const to = await run(['plan', '--from', first, '--to', 'main'], options(remote));
    expect(to).toMatchObject({ code: 0, stdout: expect.stringContaining('"#111111" → "#222222"') });
    expect(to.stderr).toMatch(told);
    const ref = await run(['validate', '--ref', 'main'], options(remote));
    expect(ref.stderr).toMatch(told);
    expect(ref.stderr).toContain(`of commit ${second.slice(0, 10)}`);
    const full = await run(['validate', '--ref', 'refs/tags/main'], options(remote));
    expect(full.stderr).toContain(`of commit ${first.slice(0, 10)}`);
    expect(full.stderr).not.toMatch(told);
    const before = await run(['validate', '--ref', 'main~1'], options(remote));
    expect(before.stderr).toContain(`of commit ${first.slice(0, 10)}`);
  });
});

it('watch --git-url: a branch that is forced back is followed, and told', async () => {
  const { remote, first, second } = await tagged();
  const cwd = await folder(FILE('a', '#FFFFFF'));
  const w = await watching(cwd, ['--git-url', `file://${remote}`, '--ref', 'main', '--interval', '1s'], {
    env: GIT_ENV,
  });
  await w.atService(sid('a'), color('#222222'));
  git(remote, ['reset', '--quiet', '--hard', first]);
  await w.atService(sid('a'), color('#111111'));
  const [to, from] = [first, second].map((each) => each.slice(0, 10));
  await w.daemon.shows(
    new RegExp(`"level":"warn"[^\\n]*it went back: commit ${to}, which is taken now, is older than ${from}`),
    'stderr',
  );
  await w.stop();
});

describe('--git-url', () => {
  it('takes a path from the working directory, also to a SHA-256 repository', async () => {
    const remote = await repository(FILE('a', '#111111'), '--object-format=sha256');
    const cwd = await folder(FILE('a', '#FFFFFF'));
    const w = await watching(
      cwd,
      ['--git-url', `../${basename(remote)}`, '--ref', 'main', '--interval', '1s'],
      {
        env: GIT_ENV,
      },
    );
    await w.atService(sid('a'), color('#111111'));
    await put(remote, FILE('a', '#222222'));
    commit(remote, 'Two');
    await w.atService(sid('a'), color('#222222'));
    await w.stop();
  });
});

describe('a submodule', () => {
  it('that takes the place of a folder forgets no recording: plan, apply and watch', async () => {
    const cwd = await repository({
      ...FILE('a', '#111111'),
      'recordings/team/b.yaml': recording('b'),
      ...IGNORED,
    });
    const w = await watching(cwd, ['--git', '--sweep', '200ms'], { env: GIT_ENV });
    await w.condition('a', 'Ready');
    await w.condition('b', 'Ready');
    const other = await repository({ 'b.yaml': recording('b') });
    git(cwd, ['rm', '-rq', 'recordings/team']);
    git(cwd, ['-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', other, 'recordings/team']);
    commit(cwd, 'A submodule');
    await w.daemon.shows(/"team\\" is a submodule, and recordings in it are not read/, 'stderr');
    await w.condition('b', 'Stalled', 'Invalid');
    const { stderr } = await w.stop();
    expect(stderr).not.toContain('forgotten: its file is gone');
    const plan = await run(['plan', '--git'], options(cwd));
    expect(plan.stdout).toContain('0 to forget');
    expect(plan.stdout + plan.stderr).toMatch(
      /recordings\/team:1:1: warning\[submodule\]: "team" is a submodule/,
    );
    expect(plan.code).toBe(0);
    const inside = await run(['plan', '--git', '--dir', 'recordings/team', '--allow-empty'], options(cwd));
    expect(inside.stdout + inside.stderr).toContain('"recordings/team" is a submodule in commit');
    expect(inside).toMatchObject({ code: 1, stdout: expect.stringContaining('0 to forget') });
  });
});

it('a submodule that is not checked out forgets no recording either', async () => {
  const other = await repository({ 'b.yaml': recording('b') });
  const top = await repository({ ...FILE('a', '#111111'), ...IGNORED, 'recordings/none/x': '' });
  git(top, ['-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', other, 'recordings/team']);
  commit(top, 'A submodule');
  const w = await watching(top, [], { env: GIT_ENV });
  await w.condition('b', 'Ready');
  await w.stop();
  git(top, ['submodule', '--quiet', 'deinit', '--force', '--all']);
  await rm(join(top, 'recordings/none/x'));
  const plan = await run(['plan'], options(top));
  expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining('0 to forget') });
  const said = plan.stdout + plan.stderr;
  expect(said).toMatch(
    /team:1:1: warning\[submodule\]: "team" is a submodule that is not checked out\n.*\n?.*git submodule update --init/,
  );
  expect(said).not.toContain('"none"');
});

describe('what git says is the way out is kept', () => {
  it('of what a CI system has in place of a commit', async () => {
    const { remote } = await tagged();
    const into = join(await folder(), 'clone');
    git(remote, ['clone', '--quiet', `file://${remote}`, into]);
    const zeros = await run(['plan', '--from', '0'.repeat(40)], options(into));
    expect([zeros.code, zeros.stderr]).toEqual([1, expect.stringContaining('before a new branch')]);
    const unset = await run(['plan', '--from', ''], options(into));
    expect([unset.code, unset.stderr]).toEqual([64, expect.stringContaining('--from: must not be empty')]);
  });

  it('of a shallow clone', async () => {
    const { remote } = await tagged();
    const into = join(await folder(), 'clone');
    git(remote, ['clone', '--quiet', '--depth=1', `file://${remote}`, into]);
    for (const from of ['HEAD~1', 'origin/other']) {
      const ran = await run(['plan', '--from', from], options(into));
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/shallow clone/);
      expect(ran.stderr).toMatch(/git fetch --unshallow.*fetch-depth: 2.*or 0/);
    }
    expect((await run(['plan', '--from', 'HEAD'], options(into))).code).toBe(0);
  });

  it('of a checkout that is owned by another user: validate, and watch in its log', async () => {
    const cwd = await repository({ ...FILE('a', '#111111'), ...IGNORED });
    const env = { ...GIT_ENV, GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' };
    const wayOut = `git config --global --add safe.directory ${cwd}`;
    const ran = await run(['validate', '--git'], { cwd, env });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(wayOut) });
    const w = await watching(cwd, ['--git'], { env });
    expect(await (await w.get('/readyz')).text()).toContain(wayOut);
    await w.stop();
  });
});

describe('files that are not the files', () => {
  const sops = `recording:\n    appId: ENC[AES256_GCM,data:8w==,type:str]\nsops:\n    mac: ENC[AES256_GCM,data:6A==,type:str]\n    version: 3.9.1\n`;
  it.each([
    [
      'Git LFS',
      POINTER,
      /error\[git-lfs-pointer\]: this is a pointer of Git LFS, not the file[\s\S]*git lfs pull, or take \*\.yaml out of LFS/,
    ],
    ['git-crypt', '\0GITCRYPT\0\u0001\u0002', /error\[file-encrypted\]: this file is encrypted by git-crypt/],
    ['SOPS', sops, /error\[file-encrypted\]: this file is encrypted by SOPS/],
  ])('%s: told once, by name, in a folder and in a commit', async (_, text, told) => {
    const cwd = await repository({ ...FILE('b', '#111111'), 'recordings/a.yaml': text });
    for (const args of [[], ['--git']]) {
      const ran = await run(['validate', ...args], options(cwd));
      expect(ran.code).toBe(1);
      expect(ran.stdout).toMatch(told);
      expect(ran.stdout).toContain('1 error;');
    }
  });

  it('as a secret or a run file neither', async () => {
    const cwd = await folder({
      'recordings/a.yaml': `recording: { fromFile: ../run.json }\n`,
      'recordings/b.yaml': recording(
        'b',
        'storage: { vendor: google, bucket: b, accessKey: k, secretKey: { fromFile: ../key } }\n',
      ),
      'run.json': POINTER,
      key: POINTER,
    });
    const { stdout } = await run(['validate'], { cwd });
    expect(stdout).toMatch(/run\.json:1:1: error\[git-lfs-pointer\]/);
    expect(stdout).toMatch(
      /warning\[secret-file-unreadable\]: the file "..\/key" has no value: this is a pointer/,
    );
  });
});

it('a partial clone whose remote is away plans what it has, and leaves the rest as it is', async () => {
  const { remote } = await tagged();
  await put(remote, FILE('b', '#222222'));
  commit(remote, 'And b');
  git(remote, ['config', 'uploadpack.allowFilter', 'true']);
  const into = join(await folder(), 'clone');
  git(remote, ['clone', '--quiet', '--no-checkout', '--filter=blob:none', `file://${remote}`, into]);
  git(into, ['cat-file', 'blob', 'HEAD:recordings/a.yaml']);
  await rename(remote, `${remote}-away`);
  const ran = await run(['plan', '--git'], options(into));
  expect(ran.code).toBe(1);
  expect(ran.stdout).toContain('+ a ');
  expect(ran.stdout + ran.stderr).toMatch(/b\.yaml:1:1: error\[file-unreadable\]: .*the clone is partial/);
});
