import { subscribe } from 'node:diagnostics_channel';
import { setMaxListeners } from 'node:events';
import type { ClientRequest } from 'node:http';
import { join } from 'node:path';
import type { Clock, Io } from '../../src/model/ports.ts';
import type { FaultRule } from '../../src/simulator/fault-rule.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { CREDENTIALS, type SimulatedRequest } from './cli.ts';
import { fakeIo } from './io.ts';

/*
 * The built program inside the test's process, over real HTTP, on a clock that runs ahead whenever nothing
 * but time is waited for: the 90 s of a failover take some milliseconds.
 */

/** How long nothing must have stirred, in real milliseconds, before the clock runs ahead. */
const STILL = 12;
/** What Node has under way for the disk or a connection: it is awaited, however busy the machine is. */
const UNDER_WAY = /^(FSReq|TCPConnect|GetAddrInfo|WriteWrap|ShutdownWrap|Immediate)/;

/** Requests that are under way in this process. */
const inFlight = new Set<unknown>();
subscribe('http.client.request.start', (message) => {
  const { request } = message as { request: ClientRequest };
  inFlight.add(request);
  request.once('close', () => inFlight.delete(request));
});

export class LeapingClock implements Clock {
  #ahead = 0;
  readonly #began = performance.now();
  #timers: { at: number; fire: () => void }[] = [];
  #stirred = performance.now();
  /** Answers that the simulator takes its time with. */
  #answering = 0;
  readonly #pump = setInterval(() => this.#leap(), 4);

  monotonic(): number {
    return this.#ahead + performance.now() - this.#began;
  }
  now(): number {
    return 1_767_000_000_000 + this.monotonic();
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.#stirred = performance.now();
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = { at: this.monotonic() + ms, fire: end };
      this.#timers.push(timer);
      if (!signal) return;
      setMaxListeners(0, signal);
      signal.addEventListener('abort', end);
    });
  }
  /** The same clock for the simulator: a request that waits on it is none that is under way. */
  forSimulator(): Clock {
    return {
      now: () => this.now(),
      monotonic: () => this.monotonic(),
      sleep: async (ms, signal) => {
        this.#answering += 1;
        await this.sleep(ms, signal);
        this.#answering -= 1;
      },
    };
  }
  #leap(): void {
    const next = this.#timers.sort((a, b) => a.at - b.at)[0];
    if (!next) return;
    if (next.at > this.monotonic()) {
      if (
        inFlight.size > this.#answering ||
        process.getActiveResourcesInfo().some((name) => UNDER_WAY.test(name))
      )
        this.#stirred = performance.now();
      if (performance.now() - this.#stirred < STILL) return;
      this.#ahead += next.at - this.monotonic();
    }
    this.#timers.shift();
    this.#stirred = performance.now();
    next.fire();
  }
  stop(): void {
    clearInterval(this.#pump);
  }
}

export interface Inside {
  code: number;
  stdout: string;
  stderr: string;
}

/** A simulator and the built program on one clock. */
export async function inside(options: {
  cwd: string;
  recordings: readonly object[];
  faults?: FaultRule[];
  rate?: number;
  env?: Record<string, string>;
}) {
  const clock = new LeapingClock();
  const simulator = await startSimulator({
    clock: clock.forSimulator(),
    recordings: options.recordings as never,
    faults: options.faults ?? [],
    ...(options.rate === undefined ? {} : { rate: options.rate }),
  });
  const { main } = (await import(join(import.meta.dirname, '../../dist/main.js'))) as {
    main: (argv: string[], io: Io) => Promise<number>;
  };
  return {
    url: simulator.url,
    clock,
    async run(...argv: string[]): Promise<Inside> {
      const given = { REELSTATE_ENDPOINT: simulator.url, REELSTATE_YES: '1', ...options.env };
      const env = { ...CREDENTIALS, ...given };
      const { io, said } = fakeIo({ env, cwd: options.cwd, clock });
      const code = await main(argv, io);
      return { code, stdout: said.out, stderr: said.err };
    },
    /** The same, told to stop as by Ctrl-C as soon as standard error matches. */
    async runUntil(stop: AbortController, sign: RegExp, ...argv: string[]): Promise<Inside> {
      const given = { REELSTATE_ENDPOINT: simulator.url, REELSTATE_YES: '1', ...options.env };
      const { io, said } = fakeIo({
        env: { ...CREDENTIALS, ...given },
        cwd: options.cwd,
        clock,
        stop: stop.signal,
      });
      const err = io.err.bind(io);
      io.err = async (text) => {
        await err(text);
        if (sign.test(text)) stop.abort();
      };
      const code = await main(argv, io);
      return { code, stdout: said.out, stderr: said.err };
    },
    async requests(): Promise<SimulatedRequest[]> {
      return (await fetch(`${simulator.url}/_sim/requests?secrets=1`)).json() as Promise<SimulatedRequest[]>;
    },
    async recordings(): Promise<Record<string, unknown>[]> {
      return (await fetch(`${simulator.url}/_sim/recordings?secrets=1`)).json() as Promise<
        Record<string, unknown>[]
      >;
    },
    async faults(rules: FaultRule[]): Promise<void> {
      const response = await fetch(`${simulator.url}/_sim/faults`, {
        method: 'PUT',
        body: JSON.stringify(rules),
        headers: { 'content-type': 'application/json' },
      });
      if (!response.ok) throw new Error(await response.text());
    },
    async close(): Promise<void> {
      clock.stop();
      await simulator.close();
    },
  };
}
