import type { Answer } from './answer.ts';
import type { Intent, JournalEvent, Outcome } from './journal.ts';
import type { Call, RecordingPlan } from './plan.ts';
import type { ClientRequests, Endpoint, Identity } from './recording.ts';
import type { Commit } from './source.ts';

/** What is to be sent for one recording. A newer one for the same recording takes the place of what still waits. */
export interface Work {
  key: string;
  name: string;
  file: string;
  identity: Identity;
  calls: readonly Call[];
  /** The whole desired state of every managed endpoint: sent once more when the recording may have moved. */
  whole: Partial<ClientRequests>;
  /** Sections of the whole `update` that are in force already and cannot be sent again. */
  keeps?: RecordingPlan['keeps'] | undefined;
  /** It was found ended before: one more 404 confirms it. */
  ended?: boolean;
  /** The commit that asks for it; absent where the files are from no commit. */
  commit?: Commit;
}

/** A request ready for the network. Holds secrets in plain text: it goes to the sender and nowhere else. */
export interface Outgoing {
  identity: Identity;
  endpoint: Endpoint;
  body: Record<string, unknown>;
}

/** What a request asks on its way out, in this order. Where one says no, nothing of it is sent. */
export interface Way {
  /** Its connection is open. May take its time. */
  open(): Promise<boolean>;
  /** Asked in the turn in which it is written to its connection, right before the first byte. */
  mayLeave: MayLeave;
  /** It has been handed to the network. */
  departed(): void;
}

/** Whether a request may leave now. */
export type MayLeave = () => boolean;

/** The network. Never throws: whatever happens is an answer. */
export interface Sender {
  /** @returns undefined where it did not leave: nothing of it was sent */
  send(outgoing: Outgoing, way: Way): Promise<Answer | undefined>;
}

/** Where events are made durable. */
export interface Journal {
  /** @returns the event's number, once it is durable and in the state. @throws where that is not possible: nothing more is recorded */
  append(event: JournalEvent): Promise<number>;
}

/** Leave to send one request, given by the state. */
export interface Leave {
  /** Number of the intent that was recorded with it; undefined without one. */
  of: number | undefined;
  mayLeave: MayLeave;
  /** Called when a request without an intent is over. @param left whether it may have left */
  over(left: boolean): void;
}

/** Where processes that share a state agree on which of them sends. Accounts go by their keyed fingerprints. */
export interface Gate {
  /**
   * Asks for leave to send one request. An intent is durable, as an event is, before there is leave for it.
   * @param appId whose call it is, where each App ID has an allowance of its own
   * @param intent of a call; left out: a query, which is not recorded
   * @returns undefined: not now, and no intent was recorded
   */
  admit(account: string, appId: string, intent?: Intent): Promise<Leave | undefined>;
  /** Whether this process may send for an account at all. */
  holds(account: string): boolean;
  /** Calls the listener whenever an account was won or lost; what is known of a won one is up to date by then. */
  onClaim(listener: (account: string, held: boolean) => void): void;
}

/** Why a call cannot be made ready, for people. */
export interface Unready {
  message: string;
}

/** Completes a call before it is sent: runs the program that gives credentials. */
export type Prepare = (call: Call, work: Work) => Promise<{ call: Call } | Unready>;

/**
 * Called right before a call leaves: whether the files still ask for it. May read the files first; a rejected call is
 * dropped, and comes back with the next plan if it is still wanted.
 */
export type StillWanted = (work: Work) => Promise<boolean>;

/** What happened to a call, as it happens; `start` once a call, however often it is repeated. */
export type ApplyEvent = AnyEvent & {
  /** What the account is called; absent where the one there is has no name. */
  account?: string;
};

type AnyEvent =
  | { type: 'start'; key: string; name: string; endpoint: Endpoint; reason: Call['reason']; commit?: Commit }
  | {
      type: 'applied';
      key: string;
      name: string;
      endpoint: Endpoint;
      status: number;
      took: number;
      commit?: Commit;
    }
  | {
      type: 'repeat';
      key: string;
      name: string;
      endpoint: Endpoint;
      outcome: Outcome;
      status?: number;
      message: string;
      after: number;
      commit?: Commit;
    }
  /** It is sent once more after so many milliseconds: an earlier call without an outcome may take effect until then. */
  | { type: 'delayed'; key: string; name: string; endpoint: Endpoint; after: number }
  | {
      type: 'failed';
      key: string;
      name: string;
      endpoint: Endpoint;
      outcome: Outcome;
      status?: number;
      message: string;
      ended?: boolean;
      /** It could not be made ready, so nothing was sent. */
      unready?: boolean;
      /** Nothing else is sent for its recording either. */
      held?: boolean;
      /** What was, or would have been, sent, secrets sealed. */
      request?: Call['request'];
      commit?: Commit;
    }
  /** A warning about what is being sent. */
  | { type: 'warned'; key: string; name: string; endpoint: Endpoint; message: string }
  /** A place in the allowance was found after so many milliseconds. */
  | { type: 'admitted'; waited: number }
  /** One request is over: `took` milliseconds; no status where no answer came. */
  | { type: 'answered'; endpoint: Endpoint | 'query'; status?: number; took: number }
  /** `status`: of the answer that says so, 429 or a 400 that is no verdict. */
  | { type: 'slowed'; status: number; hold: number; rate: number }
  /** The service is not enabled for an App ID: nothing more is sent for it. */
  | { type: 'disabled'; appId: string; message: string }
  | { type: 'stopped'; message: string };
