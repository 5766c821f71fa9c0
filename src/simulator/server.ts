import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../model/ports.ts';
import { Control } from './control.ts';
import { type Credentials, Exchange, type Parts } from './exchange.ts';
import type { FaultRule } from './fault-rule.ts';
import { Faults } from './faults.ts';
import { Refused } from './fields.ts';
import { type Arrival, Journal, type Violation } from './journal.ts';
import { isLoopbackName } from './loopback.ts';
import { SlidingSecond } from './rate.ts';
import type { RunningRecording } from './recording.ts';
import { send } from './reply.ts';
import { RecordingService } from './service.ts';
import type { UnsubscribeSpelling } from './subscriptions.ts';
import { type ShownRecording, shown } from './view.ts';

export interface SimulatorOptions {
  clock: Clock;
  /** A loopback address; 127.0.0.1 where it is left out. */
  host?: string;
  /** 0, or left out: a free one. */
  port?: number;
  /** What Basic credentials are demanded; any that are not empty where it is left out. */
  credentials?: Credentials;
  /** Requests that an account may make in any second, 10 where it is left out (REST, update); 0: no limit. */
  rate?: number;
  /** Recordings that run already. */
  recordings?: readonly RunningRecording[];
  faults?: readonly FaultRule[];
  /** Of the faults' draws and of the ids given out; 1 where it is left out. */
  seed?: number;
  /** Which spelling of the unsubscribe lists counts; unSubscribe where it is left out. */
  unsubscribeSpelling?: UnsubscribeSpelling;
  /** Reads the recordings again for `POST /_sim/reload`. */
  reload?: () => Promise<readonly RunningRecording[]>;
  /** How many requests are remembered; 100,000 where it is left out. */
  remembered?: number;
  /** Told of every call when it is over. */
  log?: (arrival: Arrival) => void;
}

export interface Simulator {
  /** `http://HOST:PORT`, without a slash at the end. */
  url: string;
  port: number;
  /** Every recording as it is now, secrets as they are. */
  recordings(): ShownRecording[];
  /** What arrived, in order, the answers and the secrets with it. */
  requests(): Arrival[];
  /** Requests above the allowance, and calls on one recording that overlapped. */
  violations(): Violation[];
  /** Rules in the place of all others. @throws Refused for a failover of a recording that does not run */
  setFaults(rules: readonly FaultRule[]): void;
  /** Ends every connection, also those that hang, and stops listening. */
  close(): Promise<void>;
}

/** REST, update: the request frequency limit, per account and second. */
const ACCOUNT_RATE = 10;
const REMEMBERED = 100_000;
/** Longer than a test or a person pauses between two calls, so that no call meets a connection that is just closing. */
const KEEP_ALIVE_MS = 600_000;

interface Running extends Parts {
  control: Control;
  setFaults: (rules: readonly FaultRule[], replace: boolean) => void;
  log: (arrival: Arrival) => void;
}

function assemble(options: SimulatorOptions, closing: AbortSignal): Running {
  const { clock, seed = 1, rate = ACCOUNT_RATE, credentials, reload } = options;
  const service = new RecordingService(clock, seed, options.unsubscribeSpelling ?? 'unSubscribe');
  const faults = new Faults(seed);
  const journal = new Journal(clock, options.remembered ?? REMEMBERED);
  const setFaults = (rules: readonly FaultRule[], replace: boolean) => {
    const failovers = rules.flatMap(({ failover }) => (failover?.sid === undefined ? [] : [failover]));
    const unknown = failovers.find(({ sid }) => !service.runs(sid));
    if (unknown) throw new Refused(`failover.sid: no recording runs under ${unknown.sid}`);
    if (replace) faults.clear();
    faults.add(rules);
    for (const { sid, forMs } of failovers) service.failOver(sid ?? '', forMs);
  };
  for (const recording of options.recordings ?? []) service.add(recording);
  setFaults(options.faults ?? [], true);
  const control = new Control({ clock, service, faults, journal, setFaults, reload });
  const limiter = new SlidingSecond(rate);
  const log = options.log ?? (() => undefined);
  return { clock, service, faults, journal, limiter, rate, credentials, control, setFaults, log, closing };
}

async function serve(parts: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (/^\/_sim(\/|\?|$)/.test(request.url ?? '')) send(response, await parts.control.handle(request));
    else parts.log(await new Exchange(parts, request, response).run());
  } catch (error) {
    // A defect of the simulator is answered to the client, and must not end the process.
    const message = error instanceof Error ? error.message : String(error);
    if (!response.headersSent) send(response, { status: 500, body: { error: `simulator: ${message}` } });
  }
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/**
 * Starts a local service that behaves like Agora Cloud Recording and can be told to misbehave.
 * @throws RangeError for a host that is not loopback; Refused for a failover of a recording that does not run; the
 * error of `listen` (EADDRINUSE …) where it cannot listen
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const host = options.host ?? '127.0.0.1';
  if (!isLoopbackName(host)) throw new RangeError(`${host} is not a loopback address`);
  // A name could be resolved to something else; the address cannot.
  const address = host.toLowerCase() === 'localhost' ? '127.0.0.1' : host.replace(/^\[(.*)\]$/, '$1');
  const closing = new AbortController();
  const parts = assemble(options, closing.signal);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void serve(parts, request, response);
  });
  const { port } = await listen(server, address, options.port ?? 0);
  const shownHost = address.includes(':') ? `[${address}]` : address;
  return {
    url: `http://${shownHost}:${port}`,
    port,
    recordings: () => parts.service.recordings().map((each) => shown(each, parts.clock.monotonic(), true)),
    requests: () => parts.journal.requests(0, true),
    violations: () => parts.journal.violations(),
    setFaults: (rules) => parts.setFaults(rules, true),
    close: () => {
      closing.abort();
      return closed(server);
    },
  };
}
