import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { isLoopback, proxyFor } from '../agora/proxy.ts';
import type { Logger } from '../daemon/log.ts';
import { type NoticePorts, Notices } from '../daemon/notices.ts';
import { Notifier, type Post } from '../daemon/notifier.ts';
import { usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { secretIn } from '../secrets/secret-text.ts';
import { version } from '../version.ts';
import { listOf, type RawOptions } from './settings.ts';

/** How long one notification may take, in milliseconds. */
const PATIENCE = 10_000;

/** @throws Failure (64), which never quotes an address: its path may be a secret */
export function readNotify(raw: RawOptions, io: Io): URL[] {
  return (listOf('notify', raw, io) ?? []).map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !['http:', 'https:'].includes(url.protocol))
      throw usage('--notify: must be an address such as https://chat.example.com/hooks/abc');
    if (/[<>]|[$][{]|[{][{]/.test(text))
      throw usage('--notify: the address holds a placeholder that was never filled in');
    if (url.protocol === 'http:' && !isLoopback(url.hostname))
      throw usage(
        `--notify ${url.origin}: plain HTTP would show what is told, and the address, to the network; use https:// (plain HTTP is for this machine only)`,
      );
    return url;
  });
}

/**
 * Notices that go to all these addresses; undefined without any.
 * @throws Failure for a proxy that cannot be used
 */
export function openNotices(
  urls: readonly URL[],
  io: Io,
  log: Logger,
  ports: Omit<NoticePorts, 'clock' | 'send'>,
): Notices | undefined {
  if (urls.length === 0) return undefined;
  const { clock, random, env } = io;
  const secret = secretIn(env, 'REELSTATE_NOTIFY_SECRET');
  const notifiers = urls.map((url) => {
    const proxy = proxyFor(url.origin, env);
    const post: Post = (to, headers, body, stop) => postTo(to, proxy?.url, headers, body, io, stop);
    return new Notifier({ url, secret, post, clock, random, log, stop: ports.stop });
  });
  const send: NoticePorts['send'] = (notice) => {
    for (const notifier of notifiers) notifier.send(notice);
  };
  return new Notices({ ...ports, clock, send });
}

/** One request. Redirects are not followed, and what is said beside the status is not read. */
async function postTo(
  url: URL,
  proxy: URL | undefined,
  headers: Readonly<Record<string, string>>,
  body: string,
  { clock }: Io,
  stop: AbortSignal,
): Promise<number | undefined> {
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  const agent = proxy && new (await import('hpagent')).HttpsProxyAgent({ proxy });
  const over = new AbortController();
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': `reelstate/${version}` },
    signal: AbortSignal.any([stop, over.signal]),
    agent: agent ?? false,
  };
  void clock.sleep(PATIENCE, over.signal).then(() => over.abort());
  try {
    return await statusOf(request(url, options), body);
  } finally {
    over.abort();
  }
}

function statusOf(sent: ClientRequest, body: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    sent.on('response', ({ statusCode }: IncomingMessage) => {
      resolve(statusCode);
      sent.destroy();
    });
    sent.on('error', () => resolve(undefined));
    sent.end(body);
  });
}
