import { createHash, createHmac, type Hmac } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isSame } from './access.ts';

/** Larger bodies are not taken: a push event has some kilobytes. */
const MAX_BODY = 5 * 1024 * 1024;

/**
 * A body that is not taken is still read to its end before that is said, because most clients hear nothing while they
 * send; up to here, which is where GitHub caps payloads.
 */
const MAX_READ = 25 * 1024 * 1024;

/** How far the time of a signed delivery may be off, in seconds (Standard Webhooks, "Verifying the timestamp"; the value is that of its libraries). */
const TOLERANCE = 5 * 60;

/** Deliveries that are remembered, so that one which is sent twice is taken once. */
const REMEMBERED = 1_000;

/** Headers that are "sha256=" and the HMAC-SHA256 of the body in hex: GitHub's, and Bitbucket's. GitHub's X-Hub-Signature is SHA-1. */
const PREFIXED = ['x-hub-signature-256', 'x-hub-signature'];

/** The same without anything before it: Gitea's, and what came of it and before it. */
const BARE = ['x-gitea-signature', 'x-forgejo-signature', 'x-gogs-signature'];

/**
 * What the hosts call the ID of a delivery; the first that there is counts: the one that is signed before those that a
 * replay may change. GitLab's X-Gitlab-Event-UUID is shared by events that lead to one another, so its Idempotency-Key
 * comes first.
 */
const DELIVERY = [
  'webhook-id',
  'x-github-delivery',
  'x-gitea-delivery',
  'x-forgejo-delivery',
  'x-gogs-delivery',
  'x-request-uuid',
  'idempotency-key',
  'x-gitlab-event-uuid',
];

/** The answer to a delivery. */
export interface HookAnswer {
  status: 202 | 401 | 413;
  text: string;
}

/** Takes the webhooks of git hosts: a delivery with the right secret or signature says that there are new commits. */
export class Hook {
  readonly #secret: string;
  readonly #onNews: () => void;
  readonly #now: () => number;
  /** Digests of the IDs, the oldest first. */
  readonly #taken = new Set<string>();

  /** @param now milliseconds since 1970 */
  constructor(secret: string, onNews: () => void, now: () => number) {
    this.#secret = secret;
    this.#onNews = onNews;
    this.#now = now;
  }

  /** Takes a delivery. Its body is hashed as it comes in, and never kept. */
  async take(request: IncomingMessage): Promise<HookAnswer> {
    const { headers } = request;
    const signature = new Signature(this.#secret, headers, this.#now() / 1000);
    const said = Number(headers['content-length'] ?? 0);
    let length = said;
    if (said <= MAX_READ)
      length = await readThrough(request, (chunk, until) => {
        if (signature.isThere && Math.max(said, until) <= MAX_BODY) signature.update(chunk);
      });
    if (!signature.isThere) return UNSIGNED;
    if (length > MAX_BODY) return { status: 413, text: 'too large\n' };
    if (!signature.isRight()) return UNSIGNED;
    if (this.#isKnown(headers)) return { status: 202, text: 'taken before\n' };
    this.#onNews();
    return { status: 202, text: 'looking\n' };
  }

  #isKnown(headers: IncomingHttpHeaders): boolean {
    const name = DELIVERY.find((each) => textIn(headers, each) !== undefined);
    if (name === undefined) return false;
    // Whatever the length of an ID, this has one.
    const id = createHash('sha256').update(`${name}\n${headers[name]}`).digest('base64');
    if (this.#taken.has(id)) return true;
    this.#taken.add(id);
    const [oldest] = this.#taken;
    if (this.#taken.size > REMEMBERED && oldest !== undefined) this.#taken.delete(oldest);
    return false;
  }
}

const UNSIGNED: HookAnswer = { status: 401, text: 'the signature is not right\n' };

/**
 * Checks that the sender knows the secret: GitHub, Bitbucket, Gitea and Forgejo sign the body, Standard Webhooks sign
 * ID, time and body, GitLab sends the secret itself. One that is right is enough: without the secret none is.
 */
class Signature {
  /** Of the body alone. */
  #body: Hmac | undefined;
  readonly #hex: string[];
  /** Of ID, time and body, by each key that the secret may stand for. */
  #standard: Hmac[] = [];
  readonly #base64: string[];
  readonly #knowsSecret: boolean;

  constructor(secret: string, headers: IncomingHttpHeaders, now: number) {
    this.#hex = [
      ...PREFIXED.flatMap((name) => /^sha256=(.*)$/.exec(textIn(headers, name) ?? '')?.[1] ?? []),
      ...BARE.flatMap((name) => textIn(headers, name) ?? []),
    ];
    if (this.#hex.length > 0) this.#body = createHmac('sha256', secret);
    const [id, time, signed] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
      textIn(headers, name),
    );
    const isTimely = /^\d+$/.test(time ?? '') && Math.abs(Number(time) - now) <= TOLERANCE;
    this.#base64 =
      !id || !isTimely
        ? []
        : [...(signed ?? '').matchAll(/(?:^| )v1,(\S+)/g)].map((match) => match[1] as string);
    if (this.#base64.length > 0)
      this.#standard = standardKeys(secret).map((key) => createHmac('sha256', key).update(`${id}.${time}.`));
    const token = textIn(headers, 'x-gitlab-token');
    this.#knowsSecret = token !== undefined && isSame(token, secret);
  }

  /** Whether there is a signature to check. */
  get isThere(): boolean {
    return this.#knowsSecret || this.#hex.length > 0 || this.#base64.length > 0;
  }

  update(chunk: Buffer): void {
    for (const hmac of [this.#body, ...this.#standard]) hmac?.update(chunk);
  }

  /** Called once, after the whole body. */
  isRight(): boolean {
    const hex = this.#body?.digest('hex');
    const base64 = this.#standard.map((hmac) => hmac.digest('base64'));
    // All are compared, so that the time does not reveal which one matched.
    const right = [
      this.#knowsSecret,
      ...this.#hex.map((each) => hex !== undefined && isSame(each.toLowerCase(), hex)),
      ...this.#base64.flatMap((each) => base64.map((own) => isSame(each, own))),
    ];
    return right.includes(true);
  }
}

/** The keys that a secret may stand for (Standard Webhooks: "whsec_" and base64; some hosts leave the prefix out, or take the text itself). */
function standardKeys(secret: string): Buffer[] {
  const [, encoded] = /^whsec_(.+)$/.exec(secret) ?? [];
  if (encoded !== undefined) return [Buffer.from(encoded, 'base64')];
  const decoded = Buffer.from(secret, 'base64');
  // Node passes over what is no base64, so what is left of such a text may be nothing at all.
  const isEncoded = decoded.length > 0 && decoded.toString('base64') === secret;
  return [Buffer.from(secret), ...(isEncoded ? [decoded] : [])];
}

function textIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * Hands on the pieces of a body as they come in, up to MAX_READ.
 * @param take is told how many bytes there were with this piece
 * @returns how many there were
 * @throws where the connection breaks
 */
function readThrough(
  request: IncomingMessage,
  take: (chunk: Buffer, until: number) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_READ) resolve(length);
      else take(chunk, length);
    });
    request.once('end', () => resolve(length));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the connection was closed')));
  });
}
