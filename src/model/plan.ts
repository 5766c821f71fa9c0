import type { Diagnostic } from './diagnostic.ts';
import type {
  BlockName,
  Canvas,
  ClientRequests,
  Endpoint,
  Identity,
  Labels,
  Mode,
  SeatNames,
  SharedBlock,
  UpdateRequest,
} from './recording.ts';
import type { Commit } from './source.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What the plan does with one recording. */
export type Action = 'no-op' | 'create' | 'update' | 'forget' | 'waiting' | 'suspended';

/** Why a call is made. */
export type CallReason = 'first-apply' | 'changed' | 'outcome-unknown' | 'resync' | 'credentials-expiring';

/** One difference between what was last applied and what is desired. */
export interface Change {
  /** JSON pointer in the terms of the file: "/layout/layoutConfig/1/width". For a removed region its old position. */
  path: string;
  /** null: not there. Secrets as "(sensitive)". */
  before: Json;
  after: Json;
  /** "reset": goes back to its default because the file no longer sets it. */
  reason: 'changed' | 'reset';
  /** For people: what the row is about, such as "layoutConfig[uid 2]", and the field of it, such as "width". */
  subject: string;
  field?: string;
}

/** One request to the service, built from the whole desired state of its endpoint. */
export type Call = {
  [E in Endpoint]: {
    endpoint: E;
    reason: CallReason;
    changes: Change[];
    /** What is sent, secrets sealed. */
    request: ClientRequests[E];
    /** What was last applied, secrets sealed; absent where nothing is known. */
    before?: ClientRequests[E];
    /**
     * It is sent only to undo an earlier call, should that still take effect: not before this time, milliseconds since
     * 1970. Another desired state does not wait for it.
     */
    notBefore?: number;
    /** Of a layout that was written with seats; for people. */
    seats?: SeatNames;
    /** Sections that are in force already and cannot be sent again: the body is without them. */
    keeps?: readonly (keyof UpdateRequest)[];
  };
}[Endpoint];

export interface RecordingPlan {
  name: string;
  file: string;
  action: Action;
  /** Identifies the recording in the state (`recordingKey`); absent while waiting. */
  key?: string;
  identity?: Identity;
  sid?: string;
  mode?: Mode;
  /** As the file has them; absent where it has none, or is gone. */
  labels?: Labels;
  /** The files that blocks take fields from, as the user would type them. */
  shares?: Partial<Record<SharedBlock, string>>;
  /** What its pictures are drawn on, where the file says it. */
  canvas?: Canvas;
  /** In the order in which they are sent; at most one an endpoint. */
  calls: readonly Call[];
  /** The whole desired state of every managed endpoint. */
  whole: Partial<ClientRequests>;
  /** Of a recording with nothing to do: `content` of what was planned. */
  content?: string;
  /** When the recording was found to have ended, milliseconds since 1970. */
  ended?: number;
  /** What a person should know besides: blocks that stay, what is waited for. */
  notes: readonly string[];
  /** Blocks without a default that are no longer in the file: they stay with the service and are no longer managed. */
  released: readonly BlockName[];
  /** Keys of recordings that this one replaces: same name, other sid or resourceId. */
  supersedes: readonly string[];
  /** References that could not be resolved: apply holds the recording back. */
  unresolved: readonly Diagnostic[];
  /** Warnings about its file that depend on what was applied. */
  warnings?: readonly Diagnostic[];
  /** Sections of the whole `update` that are in force already and cannot be sent again. */
  keeps?: readonly (keyof UpdateRequest)[];
  /** Where the file names the program that gives the storage credentials, or says when they expire. */
  credentialsAt?: Pick<Diagnostic, 'range' | 'source'>;
}

export interface Summary {
  recordings: number;
  to_create: number;
  to_update: number;
  unchanged: number;
  to_forget: number;
  calls: Record<Endpoint, number>;
  /** Calls divided by the requests a second; of several accounts side by side, the longest. */
  seconds_at_rate: number;
  /** Of each account that calls go with, by its name; absent without a settings file. */
  accounts?: AccountCost[];
}

/** What a plan costs one account. */
export interface AccountCost {
  name: string;
  calls: number;
  /** Requests a second. */
  rate: number;
  seconds_at_rate: number;
}

export interface Plan {
  /** ISO 8601 */
  timestamp: string;
  /** Whether all of it can be applied as it stands: no errors, no unresolved references. */
  applyable: boolean;
  recordings: RecordingPlan[];
  summary: Summary;
  diagnostics: Diagnostic[];
  /** Requests a second that `seconds_at_rate` was reckoned with. */
  rate: number;
  /** The commit that the files are from; absent where they are from no commit. */
  commit?: Commit;
  /** Present where the plan is from one commit to another. */
  comparison?: Comparison;
}

/** The baseline of a plan that was not made against the state. */
export interface Comparison {
  /** The older commit, as the user typed it. */
  from: string;
  /** The folder of the recording files in it, as the user would type it. */
  fromDir: string;
  /** Whether all of what it asked for could be compared. */
  complete: boolean;
  /** What could not be compared, or where it was found, for people. */
  notes: readonly string[];
  /** What is wrong with the older commit's files. */
  diagnostics: readonly Diagnostic[];
}

/** A request as the state remembers it: whole, secrets as fingerprints. */
export interface Remembered<Request> {
  request: Request;
  /** Milliseconds since 1970. */
  at: number;
  /** Number of the journal entry. */
  seq: number;
  /** The commit that asked for it; absent where the files were from no commit. */
  commit?: Commit;
}

/** A call without a known outcome. */
export interface Unsure<Request> extends Remembered<Request> {
  /** Until when it may still take effect, milliseconds since 1970; absent while its answer is waited for. */
  until?: number;
}

/** A call without a known outcome, and until when it may still take effect, milliseconds since 1970. */
export type LateCall<Request = unknown> = Remembered<Request> & { until: number };

/** What is known of one endpoint of one recording. */
export interface KnownEndpoint<Request> {
  applied?: Remembered<Request>;
  /** Sent, but whether they took effect is not known: crash, timeout, reset, 5xx. Oldest first. */
  unknown: Unsure<Request>[];
  /**
   * Calls without a known outcome that had been overtaken when `applied` left, and could still take effect then: what
   * is applied is in force for certain only once it was sent after the last `until`.
   */
  late?: LateCall<Request>[];
  /** The last answer, for people. */
  last?: { outcome: string; status?: number; message?: string; at: number };
}

/** What is known of one recording. */
export interface KnownRecording {
  key: string;
  name: string;
  file: string;
  identity: Identity;
  /** When it was found to have ended, milliseconds since 1970. */
  ended?: number;
  update: KnownEndpoint<UpdateRequest>;
  updateLayout: KnownEndpoint<ClientRequests['updateLayout']>;
}
