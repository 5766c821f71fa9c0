import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folder, put, recording } from '../support/cli.ts';
import { runHere as run } from '../support/here.ts';
import { commit, GIT_ENV, git, repository } from './git-support.ts';

const red = 'layout: { backgroundColor: "#FF0000" }\n';
const blue = 'layout: { backgroundColor: "#0000FF" }\n';

/** Of the plan in JSON, what these tests look at. */
interface PlannedLayout {
  name: string;
  calls: { body: { clientRequest: { backgroundColor: string } } }[];
}

async function plan(cwd: string, ...args: string[]) {
  const ran = await run(['plan', '--json', ...args], { cwd, env: GIT_ENV });
  const recordings: PlannedLayout[] = ran.stdout ? JSON.parse(ran.stdout).recordings : [];
  const colors = recordings.map(({ name, calls }) => [name, calls[0]?.body.clientRequest.backgroundColor]);
  return { code: ran.code, colors, stderr: ran.stderr };
}

test('plan --git plans what is committed, --ref what another commit has', async () => {
  const cwd = await repository({ 'recordings/a.yaml': recording('a', red) });
  git(cwd, ['tag', 'first']);
  await put(cwd, { 'recordings/a.yaml': recording('a', blue), 'recordings/b.yaml': recording('b', blue) });
  const sha = commit(cwd, 'Blue, and \u001b[31mb');
  await put(cwd, { 'recordings/a.yaml': 'half written: [' });
  await rm(join(cwd, 'recordings/b.yaml'));
  expect(await plan(cwd)).toMatchObject({ code: 1, colors: [] });
  const head = await plan(cwd, '--git');
  expect(head).toMatchObject({
    code: 0,
    colors: [
      ['a', '#0000FF'],
      ['b', '#0000FF'],
    ],
  });
  expect(head.stderr).toBe(
    `2 files of commit ${sha.slice(0, 10)}: Blue, and \\u001b[31mb (Ada Lovelace <ada@example.com>)\n`,
  );
  expect(await plan(cwd, '--ref', 'first')).toMatchObject({ code: 0, colors: [['a', '#FF0000']] });
  expect(await plan(cwd, '--git', '--ref', 'nowhere')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^reelstate: there is no commit called "nowhere"[^\n]*\n {2}Name a branch/),
  });
});

test('outside of a repository: a message, and no stack trace', async () => {
  const cwd = await folder({ 'recordings/a.yaml': recording('a') });
  const { code, stderr } = await plan(cwd, '--git');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^reelstate: git: not a git repository[^\n]*\n {2}Run it inside a clone[^\n]*\n$/);
});
