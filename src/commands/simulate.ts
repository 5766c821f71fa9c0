import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { DesiredSet } from '../model/recording.ts';
import { count } from '../render/style.ts';
import { secretIn } from '../secrets/secret-text.ts';
import { Vault } from '../secrets/vault.ts';
import type { Credentials } from '../simulator/exchange.ts';
import { type FaultRule, parseFaultRule } from '../simulator/fault-rule.ts';
import { Refused } from '../simulator/fields.ts';
import type { Arrival } from '../simulator/journal.ts';
import { isLoopbackName } from '../simulator/loopback.ts';
import type { RunningRecording } from '../simulator/recording.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/server.ts';
import { readBounds } from './bounds.ts';
import { choice, LOG_LEVELS, type LogLevel, type RawOptions } from './settings.ts';

/** What commander hands over, nothing checked: the flags of `reelstate simulate`. */
export interface SimulateOptions extends RawOptions {
  /** HOST:PORT, IPv6 in brackets; port 0 for a free one. 127.0.0.1:8799 where it is left out. */
  listen?: string;
  /** A folder of recording files: what they name is running. */
  recordings?: string;
  /** Requests that an account may make in any second, 10 where it is left out; 0 for no limit. */
  rate?: string;
  /** Of the faults' draws and of the ids given out; 1 where it is left out. */
  seed?: string;
  /** Milliseconds for every call that no rule gives another latency, "100" or "50-200". */
  latency?: string;
  /** Rules in their text form or as JSON (simulator/fault-rule.ts). */
  fault?: string[];
}

/** Documented so that `--endpoint http://127.0.0.1:8799` can be typed without looking. */
const LISTEN = '127.0.0.1:8799';
/** The vault wants a key of at least 32 bytes; nothing sealed here outlives the process. */
const KEY_BYTES = 32;

function parseListen(listen: string): { host: string; port: number } {
  const match = /^(\[[0-9A-Fa-f:]+\]|[^:\s]+):(\d{1,5})$/.exec(listen);
  const port = Number(match?.[2]);
  if (!match?.[1] || port > 65_535) throw usage(`--listen ${JSON.stringify(listen)}: must be HOST:PORT`);
  return { host: match[1], port };
}

function parseWhole(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw usage(`${flag} ${JSON.stringify(text)}: must be a whole number`);
  return Number(text);
}

function parseFault(source: string, flag = '--fault', given = source): FaultRule {
  try {
    return parseFaultRule(source);
  } catch (error) {
    if (error instanceof Refused) throw usage(`${flag} ${JSON.stringify(given)}: ${error.message}`);
    throw error;
  }
}

/** The rules of --fault and --latency. @throws Failure (64) for what is none */
export function parseFaults(options: SimulateOptions): FaultRule[] {
  const rules = (options.fault ?? []).map((source) => parseFault(source));
  const { latency } = options;
  if (latency === undefined) return rules;
  if (!/^\d+(-\d+)?$/.test(latency))
    throw usage(`--latency ${JSON.stringify(latency)}: must be MS or FROM-TO`);
  return [...rules, { ...parseFault(`latency@${latency}`, '--latency', latency), id: 'latency' }];
}

/** One variable without the other is never meant. */
function readCredentials(env: Io['env']): Credentials | undefined {
  const customerId = secretIn(env, 'AGORA_CUSTOMER_ID');
  const customerSecret = secretIn(env, 'AGORA_CUSTOMER_SECRET');
  if (!customerId && !customerSecret) return undefined;
  if (!customerId) throw new Failure('AGORA_CUSTOMER_SECRET is set, AGORA_CUSTOMER_ID is not');
  if (!customerSecret) throw new Failure('AGORA_CUSTOMER_ID is set, AGORA_CUSTOMER_SECRET is not');
  return { customerId, customerSecret };
}

/** The recordings that a folder's files name; those that still wait for their identity are left out. */
function named(set: DesiredSet): RunningRecording[] {
  return set.recordings.flatMap(({ identity, name }) => (identity ? [{ ...identity, name }] : []));
}

