import type { ClientRequest, Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Got } from 'got';
import type { Answer } from '../model/answer.ts';
import type { Identity } from '../model/recording.ts';
import type { Outgoing, Sender, Way } from '../model/work.ts';
import { judge } from './answers.ts';
import type { Domains } from './domains.ts';
import { HeldBackError, type Opening, waitingAgent } from './open-socket.ts';
import type { ProxyServer } from './proxy.ts';
import { MAX_ANSWER_BYTES, proxyTimeout, troubleOf } from './way.ts';

export interface ClientOptions {
  customerId: string;
  customerSecret: string;
  domains: Domains;
  /** The proxy for calls to an origin; undefined where they go straight. One for all that need one. */
  proxyFor?: (origin: string) => ProxyServer | undefined;
  /** Milliseconds. */
  timeouts: { connect: number; request: number };
  now: () => number;
  version: string;
}

/** No more idle connections are kept than the allowance needs: each takes a file handle that reading files may need. */
const KEPT = { keepAlive: true, maxFreeSockets: 16 };

interface Network {
  got: Got;
  agents: { http: HttpAgent; https: HttpsAgent };
  /** Its connections lead through the proxy; made with the first of them. */
  tunnel: (proxy: ProxyServer) => Promise<HttpsAgent>;
  close: () => void;
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
  let tunnel: HttpsAgent | undefined;
  return {
    agents,
    tunnel: async ({ url }) => {
      const { HttpsProxyAgent } = await import('hpagent');
      // The agent knows one time for what the proxy has for its answer and for how long a connection may lie idle.
      const timeout = proxyTimeout(timeouts);
      tunnel ??= new HttpsProxyAgent({ ...KEPT, proxy: url, timeout });
      return tunnel;
    },
    close: () => {
      for (const agent of [agents.http, agents.https, tunnel]) agent?.destroy();
    },
    got: got.extend({
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      responseType: 'text',
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

  /** Loads what calls need, so that the first is not slower than the others. */
  async warm(): Promise<void> {
    // An error here comes again with the first call, which reports it.
    await this.#open().catch(() => {});
  }

  async send({ identity, endpoint, body }: Outgoing, way: Way): Promise<Answer | undefined> {
    const path =
      endpoint === 'updateLayout'
        ? `${recordingPath(identity, 'mix')}/updateLayout`
        : `${recordingPath(identity, identity.mode)}/update`;
    return this.#request('POST', path, body, identity, way);
  }

  /** `query`: whether the recording runs, and in web mode what it really does. */
  async query(identity: Identity, way: Way): Promise<Answer | undefined> {
    return this.#request('GET', `${recordingPath(identity, identity.mode)}/query`, undefined, identity, way);
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    identity: Identity,
    way: Way,
  ): Promise<Answer | undefined> {
    const origin = this.#options.domains.pick();
    const host = new URL(origin).host;
    const proxy = this.#options.proxyFor?.(origin);
    const trip = new Trip(this.#options.timeouts, way);
    let isSwitched = false;
    try {
      const { got, agents, tunnel } = await this.#open();
      const { http, https } = proxy ? { http: undefined, https: await tunnel(proxy) } : agents;
      const request = got(`${origin.replace(/\/$/, '')}${path}`, {
        method,
        agent: {
          ...(http ? { http: waitingAgent(http, trip) } : {}),
          https: waitingAgent(https, trip),
        },
        ...(body
          ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json;charset=utf-8' } }
          : {}),
      });
      request.on('request', (outgoing) => {
        trip.follow(outgoing);
        outgoing.once('finish', way.departed);
        // 101: got would wait for the rest of the answer for ever, without a timeout.
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
      const retryAfter = this.#retryAfter(response.headers['retry-after']);
      const answer: Answer = {
        kind: 'answer',
        status: response.statusCode,
        body: parse(response.body),
        host,
        ...(retryAfter === undefined ? {} : { retryAfter }),
      };
      // What is no word of the service's, such as a proxy's page, says that the way to it is closed, whatever the status.
      const isItsWord = !['unknown', 'foreign'].includes(judge(answer, identity).meaning);
      this.#options.domains.report(origin, isItsWord ? 'answered' : 'failed');
      return answer;
    } catch (error) {
      if (isHeldBack(error)) return undefined;
      const { timeouts, domains } = this.#options;
      const { hasSocket, connected } = trip;
      const { message, reached } = troubleOf(trip.error ?? error, { timeouts, proxy, hasSocket, connected });
      if (reached) domains.report(origin, reached);
      const strange = isSwitched ? "an answer 101 that is not the service's" : undefined;
      return { kind: 'failure', message: strange ?? message, unsent: !connected, host };
    } finally {
      trip.end();
    }
  }

  #open(): Promise<Network> {
    this.#network ??= openNetwork(this.#options).catch((error: unknown) => {
      // Loading may have failed because no file handle was left: a later call tries again.
      this.#network = undefined;
      throw error;
    });
    return this.#network;
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
    void this.#network?.then(({ close }) => close());
  }
}

/** The progress of one request: until its connection is open, until it has left, until it is answered. */
class Trip implements Opening {
  readonly #timeouts: ClientOptions['timeouts'];
  readonly #way: Way;
  #socket: Socket | undefined;
  /** Bytes that had gone over the connection before this request; undefined as long as it has none. */
  #before: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** What ended it, where that was not the network. */
  error: Error | undefined;

  constructor(timeouts: ClientOptions['timeouts'], way: Way) {
    this.#timeouts = timeouts;
    this.#way = way;
  }

  follow(outgoing: ClientRequest): void {
    outgoing.once('socket', (socket) => {
      if (outgoing.destroyed) return;
      // Right behind this, in the same tick, the request is written to the connection.
      if (!this.#way.mayLeave()) {
        outgoing.destroy(new HeldBackError('held back'));
        return;
      }
      this.#before = socket.bytesWritten;
      this.#timer = setTimeout(() => {
        this.error = timeout('request');
        outgoing.destroy(this.error);
      }, this.#timeouts.request);
    });
  }

  get patience(): number {
    return Math.min(this.#timeouts.connect, this.#timeouts.request);
  }

  found(socket: Socket): void {
    this.#socket = socket;
  }

  open(): Promise<boolean> {
    return this.#way.open();
  }

  late(): Error {
    this.error = timeout(this.#timeouts.connect <= this.#timeouts.request ? 'connect' : 'request');
    return this.error;
  }

  get hasSocket(): boolean {
    return this.#socket !== undefined;
  }

  /** Whether anything may have left: a kept connection may turn out to be closed before it takes a byte. */
  get connected(): boolean {
    return this.#before !== undefined && this.#socket?.bytesWritten !== this.#before;
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function isHeldBack(error: unknown): boolean {
  return (error as Error).cause instanceof HeldBackError;
}

/** Named as got has them, so that all of them are put into words in one place. */
function timeout(event: 'connect' | 'request'): Error {
  return Object.assign(new Error(`no ${event} in time`), { name: 'TimeoutError', event });
}

function recordingPath({ appId, resourceId, sid }: Identity, mode: string): string {
  const part = encodeURIComponent;
  return `/v1/apps/${part(appId)}/cloud_recording/resourceid/${part(resourceId)}/sid/${part(sid)}/mode/${mode}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.trim() === '' ? undefined : text;
  }
}
