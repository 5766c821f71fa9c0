import type { Call } from '../model/plan.ts';
import type { Endpoint, Identity } from '../model/recording.ts';
import type { Prepare } from '../model/work.ts';
import { withKept } from '../plan/credentials.ts';
import { wholeCall } from '../plan/whole.ts';
import type { Account, Admission } from './account.ts';
import type { Attempt, AttemptPorts, Attempts } from './attempt.ts';
import { dropSame, isFollowed, type Lane, nextCall, putBack, urgencyIn } from './lane.ts';

export interface LanePorts extends AttemptPorts {
  prepare: Prepare;
  /** Called with a call that was refused: the credentials that it was sent with may be the reason. */
  distrust: (call: Call) => void;
}

/**
 * Sends the calls of a lane one after the other, and does what follows from each answer.
 * Invariants: what is sent is the newest desired state at the moment of sending; the next step waits until the answer
 * before is on the disk; waiting for a repetition holds the lane and no place in the allowance.
 */
export class LaneRunner {
  readonly #ports: LanePorts;
  readonly #account: Account;
  readonly #attempts: Attempts;
  /** Aborts when nothing more is to be sent. */
  readonly #stop: AbortSignal;
  readonly #isShut: RunnerOptions['isShut'];
  /** How long one call is repeated, in milliseconds. */
  readonly #retryFor: number;

  constructor(ports: LanePorts, { account, attempts, stop, isShut, retryFor }: RunnerOptions) {
    this.#ports = ports;
    this.#account = account;
    this.#attempts = attempts;
    this.#stop = stop;
    this.#isShut = isShut;
    this.#retryFor = retryFor;
  }

