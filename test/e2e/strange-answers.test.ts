import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folder, recording, run, sid, start } from '../support/cli.ts';
import { until } from '../support/watching.ts';

/* What stands between here and the service answers in its place. */

type Reply = (response: ServerResponse, nth: number) => void;

/** Answers call by call as it is told; where that gives no answer, as the service does. */
async function service(reply: Reply = () => {}) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    request.resume().on('end', () => {
      asked.push(url);
      reply(response, asked.length);
      const [, resourceId, of] = /resourceid\/(.+)\/sid\/([^/]+)/.exec(url) ?? [];
      if (!response.headersSent) response.end(JSON.stringify({ resourceId, sid: of }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const json =
  (status: number, body: object, headers = {}): Reply =>
  (response) =>
    response.writeHead(status, headers).end(JSON.stringify(body));
const page =
  (status: number, headers = {}): Reply =>
  (response) =>
    response.writeHead(status, headers).end('<html><body>Sign in to the network</body></html>');

async function standing(url: string, name: string) {
  const { recordings } = (await (await fetch(`${url}/api/recordings`)).json()) as {
    recordings: { name: string; conditions: { type: string; status: string; message: string }[] }[];
  };
  const found = recordings.find((each) => each.name === name);
  const { type, message } = found?.conditions.find(({ status }) => status === 'True') ?? {};
  return `${type}: ${message}`;
}

async function watch(files: Record<string, string>, args: string[]) {
  const cwd = await folder(files);
  const { child, done, shows } = start(['watch', '--listen', '127.0.0.1:0', ...args], { cwd });
  const url = (await shows(/"url":"http:\/\/[^"]+"/, 'stderr')).slice(7, -1);
  return {
    cwd,
    child,
    shows: (pattern: RegExp) => shows(pattern, 'stderr'),
    stands: (name: string, wanted: RegExp) =>
      until(async () => wanted.test(await standing(url, name)), `${name} ${wanted}`, 20_000),
    async stop() {
      child.kill('SIGTERM');
      return done;
    },
  };
}

const ONE = { 'recordings/a.yaml': recording('a') };

describe('an answer that is not in the words of the service', () => {
  it.each([
    ['a page with 401', page(401)],
    ['a page with 401 that asks for a password', page(401, { 'www-authenticate': 'Basic realm="proxy"' })],
    [
      'a gateway that counts its own 404',
      json(404, { code: 404, message: 'no Route matched with those values' }),
    ],
  ])('%s: the recording is not Ready, nothing is shut, and SIGHUP tries again at once', async (_, reply) => {
    const strange = await service((response, nth) => nth === 1 && reply(response, nth));
    const daemon = await watch(ONE, ['--endpoint', strange.url]);
    await daemon.stands('a', /^Reconciling: an answer 40[14] that is not in the service's words/);
    daemon.child.kill('SIGHUP');
    await daemon.stands('a', /^Ready/);
    expect(strange.asked).toHaveLength(2);
    await daemon.stop();
  });

  it.each([
    ['a redirect', page(302, { location: '/login' })],
    ['a page with 200', page(200)],
    ["a gateway's 403", json(403, { message: 'Forbidden' })],
    ['no route', json(404, { message: 'no Route matched with those values' })],
    ['200 without proof', json(200, {})],
  ])('%s: after two of them the next --endpoint has its turn', async (_, reply) => {
    const [strange, good] = [await service(reply), await service()];
    const files = { ...ONE, 'recordings/b.yaml': recording('b') };
    const daemon = await watch(files, ['--endpoint', strange.url, '--endpoint', `${good.url}/eu`]);
    await daemon.stands('a', /^Ready/);
    await daemon.stands('b', /^Ready/);
    expect(strange.asked).toHaveLength(2);
    expect(good.asked).toHaveLength(2);
    expect(good.asked.every((url) => url.startsWith('/eu/v1/apps/'))).toBe(true);
    await daemon.stop();
  });

  it('a verdict of the service sends nothing to the next --endpoint', async () => {
    const [refusing, other] = [await service(json(500, { code: 2, reason: 'no' })), await service()];
    const files = { ...ONE, 'recordings/b.yaml': recording('b') };
    const cwd = await folder(files);
    const applied = await run(['apply', '--endpoint', refusing.url, '--endpoint', other.url], { cwd });
    expect(applied.code).toBe(1);
    expect(refusing.asked).toHaveLength(2);
    expect(other.asked).toHaveLength(0);
  });
});

it.each([
  ['an error in an object', { error: { code: 5 } }],
  ['a success that is none, in words', { success: 'false' }],
  ['a code in words', { code: 'ERR_INTERNAL' }],
])('200 with the sid and %s is not applied', async (_, more) => {
  const both = { resourceId: 'resource-a', sid: sid('a') };
  const strange = await service(json(200, { ...both, ...more }));
  const cwd = await folder(ONE);
  const env = { REELSTATE_ENDPOINT: strange.url };
  const applied = await run(['apply', '--retry-for', '0s'], { cwd, env });
  expect(applied.code).toBe(1);
  expect(applied.stdout).toMatch(/whether it took effect is not known/);
  expect((await run(['plan', '--detailed-exitcode'], { cwd, env })).code).toBe(2);
});

it('what holds the account back is named as it was answered', async () => {
  const full = json(400, { message: 'too many requests' }, { 'retry-after': '1' });
  const busy = await service((response, nth) => nth === 1 && full(response, nth));
  const cwd = await folder(ONE);
  const applied = await run(['apply', '--endpoint', busy.url], { cwd });
  expect(applied.code).toBe(0);
  expect(applied.stderr).toMatch(/the service says 400: all calls are held back for 1 s/);
});
