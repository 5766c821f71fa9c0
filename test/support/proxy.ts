import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';

/*
 * A company's network on this machine: a proxy that knows CONNECT, which leads every name to one TLS server. Its
 * certificate is from an authority of the tests' own (test/fixtures/tls), valid for api.agora.io and what is like it.
 */

const TLS = join(import.meta.dirname, '../fixtures/tls');

/** What NODE_EXTRA_CA_CERTS names so that the certificate is trusted. */
export const AUTHORITY = join(TLS, 'ca.pem');

export interface Company {
  /** HOST:PORT of the proxy. */
  proxy: string;
  /** What was asked of it, in order: the target, and what stood in Proxy-Authorization. */
  asked: { target: string; credentials: string | undefined }[];
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

function pipeBoth(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}

/**
 * @param service the port of plain HTTP that stands behind the TLS server
 * @param answer what the proxy says to a CONNECT; 200 leads through, 0 says nothing at all
 */
export async function company(
  service: number,
  answer: (asked: Company['asked'][number]) => number = () => 200,
): Promise<Company> {
  const [key, cert] = await Promise.all(
    ['server-key.pem', 'server.pem'].map((name) => readFile(join(TLS, name))),
  );
  const tls = createTlsServer({ key, cert }, (socket) => pipeBoth(socket, connect(service, '127.0.0.1')));
  tls.on('tlsClientError', () => {});
  const secure = await listen(tls);
  const asked: Company['asked'] = [];
  const proxy = createServer((_request, response) => response.writeHead(405).end());
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    const one = { target: request.url ?? '', credentials: request.headers['proxy-authorization'] };
    asked.push(one);
    const status = answer(one);
    if (status === 0) return;
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const through = connect(secure, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      pipeBoth(socket, through);
    });
  });
  return { proxy: `127.0.0.1:${await listen(proxy)}`, asked };
}
