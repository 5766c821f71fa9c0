import type { Outcome } from './journal.ts';
import type { Endpoint } from './recording.ts';

/** How one planned call ended. */
export interface CallResult {
  name: string;
  endpoint: Endpoint;
  /** "sent-not-recorded": it left, and its answer could not be written down; the next plan sends it again. */
  result: 'applied' | 'failed' | 'sent-not-recorded' | 'not-attempted';
  /** For a call that was sent and not applied: whether it may have taken effect all the same. */
  outcome?: Outcome;
  /** Why it failed or was not attempted. */
  message?: string;
}

/** What apply did, in full. */
export interface ApplyResult {
  calls: CallResult[];
  /** Recordings whose file is gone. */
  forgotten: string[];
  /** Recordings held back, with the reason. */
  held: { name: string; message: string }[];
  /** Why the run ended before its end, if it did. */
  stopped?: string;
}
