import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, put, recording, sid } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';

/*
 * Files that are swapped, moved, broken and looked at from elsewhere: what is known of a recording must survive.
 */

const RED = 'layout: { backgroundColor: "#FF0000" }\n';
const GREEN = 'layout: { backgroundColor: "#00FF00" }\n';
const plan = async (cwd: string, ...args: string[]) =>
  JSON.parse((await run(['plan', '--json', ...args], { cwd })).stdout);

describe('what is known survives', () => {
  it('two files that swap their recordings: the resets are not lost, also when apply fails in between', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('1', RED),
      'recordings/b.yaml': recording('2', GREEN),
    });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd });
    await put(cwd, { 'recordings/a.yaml': recording('2', ''), 'recordings/b.yaml': recording('1', '') });
    expect((await run(['apply', '--endpoint', 'http://127.0.0.1:9', '--retry-for', '0'], { cwd })).code).toBe(
      1,
    );
    expect((await plan(cwd)).summary).toMatchObject({ to_update: 2, calls: { updateLayout: 2 } });
    expect((await run(['apply', '--endpoint', sim.url], { cwd })).code).toBe(0);
    for (const each of await sim.recordings())
      expect(each).toMatchObject({ layout: { backgroundColor: '#000000' } });
    await sim.stop();
  });

  it('a swap without an edit is no change', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('1', RED),
      'recordings/b.yaml': recording('2', GREEN),
    });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd });
    await put(cwd, { 'recordings/a.yaml': recording('2', GREEN), 'recordings/b.yaml': recording('1', RED) });
    await run(['apply', 'a', '--endpoint', sim.url], { cwd });
    expect((await plan(cwd)).summary).toMatchObject({
      to_create: 0,
      to_update: 0,
      to_forget: 0,
      unchanged: 2,
    });
    await sim.stop();
  });

  it('a broken file is no deleted one, from whatever folder it is looked at, moved or copied', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('1', RED),
      'recordings/b.yaml': recording('2', GREEN),
    });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd });
    await put(cwd, { 'recordings/a.yaml': `${recording('1', RED)}nonsense: 1\n` });
    await mkdir(join(cwd, 'below'));
    const elsewhere = JSON.parse(
      (
        await run(['plan', '--json', '--dir', '../recordings', '--state', '../.reelstate'], {
          cwd: join(cwd, 'below'),
          env: { REELSTATE_ENDPOINT: sim.url },
        })
      ).stdout,
    );
    expect(elsewhere.summary.to_forget).toBe(0);
    await rename(join(cwd, 'recordings/a.yaml'), join(cwd, 'recordings/c.yaml'));
    expect((await plan(cwd)).summary.to_forget).toBe(0);
    // Copied: both are in error, and neither is forgotten.
    await rm(join(cwd, 'recordings/c.yaml'));
    await put(cwd, { 'recordings/c.yaml': recording('1', RED), 'recordings/d.yaml': recording('1', RED) });
    await run(['apply', '--endpoint', sim.url], { cwd });
    await rm(join(cwd, 'recordings/d.yaml'));
    expect((await plan(cwd)).summary).toMatchObject({ to_create: 0, to_forget: 0, unchanged: 2 });
    await sim.stop();
  });

  it('a document with an error claims its name and its recording: nobody else who does is applied', async () => {
    const cwd = await folder({ 'recordings/c.yaml': recording('3', RED) });
    const codes = async () => {
      const { recordings, diagnostics } = await plan(cwd);
      const said = (diagnostics as { code: string; range: { filename: string } }[])
        .filter(({ code }) => code.startsWith('duplicate-'))
        .map(({ code, range }) => `${range.filename} ${code}`);
      return [(recordings as { name: string }[]).map(({ name }) => name), ...said];
    };
    for (const wrong of ['layout: { mixedVideoLayout: 9 }\n', 'onhold: true\n', 'nonsense: 1\n']) {
      const [a, b] = ['recordings/a.yaml', 'recordings/b.yaml'];
      await put(cwd, {
        [a]: `name: dup\n${recording('1', wrong)}`,
        [b]: `name: dup\n${recording('2', RED)}`,
      });
      expect(await codes()).toEqual([['c'], `${a} duplicate-name`, `${b} duplicate-name`]);
      await put(cwd, { [b]: `name: other\n${recording('1', RED)}` });
      expect(await codes()).toEqual([['c'], `${a} duplicate-recording`, `${b} duplicate-recording`]);
      await put(cwd, { [b]: `name: other\n${recording('2', RED)}` });
      expect(await codes()).toEqual([['other', 'c']]);
      // Both in one file.
      const both = `name: dup\n${recording('1', wrong)}---\nname: dup\n${recording('2', RED)}`;
      await put(cwd, { [a]: both, [b]: `name: other\n${recording('4', RED)}` });
      expect(await codes()).toEqual([['other', 'c'], `${a} duplicate-name`, `${a} duplicate-name`]);
    }
  });

  it('the same among so many files that other threads read them', async () => {
    const many = Array.from({ length: 500 }, (_, n) => [`recordings/${n}.yaml`, recording(n, RED)]);
    const cwd = await folder(Object.fromEntries(many));
    await put(cwd, { 'recordings/500.yaml': `name: "7"\n${recording('8', 'nonsense: 1\n')}` });
    const { recordings, diagnostics } = await plan(cwd);
    expect(recordings).toHaveLength(498);
    expect((diagnostics as { code: string }[]).map(({ code }) => code).sort()).toEqual([
      'duplicate-name',
      'duplicate-name',
      'duplicate-recording',
      'duplicate-recording',
      'unknown-field',
    ]);
  });

  it('a recording that changes its mode is not asked for what the new mode does not have', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('1', RED) });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd });
    await put(cwd, { 'recordings/a.yaml': recording('1', 'onhold: true\n', 'web') });
    expect((await plan(cwd)).summary.calls).toEqual({ update: 1, updateLayout: 0 });
    await sim.stop();
  });

  it('a storage block that is taken out after an unanswered call leaves nothing unknown', async () => {
    const storage =
      'storage: { vendor: s3, region: 0, bucket: b, accessKey: k, secretKey: { fromEnv: KEY } }\n';
    const cwd = await folder({ 'recordings/a.yaml': recording('1', storage) });
    const env = { KEY: 'a-secret-key' };
    const sim = await simulator(cwd, ['--fault', JSON.stringify({ connection: 'cut-after' })]);
    await run(['apply', '--retry-for', '0', '--endpoint', sim.url], { cwd, env });
    await put(cwd, { 'recordings/a.yaml': recording('1', '') });
    await run(['apply', '--endpoint', sim.url], { cwd, env });
    expect(JSON.parse((await run(['status', '--json'], { cwd })).stdout).recordings).toMatchObject([
      { blocks: {} },
    ]);
    expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(0);
    await sim.stop();
  });

  it('a 429 with a long Retry-After holds at once: nothing more leaves, and apply says so instead of waiting for it', async () => {
    const cwd = await folder(
      Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`recordings/r${i}.yaml`, recording(`r${i}`)])),
    );
    const sim = await simulator(cwd, ['--fault', JSON.stringify({ answer: '429', retryAfter: 600 })]);
    const applied = await run(['apply', '--endpoint', sim.url], { cwd });
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(/holds the account back for 600 s \(429\)/);
    expect(await sim.requests()).toHaveLength(1);
    await sim.stop();
  });

  it('wrong credentials behind a 503 are still found out by one call at a time', async () => {
    const cwd = await folder(
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`recordings/r${i}.yaml`, recording(`r${i}`)])),
    );
    const sim = await simulator(cwd, [
      '--fault',
      JSON.stringify({ match: { times: 1 }, answer: '503' }),
      '--fault',
      '401',
    ]);
    const applied = await run(['apply', '--endpoint', sim.url], { cwd });
    expect(applied.stdout).toMatch(/Check AGORA_CUSTOMER_ID/);
    expect(await sim.requests()).toHaveLength(2);
    await sim.stop();
  });

  it('results that cannot be written are told in a line, with exit code 1', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('1', RED) });
    const { execFileSync } = await import('node:child_process');
    const { CLI, NODE } = await import('../support/cli.ts');
    const ended = (() => {
      try {
        execFileSync('sh', ['-c', `"${NODE}" "${CLI}" plan > /dev/full`], {
          cwd,
          encoding: 'utf8',
          stdio: 'pipe',
        });
        return { status: 0, stderr: '' };
      } catch (error) {
        return error as { status: number; stderr: string };
      }
    })();
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/the results cannot be written/);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('the same name for another sid, while the old one is only in a broken file, forgets nothing', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('1', RED) });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd });
    await put(cwd, {
      'recordings/a.yaml': 'recording: [\n',
      'recordings/b.yaml': `name: a\n${recording('2', GREEN)}`,
    });
    await sim.json('/_sim/reload', { method: 'POST' });
    await run(['apply', '--endpoint', sim.url], { cwd });
    await put(cwd, { 'recordings/a.yaml': `name: old\n${recording('1', RED)}` });
    expect((await plan(cwd)).recordings).toMatchObject([
      { name: 'old', action: 'no-op', sid: sid('1') },
      { name: 'a', action: 'no-op', sid: sid('2') },
    ]);
    await sim.stop();
  });
});