function describe(arrival: Arrival): string {
  const { n, method, path, status, fault } = arrival;
  return `${n} ${method} ${path} ${status ?? 'no answer'}${fault === null ? '' : ` fault ${fault}`}`;
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Notes for people on standard error, from the chosen level up. */
type Note = (level: LogLevel, text: string) => void;

function noteTo(io: Io, logLevel: LogLevel): Note {
  return (level, text) => {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(logLevel)) return;
    // Notes are not awaited, and a closed standard error must not end the service.
    io.err(`${text}\n`).catch(() => undefined);
  };
}

async function load(dir: string, io: Io, note: Note): Promise<RunningRecording[]> {
  const { loadRecordings } = await import('../desired/load.ts');
  const vault = new Vault(randomBytes(KEY_BYTES));
  const state = resolve(io.cwd, io.env.REELSTATE_STATE || '.reelstate');
  const bounds = readBounds({}, { dir, state, accounts: undefined }, io);
  const set = await loadRecordings({ dir, cwd: io.cwd, env: io.env, vault, bounds });
  const missing = set.diagnostics.find(({ code }) => code === 'directory-not-found');
  if (missing) {
    note('warn', `${missing.summary}, so no recording of it runs here: check --recordings`);
    return [];
  }
  const errors = set.diagnostics.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) {
    note(
      'warn',
      `errors in ${dir}: ${errors} (reelstate validate shows them); the recordings they concern do not run here`,
    );
  }
  return named(set);
}

/** Everything that the command line and the environment ask for. */
async function configure(options: SimulateOptions, io: Io, note: Note): Promise<SimulatorOptions> {
  const given = {
    ...parseListen(options.listen ?? LISTEN),
    rate: parseWhole('--rate', options.rate),
    seed: parseWhole('--seed', options.seed),
    faults: parseFaults(options),
    credentials: readCredentials(io.env),
    unsubscribeSpelling: choice(
      'unsubscribeSpelling',
      options,
      io,
      ['unSubscribe', 'unsubscribe'],
      'unSubscribe',
    ),
  };
  if (!isLoopbackName(given.host)) {
    throw usage(`--listen ${given.host}: only a loopback address such as 127.0.0.1 is served`);
  }
  const dir = options.recordings ?? (typeof options.dir === 'string' ? options.dir : undefined);
  const reload = dir === undefined ? undefined : () => load(dir, io, note);
  const log = (arrival: Arrival) => {
    note('debug', describe(arrival));
    if (arrival.overlapped)
      note('warn', `calls on recording ${arrival.sid} overlapped: ${describe(arrival)}`);
  };
  return { clock: io.clock, ...given, recordings: reload ? await reload() : [], reload, log };
}

/** @throws Failure where it cannot listen, or for a failover of a recording that does not run */
export async function start(configured: SimulatorOptions): Promise<Simulator> {
  try {
    return await startSimulator(configured);
  } catch (error) {
    if (error instanceof Refused) throw usage(`--fault: ${error.message}`);
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const inUse = 'code' in error && error.code === 'EADDRINUSE';
    const why = inUse ? 'the port is in use' : error.message;
    throw new Failure(`cannot listen on ${configured.host}:${configured.port}: ${why}`, {
      hint: 'Choose another with --listen, or port 0 for a free one.',
      cause: error,
    });
  }
}

/**
 * Runs a local service that behaves like Agora Cloud Recording until `io.stop` aborts. Prints `http://HOST:PORT` and
 * a newline on standard output once it serves. AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET, where they are set, are
 * the credentials it demands.
 * @returns 0 when it was stopped
 * @throws Failure (1) where it cannot listen, (64) for a wrong command line
 */
export async function simulate(options: SimulateOptions, io: Io): Promise<number> {
  const note = noteTo(io, choice('logLevel', options, io, LOG_LEVELS, 'info'));
  const configured = await configure(options, io, note);
  const simulator = await start(configured);
  const whose = configured.credentials ? 'the credentials of the environment' : 'any credentials';
  note(
    'info',
    `simulating ${count(configured.recordings?.length ?? 0, 'running recording')}, taking ${whose}`,
  );
  await io.out(`${simulator.url}\n`);
  await stopped(io.stop);
  await simulator.close();
  return 0;
}
