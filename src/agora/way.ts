import type { Reached } from './domains.ts';
import type { ProxyServer } from './proxy.ts';

/** An answer larger than this is not the service's, and is not read to its end. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

/** The longest time for a proxy's answer, in milliseconds: a silent proxy must not hold up the end of the process. */
const MOST_FOR_PROXY = 4_000;

/** How long the proxy has for its answer, in milliseconds. */
export function proxyTimeout({ connect }: Progress['timeouts']): number {
  return Math.min(connect, MOST_FOR_PROXY);
}

/** The progress of a request before it failed. */
export interface Progress {
  /** Milliseconds. */
  timeouts: { connect: number; request: number };
  /** The proxy that it was to go through. */
  proxy: ProxyServer | undefined;
  /** Whether it had its connection: through a proxy, whether that has let it through. */
  hasSocket: boolean;
  /** Whether anything of it may have left. */
  connected: boolean;
}

/** What went wrong on the way, in words. */
export interface Trouble {
  message: string;
  /** What it says of the origin; undefined where it is about this machine or the proxy. */
  reached: Exclude<Reached, 'answered'> | undefined;
}

/** Node's names for a chain that leads to no authority it knows (OpenSSL, x509 verification). */
const UNTRUSTED =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_UNTRUSTED|INVALID_CA)$/;

/** Classifies a failed request: a proxy's own answer, the network, DNS, a certificate, or this machine's limits. */
export function troubleOf(error: unknown, progress: Progress): Trouble {
  const { message, code } = error as Thrown;
  const { proxy, hasSocket } = progress;
  const reached = isAboutName(error) ? 'failed' : 'network';
  if (code === 'EMFILE' || code === 'ENFILE')
    return { message: `this machine lets no more files be opened (${code})`, reached: undefined };
  if (!proxy || hasSocket) return { message: inWords(error, progress), reached };
  const where = `the proxy ${proxy.url.host} (${proxy.variable})`;
  const answered = Number(/^Bad response: (\d{3})$/.exec(message ?? '')?.[1]);
  if (!answered) return { message: `${where}: ${inWords(error, progress)}`, reached: undefined };
  if (answered === 407)
    return {
      message: `${where} wants credentials (407): ${proxy.variable}=http://USER:PASSWORD@${proxy.url.host}`,
      reached: undefined,
    };
  const meaning =
    answered >= 500
      ? 'it does not reach this host'
      : 'it does not let calls to this host through; what NO_PROXY names goes straight';
  return { message: `${where} answered ${answered}: ${meaning}`, reached: 'network' };
}

/** As got and Node throw them. */
interface Thrown {
  name?: string;
  message?: string;
  code?: string;
  /** Of got's TimeoutError: which of its limits passed. */
  event?: string;
}

function isAboutName(error: unknown): boolean {
  const { name, event, code } = error as Thrown;
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' || (name === 'TimeoutError' && event === 'lookup');
}

function inWords(error: unknown, { timeouts, connected }: Progress): string {
  const { name, event, code, message } = error as Thrown;
  if (name === 'TimeoutError' && event !== 'request')
    return `no connection within ${timeouts.connect / 1000} s`;
  if (name === 'TimeoutError')
    return `no ${connected ? 'answer' : 'connection'} within ${timeouts.request / 1000} s`;
  // The agent's own, of a proxy that has not answered.
  if (message === 'Proxy timeout') return `no answer within ${proxyTimeout(timeouts) / 1000} s`;
  if (UNTRUSTED.test(code ?? ''))
    return `its certificate is not trusted (${code}); NODE_EXTRA_CA_CERTS=FILE.pem adds a company's own authority`;
  switch (code) {
    case 'ERR_CANCELED':
      return `the answer is larger than ${MAX_ANSWER_BYTES / 2 ** 20} MB`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_HTTP2_STREAM_ERROR':
      return 'the connection was cut';
    case 'ECONNREFUSED':
      return 'nothing listens there (connection refused)';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name cannot be resolved (DNS)';
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `its certificate is not valid at this time (${code}); is this machine's clock right?`;
    case 'EPROTO':
      return 'no secure connection came about (EPROTO)';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for another name (${code})`;
    default:
      return String(code ?? message ?? error);
  }
}
