import type { Clock } from '../model/ports.ts';
import type { ApplyEvent } from '../model/work.ts';
import { canonicalText } from '../plan/comparable.ts';
import { DELAYED } from '../render/apply-json.ts';
import { NO_CREDENTIALS, setCondition, type Watched } from './conditions.ts';
import type { Logger } from './log.ts';
import type { Renewals } from './renewals.ts';

type CallEvent = Extract<ApplyEvent, { name: string }>;

export interface ReportsPorts {
  clock: Clock;
  log: Logger;
  renewals: Renewals;
  /** By name. */
  watched: ReadonlyMap<string, Watched>;
  /** What the account of an App ID is called. */
  accountOf: (appId: string) => string | undefined;
}

/** Takes what the engine reports: logs it, and sets the conditions of the recordings. */
export class Reports {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #renewals: Renewals;
  readonly #watched: ReportsPorts['watched'];
  readonly #accountOf: ReportsPorts['accountOf'];

  constructor({ clock, log, renewals, watched, accountOf }: ReportsPorts) {
    this.#clock = clock;
    this.#log = log;
    this.#renewals = renewals;
    this.#watched = watched;
    this.#accountOf = accountOf;
  }

  take(event: ApplyEvent): void {
    const about = event.account === undefined ? {} : { account: event.account };
    switch (event.type) {
      case 'admitted':
      case 'answered':
        break;
      case 'slowed':
        this.#log.warn(
          { ...about, hold_seconds: event.hold / 1000, rate: event.rate },
          `the service says ${event.status}: everything ${event.account === undefined ? '' : 'of this account '}is held back`,
        );
        break;
      case 'stopped':
        this.#log.error(about, event.message);
        this.#stall((appId) => this.#accountOf(appId) === event.account, event.message);
        break;
      case 'disabled':
        this.#log.error(about, `nothing more is sent for App ID ${event.appId}: ${event.message}`);
        this.#stall((appId) => appId === event.appId, event.message);
        break;
      default: {
        // An event for a recording that its name no longer stands for changes no condition.
        const watched = this.#watched.get(event.name);
        this.#takeCall(event, watched?.plan?.key === event.key ? watched : undefined);
      }
    }
  }

  /** Nothing more is sent for these App IDs. */
  #stall(isConcerned: (appId: string) => boolean, message: string): void {
    for (const watched of this.#watched.values()) {
      const appId = watched.plan?.identity?.appId;
      if (appId !== undefined && isConcerned(appId) && watched.condition.type === 'Reconciling')
        setCondition(watched, 'Stalled', 'Refused', message, this.#clock.now());
    }
  }

  /** @param watched the recording, unless its name stands for another by now */
  #takeCall(event: CallEvent, watched: Watched | undefined): void {
    const { endpoint } = event;
    const about = {
      recording: event.name,
      file: watched?.file,
      ...(event.account === undefined ? {} : { account: event.account }),
      endpoint,
      ...('commit' in event && event.commit ? { commit: event.commit.sha } : {}),
    };
    switch (event.type) {
      case 'warned': {
        const start = watched?.plan?.credentialsAt?.range.start;
        this.#log.warn({ ...about, ...start, code: 'sts-expires-soon' }, event.message);
        break;
      }
      case 'start':
        this.#log.debug({ ...about, reason: event.reason }, 'sending');
        break;
      case 'applied':
        this.#log.info({ ...about, ms: Math.round(event.took) }, 'applied');
        if (watched) delete watched.lastError;
        watched?.refused?.delete(endpoint);
        watched?.owed?.delete(endpoint);
        if (endpoint !== 'update') break;
        this.#renewals.well(event.name);
        // What drifted is observed of this endpoint alone, and is put back with it.
        if (watched) delete watched.drift;
        break;
      case 'repeat':
        this.#log[watched?.lastError?.message === event.message ? 'debug' : 'warn'](
          { ...about, outcome: event.outcome, again_seconds: event.after / 1000 },
          event.message,
        );
        if (!watched) break;
        this.#noteError(event, watched);
        setCondition(watched, 'Reconciling', 'Repeating', event.message, this.#clock.now());
        break;
      case 'delayed':
        this.#log.info({ ...about, after_seconds: Math.ceil(event.after / 1000) }, DELAYED);
        break;
      case 'failed':
        this.#log.error({ ...about, ...placeOf(event, watched), outcome: event.outcome }, event.message);
        if (!watched) break;
        watched.owed?.delete(endpoint);
        this.#noteError(event, watched);
        this.#takeFailure(event, watched);
        break;
    }
  }

  #noteError({ endpoint, message }: CallEvent & { message: string }, watched: Watched): void {
    watched.lastError = { at: this.#clock.now(), endpoint, message };
  }

  #takeFailure(event: CallEvent & { type: 'failed' }, watched: Watched): void {
    const { endpoint, ended, message, name, outcome, request, status, unready } = event;
    const isProgram =
      watched.plan?.whole.update?.storageConfig?.credentials !== undefined && endpoint === 'update';
    const reason = ended ? 'Ended' : isProgram && unready ? NO_CREDENTIALS : 'Refused';
    // A program may print other credentials next time, so its recording is tried again after a rest.
    if (isProgram && !ended) this.#renewals.rest(name, unready ? 'failed' : 'refused');
    const isFinal = outcome === 'refused' && status !== 401 && (isProgram || !unready);
    if (isFinal && request && watched.plan?.identity) {
      watched.refused ??= new Map();
      const identity = JSON.stringify(watched.plan.identity);
      watched.refused.set(endpoint, { identity, request: canonicalText(endpoint, request), reason, message });
    }
    setCondition(watched, 'Stalled', reason, message, this.#clock.now());
  }
}

/** Where the file names the program whose credentials cannot be had. */
function placeOf({ held }: CallEvent & { type: 'failed' }, watched: Watched | undefined): object {
  const start = held ? watched?.plan?.credentialsAt?.range.start : undefined;
  return start ? { ...start, code: 'credentials-unavailable' } : {};
}
