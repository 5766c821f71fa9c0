import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { LastLook } from '../../src/daemon/last-look.ts';
import { News } from '../../src/daemon/news.ts';
import { PageViews } from '../../src/daemon/page-views.ts';
import type { Views } from '../../src/daemon/routes.ts';
import { serve } from '../../src/daemon/server.ts';
import { whenTestEnds } from './cli.ts';
import { daemonBench } from './daemon.ts';
import { OK } from './engine.ts';

/** An answer. */
export interface Heard {
  status: number | undefined;
  headers: Record<string, unknown>;
  text: string;
}

/** A request as it stands: fetch would not send any Host or method. */
export function ask(
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
export async function idle(url: string, count: number, words: string): Promise<Socket[]> {
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

/** What a connection is answered before it is closed. */
export function heardUntilClose(socket: Socket | undefined): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket?.on('data', (chunk) => {
      text += chunk;
    });
    socket?.on('close', () => resolve(text));
  });
}

/** A daemon's server, with a daemon that has no files. @returns its address */
export async function serving(views: Partial<Views> = {}): Promise<string> {
  const { daemon, fleet, state, clock } = daemonBench(() => OK);
  const news = new News(clock);
  const look = new LastLook(clock);
  const history = async () => [];
  const none: Views = {
    notReady: () => [],
    notHealthy: () => [],
    metrics: async () => ({ type: 'text/plain', text: '' }),
    recordings: () => ({ recordings: [] }),
    standby: () => undefined,
    known: async () => ({ recordings: {} }),
    pages: new PageViews({ daemon, fleet, state, clock, news, look, source: 'folder recordings', history }),
    news,
    monotonic: () => clock.monotonic(),
    pause: async () => {},
  };
  const { url, close } = await serve('127.0.0.1', 0, { ...none, ...views }, { hosts: [] });
  whenTestEnds(close);
  return url;
}
