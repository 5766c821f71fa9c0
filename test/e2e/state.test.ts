import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { commit, GIT_ENV, git } from '../sources/git-support.ts';
import { folder, put, recording, start, whenTestEnds } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';
import { oldJournal, oldState } from '../support/old-state.ts';
import { answer, intent } from '../support/states.ts';

/*
 * The state through the built command: what it belongs to, what is done to it by hand, and what happens to it.
 */

const LAYOUT = (color: string) => `layout: { backgroundColor: "${color}" }\n`;
const files = (color = '#000001') => ({
  'recordings/a.yaml': recording('a', LAYOUT(color)),
  'recordings/b.yaml': recording('b', LAYOUT(color)),
});

async function desk(simulate: string[] = [], more: Record<string, string> = {}) {
  const cwd = await folder({ ...files(), ...more });
  const sim = await simulator(cwd, simulate);
  const env = { REELSTATE_ENDPOINT: sim.url };
  const reelstate = (args: string[], over: Record<string, string> = {}, input?: string) =>
    run(
      args,
      { cwd, env: { ...env, ...over } },
      input === undefined ? {} : { input: async () => Buffer.from(input) },
    );
  return { cwd, sim, env, reelstate };
}

describe('a state belongs to where it was applied', () => {
  it('a rehearsal against another service is refused, both are told, and nothing is sent', async () => {
    const { cwd, sim, reelstate } = await desk();
    expect((await reelstate(['apply'])).code).toBe(0);
    const other = await simulator(cwd);
    const elsewhere = { REELSTATE_ENDPOINT: other.url };
    for (const args of [['plan'], ['status'], ['apply'], ['watch'], ['plan', '--out', 'plan.json']])
      for (const [env, named] of [
        [elsewhere, other.url],
        [{ REELSTATE_ENDPOINT: '' }, 'the service of Agora'],
      ] as const) {
        const { code, stderr } = await reelstate(args, env);
        expect({ args, code, stderr }).toMatchObject({ code: 1 });
        expect(stderr).toContain(`belongs to ${sim.url}, and this command is for ${named}`);
        expect(stderr).toContain('reelstate state rebind');
      }
    expect(await other.requests()).toEqual([]);
    expect((await reelstate(['plan', '--detailed-exitcode'])).code).toBe(0);
    // What a daemon is told it says as its log does.
    const { stderr } = await reelstate(['watch'], elsewhere);
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', hint: expect.stringContaining('rebind') });
  });

  it('another account is refused by all that may have credentials but plan', async () => {
    const { cwd, reelstate } = await desk();
    await reelstate(['apply']);
    await put(cwd, files('#000002'));
    const other = { AGORA_CUSTOMER_ID: 'another-customer' };
    for (const command of ['apply', 'watch', 'status']) {
      const { code, stderr } = await reelstate([command], other);
      expect({ command, code, stderr }).toMatchObject({ code: 1 });
      expect(stderr).toContain('belongs to another account');
      expect(stderr).not.toContain('another-customer');
    }
    expect((await reelstate(['plan', '--detailed-exitcode'], other)).code).toBe(2);
    expect((await reelstate(['status'], { AGORA_CUSTOMER_ID: '' })).code).toBe(0);
    const bound = await reelstate(['state', 'rebind', '--yes'], other);
    expect(bound.stdout).toMatch(/^Bound 2 recordings to .*, with the account of AGORA_CUSTOMER_ID\.\n$/);
    // The simulated service knows one customer only: the state lets the call go.
    expect((await reelstate(['apply'], other)).stderr).not.toContain('belongs to');
    expect((await reelstate(['apply'])).stderr).toContain('belongs to another account');
  });

  it('a public domain that is named is the same service as none that is', async () => {
    const { reelstate } = await desk();
    await reelstate(['apply']);
    await reelstate(['state', 'rebind'], { REELSTATE_ENDPOINT: '' });
    for (const endpoint of [
      '',
      'https://api.agora.io',
      'https://api.sd-rtn.com,https://api-us-west-1.agora.io',
    ])
      expect((await reelstate(['plan'], { REELSTATE_ENDPOINT: endpoint })).code).toBe(0);
    expect((await reelstate(['plan'])).code).toBe(1);
  });

  it('what version 0.1 knew is bound by the first that sends', async () => {
    const more = { 'recordings/1.yaml': recording(1), 'recordings/2.yaml': recording(2) };
    const { cwd, sim, reelstate } = await desk([], more);
    const known = [1, 2].flatMap((n) => [intent(n), answer(n, 2 * n - 1)]);
    await oldState(join(cwd, '.reelstate'), { 'journal.jsonl': oldJournal(known) });
    expect((await reelstate(['plan'], { REELSTATE_ENDPOINT: '' })).code).toBe(0);
    expect(existsSync(join(cwd, '.reelstate/state.db'))).toBe(false);
    expect((await reelstate(['apply', 'a'])).code).toBe(0);
    const { recordings } = JSON.parse((await reelstate(['state', 'list', '--json'])).stdout);
    expect(recordings.map(({ target }: { target: string }) => target)).toEqual([sim.url, sim.url, sim.url]);
    const names = await readdir(join(cwd, '.reelstate'));
    expect(names.filter((name) => !/^state\.db-/.test(name)).sort()).toEqual([
      '.gitignore',
      'journal-0.1',
      'lock.db',
      'state.db',
    ]);
  });
});

