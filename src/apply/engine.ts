import { type Judgement, LATE } from '../agora/answers.ts';
import type { UnsubscribeSpelling } from '../agora/requests.ts';
import type { Answer } from '../model/answer.ts';
import type { Call } from '../model/plan.ts';
import type { Endpoint, Identity } from '../model/recording.ts';
import type { Leave, Prepare, Way, Work } from '../model/work.ts';
import { withKept } from '../plan/credentials.ts';
import { wholeCall } from '../plan/whole.ts';
import { Account, type AccountOptions } from './account.ts';
import { type Attempt, type AttemptPorts, Attempts } from './attempt.ts';
import { dropSame, endRest, isNews, type Lane, newLane, nextCall, putBack, sameCall } from './lane.ts';
import { OBSERVATION, URGENCY, urgencyOf } from './urgency.ts';

export interface EnginePorts extends AttemptPorts {
  prepare: Prepare;
  /** Called with a call that was refused: the credentials that it was sent with may be the reason. */
  distrust: (call: Call) => void;
}

export interface EngineOptions extends Omit<AccountOptions, 'patience'> {
  /** How long one call is repeated, in milliseconds; a daemon never gives up. */
  retryFor: number;
  spelling?: UnsubscribeSpelling | undefined;
}

/**
 * Sends calls: recordings side by side, one call at a time for each, all of them through one account.
 * Invariants: what is sent is the newest desired state at the moment of sending; a lane's next step waits until the
 * answer before is on the disk; waiting for a repetition holds the lane and no place in the allowance.
 */
