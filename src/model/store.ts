import type { PastCall, State } from './journal.ts';
import type { Binding } from './known.ts';
import type { KnownRecording } from './plan.ts';
import type { Clock } from './ports.ts';
import type { Gate, Journal } from './work.ts';

/*
 * The port of the state: what the program asks of the database that keeps it, whichever that is.
 */

/** The process that writes. */
export interface Holder {
  pid: number;
  host: string;
  /** Such as "reelstate watch". */
  command: string;
  /** ISO 8601 */
  since: string;
}

/** Calls that are asked for. */
export interface HistoryFilter {
  /** Undefined or empty: of all recordings. */
  names?: readonly string[];
  /** The newest so many; undefined: all. */
  limit?: number;
}

export interface History {
  /** The newest first. */
  calls: PastCall[];
  /** How many there are besides, older than these. */
  earlier: number;
}

/** A state as `reelstate state export` writes it. */
export interface StateDump {
  reelstate: 'state';
  format_version: '1.0';
  /** ISO 8601 */
  exported_at: string;
  serial: number;
  /** Of the secrets' fingerprints, in hex; null where REELSTATE_STATE_KEY gives it. */
  key: string | null;
  /** What tells whether a key is this one. */
  key_check: string;
  recordings: (KnownRecording & Partial<Binding>)[];
  orphaned: [string, State['orphaned'] extends Map<string, infer Calls> ? Calls : never][];
  /** The oldest first. */
  calls: (PastCall & { key: string })[];
}

/** A state that is read. Nothing at all is written for it, and others may write meanwhile. */
export interface Reader {
  /** What tells this state from others; undefined where there is none yet. */
  readonly id: string | undefined;
  /** The key of the secrets' fingerprints; undefined where there is none yet. */
  readonly key: Buffer | undefined;
  /** As of one moment. */
  readonly state: State;
  history(filter: HistoryFilter): Promise<History>;
  /** Names that recorded calls were made under. */
  calledNames(): Promise<string[]>;
  dump(now: number): Promise<StateDump>;
  close(): Promise<void>;
}

/** A state that is written. `state` follows every event that becomes durable. */
export interface Writer extends Reader, Journal, Gate {
  readonly id: string;
  readonly key: Buffer;
  /** The writer before was killed: what it asked the service and did not record may have arrived just now. */
  readonly afterKill: boolean;
  /** Why nothing can be recorded at the moment, and nothing is sent: it is tried again. Undefined when all is well. */
  readonly trouble: string | undefined;
  /** Rejects when the state was lost or an event could not be made durable: nothing more is recorded in this run. */
  readonly broken: Promise<never>;
  /**
   * Whether what is written is still what others find.
   * @throws Failure where it was removed, replaced or changed: `broken` rejects, too
   */
  checkPlace(): Promise<void>;
  /**
   * Asks to be the process that sends for these accounts.
   * @param patience milliseconds to wait for all of them; undefined: whenever they can be had, and it resolves at once
   * @throws Failure that names the holder of one that could not be had in time
   */
  claim(accounts: readonly string[], patience?: number): Promise<void>;
  /** The state as of now, also where another process has recorded something since. */
  current(): Promise<State>;
  /** The process that sends for an account that was asked for, where it is another one. */
  holderOf(account: string): Holder | undefined;
  /** Takes over what was exported. @throws Failure where its key cannot be taken over. All of the state that is there is replaced */
  restore(dump: StateDump): Promise<void>;
}

export interface StateOptions {
  /** What the process is, for the message that another one gets. */
  command: string;
  /** Milliseconds since 1970. */
  now: () => number;
  /** What REELSTATE_STATE_KEY says: the key of the fingerprints is made of it. Undefined: the state keeps one. */
  keyText: string | undefined;
  /** Calls are kept in the history for so long, in milliseconds; undefined: none is removed. */
  keepHistory?: number | undefined;
  /** What a database needs besides, that processes share. */
  shared: SharedOptions;
}

export interface SharedOptions {
  clock: Clock;
  /** Variables of PostgreSQL's own programs are in it. */
  env: Readonly<Record<string, string | undefined>>;
  /** The allowance of an App ID's account, requests a second, and whether each App ID has its own. */
  rateOf: (appId: string) => number;
  scope: 'account' | 'app';
  /** How long a command waits for a database that is away once it has begun, in milliseconds; a daemon waits for any. */
  patience: number;
}
