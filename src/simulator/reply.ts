import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';

/** Header and body of an answer, ready to be sent whole or in pieces. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** What goes over the wire for an answer. */
export function replyOf(answer: Answer): Reply {
  const body = Buffer.from(answer.raw ?? JSON.stringify(answer.body), 'utf8');
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(body.length),
    ...answer.headers,
  };
  return { status: answer.status, headers, body };
}

/** Sends an answer whole; a client that has gone misses it. */
export function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  const reply = replyOf(answer);
  response.writeHead(reply.status, reply.headers).end(reply.body);
}