export class Engine {
  readonly #ports: EnginePorts;
  readonly #options: EngineOptions;
  readonly #account: Account;
  readonly #attempts: Attempts;
  readonly #lanes = new Map<string, Lane>();
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
    this.#options = options;
    this.#account = new Account(
      { ...options, patience: options.retryFor },
      ports.clock,
      this.#stopping.signal,
      ports.onEvent,
    );
    this.#attempts = new Attempts(ports, this.#account, options.spelling);
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
    const lane: Lane = this.#lanes.get(work.key) ?? newLane(work);
    this.#lanes.set(work.key, lane);
    lane.work = work;
    lane.dropped = false;
    const before = lane.waiting;
    lane.waiting = new Map(
      work.calls.map((call) => [call.endpoint, sameCall(before.get(call.endpoint), call)]),
    );
    this.#setDue(lane);
    for (const call of lane.waiting.values())
      if (isNews(before.get(call.endpoint), call)) {
        // A newer call has no failures yet, and does not wait for the repetition of the call that it replaces.
        lane.trouble.delete(call.endpoint);
        const { pause } = lane;
        if (pause?.endpoint === call.endpoint && !pause.isAsked) pause.end();
      }
    endRest(lane);
    this.#start(lane);
  }

  /** Calls that are not to leave yet; how long that is still away is measured once, so that no step of the wall clock counts. */
  #setDue(lane: Lane): void {
    const { clock } = this.#ports;
    const due = new Map<Call, number>();
    for (const call of lane.waiting.values())
      if (call.notBefore !== undefined) {
        const away = Math.min(LATE.afterDeparture, call.notBefore - clock.now());
        due.set(call, lane.due.get(call) ?? clock.monotonic() + away);
      }
    lane.due = due;
  }

  /** Drops the waiting calls of a recording; the call in flight is awaited, and not repeated. */
  drop(key: string): void {
    const lane = this.#lanes.get(key);
    if (!lane) return;
    lane.dropped = true;
    lane.waiting.clear();
    endRest(lane);
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
      if (lane.pause?.endpoint && !lane.pause.isAsked) lane.pause.end();
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
    return lane !== undefined && (lane.inFlight || lane.waiting.size > 0);
  }

  /** For metrics: recordings with something to do, places taken in the allowance, requests a second at the moment. */
  load(): { lanes: number; inUse: number; rate: number } {
    return { lanes: this.#lanes.size, ...this.#account.load() };
  }

  /** Resolves when no lane has anything left to do or all have stopped. @throws what made it stop, if it was an error */
  async idle(): Promise<void> {
    for (;;) {
      const running = [...this.#lanes.values()].flatMap((lane) => lane.running ?? []);
      if (running.length === 0) break;
      await Promise.all(running);
    }
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
      if (this.#account.refused !== undefined) this.#wakeAll();
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
    lane.running ??= this.#run(lane)
      .catch((error) => {
        // The journal or the program itself failed: nothing may be sent that cannot be recorded.
        this.#error ??= error;
        this.stop();
        this.#break(error);
      })
      .finally(() => {
        lane.running = undefined;
        if (lane.waiting.size === 0) this.#lanes.delete(lane.work.key);
        else if (!this.#isShut(lane.work.identity)) this.#start(lane);
      });
  }

  async #run(lane: Lane): Promise<void> {
    // A call that may not be attempted stays in the queue, and the result lists it.
    while (lane.waiting.size > 0 && !this.#isShut(lane.work.identity)) {
      const planned = nextCall(lane, this.#ports.clock.monotonic());
      if (typeof planned === 'number') {
        await this.#rest(lane, planned);
        continue;
      }
      const ready = await this.#prepare(lane, planned);
      if (!ready) continue;
      // Recordings in a gap of 404s are repeated for long: calls with something new go first.
      const urgency = lane.gapSince === undefined ? urgencyOf(planned) : URGENCY.repetition;
      const admission = await this.#account.admit(lane.work.identity, urgency);
      if (!admission) return;
      // While the call waited a newer plan may have come, or the account may have been stopped.
      if (lane.waiting.get(planned.endpoint) !== planned || this.#isShut(lane.work.identity)) {
        admission.ticket.giveBack();
        admission.letOthersGo();
        continue;
      }
      lane.waiting.delete(planned.endpoint);
      lane.inFlight = true;
      const attempt = await this.#attempts.make(lane, planned, ready.call, admission).finally(() => {
        lane.inFlight = false;
        admission.letOthersGo();
      });
      if (attempt && 'message' in attempt) this.#unready(lane, planned, attempt.message);
      else if (attempt) await this.#proceed(lane, attempt);
    }
  }

  /** Makes a call ready. The update's credentials come first: without them nothing of the recording is sent. */
  async #prepare(lane: Lane, planned: Call): Promise<{ call: Call } | undefined> {
    const update = lane.waiting.get('update');
    for (const call of update && update !== planned ? [update, planned] : [planned]) {
      const ready = await this.#ports.prepare(call, lane.work);
      if ('message' in ready) return this.#unready(lane, call, ready.message);
      if (call === planned) return ready;
    }
    return undefined;
  }

  /**
   * A call that cannot be made ready is not sent, and neither is what else waits for its recording, unless it would
   * only say again what is in force already. A newer one for the same endpoint is another matter.
   */
  #unready(lane: Lane, planned: Call, message: string): undefined {
    const { endpoint, reason, request } = planned;
    if (lane.waiting.has(endpoint) && lane.waiting.get(endpoint) !== planned) return;
    const held = reason !== 'credentials-expiring' && reason !== 'resync';
    if (held) lane.waiting.clear();
    else lane.waiting.delete(endpoint);
    const { key, name } = lane.work;
    const said = { outcome: 'refused', message, unready: true, held } as const;
    this.#ports.onEvent({ type: 'failed', key, name, endpoint, request, ...said });
  }

  async #proceed(lane: Lane, attempt: Attempt): Promise<void> {
    const { planned, call, decision, judgement, took, asked } = attempt;
    const { endpoint } = call;
    if (this.#account.refused !== undefined) this.#wakeAll();
    switch (decision.do) {
      case 'done':
        lane.trouble.delete(endpoint);
        this.#ports.onEvent({
          type: 'applied',
          key: lane.work.key,
          name: lane.work.name,
          endpoint,
          status: 200,
          took,
          ...asked,
        });
        dropSame(lane, call);
        this.#healed(lane, endpoint);
        return;
      case 'refuse':
        this.#ports.distrust(planned);
        return this.#failed(lane, attempt, judgement.message);
      case 'stop-account':
        return this.#failed(lane, attempt, this.#account.refused ?? judgement.message);
      case 'ended':
        await this.#ports.journal.append({ event: 'ended', key: lane.work.key });
        lane.waiting.clear();
        return this.#failed(
          lane,
          attempt,
          `${judgement.message}, for more than 90 s: it has ended, or its sid, resourceId or mode is another`,
          true,
        );
      case 'slow-down': {
        // The account holds all calls back; this lane need not wait in addition.
        const hold = this.#account.held(lane.work.identity);
        if (this.#outOfTime(lane, endpoint, hold)) this.#failed(lane, attempt, judgement.message);
        else putBack(lane, planned);
        return;
      }
      case 'repeat':
        return this.#repeat(lane, attempt, decision.after);
    }
  }

  #failed(
    lane: Lane,
    { call, planned, decision, judgement, asked }: Attempt,
    message: string,
    ended?: boolean,
  ): void {
    lane.trouble.delete(call.endpoint);
    this.#ports.onEvent({
      type: 'failed',
      key: lane.work.key,
      name: lane.work.name,
      endpoint: call.endpoint,
      request: planned.request,
      outcome: decision.outcome,
      message,
      ...asked,
      ...(ended ? { ended } : {}),
      ...(judgement.status === undefined ? {} : { status: judgement.status }),
    });
  }

  async #repeat(lane: Lane, attempt: Attempt, after: number): Promise<void> {
    const { clock, onEvent } = this.#ports;
    const { planned, decision, judgement, asked } = attempt;
    const { outcome } = decision;
    const { endpoint } = planned;
    const { message, status } = judgement;
    const givesUp = judgement.meaning !== 'not-found' && this.#outOfTime(lane, endpoint, after);
    if (givesUp || this.#stopping.signal.aborted) {
      const unsure = outcome === 'unknown' ? '; whether it took effect is not known' : '';
      return this.#failed(lane, attempt, `${message}${unsure}`);
    }
    onEvent({
      type: 'repeat',
      key: lane.work.key,
      name: lane.work.name,
      endpoint,
      outcome,
      message,
      after,
      ...asked,
      ...(status === undefined ? {} : { status }),
    });
    putBack(lane, planned);
    if (lane.dropped) return;
    if (this.#isShut(lane.work.identity)) return;
    const over = new AbortController();
    lane.pause = { endpoint, end: () => over.abort(), isAsked: judgement.retryAfter !== undefined };
    await clock.sleep(after, over.signal);
    delete lane.pause;
  }

  /** Waits until the time of a call has come, or a newer plan is there. */
  async #rest(lane: Lane, ms: number): Promise<void> {
    const { clock, onEvent } = this.#ports;
    const { key, name } = lane.work;
    for (const { endpoint } of lane.waiting.values())
      onEvent({ type: 'delayed', key, name, endpoint, after: ms });
    const over = new AbortController();
    lane.pause = { end: () => over.abort(), isAsked: false };
    await clock.sleep(ms, over.signal);
    delete lane.pause;
  }

  /** Ends every wait for a repetition. */
  #wakeAll(): void {
    for (const { pause } of this.#lanes.values()) pause?.end();
  }

  #outOfTime(lane: Lane, endpoint: Endpoint, wait: number): boolean {
    const since = lane.trouble.get(endpoint)?.since ?? 0;
    return this.#ports.clock.monotonic() + wait - since > this.#options.retryFor;
  }

  /**
   * The recording answers again after a gap of 404s. It may run on another server now, which started from what
   * `start` asked for: whatever was applied before the gap is sent once more.
   */
  #healed(lane: Lane, endpoint: Endpoint): void {
    if (!lane.doubted) return;
    delete lane.doubted;
    if (lane.dropped) return;
    for (const other of ['update', 'updateLayout'] as const) {
      if (other === endpoint || lane.waiting.has(other)) continue;
      const resent = wholeCall(other, lane.work.whole, 'outcome-unknown');
      const call = resent && withKept(resent, lane.work.keeps);
      if (call) lane.waiting.set(other, call);
    }
  }
}
