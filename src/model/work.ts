import type { Answer } from './answer.ts';
import type { JournalEvent, Outcome } from './journal.ts';
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
export interface Leave {
  /** Its connection is open. May take its time. */
  open(): Promise<boolean>;
  /** In the same tick its first byte is written. */
  mayLeave(): boolean;
  /** It has been handed to the network. */
  departed(): void;
}

/** The network. Never throws: whatever happens is an answer. */
export interface Sender {
  send(outgoing: Outgoing, leave: Leave): Promise<Answer>;
}

/** What guards an account's allowance beside this process's own limiter, where other processes send for it, too. */
export interface Guard {
  /** Takes a place for a request that the journal does not have. @returns its number; an intent has one of its own */
  admit(identity: Identity): Promise<number>;
  /** Whether what has this number may leave now. */
  mayLeave(number: number): boolean;
  /** Gives the place of such a request back. @param left whether it may have left */
  over(number: number, left: boolean): void;
}

/** Where events are made durable. @returns the event's number, once it is on the disk */
export interface Journal {
  append(event: JournalEvent): Promise<number>;
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
export type ApplyEvent =
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
