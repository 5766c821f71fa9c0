import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { commit, GIT_ENV, git } from '../sources/git-support.ts';
import { CLI, folder, put, run } from '../support/cli.ts';

/*
 * `reelstate init`: what it makes can be used at once, and what was there before stays.
 */

const SCHEMA = readFileSync(join(import.meta.dirname, '../../schemas/recording.schema.json'), 'utf8');

/** All files below a folder, without those of git. */
function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .filter((name) => !name.startsWith('.git/'))
    .sort();
}

it('makes a folder in which every command works', async () => {
  const cwd = await folder();
  const made = await run(['init', 'shows/live'], { cwd });
  expect(made, made.stderr).toMatchObject({ code: 0 });
  const shows = join(cwd, 'shows/live');
  const files = [
    '.github/workflows/recordings.yml',
    '.gitignore',
    'recordings/example.yaml',
    'schemas/recording.schema.json',
  ];
  expect(filesIn(shows)).toEqual(files);
  for (const file of files) expect(made.stdout).toContain(`\n  shows/live/${file}\n`);
  expect(made.stderr).toContain('  cd shows/live\n  reelstate validate ');
  expect(made.stderr).toMatch(
    /Several Agora accounts\? A settings file reelstate\.yaml, .*\nreelstate schema --settings /,
  );
  expect(await run(['validate', '--strict'], { cwd: shows })).toMatchObject({ code: 0, stderr: '' });
  const plan = await run(['plan', '--select', 'show=example'], { cwd: shows });
  expect(plan).toMatchObject({ code: 0, stderr: '' });
  expect(plan.stdout).toContain('waiting for run/example.json');
  expect((await run(['preview', 'example'], { cwd: shows })).stdout).toContain('uid 101');
  // As the backend writes it.
  const which = { appId: 'a', cname: 'c', uid: '7', resourceId: 'r', sid: 's' };
  await put(shows, { 'run/example.json': JSON.stringify(which) });
  expect((await run(['plan'], { cwd: shows })).stdout).toContain('1 to create');
  // The schema of the example is the one that is beside it.
  const [, path = ''] =
    /^# yaml-language-server: \$schema=(.*)\n/.exec(
      readFileSync(join(shows, 'recordings/example.yaml'), 'utf8'),
    ) ?? [];
  const copy = readFileSync(join(shows, 'recordings', path), 'utf8');
  expect(JSON.parse(copy)).toEqual(JSON.parse(SCHEMA));
});

it('is named where a folder of recordings is missing', async () => {
  const cwd = await folder();
  for (const command of ['validate', 'plan', 'preview']) {
    const { code, stdout, stderr } = await run([command], { cwd });
    expect([command, code, stdout + stderr]).toEqual([
      command,
      1,
      expect.stringMatching(/error\[directory-not-found\].*\n +Go to .* reelstate init makes one/),
    ]);
  }
});

it('keeps out of git what belongs to one place, and nothing else', async () => {
  const cwd = await folder();
  await run(['init'], { cwd });
  await put(cwd, {
    'run/example.json': '{}',
    'secrets/s3': 'key',
    '.reelstate/key': 'key',
    'plan.json': '{}',
    'recordings/run/a.yaml': '',
    'tools/reelstate.tgz': '',
  });
  git(cwd, ['init', '--quiet']);
  git(cwd, ['add', '--all']);
  expect(git(cwd, ['ls-files']).split('\n').sort()).toEqual([
    '.github/workflows/recordings.yml',
    '.gitignore',
    'recordings/example.yaml',
    'recordings/run/a.yaml',
    'schemas/recording.schema.json',
    'tools/reelstate.tgz',
  ]);
});

it.each([
  ['.gitignore', { '.gitignore': 'node_modules\n' }],
  ['recordings/example.yaml, .gitignore', { 'recordings/example.yaml': '', '.gitignore': '' }],
  ['schemas/recording.schema.json', { 'schemas/recording.schema.json': '{}' }],
])('writes nothing at all where %s is there', async (named, before) => {
  const cwd = await folder(before);
  const made = await run(['init'], { cwd });
  expect(made).toMatchObject({ code: 1, stdout: '' });
  expect(made.stderr).toContain(`reelstate: already there, and left as it is: ${named}\n`);
  expect(filesIn(cwd)).toEqual(Object.keys(before).sort());
  for (const [name, text] of Object.entries(before)) expect(readFileSync(join(cwd, name), 'utf8')).toBe(text);
});

it('takes back what it wrote where a later file cannot be written', async () => {
  // Behind the example and the schema comes .github, which is no folder here.
  const cwd = await folder({ '.github': 'no folder' });
  const made = await run(['init'], { cwd });
  expect(made).toMatchObject({ code: 1, stdout: '' });
  expect(made.stderr).toBe(
    'reelstate: .github/workflows/recordings.yml cannot be written: .github is no folder\n  Nothing was written.\n',
  );
  expect(readdirSync(cwd)).toEqual(['.github']);
  // A link that leads nowhere is in the way, too.
  const other = await folder();
  await symlink('nowhere', join(other, '.gitignore'));
  expect((await run(['init'], { cwd: other })).stderr).toContain('left as it is: .gitignore');
  expect(readdirSync(other)).toEqual(['.gitignore']);
});

