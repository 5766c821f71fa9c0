import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { commit, GIT_ENV, git, repository } from '../sources/git-support.ts';
import { CLI, CREDENTIALS, folder, put, recording, simulator } from '../support/cli.ts';

/*
 * The examples for GitHub Actions, GitLab CI and a pre-commit hook, run as far as they can be without those hosts: every
 * script of theirs by a shell, in a repository of its own, with the hosts' interface for comments on this machine.
 */

const RED = 'layout: { backgroundColor: "#FF0000" }\n';
const BLUE = 'layout: { backgroundColor: "#0000FF" }\n';
const example = (name: string) => join(import.meta.dirname, 'ci', name);

/** A shell that finds `reelstate` as an installed one, and git settings of nobody. */
async function shell(cwd: string) {
  const bin = await folder();
  await symlink(CLI, join(bin, 'reelstate'));
  await chmod(CLI, 0o755);
  const path = `${bin}:${dirname(process.execPath)}:${process.env.PATH}`;
  return (script: string, env: Record<string, string> = {}) =>
    new Promise<{ code: number | null; output: string }>((resolve) => {
      const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', script], {
        cwd,
        env: { ...GIT_ENV, HOME: cwd, ...env, PATH: path },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => (output += text));
      child.on('close', (code) => resolve({ code, output }));
    });
}

/** What the hosts have for comments: a list, adding one, changing one. Each request is kept. */
async function comments(list: string, item: (id: number) => string, token: [name: string, value: string]) {
  const kept: { id: number; body: string }[] = [
    { id: 1, body: 'Looks good, but see <!-- reelstate plan -->' },
  ];
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const path = request.url?.split('?')[0];
    requests.push(`${request.method} ${path}`);
    const reply = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    if (request.headers[token[0]] !== token[1]) return reply(401, {});
    if (path === list && request.method === 'GET') return reply(200, kept);
    const { body } = JSON.parse(text) as { body: string };
    if (body.length > 65_536) return reply(422, {});
    if (path === list && request.method === 'POST')
      return reply(201, kept.push({ id: kept.length + 1, body }));
    const found = kept.find(({ id }) => path === item(id));
    if (!found || !['PATCH', 'PUT'].includes(request.method ?? '')) return reply(404, {});
    found.body = body;
    return reply(200, found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, kept, requests };
}

/** A repository whose HEAD merges a change, as hosts check out a request. */
async function mergeRequest(): Promise<{ cwd: string; base: string }> {
  const cwd = await repository({
    'recordings/a.yaml': recording('a', RED),
    '.gitignore': '.reelstate\n*.md\n*.json\n*.html\npictures\n',
  });
  const base = git(cwd, ['rev-parse', 'HEAD']);
  git(cwd, ['switch', '--quiet', '-c', 'topic']);
  await put(cwd, { 'recordings/a.yaml': recording('a', BLUE) });
  commit(cwd, 'Blue');
  git(cwd, ['switch', '--quiet', 'main']);
  git(cwd, ['merge', '--quiet', '--no-ff', '--no-edit', 'topic']);
  return { cwd, base };
}

interface Step {
  name?: string;
  run?: string;
  uses?: string;
  if?: string;
  with?: Record<string, string>;
}

