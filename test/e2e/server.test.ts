import { createHmac } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commit, GIT_ENV, repository } from '../sources/git-support.ts';
import { folder, put, recording, run, sid } from '../support/cli.ts';
import { until, watching } from '../support/watching.ts';

/*
 * What a daemon answers on --listen, to whom, and what clients that mean no good can do to it.
 */

const FILE = (color: string) => ({
  'recordings/a.yaml': recording('a', `layout: { backgroundColor: "${color}" }\n`),
});
const color = (wanted: string) => (each: Record<string, never>) =>
  (each.layout as unknown as { backgroundColor?: string } | null)?.backgroundColor === wanted;

interface Heard {
  status: number | undefined;
  headers: Record<string, unknown>;
  text: string;
}

/** A request as it stands: fetch would not send any Host or method. */
function ask(
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Connections that say something and nothing more. */
async function idle(url: string, count: number, words: string): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<void>((resolve) => {
          const socket = connect(Number(port), hostname, () => {
            socket.write(words);
            resolve();
          });
          // The daemon may send it away.
          socket.on('error', () => resolve());
          socket.resume();
          sockets.push(socket);
        }),
    ),
  );
  return sockets;
}

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

  it('is one, and a whole address in the request counts before it', async () => {
    const cwd = await folder(FILE('#000001'));
    const w = await watching(cwd);
    const status = async (line: string, ...hosts: string[]) => {
      const lines = [line, ...hosts.map((host) => `Host: ${host}`), 'Connection: close'];
      const [socket] = await idle(w.url, 1, `${lines.join('\r\n')}\r\n\r\n`);
      const heard = await new Promise<string>((resolve) =>
        socket?.once('data', (data) => resolve(`${data}`)),
      );
      return heard.split(' ')[1];
    };
    const path = 'GET /api/recordings HTTP/1.1';
    expect(await status(path, 'localhost', 'evil.example')).toBe('400');
    expect(await status(path, 'evil.example', 'localhost')).toBe('400');
    expect(await status(path.replace('/', 'http://evil.example/'), 'localhost')).toBe('403');
    expect(await status(path.replace('/', 'http://localhost:80/'), 'evil.example')).toBe('200');
    expect(await status('GET http://localhost HTTP/1.1', 'localhost')).toBe('404');
    expect(await status('GET http://localhost/hooks/git?/healthz HTTP/1.1', 'evil.example')).toBe('404');
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

it('methods, queries and paths: each has its answer', async () => {
  const cwd = await folder(FILE('#000001'));
  const w = await watching(cwd);
  expect((await ask(`${w.url}/healthz?verbose=1`)).text).toBe('ok\n');
  const head = await ask(`${w.url}/api/recordings?x`, {}, 'HEAD');
  expect(head).toMatchObject({ status: 200, text: '' });
  expect(Number(head.headers['content-length'])).toBeGreaterThan(10);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])
    expect(await ask(`${w.url}/api/known`, {}, method)).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
      text: 'only GET\n',
    });
  for (const path of ['/nowhere', '/healthz/', '//healthz', '/constructor', '/__proto__'])
    expect((await ask(`${w.url}${path}`)).status).toBe(404);
  await w.stop();
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

  it('headers that are too many or too long are refused, what is no HTTP too', async () => {
    const cwd = await folder(FILE('#000001'));
    const w = await watching(cwd);
    expect((await ask(`${w.url}/healthz`, { 'x-long': 'x'.repeat(10_000) })).status).toBe(431);
    const [socket] = await idle(w.url, 1, 'hello\r\n\r\n');
    const heard = await new Promise<string>((resolve) => {
      let text = '';
      socket?.on('data', (chunk) => {
        text += chunk;
      });
      socket?.on('close', () => resolve(text));
    });
    expect(heard).toMatch(/^HTTP\/1\.1 400 /);
    expect((await w.get('/healthz')).status).toBe(200);
    await w.stop();
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
    let n = 1;
    /** A new commit at the remote. @returns waits until it is applied */
    const news = async () => {
      n += 1;
      const wanted = `#00000${n}`;
      await put(remote, FILE(wanted));
      commit(remote, wanted);
      return () => w.atService(sid('a'), color(wanted));
    };
    return { ...w, hook, news };
  }

  /** As Standard Webhooks sign (id.timestamp.body). */
  function standard(key: string | Buffer, body = '{}', id = 'msg_1', time = Math.floor(Date.now() / 1000)) {
    const signature = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
    return {
      'webhook-id': id,
      'webhook-timestamp': String(time),
      'webhook-signature': `v1,AAAA v1,${signature}`,
    };
  }

  it("takes GitHub's, GitLab's, Bitbucket's, Gitea's and Forgejo's headers", async () => {
    const w = await daemon();
    const body = '{"ref":"refs/heads/main"}';
    for (const headers of [
      { 'x-hub-signature-256': `sha256=${hex(body)}`, 'x-hub-signature': 'sha1=0000' },
      { 'x-gitlab-token': SECRET },
      { 'x-hub-signature': `sha256=${hex(body)}` },
      { 'x-gitea-signature': hex(body) },
      { 'x-forgejo-signature': hex(body), 'x-hub-signature-256': `sha256=${hex(body)}` },
      standard(SECRET, body),
    ]) {
      const applied = await w.news();
      expect(await w.hook(headers as Record<string, string>, body)).toMatchObject({
        status: 202,
        text: 'looking\n',
      });
      await applied();
    }
    for (const headers of [
      {},
      { 'x-hub-signature': 'sha256=' },
      { 'x-hub-signature': `sha1=${createHmac('sha1', SECRET).update(body).digest('hex')}` },
      { 'x-gitea-signature': hex(body, 'another') },
      { 'x-gitea-signature': `sha256=${hex(body)}` },
      { 'x-forgejo-signature': '' },
      standard('another', body),
      standard(SECRET, body, 'msg_1', Math.floor(Date.now() / 1000) - 600),
      standard(SECRET, 'other'),
      { ...standard(SECRET, body), 'webhook-id': 'msg_2' },
    ])
      expect(await w.hook(headers as Record<string, string>, body)).toMatchObject({
        status: 401,
        text: 'the signature is not right\n',
      });
    expect(await ask(`${w.url}/hooks/git`)).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect((await ask(`${w.url}/hooks/git`, { host: 'evil.example' }, 'POST')).status).toBe(403);
    const { stderr } = await w.stop();
    expect(stderr).not.toContain(SECRET);
  });

  it('a secret of Standard Webhooks is the base64 behind whsec_', async () => {
    const key = Buffer.from('a key of some length');
    const w = await daemon(`whsec_${key.toString('base64')}`);
    const applied = await w.news();
    expect((await w.hook(standard(key))).status).toBe(202);
    await applied();
    expect((await w.hook(standard(`whsec_${key.toString('base64')}`))).status).toBe(401);
    await w.stop();
  });

  it('a delivery is taken once, and only one that is signed counts', async () => {
    const w = await daemon();
    const signed = { 'x-hub-signature-256': `sha256=${hex('{}')}` };
    for (const name of [
      'X-GitHub-Delivery',
      'Idempotency-Key',
      'X-Gitlab-Event-UUID',
      'X-Gitea-Delivery',
      'X-Request-UUID',
    ]) {
      const delivery = { [name]: 'one' };
      expect((await w.hook({ 'x-hub-signature-256': 'sha256=00', ...delivery })).status).toBe(401);
      expect(await w.hook({ ...signed, ...delivery })).toMatchObject({ status: 202, text: 'looking\n' });
      expect(await w.hook({ ...signed, ...delivery })).toMatchObject({ status: 202, text: 'taken before\n' });
      expect(await w.hook({ ...signed, [name]: 'two' })).toMatchObject({ text: 'looking\n' });
    }
    expect(await w.hook(signed)).toMatchObject({ text: 'looking\n' });
    expect(await w.hook(signed)).toMatchObject({ text: 'looking\n' });
    // The ID that is signed counts before one that whoever sends it again may choose.
    const once = standard(SECRET, '{}', 'msg_7');
    expect(await w.hook(once)).toMatchObject({ text: 'looking\n' });
    expect(await w.hook({ ...once, 'X-GitHub-Delivery': 'another' })).toMatchObject({
      text: 'taken before\n',
    });
    await w.stop();
  });

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
