/*
 * What `reelstate` declares for programs that import it, as it ships: the build copies this file, and library.ts is
 * checked against it. It imports nothing, so that it can stand alone.
 */

/** Time. `systemClock` is the real one. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or early when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The real clock. */
export declare const systemClock: Clock;

/** The surroundings. Nothing is taken from the process: what is not handed in is not there. */
export interface Surroundings {
  /** The folder that relative paths count from. */
  cwd: string;
  /**
   * Variables: AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET, what files name with `fromEnv`, and REELSTATE_… for options
   * that are left out. None where it is left out; `process.env` for those of the process.
   */
  env?: Readonly<Record<string, string | undefined>>;
  /** `systemClock` where it is left out. */
  clock?: Clock;
  /** Uniform in [0, 1); `Math.random` where it is left out. */
  random?: () => number;
  /** Takes notes, and the log of `watch`; `process.stderr` is one. Dropped where it is left out. */
  err?: { write(text: string): unknown };
}

/** Flags that every function takes, as the command has them. */
export interface Settings extends Surroundings {
  /** The folder with the recording files; "recordings" where it is left out. */
  dir?: string;
  /** A folder, or `postgres://USER@HOST/DATABASE`; ".reelstate" where it is left out. */
  state?: string;
  /** Where the service is, in the order in which they are tried; the public domains where it is left out. */
  endpoint?: string | readonly string[];
  /** Requests a second; 10 where it is left out. */
  rate?: number;
  /** false: all files are read in full, and nothing is kept in the user's cache folder. */
  cache?: boolean;
  unsubscribeSpelling?: 'unSubscribe' | 'unsubscribe';
  /** Folders, besides the one that holds `dir`, that `fromFile` may lead into. */
  secretsDir?: readonly string[];
  /** Variables that `fromEnv` may name, or their beginnings and "*". */
  allowEnv?: readonly string[];
  /** Programs that `fromCommand` may run. */
  allowCommand?: readonly string[];
  /** Take only what is committed. */
  git?: boolean;
  /** The branch, tag or commit to take with `git`; HEAD where it is left out. */
  ref?: string;
}

interface Planning extends Settings {
  /** Recordings to restrict it to; all where it is left out. */
  names?: readonly string[];
  /** Conditions on labels, KEY=VALUE or KEY!=VALUE; all must hold. */
  select?: readonly string[];
  /** Send the whole state of recordings that have not changed, too. */
  resync?: boolean;
  /** Accept that there are no files although the state has recordings. */
  allowEmpty?: boolean;
}

interface Sending {
  /** What shares the allowance. */
  rateScope?: 'account' | 'app';
  region?: 'us' | 'ap' | 'eu' | 'cn';
  /** How long one call may take, such as "10s". */
  timeout?: string;
  /** How long calls stay in the history, such as "30d". */
  keepHistory?: string;
}

export interface PlanOptions extends Planning {
  /** The files are a stranger's: read no variable and no file that they name, and run nothing. */
  untrusted?: boolean;
}

export interface ApplyOptions extends Planning, Sending {
  /** How long a call without a clear answer is repeated; "30s" where it is left out. */
  retryFor?: string;
  /** How long another process is waited for that sends for the account; "10s" where it is left out. */
  lockTimeout?: string;
  /** Ends it when the calls in flight are answered. */
  signal?: AbortSignal;
  /** Told of each event, as a line of `apply --json`. */
  onEvent?: (event: ApplyEvent) => void;
}

export interface WatchOptions extends Settings, Sending {
  /** Ends it when the calls in flight are answered. */
  signal: AbortSignal;
  /** HOST:PORT to serve the status page, health and metrics; nothing where it is left out. */
  listen?: string;
  listenHost?: readonly string[];
  listenTokenFile?: string;
  /** Addresses that are told when a recording is Stalled, is Ready again, or drifts. */
  notify?: readonly string[];
  /** In which every recording is checked once, "0" for never; "10m" where it is left out. */
  resync?: string;
  /** false: drift is reported, and left. */
  selfHeal?: boolean;
  resyncForce?: boolean;
  /** How often all files are read whatever events say. */
  sweep?: string;
  /** A remote to follow. */
  gitUrl?: string;
  /** With `gitUrl`: how often it is fetched. */
  interval?: string;
  verifySignatures?: boolean;
  logLevel?: 'error' | 'warn' | 'info' | 'debug';
  /** Told of each line of the log; "watching" says that the first look is done. */
  onLog?: (entry: LogEntry) => void;
}

export interface LogEntry {
  level: string;
  time: string;
  msg?: string;
  [field: string]: unknown;
}

/** One finding about what a file says. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  code: string;
  summary: string;
  detail?: string;
  /** Lines and columns count from 1. */
  range: {
    filename: string;
    start: { line: number; column: number };
    end: { line: number; column: number };
  };
}

export interface Call {
  endpoint: 'update' | 'updateLayout';
  reason: 'first-apply' | 'changed' | 'outcome-unknown' | 'resync' | 'credentials-expiring';
  /** ISO 8601: it is sent only to undo an earlier call, should that still take effect, and not before. */
  not_before?: string;
  /** Secrets are "(sensitive)". */
  changes: { path: string; before: unknown; after: unknown; reason: 'changed' | 'reset' }[];
  /** RFC 6902 over the endpoint's clientRequest. */
  patch: { op: string; path: string; value?: unknown }[];
  body: { cname: string; uid: string; clientRequest: Record<string, unknown> };
}

