import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Hono } from 'hono';
import { type Access, refusal } from './access.ts';
import { Connections } from './connections.ts';
import { HOOK, type Routed, routes, type Views } from './routes.ts';

/**
 * How long a client may take, in milliseconds: for its headers, for the whole request, between two of them, and
 * without a byte either way; and how much its headers may be. Nothing that is asked for here needs as much.
 */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8 * 1024,
} as const;
const SILENCE = 60_000;
const MAX_HEADERS = 100;

/** With every answer: nothing is kept, framed, guessed at or shared with another origin. */
const ALWAYS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/**
 * Serves what `routes` has, and nothing to anyone who may not ask for it.
 * @param access who may ask for what
 * @returns where, and what closes it; rejects when the address cannot be listened on
 */
export async function serve(
  host: string,
  port: number,
  views: Views,
  access: Access,
): Promise<{ url: string; close: () => Promise<void> }> {
  const app = routes(views);
  const connections = new Connections();
  const server: Server = createServer(LIMITS, (request, response) => {
    if (targetOf(request)?.pathname !== HOOK) connections.answering(request.socket, response);
    // A connection that breaks meanwhile is not answered.
    void answer(request, response, app, views, access).catch(() => response.destroy());
  });
  server.maxHeadersCount = MAX_HEADERS;
  server.setTimeout(SILENCE, (socket) => socket.destroy());
  server.on('connection', (socket) => connections.take(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // A connection that the system cannot give us (EMFILE) is no reason to end.
  server.on('error', () => {});
  const { address, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  app: Hono<Routed>,
  views: Views,
  access: Access,
): Promise<void> {
  const found = refused(request, views, access) ?? (await routed(request, app));
  const headers = { ...ALWAYS, ...Object.fromEntries(found.headers) };
  if (found.headers.get('content-type')?.startsWith('text/event-stream') && found.body) {
    response.writeHead(found.status, headers);
    if (request.method !== 'HEAD')
      return pipeline(Readable.fromWeb(found.body as Parameters<typeof Readable.fromWeb>[0]), response);
    await found.body.cancel();
    response.end();
    return;
  }
  const body = Buffer.from(await found.arrayBuffer());
  // What is left of a request's body is read by Node and dropped, within the time of a request, so that the client hears
  // the answer.
  if (response.destroyed) return;
  response.writeHead(found.status, { ...headers, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function routed(request: IncomingMessage, app: Hono<Routed>): Promise<Response> {
  const { url = '/' } = request;
  // HEAD is GET whose body is not sent, and a body is read by who takes it: the hook alone.
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  try {
    return await app.fetch(new Request(targetOf(request) ?? url, { method }), { request });
  } catch {
    return new Response('failed\n', {
      status: 500,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
  }
}

/** Why a request is not to be answered. */
function refused(request: IncomingMessage, views: Views, access: Access): Response | undefined {
  const { host: hosts = [] } = request.headersDistinct;
  // Which of two names counts is for others to say (RFC 9112, 3.2).
  if (hosts.length > 1) return plain(400, 'more than one Host');
  const target = targetOf(request);
  if (!target) return plain(400, 'no path');
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers;
  // A browser tells when another site's page asks. It may lead here by a link; it has nothing to load or to listen to.
  if (site === 'cross-site' && mode !== 'navigate') return plain(403, 'asked for by a page of another site');
  const { remoteAddress: remote, localAddress: local } = request.socket;
  const { authorization } = request.headers;
  // A whole address counts before Host (RFC 9112, 3.2.2).
  const [, named] = WHOLE.exec(request.url ?? '') ?? [];
  const asking = { path: target.pathname, remote, local, host: named ?? hosts[0], authorization };
  const found = refusal(asking, access, views.hook !== undefined && target.pathname === HOOK);
  return found && plain(found.status, found.text, found.status === 401 ? { 'www-authenticate': ASK } : {});
}

/** For programs, and for browsers, which ask for a password and know no other way to send a token. */
const ASK = 'Bearer, Basic realm="reelstate"';

const WHOLE = /^https?:\/\/([^/?#]*)(.*)$/i;

/** What is asked for, below an origin that stands for all of ours; undefined where it is no path. */
function targetOf({ url = '/' }: IncomingMessage): URL | undefined {
  const [, , rest = url] = WHOLE.exec(url) ?? [];
  const text = `http://localhost${rest.startsWith('/') ? '' : '/'}${rest}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function plain(status: number, line: string, headers: Record<string, string> = {}): Response {
  return new Response(`${line}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  });
}
