import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from '../../src/agora/client.ts';
import { Domains, inOrder } from '../../src/agora/domains.ts';
import type { Answer } from '../../src/model/answer.ts';
import type { Outgoing, Way } from '../../src/model/work.ts';
import { FakeClock } from '../support/clock.ts';
import { identity } from '../support/engine.ts';

const SECRET = 'customer-secret-ü';
const STREAM_KEY = 'stream-key-of-the-body';
const NOW = Date.parse('2026-01-02T03:04:05.000Z');
/** Longer than anything here takes; long enough to be received; as short as can be. In milliseconds. */
const AMPLE = 10_000;
const SOON = 500;
const SHORT = 60;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server on a free port of this machine. */
async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Arrived {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
  socket: Socket;
}

/** A service that notes what arrives and answers as it is told. */
async function service(answer: RequestListener) {
  const arrived: Arrived[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { method, url, headers, socket } = request;
    arrived.push({ method, url, headers, body, socket });
    answer(request, response);
  });
  return { url: `http://${await listen(server)}`, arrived };
}

function client(origins: string | string[], request = AMPLE, connect = AMPLE): Client {
  const made = new Client({
    customerId: 'customer',
    customerSecret: SECRET,
    domains: new Domains(inOrder([origins].flat()), new FakeClock(), 30_000),
    timeouts: { connect, request },
    now: () => NOW,
    version: '1.2.3',
  });
  closing.push(() => made.close());
  return made;
}

function outgoing(extra: Partial<Outgoing> = {}): Outgoing {
  const body = { cname: 'c', uid: '1', clientRequest: { rtmpUrl: `rtmp://h/a/${STREAM_KEY}` } };
  return { identity: identity(1), endpoint: 'update', body, ...extra };
}

/** A way out on which nothing holds a request back, unless it is said. */
function leaving(ways: Partial<Way> = {}): Way {
  return { open: async () => true, mayLeave: () => true, departed: () => {}, ...ways };
}

/** Sends, and says how often the request was reported as departed. */
async function send(through: Client, what = outgoing()): Promise<{ answer: Answer; departed: number }> {
  let departed = 0;
  const answer = await through.send(what, leaving({ departed: () => departed++ }));
  return { answer: answer as Answer, departed };
}

const ORDER = ['open', 'may leave', 'departed', 'next tick'];
const JSON_OK: RequestListener = (_, response) => response.end('{"sid":"sid-1"}');

