import type { Binding, KnownTable } from './known.ts';
import type { CallReason, LateCall } from './plan.ts';
import type { BlockName, ClientRequests, Endpoint, Identity } from './recording.ts';
import type { Commit } from './source.ts';

/**
 * How a call ended.
 * - applied: the service said so.
 * - refused: it did not take effect, and the same call will be refused again.
 * - deferred: it did not take effect this time (rate limit, failover).
 * - unknown: it may or may not have taken effect.
 */
export type Outcome = 'applied' | 'refused' | 'deferred' | 'unknown';

/** Before a call leaves: what is about to be sent. Without an answer behind it the outcome is unknown. */
export interface Intent extends Partial<Binding> {
  event: 'intent';
  key: string;
  name: string;
  file: string;
  identity: Identity;
  endpoint: Endpoint;
  reason: CallReason;
  /** The commit that asks for it; absent where the files are not from one. */
  commit?: Commit;
  /** The whole request, secrets sealed. */
  request: ClientRequests[Endpoint];
}

export interface Answered {
  event: 'answer';
  key: string;
  endpoint: Endpoint;
  /** Number of the intent that this answers. */
  of: number;
  outcome: Outcome;
  status?: number;
  /** What the service said, or what went wrong, for people. */
  message?: string;
}

/** No file claims the recording any more. */
export interface Forgotten {
  event: 'forget';
  key: string;
}

/** Blocks that the file dropped and that have no default: no longer managed. */
export interface Released {
  event: 'release';
  key: string;
  blocks: readonly BlockName[];
}

/** The recording goes by another name or file. */
export interface Renamed {
  event: 'rename';
  key: string;
  name: string;
  file: string;
}

/** 404 for longer than a move to another server takes: no longer recording. Any later success takes it back. */
export interface Ended {
  event: 'ended';
  key: string;
}

/** The recording may be moving to another server, which knows nothing of what was applied to this endpoint before. */
export interface Doubted {
  event: 'doubt';
  key: string;
  endpoint: Endpoint;
}

/** A call that was intended did not leave: something newer came first, or everything was held back. */
export interface Withdrawn {
  event: 'withdraw';
  key: string;
  endpoint: Endpoint;
  /** Number of the intent. */
  of: number;
}

/** The recording is bound to a service and an account; a part that is absent stays as it is. */
export interface Bound extends Partial<Binding> {
  event: 'bind';
  key: string;
}

export type JournalEvent =
  | Intent
  | Answered
  | Withdrawn
  | Forgotten
  | Released
  | Renamed
  | Ended
  | Doubted
  | Bound;

/** An event as it stands in the journal: numbered without gaps, `at` in ISO 8601. */
export type JournalEntry = JournalEvent & { seq: number; at: string };

/** A call that was made, and what came of it. */
export interface PastCall {
  seq: number;
  /** ISO 8601 */
  at: string;
  name: string;
  file: string;
  sid: string;
  endpoint: Endpoint;
  reason: CallReason;
  commit?: Commit;
  answer?: { at: string; outcome: Outcome; status?: number; message?: string };
}

/** The state: the sum of the journal's entries. */
export interface State {
  /** Number of the last entry. */
  serial: number;
  known: KnownTable;
  /**
   * When the last calls reached the service at the latest, milliseconds since 1970, by the number of the intent: a new
   * process counts them against the allowance, each against that of its App ID's account, where it is known. Until it
   * is answered a call may arrive at any moment.
   */
  sent: { seq: number; at: number; answered: boolean; appId?: string }[];
  /**
   * Calls without a known outcome of recordings that were forgotten meanwhile, by `recordingKey`: should a file claim
   * one again, they may still take effect.
   */
  orphaned: Map<string, Record<Endpoint, LateCall[]>>;
}
