import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Got, TimeoutError } from 'got';
import type { Answer } from '../model/answer.ts';
import type { Identity } from '../model/recording.ts';
import type { Outgoing, Sender } from '../model/work.ts';
import type { Domains } from './domains.ts';

export interface ClientOptions {
  customerId: string;
  customerSecret: string;
  domains: Domains;
  /** Milliseconds. */
  timeouts: { connect: number; request: number };
  now: () => number;
  version: string;
}

/** An answer larger than this is not the service's. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** More connections than the allowance needs are not kept idle: each takes a file handle that reading files may want. */
const KEPT = { keepAlive: true, maxFreeSockets: 16 };

interface Network {
  got: Got;
  agents: { http: HttpAgent; https: HttpsAgent };
}

/** Loaded with the first call: it takes longer than planning ten recordings, and most runs send nothing. */
async function openNetwork({
  customerId,
  customerSecret,
  timeouts,
  version,
}: ClientOptions): Promise<Network> {
  const [{ default: got }, http, https] = await Promise.all([
    import('got'),
    import('node:http'),
    import('node:https'),
  ]);
  const agents = {
    http: new http.Agent(KEPT),
    https: new https.Agent(KEPT),
  };
  return {
    agents,
    got: got.extend({
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      responseType: 'text',
      agent: agents,
      timeout: {
        lookup: timeouts.connect,
        connect: timeouts.connect,
        secureConnect: timeouts.connect,
        request: timeouts.request,
      },
      headers: {
        authorization: `Basic ${Buffer.from(`${customerId}:${customerSecret}`).toString('base64')}`,
        'user-agent': `reelstate/${version}`,
        accept: 'application/json',
      },
    }),
  };
}

/**
 * The service over HTTP. Every call is one request: no repetition, no redirect and no error for a status, because
 * what follows from an answer is decided elsewhere, and a repetition made in here would escape the allowance.
 */
export class Client implements Sender {
  readonly #options: ClientOptions;
  #network: Promise<Network> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Loads what calls need, so that the first is no later than the others. */
  async warm(): Promise<void> {
    await this.#open();
  }

  async send({ identity, endpoint, body }: Outgoing, departed: () => void): Promise<Answer> {
    const path =
      endpoint === 'updateLayout'
        ? `${recordingPath(identity, 'mix')}/updateLayout`
        : `${recordingPath(identity, identity.mode)}/update`;
    return this.#request('POST', path, body, departed);
  }

  /** `query`: whether the recording runs, and in web mode what it really does. */
  async query(identity: Identity, departed: () => void): Promise<Answer> {
    return this.#request('GET', `${recordingPath(identity, identity.mode)}/query`, undefined, departed);
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    departed: () => void,
  ): Promise<Answer> {
    const { got } = await this.#open();
    const origin = this.#options.domains.pick();
    const host = new URL(origin).host;
    let connected = false;
    let isSwitched = false;
    try {
      const request = got(`${origin.replace(/\/$/, '')}${path}`, {
        method,
        ...(body
          ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json;charset=utf-8' } }
          : {}),
      });
      request.on('request', (outgoing) => {
        outgoing.once('socket', (socket: Socket) => {
          if (outgoing.reusedSocket) connected = true;
          // Before a connection is secure nothing of a request leaves.
          else
            socket.once(origin.startsWith('https:') ? 'secureConnect' : 'connect', () => {
              connected = true;
            });
        });
        outgoing.once('finish', departed);
        // 101: got would wait for the rest of the answer for ever, and no timeout of its own would end that.
        outgoing.once('upgrade', (_answer, socket: Socket) => {
          isSwitched = true;
          socket.destroy();
          request.cancel();
        });
      });
      request.on('downloadProgress', ({ transferred }) => {
        if (transferred > MAX_ANSWER_BYTES) request.cancel();
      });
      const response = await request;
      this.#options.domains.report(origin, response.statusCode < 500);
      const retryAfter = this.#retryAfter(response.headers['retry-after']);
      return {
        kind: 'answer',
        status: response.statusCode,
        body: parse(response.body),
        host,
        ...(retryAfter === undefined ? {} : { retryAfter }),
      };
    } catch (error) {
      this.#options.domains.report(origin, false);
      const message = isSwitched ? "an answer 101 that is not the service's" : this.#failure(error);
      return { kind: 'failure', message, unsent: !connected, host };
    }
  }

  #open(): Promise<Network> {
    this.#network ??= openNetwork(this.#options);
    return this.#network;
  }

  #failure(error: unknown): string {
    const { connect, request } = this.#options.timeouts;
    const { name, event, code } = error as Partial<TimeoutError>;
    if (name === 'TimeoutError' && event !== 'request') return `no connection within ${connect / 1000} s`;
    switch (code) {
      case 'ETIMEDOUT':
        return `no answer within ${request / 1000} s`;
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
      default:
        return String(code ?? (error as Error).message ?? error);
    }
  }

  #retryAfter(header: string | undefined): number | undefined {
    if (header === undefined) return undefined;
    const milliseconds = /^\d+$/.test(header.trim())
      ? Number(header) * 1000
      : Date.parse(header) - this.#options.now();
    return Number.isFinite(milliseconds) && milliseconds >= 0 ? milliseconds : undefined;
  }

  /** Idle connections would keep the process alive. */
  close(): void {
    void this.#network?.then(({ agents }) => {
      agents.http.destroy();
      agents.https.destroy();
    });
  }
}

function recordingPath({ appId, resourceId, sid }: Identity, mode: string): string {
  const part = encodeURIComponent;
  return `/v1/apps/${part(appId)}/cloud_recording/resourceid/${part(resourceId)}/sid/${part(sid)}/mode/${mode}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
