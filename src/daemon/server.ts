import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Access, refusal } from './access.ts';
import { Hook } from './hook.ts';

/** What the daemon answers with. */
export interface Views {
  /** Why it is not ready; empty when it is. */
  notReady: () => string[];
  /** Why it sends nothing although it is ready: another process does. Undefined where it sends. */
  standby: () => string | undefined;
  /** Why it is not well; empty when it is. */
  notHealthy: () => string[];
  metrics: () => Promise<{ type: string; text: string }>;
  recordings: () => object;
  /** What is known of each recording, secrets by reference alone. */
  known: () => Promise<object>;
  /** The webhook for new commits; left out, there is none. `now`: milliseconds since 1970. */
  hook?: { secret: string; onNews: () => void; now: () => number } | undefined;
}

/** Connections at a time. One more takes the place of the oldest that is not being answered. */
const MAX_CONNECTIONS = 256;

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

interface Reply {
  status: number;
  type: string;
  text: string;
  headers?: Record<string, string>;
}

/**
 * Serves `/healthz`, `/readyz`, `/metrics`, `/api/recordings` and `/api/known`, for reading only; and where there is a
 * secret for it, `POST /hooks/git`.
 * @param access who may ask for what
 * @returns where, and what closes it; rejects when the address cannot be listened on
 */
export async function serve(
  host: string,
  port: number,
  views: Views,
  access: Access,
): Promise<{ url: string; close: () => Promise<void> }> {
  const hook = views.hook && new Hook(views.hook.secret, views.hook.onNews, views.hook.now);
  const connections = new Connections();
  const server: Server = createServer(LIMITS, (request, response) => {
    if (targetOf(request).path !== HOOK) connections.answering(request.socket, response);
    void answerTo(request, views, access, hook)
      .catch(() => plain(500, 'failed'))
      .then((answer) => send(answer, request, response));
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

async function answerTo(
  request: IncomingMessage,
  views: Views,
  access: Access,
  hook: Hook | undefined,
): Promise<Reply> {
  const { path, hosts } = targetOf(request);
  // Which of two names counts is for others to say (RFC 9112, 3.2).
  if (hosts.length > 1) return plain(400, 'more than one Host');
  const isHook = hook !== undefined && path === HOOK;
  const { remoteAddress: remote, localAddress: local } = request.socket;
  const { authorization } = request.headers;
  const [host] = hosts;
  const refused = refusal({ path, remote, local, host, authorization }, access, isHook);
  if (refused)
    return plain(
      refused.status,
      refused.text,
      refused.status === 401 ? { 'www-authenticate': 'Bearer' } : {},
    );
  if (isHook) {
    if (request.method !== 'POST') return plain(405, 'only POST', { allow: 'POST' });
    const { status, text } = await hook.take(request);
    return plain(status, text.trimEnd());
  }
  const read = READERS.get(path);
  if (!read) return plain(404, 'no such thing here: try /healthz, /readyz, /metrics or /api/recordings');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return plain(405, 'only GET', { allow: 'GET, HEAD' });
  return read(views);
}

const HOOK = '/hooks/git';

/** What is asked for, and the hosts that are named: one, unless the request has a mistake. A whole address counts before Host (RFC 9112, 3.2.2). */
function targetOf({ url = '/', headersDistinct: { host: hosts = [] } }: IncomingMessage): {
  path: string;
  hosts: readonly string[];
} {
  const [, authority, rest = url] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  const [path] = rest.split('?') as [string];
  if (authority === undefined) return { path, hosts };
  return { path: path || '/', hosts: hosts.length > 1 ? hosts : [authority] };
}

/** What can be read, by path. */
const READERS = new Map<string, (views: Views) => Reply | Promise<Reply>>([
  ['/healthz', ({ notHealthy }) => check(notHealthy())],
  ['/readyz', ({ notReady, standby }) => check(notReady(), standby())],
  ['/metrics', async ({ metrics }) => ({ status: 200, ...(await metrics()) })],
  ['/api/recordings', ({ recordings }) => json(recordings())],
  ['/api/known', async ({ known }) => json(await known())],
]);

/** @param note said where all is well */
function check(reasons: string[], note?: string): Reply {
  const good = note === undefined ? 'ok' : `ok\n${note}`;
  return plain(reasons.length > 0 ? 503 : 200, reasons.join('\n') || good);
}

function plain(status: number, line: string, headers: Record<string, string> = {}): Reply {
  return { status, type: 'text/plain; charset=utf-8', text: `${line}\n`, headers };
}

function json(value: object): Reply {
  return { status: 200, type: 'application/json; charset=utf-8', text: `${JSON.stringify(value)}\n` };
}

/** What is left of a body is read by Node and dropped, within the time of a request, so that the client hears the answer. */
function send(
  { status, type, text, headers }: Reply,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  // A closed connection is not answered.
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/**
 * The open connections, so that there are never too many: clients that open hundreds and say nothing must neither use
 * up the process's descriptors nor shut out other clients.
 */
class Connections {
  /** The oldest first. */
  readonly #open = new Set<Socket>();
  /** Those that are being answered. */
  readonly #answered = new Set<Socket>();

  take(socket: Socket): void {
    if (this.#open.size >= MAX_CONNECTIONS) this.#makeRoom();
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#answered.delete(socket);
    });
  }

  answering(socket: Socket, response: ServerResponse): void {
    this.#answered.add(socket);
    response.once('close', () => this.#answered.delete(socket));
  }

  #makeRoom(): void {
    let leaving: Socket | undefined;
    for (const socket of this.#open) {
      leaving ??= socket;
      if (this.#answered.has(socket)) continue;
      leaving = socket;
      break;
    }
    if (!leaving) return;
    this.#open.delete(leaving);
    leaving.destroy();
  }
}
