import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the daemon answers with. */
export interface Views {
  /** Why it is not ready; empty when it is. */
  notReady: () => string[];
  /** Why it is not well; empty when it is. */
  notHealthy: () => string[];
  metrics: () => Promise<{ type: string; text: string }>;
  recordings: () => object;
}

/**
 * Serves `/healthz`, `/readyz`, `/metrics` and `/api/recordings`, for reading only.
 * @returns where, and what closes it; rejects when the address cannot be listened on
 */
export async function serve(host: string, port: number, views: Views): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer(async (request, response) => {
    const reply = (status: number, type: string, text: string) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    const check = (reasons: string[]) => reply(reasons.length > 0 ? 503 : 200, 'text/plain; charset=utf-8', `${reasons.join('\n') || 'ok'}\n`);
    try {
      const path = (request.url ?? '/').split('?')[0];
      if (request.method !== 'GET' && request.method !== 'HEAD') reply(405, 'text/plain; charset=utf-8', 'only GET\n');
      else if (path === '/healthz') check(views.notHealthy());
      else if (path === '/readyz') check(views.notReady());
      else if (path === '/metrics') {
        const { type, text } = await views.metrics();
        reply(200, type, text);
      } else if (path === '/api/recordings') reply(200, 'application/json; charset=utf-8', `${JSON.stringify(views.recordings())}\n`);
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
