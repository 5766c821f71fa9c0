import { expect, it } from 'vitest';
import { ask, heardUntilClose, idle, serving } from '../support/http.ts';

/*
 * What the server makes of a request; who may ask is access.test.ts, and what a daemon serves e2e/server.test.ts.
 */

it('methods, queries and paths: each has its answer', async () => {
  const url = await serving();
  expect((await ask(`${url}/healthz?verbose=1`)).text).toBe('ok\n');
  const head = await ask(`${url}/api/recordings?x`, {}, 'HEAD');
  expect(head).toMatchObject({ status: 200, text: '' });
  expect(Number(head.headers['content-length'])).toBeGreaterThan(10);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])
    expect(await ask(`${url}/api/known`, {}, method)).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
      text: 'only GET\n',
    });
  for (const path of ['/nowhere', '/healthz/', '//healthz', '/constructor', '/__proto__'])
    expect((await ask(`${url}${path}`)).status).toBe(404);
});

it('Host is one, and a whole address in the request counts before it', async () => {
  const url = await serving();
  const status = async (line: string, ...hosts: string[]) => {
    const lines = [line, ...hosts.map((host) => `Host: ${host}`), 'Connection: close'];
    const [socket] = await idle(url, 1, `${lines.join('\r\n')}\r\n\r\n`);
    const heard = await new Promise<string>((resolve) => socket?.once('data', (data) => resolve(`${data}`)));
    return heard.split(' ')[1];
  };
  const path = 'GET /api/recordings HTTP/1.1';
  expect(await status(path, 'localhost', 'evil.example')).toBe('400');
  expect(await status(path, 'evil.example', 'localhost')).toBe('400');
  expect(await status(path.replace('/', 'http://evil.example/'), 'localhost')).toBe('403');
  expect(await status(path.replace('/', 'http://localhost:80/'), 'evil.example')).toBe('200');
  expect(await status('GET http://localhost HTTP/1.1', 'localhost')).toBe('200');
  expect(await status('GET http://localhost/hooks/git?/healthz HTTP/1.1', 'evil.example')).toBe('404');
});

it('headers that are too many or too long are refused, what is no HTTP too', async () => {
  const url = await serving();
  expect((await ask(`${url}/healthz`, { 'x-long': 'x'.repeat(10_000) })).status).toBe(431);
  const [socket] = await idle(url, 1, 'hello\r\n\r\n');
  const heard = await heardUntilClose(socket);
  expect(heard).toMatch(/^HTTP\/1\.1 400 /);
  expect((await ask(`${url}/healthz`)).status).toBe(200);
});
it('checks say what is wrong, and answer 503 then', async () => {
  const url = await serving({ notReady: () => ['no disk', 'no git'] });
  expect(await ask(`${url}/readyz`)).toMatchObject({ status: 503, text: 'no disk\nno git\n' });
  expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200, text: 'ok\n' });
});

it('a view that fails is an answer, and the server goes on', async () => {
  const url = await serving({ metrics: () => Promise.reject(new Error('a secret of its own')) });
  expect(await ask(`${url}/metrics`)).toMatchObject({ status: 500, text: 'failed\n' });
  expect((await ask(`${url}/healthz`)).status).toBe(200);
});