describe('a request', () => {
  it('carries the whole body, the credentials and what kind of thing it is', async () => {
    const { url, arrived } = await service(JSON_OK);
    const { answer, departed } = await send(client(url));
    expect(answer).toEqual({
      kind: 'answer',
      status: 200,
      body: { sid: 'sid-1' },
      host: url.slice('http://'.length),
    });
    expect(departed).toBe(1);
    expect(arrived).toHaveLength(1);
    const { method, url: path, headers, body } = arrived[0] as Arrived;
    expect([method, path]).toEqual([
      'POST',
      '/v1/apps/app/cloud_recording/resourceid/resource-1/sid/sid-1/mode/mix/update',
    ]);
    expect(headers).toMatchObject({
      'content-type': 'application/json;charset=utf-8',
      accept: 'application/json',
      'user-agent': 'reelstate/1.2.3',
      authorization: `Basic ${Buffer.from(`customer:${SECRET}`, 'utf8').toString('base64')}`,
    });
    expect(JSON.parse(body)).toEqual(outgoing().body);
  });

  it('goes to the mode of the recording; updateLayout knows composite mode alone', async () => {
    const { url, arrived } = await service(JSON_OK);
    const through = client(url);
    await send(through, outgoing({ identity: identity(1, 'web') }));
    await send(through, outgoing({ identity: identity(1, 'individual') }));
    await send(through, outgoing({ endpoint: 'updateLayout' }));
    await through.query(identity(1, 'web'), leaving());
    expect(arrived.map(({ method, url: path }) => `${method} ${path?.split('/mode/')[1]}`)).toEqual([
      'POST web/update',
      'POST individual/update',
      'POST mix/updateLayout',
      'GET web/query',
    ]);
    expect(arrived.at(-1)?.body).toBe('');
  });

  it('keeps ids in their place of the path, whatever is in them', async () => {
    const { url, arrived } = await service(JSON_OK);
    const odd = { ...identity(1), appId: 'a/b', resourceId: 'r?x=1#y', sid: 's d%2Fü' };
    await send(client(url), outgoing({ identity: odd }));
    expect(arrived[0]?.url).toBe(
      '/v1/apps/a%2Fb/cloud_recording/resourceid/r%3Fx%3D1%23y/sid/s%20d%252F%C3%BC/mode/mix/update',
    );
  });

  it.each(['/base', '/base/'])('goes below an endpoint that has a path (%s)', async (path) => {
    const { url, arrived } = await service(JSON_OK);
    await send(client(`${url}${path}`));
    expect(arrived[0]?.url).toMatch(/^\/base\/v1\/apps\//);
  });

  it('departs before it is answered', async () => {
    const order: string[] = [];
    const { url } = await service((_, response) => {
      order.push('arrived');
      response.end('{}');
    });
    await client(url).send(outgoing(), leaving({ departed: () => order.push('departed') }));
    order.push('answered');
    expect(order.filter((what) => what !== 'arrived')).toEqual(['departed', 'answered']);
    expect(order.indexOf('arrived')).toBeLessThan(order.indexOf('answered'));
  });

  it('uses one connection for one call after the other', async () => {
    const { url, arrived } = await service(JSON_OK);
    const through = client(url);
    for (let n = 0; n < 3; n++) expect((await send(through)).departed).toBe(1);
    expect(new Set(arrived.map(({ socket }) => socket)).size).toBe(1);
  });
});

describe('a request that is held back', () => {
  it.each([
    ['once its connection is open', { open: async () => false }],
    ['in the tick in which it would be written', { mayLeave: () => false }],
  ])('%s leaves nothing at the service, and its connection serves the next', async (_, ways) => {
    const { url, arrived } = await service(JSON_OK);
    const through = client(url);
    let departed = 0;
    const held = await through.send(outgoing(), leaving({ ...ways, departed: () => departed++ }));
    expect(held).toBeUndefined();
    expect((await send(through)).answer).toMatchObject({ kind: 'answer' });
    const again = await through.send(outgoing(), leaving({ ...ways, departed: () => departed++ }));
    expect(again).toBeUndefined();
    expect((await send(through)).answer).toMatchObject({ kind: 'answer' });
    expect([departed, arrived.length]).toEqual([0, 2]);
  });

  it('asks once its connection is open, and again with nothing in between', async () => {
    const order: string[] = [];
    const { url } = await service(JSON_OK);
    const through = client(url);
    for (let n = 0; n < 2; n++)
      await through.send(
        outgoing(),
        leaving({
          open: async () => order.push('open') > 0,
          mayLeave: () => {
            order.push('may leave');
            setImmediate(() => order.push('next tick'));
            return true;
          },
          departed: () => order.push('departed'),
        }),
      );
    expect(order).toEqual([...ORDER, ...ORDER]);
  });

  it('hears of a connection that was closed while it waited', async () => {
    const { url, arrived } = await service(JSON_OK);
    const through = client(url);
    await send(through);
    const closed = await through.send(
      outgoing(),
      leaving({
        open: async () => {
          arrived[0]?.socket.destroy();
          await new Promise((resolve) => setTimeout(resolve, SHORT));
          return true;
        },
      }),
    );
    expect(closed).toMatchObject({ kind: 'failure', message: 'the connection was cut', unsent: true });
  });
});

describe('an answer', () => {
  const answerTo = async (listener: RequestListener) => {
    const { url, arrived } = await service(listener);
    const { answer } = await send(client(url));
    return { answer, arrived };
  };

  it.each([200, 206, 400, 401, 404, 429, 432, 500, 503])('%i is handed on, once', async (status) => {
    const { answer, arrived } = await answerTo((_, response) => response.writeHead(status).end('{"code":2}'));
    expect(answer).toMatchObject({ kind: 'answer', status, body: { code: 2 } });
    expect(arrived).toHaveLength(1);
  });

  it.each(['<html>', '{"a":', '\u0000'])('that is no JSON is handed on as a text: %j', async (text) => {
    const { answer } = await answerTo((_, response) => response.end(text));
    expect(answer).toMatchObject({ kind: 'answer', status: 200, body: text });
  });

  it.each(['', ' \n'])('with nothing in it has no body: %j', async (text) => {
    const { answer } = await answerTo((_, response) => response.end(text));
    expect(answer).toMatchObject({ kind: 'answer', status: 200, body: undefined });
  });

  it.each([301, 302, 307, 308])('%i is not followed', async (status) => {
    const { answer, arrived } = await answerTo((_, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end(),
    );
    expect(answer).toMatchObject({ kind: 'answer', status });
    expect(arrived).toHaveLength(1);
  });

  it.each([
    ['7', 7_000],
    ['0', 0],
    ['  12  ', 12_000],
    ['Fri, 02 Jan 2026 03:04:35 GMT', 30_000],
    ['Fri, 02 Jan 2026 03:04:05 GMT', 0],
    ['Fri, 02 Jan 2026 03:00:00 GMT', undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['', undefined],
    ['9'.repeat(400), undefined],
  ])('Retry-After %j: %s ms', async (header, expected) => {
    const { answer } = await answerTo((_, response) =>
      response.writeHead(429, { 'retry-after': header }).end(),
    );
    expect(answer).toMatchObject({ kind: 'answer', status: 429 });
    expect((answer as { retryAfter?: number }).retryAfter).toBe(expected);
  });

  it('without Retry-After says nothing about it', async () => {
    const { answer } = await answerTo((_, response) => response.writeHead(429).end());
    expect(answer).not.toHaveProperty('retryAfter');
  });
});

describe('no answer', () => {
  /** What every failure has in common: it holds no secret. */
  async function failure(through: Client) {
    const { answer, departed } = await send(through);
    expect(answer.kind).toBe('failure');
    const told = JSON.stringify(answer);
    for (const secret of [SECRET, STREAM_KEY, Buffer.from(`customer:${SECRET}`).toString('base64'), 'Basic'])
      expect(told).not.toContain(secret);
    return { ...(answer as Extract<Answer, { kind: 'failure' }>), departed };
  }

  it('where nothing listens: certainly not sent', async () => {
    expect(await failure(client('http://127.0.0.1:1'))).toMatchObject({
      message: 'nothing listens there (connection refused)',
      unsent: true,
      departed: 0,
      host: '127.0.0.1:1',
    });
  });

  it('where the name leads nowhere: certainly not sent', async () => {
    // A label longer than any name has: no resolver need be asked.
    expect(await failure(client(`http://${'a'.repeat(64)}.invalid`))).toMatchObject({
      message: 'the name cannot be resolved (DNS)',
      unsent: true,
      departed: 0,
    });
  });

  it('where no secure connection comes about: certainly not sent', async () => {
    const plain = await listen(createTcpServer((socket) => socket.on('error', () => {}).end('no TLS here')));
    expect(await failure(client(`https://${plain}`))).toMatchObject({ unsent: true });
    const mute = await listen(createTcpServer((socket) => socket.on('error', () => {})));
    expect(await failure(client(`https://${mute}`, AMPLE, SHORT))).toMatchObject({
      message: 'no connection within 0.06 s',
      unsent: true,
    });
  });

  it('in time, or not in full: it may have been received', async () => {
    const mute = await service(() => {});
    const half = await service((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{');
    });
    const failures = [mute, half].map(({ url }) => failure(client(url, SOON)));
    for (const failed of await Promise.all(failures))
      expect(failed).toMatchObject({ message: 'no answer within 0.5 s', unsent: false, departed: 1 });
    expect([mute.arrived.length, half.arrived.length]).toEqual([1, 1]);
  });

  it('because the connection was cut: it may have been received', async () => {
    const { url } = await service((request) => request.socket.destroy());
    expect(await failure(client(url))).toMatchObject({
      message: 'the connection was cut',
      unsent: false,
      departed: 1,
    });
  });

  it('because the connection was cut in the middle of it', async () => {
    const { url } = await service((request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{', () => request.socket.destroy());
    });
    expect(await failure(client(url))).toMatchObject({ message: 'the connection was cut', unsent: false });
  });

  it('on a connection that was used before: it may have been received', async () => {
    let calls = 0;
    const { url } = await service((request, response) => {
      calls++;
      if (calls === 1) response.end('{}');
      else request.socket.destroy();
    });
    const through = client(url);
    await send(through);
    expect(await failure(through)).toMatchObject({ message: 'the connection was cut', unsent: false });
  });

  it('that is HTTP', async () => {
    const address = await listen(
      createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-x\r\n')),
    );
    expect(await failure(client(`http://${address}`))).toMatchObject({ unsent: false });
  });

  it('that switches to another protocol, which would never end', async () => {
    const address = await listen(
      createTcpServer((socket) =>
        socket
          .on('error', () => {})
          .once('data', () =>
            socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
          ),
      ),
    );
    expect(await failure(client(`http://${address}`))).toMatchObject({
      message: "an answer 101 that is not the service's",
      unsent: false,
    });
  });

  it.each([
    ['plain', {}, (text: string) => text],
    ['compressed', { 'content-encoding': 'gzip' }, (text: string) => gzipSync(text)],
  ])('of a size that can be read: %s', async (_, headers, encode) => {
    const { url } = await service((_request, response) => {
      response.on('error', () => {});
      response.writeHead(200, headers).end(encode(`"${'x'.repeat(8 * 1024 * 1024)}"`));
    });
    expect(await failure(client(url))).toMatchObject({
      message: 'the answer is larger than 1 MB',
      unsent: false,
      departed: 1,
    });
  });
});

describe('two domains', () => {
  it('a domain that fails twice gives way to the next; a refusal is no failure', async () => {
    const broken = await service((_, response) => response.writeHead(503).end());
    const sound = await service((_, response) => response.writeHead(400).end('{"code":2}'));
    const through = client([broken.url, sound.url]);
    const statuses: (number | string)[] = [];
    for (let n = 0; n < 6; n++) {
      const { answer } = await send(through);
      statuses.push(answer.kind === 'answer' ? answer.status : answer.message);
    }
    expect(statuses).toEqual([503, 503, 400, 400, 400, 400]);
  });
});
