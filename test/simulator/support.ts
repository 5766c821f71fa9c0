import { type IncomingHttpHeaders, request } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/model/ports.ts';
import type { RunningRecording } from '../../src/simulator/recording.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';

/** Time that passes only when told to. */
export class FakeClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  #mono = 5000;
  #sleepers: { due: number; wake: () => void }[] = [];
  #arrivals: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#mono;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((wake) => {
      if (signal?.aborted) return wake();
      signal?.addEventListener('abort', () => wake(), { once: true });
      this.#sleepers.push({ due: this.#mono + ms, wake });
      for (const arrived of this.#arrivals.splice(0)) arrived();
    });
  }

  /** Resolves when somebody sleeps. */
  async sleeping(): Promise<void> {
    if (this.#sleepers.length === 0) await new Promise<void>((resolve) => this.#arrivals.push(resolve));
  }

  advance(ms: number): void {
    this.#now += ms;
    this.#mono += ms;
    const due = this.#sleepers.filter((sleeper) => sleeper.due <= this.#mono);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.due > this.#mono);
    for (const sleeper of due) sleeper.wake();
  }
}

export const MIX: RunningRecording = {
  name: 'town-hall',
  appId: 'app1',
  cname: 'httpClient463224',
  uid: '527841',
  resourceId: 'resource-mix',
  sid: 'sid-mix',
  mode: 'mix',
};
export const WEB: RunningRecording = {
  ...MIX,
  name: 'keynote',
  resourceId: 'resource-web',
  sid: 'sid-web',
  mode: 'web',
};
export const INDIVIDUAL: RunningRecording = {
  ...MIX,
  name: 'panel',
  resourceId: 'resource-individual',
  sid: 'sid-individual',
  mode: 'individual',
};

/** A simulator that is closed when the test ends. Unless told otherwise: a fake clock, no limit, three recordings. */
export async function simulator(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const running = await startSimulator({
    clock: new FakeClock(),
    rate: 0,
    recordings: [MIX, WEB, INDIVIDUAL],
    ...options,
  });
  onTestFinished(() => running.close());
  return running;
}

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the tests find out.
export type Json = any;

export interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: Json;
  /** In how many pieces the body came. */
  pieces: number;
}

export interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  raw?: string;
  signal?: AbortSignal;
}

export const BASIC = `Basic ${Buffer.from('id:secret').toString('base64')}`;

/** One request on a connection of its own; rejects where the connection breaks. */
export function http(url: string, sent: Sent = {}): Promise<Got> {
  const text = sent.raw ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body));
  const headers: Record<string, string> = {
    authorization: BASIC,
    ...(text !== undefined && { 'content-type': 'application/json;charset=utf-8' }),
    ...sent.headers,
  };
  for (const [name, value] of Object.entries(headers)) if (value === '') delete headers[name];
  return new Promise((resolve, reject) => {
    const options = { method: sent.method ?? 'GET', headers, agent: false as const, signal: sent.signal };
    const outgoing = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const json = /^[[{]/.test(body) ? JSON.parse(body) : undefined;
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: body,
          json,
          pieces: chunks.length,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

/** The URL of a call on a recording. */
/** What calls need to know of a simulator, in this process or another. */
export type Reachable = Pick<Simulator, 'url' | 'port' | 'close'>;

export function callUrl(at: Reachable, endpoint: string, recording: RunningRecording): string {
  const { appId, resourceId, sid, mode } = recording;
  return `${at.url}/v1/apps/${appId}/cloud_recording/resourceid/${resourceId}/sid/${sid}/mode/${mode}/${endpoint}`;
}

/** A call with a correct envelope around `clientRequest`. */
export function call(
  at: Reachable,
  endpoint: string,
  recording: RunningRecording,
  clientRequest: unknown = {},
  sent: Sent = {},
): Promise<Got> {
  const url = callUrl(at, endpoint, recording);
  if (endpoint === 'query') return http(url, sent);
  const body = { cname: recording.cname, uid: recording.uid, clientRequest };
  return http(url, { method: 'POST', body, ...sent });
}

/** What /_sim shows of a recording. */
export async function look(at: Reachable, recording: RunningRecording, secrets = false): Promise<Json> {
  const { json } = await http(`${at.url}/_sim/recordings/${recording.sid}${secrets ? '?secrets=1' : ''}`);
  return json;
}

export async function control(at: Reachable, method: string, path: string, body?: unknown): Promise<Got> {
  return http(`${at.url}/_sim/${path}`, { method, body, headers: { authorization: '' } });
}
