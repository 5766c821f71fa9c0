import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder, put, recording, run, simulator, start } from '../support/cli.ts';
import { cuttable } from '../support/cuttable.ts';
import { Fleet, RATE, takenOver } from '../support/fleet.ts';
import { PASSWORD, type Server, startServer, withoutServer } from '../support/postgres.ts';
import { until } from '../support/watching.ts';

/*
 * The built command with a state in PostgreSQL, and several processes of it.
 */

const missing = withoutServer();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const ready = async (url: string) => {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, text: await response.text() };
};

describe.skipIf(missing !== undefined)('a state in PostgreSQL', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  }, 60_000);
  afterAll(() => server.stop(), 60_000);

  const shared = async (state?: string) => ({
    ...server.env,
    REELSTATE_STATE: state ?? (await server.address()),
  });

  it('a daemon that is killed or stands still is replaced, and nothing outdated or too much arrives', async () => {
    const fleet = await Fleet.open(12);
    const env = await shared();
    const first = await fleet.watch(env);
    await fleet.settled();
    const second = await fleet.watch(env);
    const third = await fleet.watch(env);
    expect(await ready(first.url)).toEqual({ status: 200, text: 'ok\n' });
    const standby = await ready(second.url);
    expect(standby.status).toBe(200);
    expect(standby.text).toContain(`standby: process ${first.child.pid} on `);
    expect((await fetch(`${second.url}/healthz`)).status).toBe(200);
    const api = (await (await fetch(`${second.url}/api/recordings`)).json()) as {
      recordings: [{ conditions: unknown }];
    };
    expect(api).toMatchObject({ ready: true, standby: expect.stringContaining('standby') });
    expect(JSON.stringify(api.recordings[0].conditions)).toContain('"reason":"Standby"');

    await fleet.edit();
    await pause(300);
    first.child.kill('SIGKILL');
    expect(await takenOver([second, third])).toBeLessThan(8_000);
    await fleet.settled();

    // The one that holds it now stands still, among calls.
    const holder = (await ready(second.url)).text === 'ok\n' ? second : third;
    const other = holder === second ? third : second;
    await fleet.edit();
    await pause(300);
    holder.child.kill('SIGSTOP');
    await fleet.edit();
    expect(await takenOver([other])).toBeLessThan(8_000);
    await fleet.edit();
    holder.child.kill('SIGCONT');
    await until(async () => (await ready(holder.url)).text.includes('standby'), 'the old one stands by');
    await fleet.settled();
    const { most, outdated } = await fleet.judge();
    expect({ isWithin: most <= RATE, outdated }).toEqual({ isWithin: true, outdated: 0 });

    // One that is told to end leaves the account to the next at once.
    other.child.kill('SIGTERM');
    const ended = performance.now();
    await until(async () => (await ready(holder.url)).text === 'ok\n', 'the old one sends again');
    expect(performance.now() - ended).toBeLessThan(4_000);
    expect((await other.done).code).toBe(0);
    await fleet.edit();
    await fleet.settled();
    holder.child.kill('SIGTERM');
    expect((await holder.done).code).toBe(0);
    expect(await fleet.sim.violations()).toEqual([]);
  }, 120_000);

  it('apply waits for the account and says who has it; what only reads never waits', async () => {
    const fleet = await Fleet.open(3);
    const env = await shared();
    const options = { cwd: fleet.cwd, env };
    const daemon = await fleet.watch(env);
    await fleet.settled();
    await fleet.edit();
    await fleet.settled();
    const args = ['apply', '--endpoint', fleet.sim.url];
    const refused = await run([...args, '--lock-timeout', '500ms'], options);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      new RegExp(`in use by process ${daemon.child.pid} on .* \\(reelstate watch, since 20`),
    );
    for (const command of [['plan', '--endpoint', fleet.sim.url], ['status'], ['history'], ['state', 'list']])
      expect(await run([...command, '--endpoint', fleet.sim.url], options)).toMatchObject({
        code: 0,
        stderr: '',
      });
    expect(await run(['state', 'rm', 'r0', '--yes'], options)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`process ${daemon.child.pid}`),
    });
    const waiting = start(args, options);
    await pause(1_000);
    daemon.child.kill('SIGTERM');
    expect(await waiting.done).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to do') });
  }, 60_000);

  it('a restart of the database ends neither apply nor watch, and /readyz says what is missing', async () => {
    const fleet = await Fleet.open(40);
    const env = await shared();
    const applying = start(['apply', '--endpoint', fleet.sim.url], { cwd: fleet.cwd, env });
    await until(async () => (await fleet.sim.requests()).length > 12, 'some calls');
    await server.restart(300);
    const applied = await applying.done;
    expect({ code: applied.code, stdout: applied.stdout.slice(-60), stderr: applied.stderr }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('40 calls for 40 recordings applied'),
    });
    await fleet.settled(1_000);
    const daemon = await fleet.watch(env);
    const away = server.restart(2_500);
    await until(async () => (await ready(daemon.url)).status === 503, 'red');
    expect((await ready(daemon.url)).text).toMatch(/^the database postgres:\/\/.* cannot be reached: /);
    await fleet.edit();
    await away;
    await until(async () => (await ready(daemon.url)).status === 200, 'green again');
    await fleet.settled();
    const { most, outdated } = await fleet.judge();
    expect({ isWithin: most <= RATE, outdated }).toEqual({ isWithin: true, outdated: 0 });
    daemon.child.kill('SIGTERM');
    expect(await daemon.done).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('the database is there again'),
    });
  }, 60_000);

  it('a daemon whose connections are cut sends no longer than its lease goes on', async () => {
    const fleet = await Fleet.open(10);
    const address = await server.address();
    const { proxied, cut, mend } = await cuttable(address);
    const first = await fleet.watch(await shared(proxied));
    await fleet.settled();
    const second = await fleet.watch(await shared(address));
    cut();
    await fleet.edit();
    expect(await takenOver([second])).toBeLessThan(8_000);
    await fleet.edit();
    await fleet.settled();
    expect(await ready(first.url)).toMatchObject({ status: 503 });
    mend();
    await until(async () => (await ready(first.url)).text.includes('standby'), 'the first stands by', 12_000);
    const { most, outdated } = await fleet.judge();
    expect({ isWithin: most <= RATE, outdated }).toEqual({ isWithin: true, outdated: 0 });
    second.child.kill('SIGTERM');
    expect((await second.done).code).toBe(0);
    await until(async () => (await ready(first.url)).text === 'ok\n', 'the first sends again');
    await fleet.edit();
    cut();
    const told = performance.now();
    first.child.kill('SIGTERM');
    expect((await first.done).code).toBe(0);
    expect(performance.now() - told).toBeLessThan(5_500);
  }, 60_000);

  it('import --applied beside a daemon writes nothing, and says what to do', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const sim = await simulator(cwd);
    const env = { ...(await shared()), REELSTATE_ENDPOINT: sim.url };
    const daemon = start(['watch'], { cwd, env });
    await daemon.shows(/"msg":"applied"/, 'stderr');
    await put(cwd, {
      'start.json': JSON.stringify({
        cname: 'channel-c',
        uid: '527841',
        clientRequest: { recordingConfig: { channelType: 0, subscribeAudioUids: ['1'] } },
      }),
    });
    const flags = ['--app-id', 'app', '--resource-id', 'r', '--sid', 's', '--out', 'recordings/c.yaml'];
    const refused = await run(['import', 'start.json', ...flags, '--applied'], { cwd, env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/in use by process \d+ on \S+ \(reelstate watch, since /);
    expect(refused.stderr).toContain('Without --applied the file is written');
    expect(existsSync(join(cwd, 'recordings/c.yaml'))).toBe(false);
    daemon.child.kill('SIGTERM');
    expect((await daemon.done).code).toBe(0);
    expect((await run(['import', 'start.json', ...flags, '--applied'], { cwd, env })).code).toBe(0);
    expect((await run(['state', 'list'], { cwd, env })).stdout).toContain('recordings/c.yaml');
  });

  it('takes the password from a variable or a file, and never from the command line', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const { hostname, port, pathname, username, href } = new URL(await server.address());
    const secret = 'hunter2-of-the-database';
    for (const state of [
      `postgres://${username}:${secret}@${hostname}:${port}${pathname}`,
      `postgresql://${hostname}:${port}${pathname}?password=${secret}`,
      `postgres://${username}:${secret}/x@${hostname}${pathname}`,
    ]) {
      const refused = await run(['plan', '--state', state], { cwd });
      expect(refused).toMatchObject({ code: 64, stdout: '' });
      expect(refused.stderr).toMatch(/password must not be in the address\n {2}.*PGPASSWORD/);
      expect(refused.stderr).not.toContain(secret);
    }
    const wrong = await run(['plan', '--state', href], { cwd, env: { PGPASSWORD: secret } });
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/the database postgres:.* refuses: password authentication failed/);
    expect(wrong.stderr).not.toContain(secret);
    const none = await run(['status', '--state', href], { cwd });
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(/wants a password, and none is given\n {2}.*PGPASSWORD/);
    const file = join(cwd, 'passwords');
    await writeFile(
      file,
      `# a comment\nelsewhere:*:*:*:${secret}\n${hostname}:${port}:*:${username}:${PASSWORD}\n`,
    );
    const given = { cwd, env: { PGPASSFILE: file } };
    await chmod(file, 0o644);
    expect(await run(['plan', '--state', href], given)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`chmod 600 ${file}`),
    });
    await chmod(file, 0o600);
    expect(await run(['plan', '--state', href], given)).toMatchObject({ code: 0, stderr: '' });
    const open = await run(['plan', '--state', `${href}?sslmode=require`], given);
    expect(open).toMatchObject({ code: 1, stderr: expect.stringContaining('does not support SSL') });
    expect((await run(['plan', '--state', `${href}?sslmode=yes`], given)).code).toBe(64);
  });

  it('is copied from a folder and back, and unlocked after asking', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': recording('b') });
    const sim = await simulator(cwd);
    const env = await shared();
    const inFolder = ['--state', 'here'];
    const at = ['--endpoint', sim.url];
    expect((await run(['apply', ...at, ...inFolder], { cwd })).code).toBe(0);
    expect((await run(['state', 'export', '--out', 'dump.json', ...inFolder], { cwd })).code).toBe(0);
    expect(await run(['state', 'import', 'dump.json'], { cwd, env })).toMatchObject({ code: 0 });
    expect((await run(['plan', '--detailed-exitcode', ...at], { cwd, env })).code).toBe(0);
    expect((await run(['history', '--json'], { cwd, env })).stdout).toBe(
      (await run(['history', '--json', ...inFolder], { cwd })).stdout,
    );
    await put(cwd, { 'recordings/a.yaml': recording('a', 'layout: { backgroundColor: "#ABCDEF" }\n') });
    expect((await run(['apply', ...at], { cwd, env })).code).toBe(0);
    expect((await run(['state', 'export', '--out', 'back.json'], { cwd, env })).code).toBe(0);
    expect((await run(['state', 'import', 'back.json', '--yes', ...inFolder], { cwd })).code).toBe(0);
    expect((await run(['plan', '--detailed-exitcode', ...at, ...inFolder], { cwd })).code).toBe(0);

    expect((await run(['state', 'unlock'], { cwd, env })).stdout).toContain('There is nothing to unlock');
    const daemon = start(['watch', ...at], { cwd, env });
    await daemon.shows(/"msg":"watching"/, 'stderr');
    const unasked = await run(['state', 'unlock'], { cwd, env: { ...env, REELSTATE_YES: '' } });
    expect(unasked).toMatchObject({ code: 64, stderr: expect.stringContaining('--yes is needed') });
    const unlocked = await run(['state', 'unlock', '--yes'], { cwd, env });
    expect(unlocked.stdout).toContain(`Ended what process ${daemon.child.pid} on `);
    // It takes the account again, and goes on from what is known by then.
    await daemon.shows(/this process sends for the account/, 'stderr');
    await put(cwd, { 'recordings/b.yaml': recording('b', 'layout: { backgroundColor: "#123456" }\n') });
    await daemon.shows(/"recording":"b".*"msg":"applied"/, 'stderr');
    daemon.child.kill('SIGTERM');
    expect((await daemon.done).code).toBe(0);
  }, 60_000);
});