it('writes what is asked for: the schema and the CI file', async () => {
  const cwd = await folder();
  const address = 'https://example.com/schemas/recording.schema.json';
  const made = await run(['init', 'a', '--schema', address, '--ci', 'none', '--json'], { cwd });
  expect(JSON.parse(made.stdout).written).toEqual(['a/recordings/example.yaml', 'a/.gitignore']);
  expect(readFileSync(join(cwd, 'a/recordings/example.yaml'), 'utf8')).toContain(`$schema=${address}\n`);
  await run(['init', 'b', '--ci', 'gitlab', '--schema', 'local'], { cwd });
  expect(existsSync(join(cwd, 'b/.gitlab-ci.yml'))).toBe(true);
  expect(existsSync(join(cwd, 'b/.github'))).toBe(false);
  for (const [wrong, said] of [
    [['--ci', 'jenkins'], '--ci "jenkins": must be one of github, gitlab, none'],
    [['--schema', 'schema.json'], '--schema "schema.json": must be local, or the address'],
    [['--dir', 'x'], '--dir does not go with init'],
    [[''], 'the folder must not be empty'],
  ] as const) {
    const refused = await run(['init', ...wrong], { cwd });
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain(said);
  }
  expect(readdirSync(cwd).sort()).toEqual(['a', 'b']);
});

it('says where a CI file is read, in a folder within a repository', async () => {
  const cwd = await folder();
  git(cwd, ['init', '--quiet']);
  const made = await run(['init', 'live/shows'], { cwd });
  expect(made.stderr).toContain('only at the top of the repository: move it there, with live/shows/ before');
  expect((await run(['init'], { cwd })).stderr).not.toContain('only at the top');
});

/** Runs a script of a CI file with `reelstate` on its path. */
async function shell(cwd: string, script: string, env: Record<string, string>): Promise<string> {
  const bin = await folder();
  await symlink(CLI, join(bin, 'reelstate'));
  return execFileSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...GIT_ENV, HOME: cwd, ...env, PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}` },
  });
}

interface Steps {
  scripts: string[];
  env: Record<string, string>;
  said: string;
}

it.each(['github', 'gitlab'])('the CI file for %s checks and plans a change', async (ci) => {
  const cwd = await folder();
  await run(['init', '--ci', ci], { cwd });
  await mkdir(join(cwd, 'tools'));
  git(cwd, ['init', '--quiet', '-b', 'main']);
  commit(cwd, 'First');
  const base = git(cwd, ['rev-parse', 'HEAD']);
  git(cwd, ['switch', '--quiet', '-c', 'topic']);
  const example = readFileSync(join(cwd, 'recordings/example.yaml'), 'utf8');
  await put(cwd, { 'recordings/example.yaml': example.replace('#1B2A41', '#FF0000') });
  commit(cwd, 'Red');
  git(cwd, ['switch', '--quiet', 'main']);
  git(cwd, ['merge', '--quiet', '--no-ff', '--no-edit', 'topic']);
  const steps = (): Steps => {
    const started = ['recordings/', 'layouts/', 'shared/', 'reelstate.yaml'];
    const tops = (paths: string[]) => paths.map((path) => path.replace(/\*.*$/, ''));
    if (ci === 'github') {
      const { jobs, on } = parse(readFileSync(join(cwd, '.github/workflows/recordings.yml'), 'utf8'));
      expect(tops(on.pull_request.paths)).toEqual(started);
      const scripts = jobs.review.steps.flatMap(({ run: script }: { run?: string }) => script ?? []);
      return { scripts, env: { GITHUB_STEP_SUMMARY: join(cwd, 'plan.md') }, said: 'plan.md' };
    }
    const { review } = parse(readFileSync(join(cwd, '.gitlab-ci.yml'), 'utf8'));
    expect(review.artifacts.paths).toEqual(['plan.md']);
    expect(tops(review.rules[0].changes)).toEqual(started);
    return {
      scripts: [...review.before_script, ...review.script],
      env: { CI_MERGE_REQUEST_DIFF_BASE_SHA: base },
      said: 'plan.md',
    };
  };
  const { scripts, env, said } = steps();
  const [install, ...rest] = scripts;
  // From the file that npm pack makes: there is nothing of that name in a registry.
  expect(install).toBe('npm install --global ./tools/reelstate.tgz');
  for (const script of rest) await shell(cwd, script, env);
  expect(readFileSync(join(cwd, said), 'utf8')).toContain('FF0000');
  await put(cwd, { 'recordings/example.yaml': `colour: red\n${example}` });
  commit(cwd, 'Broken');
  await expect(shell(cwd, rest[0] as string, env)).rejects.toMatchObject({
    stdout: expect.stringContaining('unknown field'),
  });
});
