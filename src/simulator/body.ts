import type { IncomingMessage } from 'node:http';

/** Far above the largest body the API's limits allow, small enough not to hurt. */
const LARGEST_BYTES = 1024 * 1024;

export type Received = { kind: 'text'; text: string } | { kind: 'too-large' } | { kind: 'gone' };

/** The body of a request as UTF-8 text ("" for none); what is past the limit is read and thrown away. */
export function receive(request: IncomingMessage): Promise<Received> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LARGEST_BYTES) chunks.push(chunk);
      else resolve({ kind: 'too-large' });
    });
    request.on('end', () => resolve({ kind: 'text', text: Buffer.concat(chunks).toString('utf8') }));
    request.on('error', () => resolve({ kind: 'gone' }));
    request.on('close', () => resolve({ kind: 'gone' }));
  });
}

/** Whether the request says that its body is JSON. */
export function saysJson(request: IncomingMessage): boolean {
  return /^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '');
}
