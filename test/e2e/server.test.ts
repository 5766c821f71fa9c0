import { createHmac } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GIT_ENV, repository } from '../sources/git-support.ts';
import { folder, put, recording, run, sid } from '../support/cli.ts';
import { ask, idle } from '../support/http.ts';
import { until, watching } from '../support/watching.ts';

/*
 * What a daemon answers on --listen, to whom, and what clients that mean no good can do to it.
 */

const FILE = (color: string) => ({
  'recordings/a.yaml': recording('a', `layout: { backgroundColor: "${color}" }\n`),
});
const color = (wanted: string) => (each: Record<string, never>) =>
  (each.layout as unknown as { backgroundColor?: string } | null)?.backgroundColor === wanted;

describe('Host', () => {
  it('is loopback, or one that --listen-host names', async () => {
    const cwd = await folder(FILE('#000001'));
    const w = await watching(
      cwd,
      ['--listen-host', 'reelstate.example.com', '--listen-host', '192.0.2.7'],
      {},
    );
    const status = async (path: string, host: string) => (await ask(`${w.url}${path}`, { host })).status;
    for (const host of [
      'localhost:1',
      '127.0.0.1',
      '127.1.2.3:80',
      '[::1]:9464',
      'LOCALHOST',
      'Reelstate.Example.com:80',
      '192.0.2.7',
    ])
      for (const path of ['/healthz', '/api/recordings'])
        expect([host, path, await status(path, host)]).toEqual([host, path, 200]);
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'reelstate.example.com.evil.example',
      '192.0.2.8',
      '0.0.0.0',
      'a@localhost',
    ])
      for (const path of ['/healthz', '/metrics', '/api/recordings', '/api/known', '/nowhere'])
        expect([host, path, await status(path, host)]).toEqual([host, path, 403]);
    const { text } = await ask(`${w.url}/api/recordings`, { host: 'evil.example' });
    expect(text).toBe('the Host of this request is neither loopback nor a --listen-host of this daemon\n');
    await w.stop();
  });

  it.each([
    [['--listen-host', 'a.example'], {}, '--listen-host is about --listen'],
    [['--listen-token-file', 'token'], {}, '--listen-token-file is about --listen'],
    [['--listen', '127.0.0.1:0', '--listen-host', 'a.example:80'], {}, 'without a port'],
    [['--listen', '127.0.0.1:0', '--listen-host', ''], {}, 'must be a name'],
    [['--listen', '127.0.0.1:0'], { REELSTATE_LISTEN_HOST: 'http://x' }, 'must be a name'],
  ])('the command line is wrong: %j', async (args, env, message) => {
    const cwd = await folder(FILE('#000001'));
    const ran = await run(['watch', ...args], { cwd, env });
    expect(ran).toMatchObject({ code: 64, stderr: expect.stringContaining(message) });
  });
});

describe('a token', () => {
  /** An address of this machine that is not loopback, as another machine would see it; its packets stay here all the same. */
  const own = Object.values(networkInterfaces())
    .flat()
    .find((each) => each && !each.internal && each.family === 'IPv4')?.address;

  it('that cannot be had ends the daemon, and one that others can read is told', async () => {
    const cwd = await folder({ ...FILE('#000001'), empty: '\n' });
    for (const file of ['nowhere', 'empty']) {
      const ran = await run(['watch', '--listen', '127.0.0.1:0', '--listen-token-file', file], {
        cwd,
        env: { REELSTATE_ENDPOINT: 'http://127.0.0.1:1' },
      });
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('--listen-token-file') });
    }
    await writeFile(join(cwd, 'token'), 'a-token\n', { mode: 0o644 });
    await chmod(join(cwd, 'token'), 0o644);
    const w = await watching(cwd, ['--listen-token-file', 'token']);
    await w.daemon.shows(/others on this machine can read the token: chmod 600/, 'stderr');
    // Who is on this machine needs none.
    expect((await w.get('/api/recordings')).status).toBe(200);
    const { stderr } = await w.stop();
    expect(stderr).not.toContain('a-token');
  });

  it('is what other machines need for anything but health and metrics', async () => {
    const cwd = await folder({ ...FILE('#000001'), wrong: 'another\n' });
    await writeFile(join(cwd, 'token'), 'a-token\n', { mode: 0o600 });
    const bare = await watching(cwd, ['--listen', '0.0.0.0:0']);
    // Where this machine has no other address there is nothing to be seen from it: access.test.ts has the rules.
    const from = (url: string) => (own === undefined ? url : url.replace('0.0.0.0', own));
    const expected = own === undefined ? 200 : 403;
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect(
        (await ask(`${from(bare.url)}${path}`, own === undefined ? { host: 'localhost' } : {})).status,
      ).toBe(200);
    for (const path of ['/api/recordings', '/api/known'])
      expect((await ask(`${from(bare.url)}${path}`, { host: 'localhost' })).status).toBe(expected);
    await bare.stop();

    const w = await watching(cwd, [
      '--listen',
      '0.0.0.0:0',
      '--listen-token-file',
      'token',
      ...(own === undefined ? [] : ['--listen-host', own]),
      // What is known belongs to the service before.
      ...['--state', 'another'],
    ]);
    const url = own === undefined ? w.url.replace('0.0.0.0', '127.0.0.1') : from(w.url);
    const asked = async (token?: string) =>
      (await ask(`${url}/api/recordings`, token === undefined ? {} : { authorization: `Bearer ${token}` }))
        .status;
    const without = own === undefined ? 200 : 401;
    expect(await asked()).toBe(without);
    expect(await asked('another')).toBe(without);
    expect(await asked('a-token')).toBe(200);
    const commands = [
      ['status', '--daemon', url],
      ['plan', '--against', url],
    ];
    for (const args of commands) {
      expect((await run([...args, '--daemon-token-file', 'token'], { cwd })).code).toBe(0);
      expect((await run(args, { cwd, env: { REELSTATE_DAEMON_TOKEN_FILE: 'token' } })).code).toBe(0);
      const refused = await run([...args, '--daemon-token-file', 'wrong'], { cwd });
      expect(refused.code).toBe(own === undefined ? 0 : 1);
      if (own !== undefined)
        expect(refused.stderr).toMatch(
          /refuses: the token is missing or not right[\s\S]*--daemon-token-file/,
        );
    }
    await writeFile(join(cwd, 'token'), 'the-next\n');
    expect(await asked('the-next')).toBe(200);
    expect(await asked('a-token')).toBe(without);
    await writeFile(join(cwd, 'token'), '');
    expect(await asked('')).toBe(without);
    const { stderr } = await w.stop();
    expect(stderr).not.toMatch(/a-token|the-next/);
  });
});

