import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, GIT_ENV, git, repository } from '../sources/git-support.ts';
import { put, recording, start } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';

/*
 * Which commit led to which call, with what answer, when: through the built command.
 */

const LAYOUT = (color: string) => `layout: { backgroundColor: "${color}" }\n`;
const IGNORED = { '.gitignore': '.reelstate\n' };

interface History {
  calls: {
    at: string;
    recording: string;
    endpoint: string;
    outcome: string;
    status: number | null;
    message: string | null;
    commit: { sha: string; author: string; subject: string } | null;
  }[];
  earlier: number;
}

async function desk(files: Record<string, string>, simulate: string[] = []) {
  const cwd = await repository({ ...files, ...IGNORED });
  const sim = await simulator(cwd, simulate);
  const env = { ...GIT_ENV, REELSTATE_ENDPOINT: sim.url };
  const reelstate = (args: string[], more: Record<string, string> = {}) =>
    run(args, { cwd, env: { ...env, ...more } });
  const history = async (...args: string[]) =>
    JSON.parse((await reelstate(['history', '--json', ...args])).stdout) as History;
  return { cwd, sim, env, reelstate, history };
}

describe('reelstate history', () => {
  it('tells the commit, the answer and the time of each call, the newest first', async () => {
    const { cwd, sim, reelstate, history } = await desk(
      {
        'recordings/a.yaml': recording('a', LAYOUT('#000001')),
        'recordings/b.yaml': recording('b', LAYOUT('#000001')),
      },
      ['--fault', '400@sid=sid-b'],
    );
    expect((await reelstate(['history'])).stdout).toBe('No call was made from here.\n');
    const before = new Date().toISOString();
    await reelstate(['apply', '--git', 'a']);
    await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT('#000002')) });
    const sha = commit(cwd, 'Two, and | one that is refused');
    expect((await reelstate(['apply', '--git'])).code).toBe(1);
    const { calls, earlier } = await history();
    expect(earlier).toBe(0);
    const refused = calls.find(({ recording }) => recording === 'b');
    expect(refused).toMatchObject({
      outcome: 'refused',
      status: 400,
      message: expect.any(String),
      commit: { sha, subject: 'Two, and | one that is refused' },
    });
    const [second, first] = (await history('a')).calls;
    expect(second).toMatchObject({
      outcome: 'applied',
      status: 200,
      message: null,
      commit: { sha, author: 'Ada Lovelace <ada@example.com>' },
    });
    expect(first?.commit?.sha).toBe(git(cwd, ['rev-parse', 'HEAD~1']));
    expect(first && before < first.at && first.at < (second?.at ?? '')).toBe(true);

    const text = (await reelstate(['history', 'a'])).stdout;
    expect(text).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}a {2}updateLayout {2}applied \(200\) +changed\n {4}from [0-9a-f]{10} Two, and \| one/,
    );
    expect((await reelstate(['history', '--limit', '1', 'a'])).stdout).toMatch(
      /1 call; 1 earlier \(--limit 0 shows all\)\./,
    );
    const markdown = (await reelstate(['history', 'a', '--output', 'markdown'])).stdout.trimEnd().split('\n');
    expect(markdown).toHaveLength(4);
    for (const line of markdown) expect(line.replace(/\\./g, '').match(/\|/g)).toHaveLength(7);
    expect(await reelstate(['history', 'nobody'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/no recording is called "nobody"/),
    });
    expect(await reelstate(['history', '--limit', 'x'])).toMatchObject({ code: 64 });
    await sim.stop();
  });

  it('names no commit for files from the working tree, and holds no secret', async () => {
    const CDN_URL = 'rtmp://cdn.example.com/live/the-stream-key';
    const { cwd, sim, reelstate, history } = await desk({
      'recordings/web.yaml': recording(
        'web',
        'rtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN_URL } }] }\n',
        'web',
      ),
    });
    await reelstate(['apply'], { CDN_URL });
    expect((await history()).calls).toMatchObject([{ recording: 'web', outcome: 'applied', commit: null }]);
    const kept = await readFile(join(cwd, '.reelstate/state.db'), 'latin1');
    expect(kept).toContain('hmac-sha256');
    expect(kept).not.toContain('the-stream-key');
    expect((await stat(join(cwd, '.reelstate/state.db'))).mode & 0o777).toBe(0o600);
    await sim.stop();
  });

  it('a call that a kill left without an answer is in it, as unknown', async () => {
    const { cwd, sim, env, history } = await desk(
      { 'recordings/a.yaml': recording('a', LAYOUT('#000001')) },
      ['--fault', 'hang'],
    );
    const applying = start(['apply', '--git'], { cwd, env });
    await sim.requests();
    for (let sent = 0; sent === 0; sent = (await sim.requests()).length);
    applying.child.kill('SIGKILL');
    await applying.done;
    expect(await history()).toMatchObject({
      calls: [{ recording: 'a', outcome: 'unknown', status: null, commit: { subject: 'The first commit' } }],
    });
    await sim.stop();
  });
});
