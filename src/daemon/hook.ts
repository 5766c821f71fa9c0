import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** Larger bodies are not read: a push event has some kilobytes, GitHub caps payloads at 25 MB. */
const MAX_BODY = 5 * 1024 * 1024;

/**
 * Whether a request knows the secret: GitHub signs the body ("Validating webhook deliveries": X-Hub-Signature-256 is
 * "sha256=" and the HMAC in hex), GitLab sends the secret itself ("Webhooks": X-Gitlab-Token). Compared in constant time.
 */
export function knowsSecret(secret: string, headers: IncomingHttpHeaders, body: Uint8Array): boolean {
  const signature = headers['x-hub-signature-256'];
  if (typeof signature === 'string')
    return isSame(signature, `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const token = headers['x-gitlab-token'];
  return typeof token === 'string' && isSame(token, secret);
}

/** Over digests, because equal lengths are what a comparison in constant time needs. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The body of a request; undefined where it is too large. */
export async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  // Said before it is read, so that there is somebody to answer to.
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