/** As `plan --json` has it. */
export interface Plan {
  format_version: string;
  timestamp: string;
  /** Whether all of it can be applied as it stands. */
  applyable: boolean;
  commit?: { sha: string; author: string; subject: string };
  recordings: {
    name: string;
    file: string;
    sid?: string;
    mode?: 'individual' | 'mix' | 'web';
    action: 'no-op' | 'create' | 'update' | 'forget' | 'waiting' | 'suspended';
    calls: Call[];
    notes?: string[];
  }[];
  summary: {
    recordings: number;
    to_create: number;
    to_update: number;
    unchanged: number;
    to_forget: number;
    calls: { update: number; updateLayout: number };
    seconds_at_rate: number;
  };
  diagnostics: Diagnostic[];
}

/** A line of `apply --json`. */
export interface ApplyEvent {
  type: string;
  '@level': 'info' | 'warn' | 'error';
  '@message': string;
  '@timestamp': string;
  recording?: string;
  endpoint?: string;
  [field: string]: unknown;
}

export interface ApplyResult {
  /** Everything that the files ask for is applied, and no file has an error. */
  complete: boolean;
  changes: {
    applied: number;
    failed: number;
    sent_not_recorded?: number;
    not_attempted: number;
    held_back: number;
    forgotten: number;
  };
  calls: {
    recording: string;
    endpoint: string;
    result: 'applied' | 'failed' | 'sent-not-recorded' | 'not-attempted';
    outcome?: string;
    reason?: string;
  }[];
  held_back: { recording: string; reason: string }[];
  /** Why it ended before its end. */
  stopped?: string;
  diagnostics: Diagnostic[];
}

/** A recording that runs from the beginning. */
export interface RunningRecording {
  name?: string;
  appId: string;
  cname: string;
  uid: string;
  resourceId: string;
  sid: string;
  mode: 'individual' | 'mix' | 'web';
  streamTypes?: 0 | 1 | 2;
}

export interface SimulateOptions {
  /** A loopback address; 127.0.0.1 where it is left out. */
  host?: string;
  /** A free one where it is left out. */
  port?: number;
  /** What Basic credentials are demanded; any that are not empty where it is left out. */
  credentials?: { customerId: string; customerSecret: string };
  /** Requests that an account may make in any second, 0 for no limit; 10 where it is left out. */
  rate?: number;
  recordings?: readonly RunningRecording[];
  /** Milliseconds that each answer takes, such as "100" or "50-200". */
  latency?: string;
  /** Rules to misbehave by, such as "503@0.1", or their JSON. */
  faults?: readonly string[];
  /** Of everything that is drawn at random; 1 where it is left out. */
  seed?: number;
  unsubscribeSpelling?: 'unSubscribe' | 'unsubscribe';
  /** `systemClock` where it is left out. */
  clock?: Clock;
}

/** A recording as the service has it. */
export interface SimulatedRecording extends RunningRecording {
  status: 'running' | 'away' | 'ended';
  /** null: every stream of the channel. */
  subscriptions: object | null;
  /** null in the modes that have none. */
  layout: {
    mixedVideoLayout: number;
    backgroundColor: string;
    backgroundImage?: string;
    defaultUserBackgroundImage?: string;
    maxResolutionUid?: string;
    layoutConfig?: object[];
    backgroundConfig?: object[];
  } | null;
  onhold: boolean | null;
  rtmp: { outputs: { rtmpUrl: string }[] } | null;
  storage: object | null;
  /** Calls that took effect. */
  updates: { query: number; update: number; updateLayout: number; stop: number };
}

/** One request as it arrived, and what became of it. */
export interface SimulatedRequest {
  /** Counts from 1. */
  n: number;
  /** Wall clock, milliseconds since 1970. */
  at: number;
  method: string;
  path: string;
  sid: string | null;
  endpoint: string | null;
  /** null while there is no answer, or where the connection was cut. */
  status: number | null;
  body: unknown;
  fault: string | null;
}

export interface Simulator {
  /** `http://HOST:PORT`: the `endpoint` of the other functions, and of the program under test. */
  url: string;
  port: number;
  /** Every recording as it is now, secrets as they are. */
  recordings(): SimulatedRecording[];
  /** What has arrived, in order. */
  requests(): SimulatedRequest[];
  /** Requests above the allowance, and calls on one recording that overlapped. */
  violations(): { kind: 'overlap' | 'rate'; n: number; sid: string | null; detail: string }[];
  /** Rules in the place of all others. @throws Failure for what is no rule */
  setFaults(rules: readonly string[]): void;
  /** Ends every connection, and stops listening. */
  close(): Promise<void>;
}

/** An error that a user can mend: a message, and where there is one a hint. */
export declare class Failure extends Error {
  readonly hint: string | undefined;
  /** 1: something failed; 64: an option is wrong. */
  readonly exitCode: 1 | 64;
}

/** What apply would send. Reads files and state, sends nothing. @throws Failure */
export declare function plan(options: PlanOptions): Promise<Plan>;

/** Sends it, without asking, and tells what was applied and what was not. @throws Failure where nothing could be tried */
export declare function apply(options: ApplyOptions): Promise<ApplyResult>;

/** Keeps the recordings as the files say until `signal` aborts. @throws Failure where it cannot go on */
export declare function watch(options: WatchOptions): Promise<void>;

/** A local service that behaves like Agora Cloud Recording. @throws Failure where it cannot listen */
export declare function simulate(options?: SimulateOptions): Promise<Simulator>;