it.each([
  'localhost:9464',
  'ada:pass-word@localhost',
  'ftp://ada:pass-word@localhost',
  'http://ada:pass-word@localhost:1',
])('the address of a daemon is wrong: %s', async (address) => {
  const cwd = await folder(FILE('#000001'));
  for (const args of [
    ['status', '--daemon'],
    ['plan', '--against'],
  ]) {
    const { code, stderr } = await run([...args, address], { cwd });
    expect([code, stderr]).toEqual([64, expect.stringContaining(`reelstate: ${args[1]}`)]);
    expect(stderr).not.toContain('pass-word');
  }
});

describe('clients that mean no good', () => {
  it('400 slow connections delay no edit, and health answers meanwhile', async () => {
    const cwd = await folder(FILE('#000001'));
    const w = await watching(cwd);
    await w.atService(sid('a'), color('#000001'));
    const slow = await idle(w.url, 400, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    const begun = performance.now();
    await put(cwd, FILE('#000002'));
    await w.atService(sid('a'), color('#000002'));
    expect(performance.now() - begun).toBeLessThan(1_500);
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/recordings'])
      expect((await w.get(path)).status).toBe(200);
    // None of them stays for long: some make room at once, the others had their time.
    await until(async () => slow.every((socket) => socket.destroyed), 'all are gone', 20_000);
    expect((await w.stop()).code).toBe(0);
  });
});

describe('POST /hooks/git', () => {
  const SECRET = 'a-hook-secret';
  const hex = (body: string, key: string | Buffer = SECRET) =>
    createHmac('sha256', key).update(body).digest('hex');

  async function daemon(secret = SECRET) {
    const remote = await repository(FILE('#000001'));
    const cwd = await folder(FILE('#FFFFFF'));
    const w = await watching(cwd, ['--git-url', `file://${remote}`, '--ref', 'main', '--interval', '1h'], {
      env: { ...GIT_ENV, REELSTATE_HOOK_SECRET: secret },
    });
    await w.atService(sid('a'), color('#000001'));
    const hook = (headers: Record<string, string>, body = '{}') =>
      ask(`${w.url}/hooks/git`, headers, 'POST', body);
    return { ...w, hook };
  }

  it('bodies are hashed as they come in: what is too large is not taken, and nothing is kept', async () => {
    const w = await daemon();
    const large = 'x'.repeat(5 * 1024 * 1024);
    expect((await w.hook({ 'x-gitlab-token': SECRET }, `${large}x`)).status).toBe(413);
    expect(
      (await w.hook({ 'x-gitlab-token': SECRET, 'transfer-encoding': 'chunked' }, `${large}x`)).status,
    ).toBe(413);
    // All of them but for their last byte, so that whatever is kept is there at once.
    const words = `POST /hooks/git HTTP/1.1\r\nHost: localhost\r\nX-Hub-Signature-256: sha256=${hex(large)}\r\nContent-Length: ${large.length}\r\n\r\n${large.slice(1)}`;
    const sockets = await idle(w.url, 80, words);
    await until(
      async () => sockets.every((socket) => socket.writableLength === 0),
      'all bodies are sent',
      30_000,
    );
    const metrics = (await ask(`${w.url}/metrics`)).text;
    const resident = Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]);
    expect(resident).toBeLessThan(250 * 1024 * 1024);
    for (const socket of sockets) socket.write('x');
    const answers = await Promise.all(
      sockets.map(
        (socket) => new Promise<string>((resolve) => socket.once('data', (heard) => resolve(String(heard)))),
      ),
    );
    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 202'))).toHaveLength(80);
    await w.stop();
  });
});