  /**
   * Runs a queued lane until it is idle: nothing waits, or the account is shut; then a call that may not be attempted
   * stays in its place, and the result lists it.
   */
  async run(lane: Lane): Promise<void> {
    /** The place of the call that follows the first. */
    let second: Promise<Admission | undefined> | undefined;
    const giveBackSecond = () => {
      void second?.then((admission) => {
        admission?.ticket.giveBack();
        admission?.letOthersGo();
      });
      second = undefined;
    };
    try {
      while (lane.waiting.size > 0 && !this.#isShut(lane.work.identity)) {
        const planned = nextCall(lane, this.#ports.clock.monotonic());
        if (typeof planned === 'number') {
          giveBackSecond();
          await this.#rest(lane, planned);
          continue;
        }
        const ready = await this.#prepare(lane, planned);
        if (!ready) continue;
        const { identity } = lane.work;
        const urgency = urgencyIn(lane, planned);
        const kept = second;
        const place = this.#placeOf(kept, identity, urgency);
        second =
          kept || !isFollowed(lane, planned) ? undefined : this.#account.admitSecond(identity, urgency);
        const admission = await place;
        if (!admission) return;
        // While the call waited a newer plan may have come, or the account may have been stopped.
        if (lane.waiting.get(planned.endpoint) !== planned || this.#isShut(lane.work.identity)) {
          admission.ticket.giveBack();
          admission.letOthersGo();
          giveBackSecond();
          continue;
        }
        lane.waiting.delete(planned.endpoint);
        lane.state = { is: 'sending' };
        const attempt = await this.#attempts.make(lane, planned, ready.call, admission).finally(() => {
          lane.state = { is: 'queued' };
          admission.letOthersGo();
        });
        const isDone = attempt !== undefined && 'decision' in attempt && attempt.decision.do === 'done';
        // Before anything is waited for: nothing follows for now.
        if (!isDone) giveBackSecond();
        if (attempt && 'message' in attempt) this.#unready(lane, planned, attempt.message);
        else if (attempt) await this.#proceed(lane, attempt, urgency);
        if (lane.led === undefined) giveBackSecond();
      }
    } finally {
      giveBackSecond();
    }
  }

  /** A place in the allowance: the one that was kept, if it was. */
  async #placeOf(
    kept: Promise<Admission | undefined> | undefined,
    identity: Identity,
    urgency: number,
  ): Promise<Admission | undefined> {
    return (kept && (await kept)) ?? this.#account.admit(identity, urgency);
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

  /** @param urgency the call's, when it left */
  async #proceed(lane: Lane, attempt: Attempt, urgency: number): Promise<void> {
    const { planned, call, decision, judgement, took, asked } = attempt;
    const { endpoint } = call;
    const { key, name, identity } = lane.work;
    switch (decision.do) {
      case 'done':
        lane.trouble.delete(endpoint);
        // One that followed leads none, or two that are edited again and again would go before all others.
        if (lane.led === undefined) lane.led = urgency;
        else delete lane.led;
        this.#ports.onEvent({ type: 'applied', key, name, endpoint, status: 200, took, ...asked });
        dropSame(lane, call);
        this.#healed(lane, endpoint);
        return;
      case 'refuse':
        this.#ports.distrust(planned);
        return this.#failed(lane, attempt, judgement.message);
      case 'stop-account':
        return this.#failed(lane, attempt, this.#account.refused ?? judgement.message);
      case 'ended':
        await this.#ports.journal.append({ event: 'ended', key });
        lane.waiting.clear();
        return this.#failed(
          lane,
          attempt,
          `${judgement.message}, for more than 90 s: it has ended, or its sid, resourceId or mode is another`,
          true,
        );
      case 'slow-down':
        // The account holds all calls back; this lane need not wait in addition.
        if (this.#outOfTime(lane, endpoint, this.#account.held(identity)))
          this.#failed(lane, attempt, judgement.message);
        else putBack(lane, planned);
        return;
      case 'repeat':
        return this.#repeat(lane, attempt, decision.after);
    }
  }

  #failed(lane: Lane, attempt: Attempt, message: string, ended?: boolean): void {
    const { call, planned, decision, judgement, asked } = attempt;
    const { key, name } = lane.work;
    const { endpoint } = call;
    lane.trouble.delete(endpoint);
    delete lane.led;
    this.#ports.onEvent({
      type: 'failed',
      ...{ key, name, endpoint, message },
      request: planned.request,
      outcome: decision.outcome,
      ...asked,
      ...(ended ? { ended } : {}),
      ...(judgement.status === undefined ? {} : { status: judgement.status }),
    });
  }

  async #repeat(lane: Lane, attempt: Attempt, after: number): Promise<void> {
    const { planned, decision, judgement, asked } = attempt;
    const { outcome } = decision;
    const { endpoint } = planned;
    const { message, status } = judgement;
    const givesUp = judgement.meaning !== 'not-found' && this.#outOfTime(lane, endpoint, after);
    if (givesUp || this.#stop.aborted) {
      const unsure = outcome === 'unknown' ? '; whether it took effect is not known' : '';
      return this.#failed(lane, attempt, `${message}${unsure}`);
    }
    const { key, name } = lane.work;
    this.#ports.onEvent({
      type: 'repeat',
      ...{ key, name, endpoint, outcome, message, after },
      ...asked,
      ...(status === undefined ? {} : { status }),
    });
    putBack(lane, planned);
    if (lane.dropped || this.#isShut(lane.work.identity)) return;
    const isAsked = judgement.retryAfter !== undefined;
    await this.#wait(lane, after, (end) => ({ is: 'repeating', end, endpoint, isAsked }));
  }

  /** Waits until the time of a call has come, or the calls have changed. */
  async #rest(lane: Lane, ms: number): Promise<void> {
    const { key, name } = lane.work;
    delete lane.led;
    for (const { endpoint } of lane.waiting.values())
      this.#ports.onEvent({ type: 'delayed', key, name, endpoint, after: ms });
    await this.#wait(lane, ms, (end) => ({ is: 'resting', end }));
  }

  async #wait(lane: Lane, ms: number, stateWith: (end: () => void) => Lane['state']): Promise<void> {
    const over = new AbortController();
    lane.state = stateWith(() => over.abort());
    await this.#ports.clock.sleep(ms, over.signal);
    lane.state = { is: 'queued' };
  }

  #outOfTime(lane: Lane, endpoint: Endpoint, wait: number): boolean {
    const since = lane.trouble.get(endpoint)?.since ?? 0;
    return this.#ports.clock.monotonic() + wait - since > this.#retryFor;
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

interface RunnerOptions {
  account: Account;
  attempts: Attempts;
  stop: AbortSignal;
  /** Whether nothing may be sent for a recording's App ID. */
  isShut: (identity: Identity) => boolean;
  retryFor: number;
}
