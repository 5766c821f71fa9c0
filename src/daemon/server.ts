import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { knowsSecret, readBody } from './hook.ts';

/** What the daemon answers with. */
export interface Views {
  /** Why it is not ready; empty when it is. */
  notReady: () => string[];
  /** Why it is not well; empty when it is. */
  notHealthy: () => string[];
  metrics: () => Promise<{ type: string; text: string }>;
  recordings: () => object;
  /** What is known of each recording, secrets by reference alone. */
  known: () => object;
  /** Somebody says that there are new commits; left out, nobody can. */
  hook?: { secret: string; onNews: () => void } | undefined;
}

/**
 * Serves `/healthz`, `/readyz`, `/metrics`, `/api/recordings` and `/api/known`, for reading only; and where there is a
 * secret for it, `POST /hooks/git`.
 * @returns where, and what closes it; rejects when the address cannot be listened on
 */
export async function serve(
  host: string,
  port: number,
  views: Views,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer(async (request, response) => {
    const reply = (status: number, type: string, text: string) => {
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    const check = (reasons: string[]) =>
      reply(reasons.length > 0 ? 503 : 200, 'text/plain; charset=utf-8', `${reasons.join('\n') || 'ok'}\n`);
    try {
      const path = (request.url ?? '/').split('?')[0];
      if (path === '/hooks/git' && !views.hook)
        reply(404, 'text/plain; charset=utf-8', 'no such thing here\n');
      else if (path === '/hooks/git' && views.hook)
        await takeHook(request, views.hook, (status, text) =>
          reply(status, 'text/plain; charset=utf-8', text),
        );
      else if (request.method !== 'GET' && request.method !== 'HEAD')
        reply(405, 'text/plain; charset=utf-8', 'only GET\n');
      else if (path === '/healthz') check(views.notHealthy());
      else if (path === '/readyz') check(views.notReady());
      else if (path === '/metrics') {
        const { type, text } = await views.metrics();
        reply(200, type, text);
      } else if (path === '/api/recordings')
        reply(200, 'application/json; charset=utf-8', `${JSON.stringify(views.recordings())}\n`);
      else if (path === '/api/known')
        reply(200, 'application/json; charset=utf-8', `${JSON.stringify(views.known())}\n`);
      else reply(404, 'text/plain; charset=utf-8', 'try /healthz, /readyz, /metrics or /api/recordings\n');
    } catch {
      reply(500, 'text/plain; charset=utf-8', 'failed\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
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

async function takeHook(
  request: IncomingMessage,
  { secret, onNews }: { secret: string; onNews: () => void },
  reply: (status: number, text: string) => void,
): Promise<void> {
  if (request.method !== 'POST') return reply(405, 'only POST\n');
  const body = await readBody(request);
  if (!body) return reply(413, 'too large\n');
  if (!knowsSecret(secret, request.headers, body)) return reply(401, 'the signature is not right\n');
  onNews();
  reply(202, 'looking\n');
}