describe('GitHub Actions', async () => {
  const workflow = parse(await readFile(example('github.yml'), 'utf8')) as {
    jobs: Record<'review' | 'apply', { steps: Step[]; env?: Record<string, string> }>;
  };
  const action = parse(await readFile(example('action/action.yml'), 'utf8')) as { runs: { steps: Step[] } };
  const script = (job: 'review' | 'apply', name: string) => {
    const mode = workflow.jobs[job].steps.find(({ uses }) => uses?.startsWith('./'))?.with?.mode;
    const steps = action.runs.steps.filter(
      (step) => !step.if || step.if.split(' && ')[0] === `inputs.mode == '${mode}'`,
    );
    const found = steps.find((step) => step.name === name)?.run;
    if (!found) throw new Error(`no step ${name}`);
    return found;
  };

  it('comments once on a pull request, and updates that comment', async () => {
    const { cwd } = await mergeRequest();
    const run = await shell(cwd);
    const api = await comments('/repos/o/r/issues/7/comments', (id) => `/repos/o/r/issues/comments/${id}`, [
      'authorization',
      'Bearer t',
    ]);
    const env = {
      GITHUB_API_URL: api.url,
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_TOKEN: 't',
      PULL_REQUEST: '7',
      GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'),
    };
    const all = ['Check', 'Plan', 'Comment'].map((name) => script('review', name)).join('\n');
    expect(await run(all, env)).toMatchObject({ code: 0 });
    expect(api.kept).toHaveLength(2);
    expect(api.kept[1]?.body).toMatch(/^<!-- reelstate plan -->\n\*\*0 to create, 1 to change/);
    expect(await readFile(env.GITHUB_STEP_SUMMARY, 'utf8')).toContain('1 to change');
    const uploaded = action.runs.steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact@'))?.with
      ?.path;
    expect(uploaded?.trim().split('\n')).toEqual(['plan.html', 'pictures/']);
    expect(await readFile(join(cwd, 'plan.html'), 'utf8')).toContain('<svg');
    expect(await readdir(join(cwd, 'pictures'))).toEqual(['a.svg']);

    git(cwd, ['reset', '--quiet', '--hard', 'HEAD^1']);
    git(cwd, ['commit', '--quiet', '--allow-empty', '-m', 'Nothing']);
    expect(await run(all, env)).toMatchObject({ code: 0 });
    expect(api.kept).toHaveLength(2);
    expect(api.kept[1]?.body).toMatch(/0 to change/);
    expect(api.kept[0]?.body).toMatch(/^Looks good/);
    expect(api.requests.at(-1)).toBe('PATCH /repos/o/r/issues/comments/2');
  });

  it('fails where a file is broken, and where the comment is refused', async () => {
    const { cwd } = await mergeRequest();
    const run = await shell(cwd);
    const api = await comments('/repos/o/r/issues/7/comments', String, ['authorization', 'Bearer other']);
    const env = {
      GITHUB_API_URL: api.url,
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_TOKEN: 't',
      PULL_REQUEST: '7',
      GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'),
    };
    expect((await run(script('review', 'Plan'), env)).code).toBe(0);
    expect((await run(script('review', 'Comment'), env)).code).not.toBe(0);
    await put(cwd, { 'recordings/a.yaml': 'recording: [' });
    commit(cwd, 'Broken');
    const checked = await run(script('review', 'Check'), env);
    expect(checked.code).toBe(1);
    expect(checked.output).toMatch(/recordings\/a\.yaml:\d+:\d+: error/);
  });

  it('applies what is merged, and tells a failure after the summary', async () => {
    const { cwd } = await mergeRequest();
    const run = await shell(cwd);
    const sim = await simulator(cwd);
    const env = {
      ...CREDENTIALS,
      REELSTATE_ENDPOINT: sim.url,
      REELSTATE_STATE: join(cwd, '.reelstate'),
      GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'),
    };
    expect(workflow.jobs.apply.env?.REELSTATE_STATE).toMatch(/^postgres:\/\/\w+@/);
    expect(await run(script('apply', 'Apply'), env)).toMatchObject({ code: 0 });
    expect(await sim.recordings()).toMatchObject([{ layout: { backgroundColor: '#0000FF' } }]);
    expect(await readFile(env.GITHUB_STEP_SUMMARY, 'utf8')).toContain('1 call for 1 recording applied');
    await put(cwd, { 'recordings/a.yaml': 'recording: [' });
    commit(cwd, 'Broken');
    expect((await run(script('apply', 'Apply'), env)).code).toBe(1);
    await sim.stop();
  });
});

