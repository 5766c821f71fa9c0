import type { CallReason } from '../model/plan.ts';
import type { BlockName, Canvas, Endpoint, Layout, Mode } from '../model/recording.ts';
import type { Commit } from '../model/source.ts';
import type { LayoutChange } from '../render/plan-pictures.ts';
import type { Row } from '../render/values.ts';

/*
 * What the pages of a running daemon are made of: plain values, without secrets. All times are milliseconds since 1970.
 */

export type ConditionName = 'Ready' | 'Reconciling' | 'Stalled';

/** How much is known of a block: read back from the service, applied and not read back since, or not even certain to be applied. */
export type Confidence = 'observed' | 'assumed' | 'unknown';

export interface HeadView {
  now: number;
  /** A folder, a ref or a remote, as the operator named it. */
  source: string;
  /** Absent where the files are from no commit. */
  commit?: Commit;
  /** When the files were last looked at; absent before the first look. */
  lookedAt?: number;
  /** Why the daemon is not ready; empty when it is. */
  notReady: readonly string[];
  allowances: readonly AllowanceView[];
  /** Recordings with something waiting, in flight or to be repeated. */
  waiting: number;
  counts: Readonly<Record<ConditionName, number>>;
}

/** The allowance of one account. */
export interface AllowanceView {
  /** Empty where there is only one. */
  account: string;
  /** Requests a second at the moment. */
  rate: number;
  /** Places taken. */
  inUse: number;
}

/** One recording as lists have it. */
export interface BriefView {
  name: string;
  file: string;
  mode: Mode | undefined;
  labels: Readonly<Record<string, string>>;
  condition: { type: ConditionName; reason: string; message: string; since: number };
}

/** What needs a person, the most urgent first. */
export interface ConcernView {
  kind: 'stalled' | 'file' | 'drift' | 'credentials' | 'repeated';
  /** Absent for a file that no recording is known from. */
  name?: string;
  /** Empty where the kind says it. */
  reason: string;
  message: string;
  /** Absent where that is not remembered. */
  since?: number;
  file: string;
  line?: number;
}

export interface RowView extends BriefView {
  blocks: Readonly<Partial<Record<BlockName, Confidence>>>;
  applied?: { at: number; commit?: Commit };
  /** Last applied, complete; absent where none was. */
  layout?: Layout;
  /** As the file says; absent where it says none. */
  canvas?: Canvas;
}

/** One call with all its attempts. */
export interface CallView {
  at: number;
  name: string;
  endpoint: Endpoint;
  reason: CallReason;
  attempts: number;
  /** As the journal has it; "repeated" while it is waiting for its next attempt, "under way" before any answer. */
  outcome: 'applied' | 'refused' | 'deferred' | 'unknown' | 'repeated' | 'under way';
  status?: number;
  message?: string;
  /** Milliseconds from the first attempt to the last answer. */
  took?: number;
  commit?: Commit;
}

/** Requests of the last ten minutes. */
export interface UseView {
  /** Seconds that each number stands for. */
  every: number;
  /** The oldest first. */
  requests: readonly number[];
  throttled: readonly number[];
  repeated: readonly number[];
}

export interface OverviewView {
  head: HeadView;
  concerns: readonly ConcernView[];
  /** Every recording, by its cheap part. */
  recordings: Iterable<BriefView>;
  /** The dear part, asked for only of what is shown. */
  row: (brief: BriefView) => RowView;
  use: UseView;
  calls: readonly CallView[];
}

export interface RecordingView {
  head: HeadView;
  row: RowView;
  sid?: string;
  /** Where its document starts in the file. */
  line?: number;
  concerns: readonly ConcernView[];
  /** What the plan would send: rows by endpoint. */
  pending: readonly { endpoint: Endpoint; why: string; rows: readonly Row[] }[];
  notes: readonly string[];
  /** What was last applied: all of it, by endpoint. */
  applied: readonly { endpoint: Endpoint; at: number; commit?: Commit; rows: readonly Row[] }[];
  /** Present where the plan changes what is seen. */
  change?: LayoutChange;
  observedAt?: number;
  /** The newest first. */
  calls: readonly CallView[];
}