describe('reelstate state', () => {
  it('lists, shows, renames and forgets', async () => {
    const { sim, reelstate } = await desk([], {
      'recordings/web.yaml': recording('web', 'rtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN } }] }\n', 'web'),
    });
    await reelstate(['apply'], { CDN: 'rtmp://live.example.com/app/the-stream-key' });
    const list = (await reelstate(['state', 'list'])).stdout;
    expect(list).toContain(`a    sid-a  ${sim.url}  recordings/a.yaml\n`);
    expect(list).toContain('3 recordings in .reelstate.\n');
    const shown = (await reelstate(['state', 'show', 'web'])).stdout;
    expect(JSON.parse(shown)).toMatchObject({
      name: 'web',
      target: sim.url,
      update: { applied: { request: { rtmpPublishConfig: { outputs: [{ rtmpUrl: expect.any(String) }] } } } },
    });
    expect(shown).not.toMatch(/the-stream-key|hmac/);
    expect((await reelstate(['state', 'mv', 'a', 'b'])).stderr).toContain('b is in the state already');
    expect((await reelstate(['state', 'mv', 'a', 'hall'])).stdout).toBe('a goes by hall now.\n');
    expect((await reelstate(['state', 'show', 'a'])).code).toBe(64);
    const asked = await reelstate(['state', 'rm', 'hall', 'b'], { REELSTATE_YES: '' });
    expect(asked).toMatchObject({ code: 64 });
    expect(asked.stderr).toContain('--yes is needed');
    expect((await reelstate(['state', 'rm', 'hall', 'b', '--yes'])).stdout).toBe('Forgotten: hall, b.\n');
    expect((await reelstate(['state', 'list'])).stdout).toContain('1 recording in .reelstate');
    expect((await reelstate(['state', 'unlock'])).stdout).toContain('nothing to unlock');
    expect((await reelstate(['state'])).code).toBe(64);
  });

  it('says what was done as JSON, too', async () => {
    const { reelstate } = await desk();
    await reelstate(['apply']);
    const done = async (...args: string[]) =>
      JSON.parse((await reelstate(['state', ...args, '--yes', '--json'])).stdout);
    const copy = (await reelstate(['state', 'export'])).stdout;
    const move = await reelstate(['state', 'mv', 'a', 'hall', '--json']);
    expect(JSON.parse(move.stdout)).toEqual({
      ...{ format_version: '1.0', message: 'a goes by hall now.' },
      ...{ from: 'a', to: 'hall' },
    });
    expect(await done('rebind')).toMatchObject({ format_version: '1.0', bound: [] });
    const other = { REELSTATE_ENDPOINT: 'http://127.0.0.1:9' };
    const bound = JSON.parse((await reelstate(['state', 'rebind', '--yes', '--json'], other)).stdout);
    expect(bound).toMatchObject({ message: expect.stringMatching(/^Bound 2 /), bound: ['hall', 'b'] });
    expect(await done('rm', 'hall', 'b')).toEqual({
      ...{ format_version: '1.0', message: 'Forgotten: hall, b.', forgotten: ['hall', 'b'] },
    });
    expect(await done('unlock')).toEqual({
      ...{ format_version: '1.0', message: expect.stringContaining('nothing to unlock') },
    });
    const imported = await reelstate(['state', 'import', '-', '--json'], {}, copy);
    expect(JSON.parse(imported.stdout)).toMatchObject({ recordings: 2, calls: 2 });
  });

  it('goes to another place and means the same there', async () => {
    const { cwd, reelstate } = await desk();
    await reelstate(['apply']);
    const out = await reelstate(['state', 'export', '--out', 'copy.json']);
    expect(out.stderr).toContain('Exported 2 recordings and 2 calls to copy.json. It holds the key');
    expect((await stat(join(cwd, 'copy.json'))).mode & 0o777).toBe(0o600);
    const text = (await reelstate(['state', 'export'])).stdout;
    expect(JSON.parse(text).recordings).toHaveLength(2);
    expect(JSON.parse((await reelstate(['state', 'export', '--out', '-'])).stdout).recordings).toHaveLength(
      2,
    );
    for (const [args, code, why] of [
      [['export', '--out', ''], 64, '--out: must not be empty'],
      [['export', '--out', 'nowhere/x'], 1, 'nowhere/x cannot be written: its folder does not exist'],
      [['import', 'nowhere'], 1, 'nowhere cannot be read: it does not exist'],
    ] as const)
      expect(await reelstate(['state', ...args])).toMatchObject({ code, stderr: `reelstate: ${why}\n` });
    expect((await readdir(cwd)).filter((name) => name.startsWith('-'))).toEqual([]);
    const there = ['--state', 'other'];
    expect((await reelstate(['state', 'import', '-', ...there], {}, text)).stdout).toBe(
      'Imported 2 recordings and 2 calls.\n',
    );
    expect((await reelstate(['plan', '--detailed-exitcode', ...there])).code).toBe(0);
    expect((await reelstate(['history', ...there])).stdout).toBe((await reelstate(['history'])).stdout);
    // Over something only after asking.
    await put(cwd, files('#000002'));
    await reelstate(['apply', ...there]);
    const refused = await reelstate(['state', 'import', 'copy.json', ...there], { REELSTATE_YES: '' });
    expect(refused).toMatchObject({ code: 64 });
    expect((await reelstate(['state', 'import', 'copy.json', ...there, '--yes'])).code).toBe(0);
    expect((await reelstate(['plan', '--detailed-exitcode', ...there])).code).toBe(2);
    // As Windows saves what a command prints.
    const marked = await reelstate(['state', 'import', '-', '--state', 'marked'], {}, `\ufeff${text}`);
    expect(marked).toMatchObject({ code: 0, stdout: 'Imported 2 recordings and 2 calls.\n' });
    await writeFile(join(cwd, 'wide.json'), Buffer.from(`\ufeff${text}`, 'utf16le'));
    const wide = await reelstate(['state', 'import', 'wide.json', '--state', 'third']);
    expect(wide).toMatchObject({ code: 1, stderr: expect.stringContaining('wide.json is not UTF-8') });
    const { recordings, calls, ...rest } = JSON.parse(text);
    for (const bad of [
      JSON.stringify({ ...rest, calls, recordings: [...recordings, recordings[0]] }),
      // Two states that know other recordings have calls of the same numbers.
      JSON.stringify({ ...rest, recordings, calls: [...calls, { ...calls[0], name: 'other' }] }),
      '{}',
      'x',
      text.slice(0, -20),
      text.replace('"serial":', '"serial":"x","_":'),
    ]) {
      await put(cwd, { 'bad.json': bad });
      const { code, stderr } = await reelstate(['state', 'import', 'bad.json', '--state', 'third']);
      expect({ code, stderr }).toMatchObject({ code: 1 });
      expect(stderr).toMatch(/bad\.json is (no exported state|damaged)/);
      expect(existsSync(join(cwd, 'third'))).toBe(false);
    }
  });

  it('with REELSTATE_STATE_KEY keeps no key', async () => {
    const { cwd, reelstate } = await desk();
    const key = { REELSTATE_STATE_KEY: 'sixteen characters and more' };
    // A line end comes from how it was put there.
    await reelstate(['apply'], { REELSTATE_STATE_KEY: `${key.REELSTATE_STATE_KEY}\r\n` });
    expect((await reelstate(['plan', '--detailed-exitcode'], key)).code).toBe(0);
    const { code, stderr } = await reelstate(['plan']);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('REELSTATE_STATE_KEY'),
    });
    const exported = await reelstate(['state', 'export'], key);
    expect(JSON.parse(exported.stdout).key).toBeNull();
    expect(exported.stdout + exported.stderr).not.toContain(key.REELSTATE_STATE_KEY);
    expect(await readFile(join(cwd, '.reelstate/state.db'), 'latin1')).not.toContain('sixteen characters');
    expect((await reelstate(['plan'], { REELSTATE_STATE_KEY: 'short' })).code).toBe(64);
  });
});