it('what recordings share and the settings file start a run, too', async () => {
  const [github, gitlab] = await Promise.all(
    ['github.yml', 'gitlab.yml'].map(async (name) => parse(await readFile(example(name), 'utf8'))),
  );
  const runs: string[][] = [
    ...Object.values<{ paths: string[] }>(github.on).map(({ paths }) => paths),
    ...['review', 'apply'].flatMap((job) =>
      gitlab[job].rules.map(({ changes }: { changes: string[] }) => changes),
    ),
  ];
  expect(runs).toHaveLength(4);
  for (const paths of runs)
    for (const file of [
      'recordings/live/a.yaml',
      'layouts/duo.yaml',
      'shared/storage.yaml',
      'reelstate.yaml',
    ])
      expect(paths.some((path) => file.startsWith(path.replace(/\*.*$/, '')))).toBe(true);
});

describe('GitLab CI', async () => {
  const pipeline = parse(await readFile(example('gitlab.yml'), 'utf8')) as Record<
    'review' | 'apply',
    { script: string[] }
  >;

  it('comments once on a merge request, and updates that note', async () => {
    const { cwd, base } = await mergeRequest();
    const run = await shell(cwd);
    const path = '/projects/3/merge_requests/7/notes';
    const api = await comments(path, (id) => `${path}/${id}`, ['private-token', 't']);
    const env = {
      CI_API_V4_URL: api.url,
      CI_PROJECT_ID: '3',
      CI_MERGE_REQUEST_IID: '7',
      CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
      REELSTATE_NOTES_TOKEN: 't',
    };
    const script = pipeline.review.script.join('\n');
    expect(await run(script, env)).toMatchObject({ code: 0 });
    expect(await run(script, env)).toMatchObject({ code: 0 });
    expect(api.kept).toHaveLength(2);
    expect(api.kept[1]?.body).toMatch(/1 to change/);
    expect(api.requests).toEqual([`GET ${path}`, `POST ${path}`, `GET ${path}`, `PUT ${path}/2`]);
  });

  it('applies what is merged', async () => {
    const { cwd } = await mergeRequest();
    const run = await shell(cwd);
    const sim = await simulator(cwd);
    const env = { ...CREDENTIALS, REELSTATE_ENDPOINT: sim.url, REELSTATE_STATE: join(cwd, '.reelstate') };
    expect(await run(pipeline.apply.script.join('\n'), env)).toMatchObject({ code: 0 });
    expect(await sim.requests()).toHaveLength(1);
    await sim.stop();
  });
});

describe('the pre-commit hook', () => {
  it('lets good commits through and blocks bad ones, by what is staged', async () => {
    const cwd = await repository({ 'recordings/a.yaml': recording('a', RED), '.gitignore': '.reelstate\n' });
    await mkdir(join(cwd, '.git/hooks'), { recursive: true });
    await copyFile(example('pre-commit'), join(cwd, '.git/hooks/pre-commit'));
    const run = await shell(cwd);
    const as = '-c user.name=Ada -c user.email=ada@example.com';
    const commitAll = (message: string) => run(`git add --all && git ${as} commit --quiet -m '${message}'`);

    await put(cwd, { 'recordings/a.yaml': recording('a', BLUE) });
    expect(await commitAll('Good')).toMatchObject({ code: 0 });
    const good = git(cwd, ['rev-parse', 'HEAD']);
    await put(cwd, { 'recordings/a.yaml': recording('a', 'layout: { backgroundColor: red }\n') });
    const blocked = await commitAll('Bad');
    expect(blocked.code).toBe(1);
    expect(blocked.output).toMatch(/recordings\/a\.yaml:\d+:\d+: error/);
    expect(git(cwd, ['rev-parse', 'HEAD'])).toBe(good);

    // Broken in the working tree and whole in the index, and the other way round.
    await put(cwd, { 'recordings/a.yaml': recording('a', RED) });
    git(cwd, ['add', '--all']);
    await put(cwd, { 'recordings/a.yaml': 'recording: [' });
    expect(await run(`git ${as} commit --quiet -m Staged`)).toMatchObject({ code: 0 });
    git(cwd, ['add', '--all']);
    await put(cwd, { 'recordings/a.yaml': recording('a', RED) });
    expect((await run(`git ${as} commit --quiet -m Broken`)).code).toBe(1);
  });
});
