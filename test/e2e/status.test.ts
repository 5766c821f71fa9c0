import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endpointOf, folder, put, recording, start } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';

/*
 * What status says beyond what was applied: what is pending, what was never applied, and where no state is although
 * the working directory suggests otherwise.
 */

const RED = 'layout: { mixedVideoLayout: bestFit, backgroundColor: "#FF0000" }\n';
const WEB = (name: string) =>
  recording('web', `rtmp: { outputs: [{ rtmpUrl: { fromEnv: ${name} } }] }\n`, 'web');

async function scene(files: Record<string, string>, env: Record<string, string> = {}) {
  const cwd = await folder(files);
  const sim = await simulator(cwd, [], env);
  expect((await run(['apply', '--endpoint', sim.url], { cwd, env })).code).toBe(0);
  await sim.stop();
  const status = async (...args: string[]) => run(['status', ...args], { cwd });
  const json = async (...args: string[]) => JSON.parse((await status('--json', ...args)).stdout);
  return { cwd, status, json };
}

describe('status', () => {
  it('tells what is pending, what was never applied, and counts by condition', async () => {
    const { cwd, status, json } = await scene({
      'recordings/a.yaml': recording('a', RED),
      'recordings/b.yaml': recording('b', RED),
      'recordings/gone.yaml': recording('gone', RED),
    });
    expect((await status()).stdout).toMatch(
      /^a +Ready .*\nb +Ready .*\ngone +Ready .*\n\n3 recordings: 3 Ready\. /,
    );
    await rm(join(cwd, 'recordings/gone.yaml'));
    await put(cwd, { 'recordings/a.yaml': recording('a'), 'recordings/new.yaml': recording('new', RED) });
    const text = await status();
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(
      /^a +Ready .*\n {4}pending: updateLayout \(1 change, 1 of them back to the default\)\nb +Ready .*\ngone +Ready .*\n {4}pending: its file is gone, so it is forgotten\nnew +New +mix +never applied: recordings\/new\.yaml\n\n4 recordings: 3 Ready, 1 never applied; 2 with something pending\. /,
    );
    expect(await json()).toMatchObject({
      recordings: [
        {
          name: 'a',
          condition: 'Ready',
          pending: {
            action: 'update',
            calls: [{ endpoint: 'updateLayout', reason: 'changed', changes: 1, resets: 1 }],
          },
        },
        { name: 'b', pending: null },
        { name: 'gone', pending: { action: 'forget' } },
      ],
      never_applied: [{ name: 'new', action: 'create' }],
      summary: { recordings: 4, conditions: { Ready: 3 }, pending: 2, never_applied: 1 },
    });
    // Asked about that one alone it does not say that nothing is known.
    expect((await status('new')).stdout).toMatch(
      /^new +New +mix +never applied: recordings\/new\.yaml\n\n1 recording: /,
    );
    const markdown = (await status('--output', 'markdown')).stdout;
    expect(markdown).toContain('| new | New | mix |  | never applied |');
    expect(markdown).toContain('4 recordings: 3 Ready, 1 never applied; 2 with something pending.');
  });

  it('finds a recording by the new name of its file, and by the old one', async () => {
    const { cwd, status, json } = await scene({ 'recordings/old.yaml': recording('a', RED) });
    await rename(join(cwd, 'recordings/old.yaml'), join(cwd, 'recordings/new.yaml'));
    for (const name of ['new', 'old']) {
      const { code, stdout } = await status(name);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^new +Ready .*\n {4}was old when it was applied\n {4}pending: without any call/,
      );
      expect((await json(name)).recordings).toMatchObject([
        { name: 'new', known_as: 'old', file: 'recordings/new.yaml', pending: { action: 'renamed' } },
      ]);
    }
    expect((await status('nobody')).code).toBe(64);
  });

  it('needs no secrets: one that is not at hand counts as the one that was applied', async () => {
    const { cwd, status, json } = await scene(
      { 'recordings/web.yaml': WEB('CDN_URL') },
      { CDN_URL: 'rtmp://cdn.example.com/live/key' },
    );
    expect(await status()).toMatchObject({ code: 0, stderr: '' });
    expect((await json()).recordings[0].pending).toBeNull();
    await put(cwd, { 'recordings/web.yaml': WEB('OTHER_URL') });
    expect((await json()).recordings[0].pending).toMatchObject({ action: 'update' });
  });

  it('says what it cannot tell: broken files, and no files at all', async () => {
    const { cwd, status, json } = await scene({
      'recordings/a.yaml': recording('a', RED),
      'recordings/b.yaml': recording('b', RED),
    });
    await put(cwd, { 'recordings/b.yaml': 'recording: [' });
    const broken = await status();
    expect(broken.code).toBe(0);
    expect(broken.stderr).toBe(
      '1 file has errors, and what is pending there is not known: see reelstate validate.\n',
    );
    expect(broken.stdout).toMatch(/\nb +Ready .*\n {4}pending: not known, because its file cannot be used\n/);
    expect((await json()).recordings).toMatchObject([{ pending: null }, { pending: 'unknown' }]);
    const nowhere = await status('--dir', 'nowhere');
    expect(nowhere.code).toBe(0);
    expect(nowhere.stderr).toBe('the folder "nowhere" does not exist: what is pending is not known.\n');
    expect(nowhere.stdout).toMatch(/^a +Ready .*\n {4}pending: not known/);
  });
});

describe('a state that is elsewhere', () => {
  it('is told where the working directory suggests otherwise, by every command that asks for it', async () => {
    const { cwd } = await scene({ 'recordings/a.yaml': recording('a', RED) });
    const below = join(cwd, 'recordings');
    const told =
      'reelstate: warning: there is no state in .reelstate, so nothing counts as applied; there is one in ../.reelstate. Run it from the folder that holds it, or with --state ../.reelstate\n';
    for (const args of [
      ['plan'],
      ['status'],
      ['apply', '--endpoint', 'http://127.0.0.1:9', '--retry-for', '0'],
    ])
      expect((await run([...args, '--dir', '.'], { cwd: below })).stderr).toContain(told);
    await rm(join(below, '.reelstate'), { recursive: true });
    const watching = start(['watch', '--dir', '.', '--endpoint', 'http://127.0.0.1:9'], { cwd: below });
    expect(await watching.shows(/.*there is no state in .*/, 'stderr')).toContain('"level":"warn"');
    watching.child.kill('SIGTERM');
    await watching.done;
    await rm(join(below, '.reelstate'), { recursive: true });
    // Where it is named it is meant, and from its own folder there is nothing to say.
    for (const args of [
      ['plan', '--dir', '.', '--state', '../.reelstate'],
      ['plan', '--dir', '.', '--state', 'other'],
    ])
      expect((await run(args, { cwd: below, env: endpointOf(cwd) })).stderr).toBe('');
    expect((await run(['plan'], { cwd })).stderr).toBe('');
    // From beside it: the folder of the files shows where it is.
    await mkdir(join(cwd, 'x'));
    await mkdir(join(cwd, 'y'));
    await rename(join(cwd, '.reelstate'), join(cwd, 'y/.reelstate'));
    await rename(join(cwd, 'recordings'), join(cwd, 'y/recordings'));
    expect((await run(['plan', '--dir', '../y/recordings'], { cwd: join(cwd, 'x') })).stderr).toContain(
      'there is one in ../y/.reelstate',
    );
  });
});