describe('what happens to a state', () => {
  it('removed under a daemon by a cleaning of the checkout: it stops, says so, and ends with 1', async () => {
    const { cwd, sim, env } = await desk();
    await writeFile(join(cwd, '.gitignore'), '.reelstate\n');
    git(cwd, ['init', '--quiet', '-b', 'main']);
    commit(cwd, 'The first commit');
    const daemon = start(['watch', '--git', '--ref', 'main'], { cwd, env: { ...env, ...GIT_ENV } });
    await vi.waitFor(async () => expect(await sim.requests()).toHaveLength(2), { timeout: 20_000 });
    await daemon.shows(/"watching"/, 'stderr');
    git(cwd, ['clean', '-fdxq']);
    await put(cwd, files('#000003'));
    commit(cwd, 'Another colour');
    const { code, stderr } = await daemon.done;
    expect(code).toBe(1);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({
      level: 'error',
      msg: expect.stringContaining('was removed or changed'),
    });
    expect(await sim.requests()).toHaveLength(2);
    expect(existsSync(join(cwd, '.reelstate'))).toBe(false);
  });

  it('lost while an answer is awaited: /readyz and /healthz are red', async () => {
    const { cwd, sim, env } = await desk(['--latency', '3000']);
    const daemon = start(['watch', '--listen', '127.0.0.1:0'], { cwd, env });
    const [url] = (await daemon.shows(/http:\/\/127\.0\.0\.1:\d+/, 'stderr')).match(/http\S+\d/) ?? [''];
    await vi.waitFor(async () => expect((await sim.requests()).length).toBeGreaterThan(0), {
      timeout: 20_000,
    });
    await rm(join(cwd, '.reelstate'), { recursive: true });
    await vi.waitFor(
      async () => {
        for (const path of ['/readyz', '/healthz']) {
          const response = await fetch(`${url}${path}`);
          expect(response.status).toBe(503);
          expect(await response.text()).toContain('was removed or changed');
        }
      },
      { timeout: 10_000 },
    );
    expect((await daemon.done).code).toBe(1);
  });

  it('beside a daemon import --applied says what to do', async () => {
    const { cwd, sim, env, reelstate } = await desk();
    const daemon = start(['watch'], { cwd, env });
    await vi.waitFor(async () => expect(await sim.requests()).toHaveLength(2), { timeout: 20_000 });
    await put(cwd, {
      'start.json': JSON.stringify({
        cname: 'channel-c',
        uid: '527841',
        clientRequest: { recordingConfig: { channelType: 0 } },
      }),
    });
    const flags = ['--app-id', 'app', '--resource-id', 'r', '--sid', 's', '--out', 'recordings/c.yaml'];
    const { code, stderr } = await reelstate(['import', 'start.json', ...flags, '--applied']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/in use by process \d+ on \S+ \(reelstate watch, since /);
    expect(stderr).toContain('Without --applied the file is written');
    expect(existsSync(join(cwd, 'recordings/c.yaml'))).toBe(false);
    daemon.child.kill('SIGTERM');
    expect((await daemon.done).code).toBe(0);
  });

  it('that cannot be opened is told with its path, by a daemon as its log tells everything', async () => {
    const { cwd, sim, env } = await desk();
    const reelstate = (args: string[]) => start(args, { cwd, env }).done;
    const state = join(cwd, '.reelstate');
    const refused = async (told: string) => {
      for (const command of ['plan', 'status', 'apply']) {
        const { code, stderr } = await reelstate([command]);
        expect({ command, code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(told) });
        expect(stderr).not.toContain('ConnectionFailed');
      }
      const daemon = await reelstate(['watch']);
      expect(daemon.code).toBe(1);
      expect(JSON.parse(daemon.stderr)).toMatchObject({
        level: 'error',
        msg: expect.stringContaining(told),
      });
    };
    await writeFile(state, 'no folder');
    await refused(`the state folder ${state} cannot be opened: it is a file`);
    for (const command of ['plan', 'apply']) {
      const { code, stderr } = await reelstate([command, '--state', '.reelstate/deep/er']);
      expect({ code, stderr }).toMatchObject({ code: 1 });
      expect(stderr).toContain(`${join(state, 'deep/er')} cannot be opened: ${state} is a file`);
    }
    expect(await readFile(state, 'utf8')).toBe('no folder');
    await rm(state);
    // Nothing can be said of what is there, not even whether it is a folder.
    await symlink('.reelstate', state);
    await refused(`ELOOP: too many symbolic links encountered`);
    const { stderr } = await reelstate(['apply']);
    expect(stderr).toContain(`the state folder ${state} cannot be written`);
    await rm(state);
    await reelstate(['apply']);
    await rm(join(state, 'state.db'));
    await mkdir(join(state, 'state.db'));
    await refused(`${join(state, 'state.db')} cannot be opened: it is a folder`);
    expect(await sim.requests()).toHaveLength(2);
  });

  it('damaged in one recording: a daemon says so and ends with 1', async () => {
    const { cwd, sim, reelstate } = await desk();
    await reelstate(['apply']);
    const database = join(cwd, '.reelstate/state.db');
    const code = `const D = require('libsql'); const d = new D(process.argv[1]); d.exec('delete from known'); d.exec('pragma wal_checkpoint(truncate)'); d.close();`;
    execFileSync(process.execPath, ['-e', code, database], { cwd: join(import.meta.dirname, '../..') });
    const daemon = await reelstate(['watch']);
    expect(daemon.code).toBe(1);
    expect(JSON.parse(daemon.stderr.trim().split('\n').at(-1) as string)).toMatchObject({
      level: 'error',
      msg: `${database}: what is known of a is damaged`,
      hint: expect.stringContaining('Restore the state from a backup'),
    });
    expect(await sim.requests()).toHaveLength(2);
  });

  it('put back from a copy beside a later log is refused, and a log of its own is not', async () => {
    const { cwd, sim, env } = await desk();
    const reelstate = (args: string[]) => start(args, { cwd, env }).done;
    const database = join(cwd, '.reelstate/state.db');
    const killed = async (color: string) => {
      await put(cwd, files(color));
      const before = (await sim.requests()).length;
      const daemon = start(['watch'], { cwd, env });
      await vi.waitFor(async () => expect(await sim.requests()).toHaveLength(before + 2), {
        timeout: 20_000,
      });
      await daemon.shows(/("msg":"applied"\}\n.*){2}/s, 'stderr');
      return daemon;
    };
    await reelstate(['apply']);
    const copy = await readFile(database);
    for (const color of ['#000002', '#000003', '#000004']) {
      const daemon = await killed(color);
      daemon.child.kill('SIGKILL');
      await daemon.done;
      expect((await reelstate(['plan', '--detailed-exitcode'])).code).toBe(0);
    }
    // Written over in place, beside the log of a daemon that was killed, and under one that runs.
    const log = await readFile(`${database}-wal`);
    const refused = async () => {
      for (const command of ['plan', 'status', 'apply', 'watch']) {
        const { code, stderr } = await reelstate([command]);
        expect({ command, code, stderr }).toMatchObject({
          code: 1,
          stderr: expect.stringContaining(`${database} is an older copy, or another one`),
        });
      }
    };
    const later = await readFile(database);
    await writeFile(database, copy);
    await refused();
    expect(await readFile(`${database}-wal`)).toEqual(log);
    await writeFile(database, later);
    const daemon = await killed('#000005');
    await writeFile(database, copy);
    expect((await daemon.done).code).toBe(1);
    await refused();
    for (const name of ['wal', 'shm']) await rm(`${database}-${name}`);
    expect((await reelstate(['plan', '--detailed-exitcode'])).code).toBe(2);
    expect((await reelstate(['apply'])).code).toBe(0);
  });

  it('whose journal of version 0.1 is gone, or was written on after it was taken over, is refused', async () => {
    const { cwd, sim, env } = await desk();
    const reelstate = (args: string[]) => start(args, { cwd, env }).done;
    const state = join(cwd, '.reelstate');
    await oldState(state, {});
    for (const command of ['plan', 'status', 'apply', 'watch'])
      expect((await reelstate([command])).stderr).toContain(`${join(state, 'journal.jsonl')} is missing`);
    expect(await readdir(state)).toEqual(['key']);
    await oldState(state, { 'journal.jsonl': oldJournal([intent(1), answer(1, 1)]) });
    expect((await reelstate(['state', 'rebind', '--yes'])).code).toBe(0);
    await oldState(state, { 'journal.jsonl': oldJournal([intent(2), answer(2, 1)]) });
    for (const command of ['plan', 'status', 'apply', 'watch'])
      expect((await reelstate([command])).stderr).toContain(
        'journal.jsonl was written by version 0.1 after its state had been taken over',
      );
    expect(await sim.requests()).toEqual([]);
    // Either is gone on from once the other one is away.
    await rm(join(state, 'journal-0.1'), { recursive: true });
    for (const name of ['state.db', 'lock.db']) await rm(join(state, name));
    expect((await reelstate(['state', 'list'])).stdout).toContain('rec-2');
  });

  it('read where nothing may be written', async () => {
    const { cwd, reelstate } = await desk();
    await reelstate(['apply']);
    await chmod(join(cwd, '.reelstate'), 0o500);
    const before = await readdir(join(cwd, '.reelstate'));
    for (const command of ['plan', 'status', 'history']) expect((await reelstate([command])).code).toBe(0);
    expect(await readdir(join(cwd, '.reelstate'))).toEqual(before);
    await chmod(join(cwd, '.reelstate'), 0o700);
  });

  const mayMount =
    process.getuid?.() === 0 &&
    spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs /mnt']).status === 0;

  it.skipIf(!mayMount)('a disk that is full from the start, or becomes full under way', async () => {
    const { cwd, sim, env, reelstate } = await desk(['--latency', '400']);
    const at = join(cwd, 'st');
    await mkdir(at);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', at]);
    whenTestEnds(() => void spawnSync('umount', ['-l', at]));
    const fill = () => spawnSync('dd', ['if=/dev/zero', `of=${join(at, 'fill')}`, 'bs=1k', 'count=700']);
    fill();
    const full = await reelstate(['watch', '--state', 'st']);
    expect(full.code).toBe(1);
    expect(JSON.parse(full.stderr)).toMatchObject({ level: 'error', msg: expect.stringContaining(at) });
    expect(await readdir(at)).toEqual(['fill']);
    expect(await sim.requests()).toEqual([]);

    await rm(join(at, 'fill'));
    await put(cwd, files('#000009'));
    const applying = start(['apply', '--json', '--state', 'st'], { cwd, env });
    await vi.waitFor(async () => expect((await sim.requests()).length).toBeGreaterThan(0), {
      timeout: 20_000,
    });
    // The log of the database has room left that a fault must not have: it is used up, too.
    const log = join(at, 'state.db-wal');
    expect(existsSync(log)).toBe(true);
    fill();
    const { code, stdout } = await applying.done;
    expect(code).toBe(1);
    const last = JSON.parse(stdout.trim().split('\n').at(-1) as string);
    expect(JSON.stringify(last)).toContain('the state cannot be written');
    expect(stdout).toContain('sent-not-recorded');
  });
});
