import type { Judgement } from '../agora/answers.ts';
import type { UnsubscribeSpelling } from '../agora/requests.ts';
import type { Answer } from '../model/answer.ts';
import type { Identity } from '../model/recording.ts';
import type { ApplyEvent, Leave, Way, Work } from '../model/work.ts';
import { Account, type AccountOptions } from './account.ts';
import { Attempts } from './attempt.ts';
import { dropWork, endRepetition, isBusy, type Lane, newLane, takeWork, wake } from './lane.ts';
import { type LanePorts, LaneRunner } from './lane-runner.ts';
import { OBSERVATION } from './urgency.ts';

export type EnginePorts = LanePorts;

export interface EngineOptions extends Omit<AccountOptions, 'patience'> {
  /** How long one call is repeated, in milliseconds; a daemon never gives up. */
  retryFor: number;
  spelling?: UnsubscribeSpelling | undefined;
}

/** Sends calls: recordings side by side, one call at a time for each (`LaneRunner`), all of them through one account. */
export class Engine {
  readonly #ports: EnginePorts;
  readonly #account: Account;
  readonly #attempts: Attempts;
  readonly #runner: LaneRunner;
  readonly #lanes = new Map<string, Lane>();
  /** Of the lanes that are not idle. */
  readonly #runs = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #error: unknown;

  #break: (error: unknown) => void = () => {};
  /** Rejects when the engine had to stop because something could not be recorded, or by a defect. */
  readonly broken: Promise<never> = new Promise((_, reject) => {
    this.#break = reject;
  });

  constructor(ports: EnginePorts, options: EngineOptions) {
    // Without a handler the rejection would end the process; idle() rethrows it.
    this.broken.catch(() => {});
    this.#ports = ports;
    const { retryFor, spelling } = options;
    const stop = this.#stopping.signal;
    this.#account = new Account({ ...options, patience: retryFor }, ports.clock, stop, (event) =>
      this.#tell(event),
    );
    this.#attempts = new Attempts(ports, this.#account, spelling);
    this.#runner = new LaneRunner(ports, {
      account: this.#account,
      attempts: this.#attempts,
      stop,
      retryFor,
      isShut: (identity) => this.#isShut(identity),
    });
    ports.journal.onClaim((account, held) => {
      if (held) for (const lane of this.#lanes.values()) this.#start(lane);
      else this.#letGo(account);
    });
  }

  /** Another process sends for an account: what still waits was planned from what this one knew. */
  #letGo(account: string): void {
    for (const [key, { work }] of this.#lanes)
      if (this.#ports.bindingOf(work.identity.appId).account === account) this.drop(key);
    this.#wakeAll();
  }

  /** Takes the newest plan for a recording; calls of an older one that still wait are dropped. */
  submit(work: Work): void {
    const lane = this.#lanes.get(work.key) ?? newLane(work);
    this.#lanes.set(work.key, lane);
    takeWork(lane, work, this.#ports.clock);
    this.#start(lane);
  }

  /** Drops the waiting calls of a recording; the call in flight is awaited, and not repeated. */
  drop(key: string): void {
    const lane = this.#lanes.get(key);
    if (lane) dropWork(lane);
  }

  /** Sends nothing more; calls in flight are awaited and recorded. */
  stop(): void {
    this.#stopping.abort();
    this.#wakeAll();
  }

  /** Ends all timers, so that the process can end. */
  close(): void {
    this.stop();
    this.#account.close();
  }

  /** Tries again where an answer had stopped the account or an App ID, and what waits for its repetition. */
  resume(): void {
    this.#account.reopen();
    for (const lane of this.#lanes.values()) {
      endRepetition(lane);
      this.#start(lane);
    }
  }

  /** Why nothing is sent for the account at the moment. */
  get stopped(): string | undefined {
    return this.#account.refused;
  }

  /** Whether a call waits, is in flight or is to be repeated for a recording. */
  isBusy(key: string): boolean {
    const lane = this.#lanes.get(key);
    return lane !== undefined && isBusy(lane);
  }

  /** For metrics: recordings with something to do, places taken in the allowance, requests a second at the moment. */
  load(): { lanes: number; inUse: number; rate: number } {
    return { lanes: this.#lanes.size, ...this.#account.load() };
  }

  /** Resolves when no lane has anything left to do or all have stopped. @throws what made it stop, if it was an error */
  async idle(): Promise<void> {
    while (this.#runs.size > 0) await Promise.all(this.#runs);
    if (this.#error) throw this.#error;
  }

  /**
   * Sends a query, behind everything that is to be sent and within the same allowance.
   * @returns undefined when the account is stopped or gets stopped first
   */
  async observe(
    identity: Identity,
    ask: (way: Way) => Promise<Answer | undefined>,
  ): Promise<(Judgement & { answer: Answer }) | undefined> {
    if (this.#isShut(identity)) return undefined;
    const admission = await this.#account.admit(identity, OBSERVATION);
    if (!admission) return undefined;
    const { journal, bindingOf } = this.#ports;
    const { appId } = identity;
    let leave: Leave | undefined;
    let exchanged: Awaited<ReturnType<Attempts['exchange']>>;
    try {
      exchanged = await this.#attempts.exchange(identity, 'query', admission, ask, {
        open: async () => {
          if (!this.#isShut(identity)) leave = await journal.admit(bindingOf(appId).account, appId);
          return leave !== undefined && !this.#isShut(identity);
        },
        mayLeave: () => leave?.mayLeave() === true,
      });
      if (!exchanged) {
        admission.ticket.giveBack();
        return undefined;
      }
      return { ...exchanged.judgement, answer: exchanged.answer };
    } finally {
      leave?.over(exchanged !== undefined);
      admission.letOthersGo();
    }
  }

  /** Whether nothing may be sent for this App ID, by what answers said or because another process sends for its account. */
  #isShut({ appId }: Identity): boolean {
    const { journal, bindingOf } = this.#ports;
    return this.#account.isShut(appId) || !journal.holds(bindingOf(appId).account);
  }

  #start(lane: Lane): void {
    if (lane.state.is !== 'idle') return;
    lane.state = { is: 'queued' };
    const run = this.#runner
      .run(lane)
      .catch((error) => {
        // The journal or the program itself failed: nothing may be sent that cannot be recorded.
        this.#error ??= error;
        this.stop();
        this.#break(error);
      })
      .finally(() => {
        this.#runs.delete(run);
        lane.state = { is: 'idle' };
        if (lane.waiting.size === 0) this.#lanes.delete(lane.work.key);
        else if (!this.#isShut(lane.work.identity)) this.#start(lane);
      });
    this.#runs.add(run);
  }

  /** What the account says; a lane that waits for a repetition learns at once that there is none. */
  #tell(event: ApplyEvent): void {
    this.#ports.onEvent(event);
    if (event.type === 'stopped') this.#wakeAll();
  }

  /** Ends every wait of a lane. */
  #wakeAll(): void {
    for (const lane of this.#lanes.values()) wake(lane);
  }
}
