import PQueue from 'p-queue';
import { type Judgement, judge } from '../agora/answers.ts';
import { body, type UnsubscribeSpelling, wireRequest } from '../agora/requests.ts';
import type { Call } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Endpoint, Sealed } from '../model/recording.ts';
import type { ApplyEvent, Journal, Prepare, Sender, Work } from '../model/work.ts';
import { meaning } from '../plan/comparable.ts';
import { Allowance, type Ticket } from './allowance.ts';
import { decide, type Trouble, type Verdict } from './policy.ts';
import { urgencyOf } from './urgency.ts';

export interface EnginePorts {
  sender: Sender;
  journal: Journal;
  prepare: Prepare;
  /** The value of a secret; undefined where it is not at hand, and then nothing is sent. */
  reveal: (secret: Sealed) => string | undefined;
  /** Takes secrets out of what the service said. */
  scrub: (text: string) => string;
  clock: Clock;
  random: () => number;
  onEvent: (event: ApplyEvent) => void;
}

export interface EngineOptions {
  rate: number;
  /** What shares an allowance: the account, or each App ID by itself (the public guides name both). */
  scope: 'account' | 'app';
  /** Milliseconds since an earlier process sent its last requests. */
  sentAgo: readonly number[];
  /** How long one call is repeated, in milliseconds; a daemon never gives up. */
  retryFor: number;
  spelling: UnsubscribeSpelling;
}

interface Lane {
  work: Work;
  waiting: Map<Endpoint, Call>;
  trouble: Map<Endpoint, Trouble>;
  /** Since when every answer was 404, on the monotonic clock. */
  gapSince?: number;
  /** The journal says that what was applied before the gap may no longer be in force. */
  doubted?: boolean;
  running?: Promise<void>;
}

/** A place in the allowance, and what lets others go once this call has been answered. */
interface Place {
  ticket: Ticket;
  letOthersGo: () => void;
}

/**
 * Sends calls: recordings side by side, one call at a time for each, all of them through one allowance.
 * Invariants: an intent is durable before its call leaves, and an answer before the lane's next step; what is
 * sent is the newest desired state at the moment of sending; waiting for a repetition holds the
 * lane and no place in the allowance.
 */
export class Engine {
  readonly #ports: EnginePorts;
  readonly #options: EngineOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #scopes = new Map<string, { queue: PQueue; allowance: Allowance }>();
  readonly #stopping = new AbortController();
  /** App IDs for which the service is not enabled. */
  readonly #disabled = new Map<string, string>();
  /** The account's credentials were refused. */
  #refused: string | undefined;
  /** Settles when the first answer has shown whether the credentials are good: until then one call is out at most. */
  #first: Promise<void> | undefined;
  #proven = false;
  #error: unknown;

  constructor(ports: EnginePorts, options: EngineOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Takes the newest plan for a recording; what still waits of an older one is dropped. */
  submit(work: Work): void {
    const lane: Lane = this.#lanes.get(work.key) ?? { work, waiting: new Map(), trouble: new Map() };
    this.#lanes.set(work.key, lane);
    lane.work = work;
    lane.waiting = new Map(work.calls.map((call) => [call.endpoint, call]));
    this.#start(lane);
  }

  #start(lane: Lane): void {
    lane.running ??= this.#run(lane)
      .catch((error) => {
        // The journal or the program itself failed: nothing may be sent that cannot be recorded.
        this.#error ??= error;
        this.stop();
      })
      .finally(() => {
        lane.running = undefined;
        if (lane.waiting.size === 0) this.#lanes.delete(lane.work.key);
        else if (!this.#bars(lane)) this.#start(lane);
      });
  }

  /** Whether nothing more may be sent for this recording in this run. */
  #bars(lane: Lane): boolean {
    return (
      this.#stopping.signal.aborted ||
      this.#refused !== undefined ||
      this.#disabled.has(lane.work.identity.appId)
    );
  }

  /** Nothing new leaves; what is in flight is awaited and recorded. */
  stop(): void {
    this.#stopping.abort();
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

  async #run(lane: Lane): Promise<void> {
    // What may not be attempted stays waiting, and the end tells.
    while (lane.waiting.size > 0 && !this.#bars(lane)) {
      const call = mostUrgent(lane);
      const ready = await this.#ports.prepare(call, lane.work);
      if ('message' in ready) {
        lane.waiting.delete(call.endpoint);
        this.#ports.onEvent({
          type: 'failed',
          name: lane.work.name,
          endpoint: call.endpoint,
          outcome: 'refused',
          message: ready.message,
        });
        continue;
      }
      const place = await this.#admit(lane, urgencyOf(call));
      if (!place) return;
      // While it waited for its turn a newer state may have come, or the account may have been stopped.
      if (lane.waiting.get(call.endpoint) !== call || this.#bars(lane)) {
        place.ticket.giveBack();
        place.letOthersGo();
        continue;
      }
      lane.waiting.delete(call.endpoint);
      await this.#send(lane, ready.call, call, place);
    }
  }

  /** Waits for a place in the allowance, behind whoever is more urgent. */
  async #admit(lane: Lane, priority: number): Promise<Place | undefined> {
    const { queue, allowance } = this.#scopeOf(lane);
    const { signal } = this.#stopping;
    return queue.add(
      async () => {
        while (this.#first && !signal.aborted) await this.#first;
        const ticket = await allowance.take(signal);
        return ticket && { ticket, letOthersGo: this.#goFirst() };
      },
      { priority },
    );
  }

  /**
   * The first call of a run goes alone: were the credentials wrong, one refusal is enough.
   * @returns lets the others go; call it when the answer has been judged, or nothing was sent
   */
  #goFirst(): () => void {
    if (this.#proven) return () => {};
    let settle = () => {};
    this.#first = new Promise((resolve) => {
      settle = resolve;
    });
    return () => {
      this.#first = undefined;
      settle();
    };
  }

  #scopeOf({ work }: Lane): { queue: PQueue; allowance: Allowance } {
    const name = this.#options.scope === 'app' ? work.identity.appId : '';
    let scope = this.#scopes.get(name);
    if (!scope) {
      const { rate, sentAgo } = this.#options;
      // One at a time stands at the gate, so that whoever is most urgent when a place falls free gets it.
      scope = {
        queue: new PQueue({ concurrency: 1 }),
        allowance: new Allowance(rate, this.#ports.clock, sentAgo),
      };
      this.#scopes.set(name, scope);
    }
    return scope;
  }

  async #send(lane: Lane, call: Call, original: Call, { ticket, letOthersGo }: Place): Promise<void> {
    const { key, name, file, identity } = lane.work;
    const { endpoint, reason, request } = call;
    try {
      const missing: string[] = [];
      const clientRequest = wireRequest(
        endpoint,
        request,
        (secret) => this.#ports.reveal(secret) ?? noteMissing(secret, missing),
        this.#options.spelling,
      );
      if (missing.length > 0) {
        ticket.giveBack();
        this.#ports.onEvent({
          type: 'failed',
          name,
          endpoint,
          outcome: 'refused',
          message: `the value of ${missing.join(' and ')} is not at hand`,
        });
        return;
      }
      const of = await this.#ports.journal.append({
        event: 'intent',
        key,
        name,
        file,
        identity,
        endpoint,
        reason,
        request,
      });
      if (!lane.trouble.has(endpoint)) this.#ports.onEvent({ type: 'start', name, endpoint, reason });
      const began = this.#ports.clock.monotonic();
      const answer = await this.#ports.sender.send(
        { identity, endpoint, body: body(identity, clientRequest) },
        () => ticket.departed(),
      );
      if (answer.kind === 'failure' && answer.unsent) ticket.giveBack();
      else ticket.departed();
      const judged = judge(answer, identity);
      const judgement = { ...judged, message: this.#ports.scrub(judged.message) };
      const verdict = this.#judge(lane, endpoint, judgement);
      letOthersGo();
      await this.#record(lane, of, endpoint, verdict, judgement);
      await this.#proceed(lane, call, original, verdict, judgement, this.#ports.clock.monotonic() - began);
    } finally {
      letOthersGo();
    }
  }

  async #record(
    lane: Lane,
    of: number,
    endpoint: Endpoint,
    verdict: Verdict,
    judgement: Judgement,
  ): Promise<void> {
    const { journal } = this.#ports;
    const { key } = lane.work;
    const { status, message } = judgement;
    await journal.append({
      event: 'answer',
      key,
      endpoint,
      of,
      outcome: verdict.outcome,
      ...(status === undefined ? {} : { status }),
      ...(verdict.do === 'done' ? {} : { message }),
    });
    if (judgement.meaning === 'not-found' && !lane.doubted) {
      lane.doubted = true;
      for (const each of ['update', 'updateLayout'] as const)
        await journal.append({ event: 'doubt', key, endpoint: each });
    }
  }

  #judge(lane: Lane, endpoint: Endpoint, judgement: Judgement): Verdict {
    const now = this.#ports.clock.monotonic();
    const trouble = lane.trouble.get(endpoint) ?? { since: now, repeated: {} };
    if (judgement.meaning === 'not-found') lane.gapSince ??= lane.work.ended ? Number.NEGATIVE_INFINITY : now;
    const verdict = decide({ judgement, trouble, gapSince: lane.gapSince, now, random: this.#ports.random });
    const repeated = {
      ...trouble.repeated,
      [judgement.meaning]: (trouble.repeated[judgement.meaning] ?? 0) + 1,
    };
    lane.trouble.set(endpoint, { ...trouble, repeated });
    this.#proven = true;
    if (verdict.do === 'stop-account')
      this.#refused = `${judgement.message}. Check AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET`;
    if (judgement.appWide) this.#disabled.set(lane.work.identity.appId, judgement.message);
    return verdict;
  }

  async #proceed(
    lane: Lane,
    call: Call,
    original: Call,
    verdict: Verdict,
    judgement: Judgement,
    took: number,
  ): Promise<void> {
    const { onEvent } = this.#ports;
    const { name } = lane.work;
    const { endpoint } = call;
    const failed = (message: string, extra: { ended?: boolean } = {}) => {
      lane.trouble.delete(endpoint);
      onEvent({
        type: 'failed',
        name,
        endpoint,
        outcome: verdict.outcome,
        message,
        ...extra,
        ...(judgement.status ? { status: judgement.status } : {}),
      });
    };
    switch (verdict.do) {
      case 'done':
        lane.trouble.delete(endpoint);
        onEvent({ type: 'applied', name, endpoint, status: 200, took });
        dropSame(lane, call);
        await this.#healed(lane, endpoint);
        return;
      case 'refuse':
        failed(judgement.message);
        return;
      case 'stop-account':
        failed(this.#refused as string);
        onEvent({ type: 'stopped', message: this.#refused as string });
        return;
      case 'ended':
        await this.#ports.journal.append({ event: 'ended', key: lane.work.key });
        lane.waiting.clear();
        failed(`${judgement.message}, for more than 90 s: it has ended`, { ended: true });
        return;
      case 'slow-down':
        await this.#slowDown(lane, call, original, verdict, judgement, failed);
        return;
      case 'repeat':
        await this.#repeat(lane, original, verdict.after, verdict, judgement, failed);
    }
  }

  async #slowDown(
    lane: Lane,
    call: Call,
    original: Call,
    verdict: Verdict & { do: 'slow-down' },
    judgement: Judgement,
    failed: (message: string) => void,
  ): Promise<void> {
    const { allowance } = this.#scopeOf(lane);
    const hold = allowance.slowDown(verdict.retryAfter);
    this.#ports.onEvent({ type: 'slowed', hold, rate: allowance.rate });
    // The gate holds everybody back; this lane need not wait besides.
    if (this.#outOfTime(lane, call.endpoint, hold)) failed(judgement.message);
    else if (!lane.waiting.has(call.endpoint)) lane.waiting.set(call.endpoint, original);
  }

  async #repeat(
    lane: Lane,
    original: Call,
    after: number,
    verdict: Verdict,
    judgement: Judgement,
    failed: (message: string) => void,
  ): Promise<void> {
    const { clock, onEvent } = this.#ports;
    const { endpoint } = original;
    if (judgement.meaning !== 'not-found' && this.#outOfTime(lane, endpoint, after)) {
      failed(
        `${judgement.message}${verdict.outcome === 'unknown' ? '; whether it took effect is not known' : ''}`,
      );
      return;
    }
    onEvent({
      type: 'repeat',
      name: lane.work.name,
      endpoint,
      outcome: verdict.outcome,
      message: judgement.message,
      after,
      ...(judgement.status === undefined ? {} : { status: judgement.status }),
    });
    if (!lane.waiting.has(endpoint)) lane.waiting.set(endpoint, original);
    await clock.sleep(after, this.#stopping.signal);
  }

  #outOfTime(lane: Lane, endpoint: Endpoint, wait: number): boolean {
    const since = lane.trouble.get(endpoint)?.since ?? 0;
    return this.#ports.clock.monotonic() + wait - since > this.#options.retryFor;
  }

  /**
   * The recording answers again after a gap of 404s. It may run on another server now, which started from what
   * `start` asked for: whatever was applied before the gap is sent once more.
   */
  async #healed(lane: Lane, endpoint: Endpoint): Promise<void> {
    if (lane.gapSince === undefined) return;
    delete lane.gapSince;
    delete lane.doubted;
    for (const other of ['update', 'updateLayout'] as const) {
      const request = lane.work.whole[other];
      if (other === endpoint || !request || lane.waiting.has(other)) continue;
      lane.waiting.set(other, {
        endpoint: other,
        reason: 'outcome-unknown',
        changes: [],
        patch: [],
        request,
      } as unknown as Call);
    }
  }
}

/** Never an empty string in a secret's place. */
function noteMissing({ reference }: Sealed, missing: string[]): string {
  missing.push(reference);
  return '';
}

function mostUrgent({ waiting }: Lane): Call {
  return [...waiting.values()].reduce((first, other) =>
    urgencyOf(other) > urgencyOf(first) ? other : first,
  );
}

/** A newer plan that asks for exactly what has just been applied asks for nothing. */
function dropSame(lane: Lane, sent: Call): void {
  const next = lane.waiting.get(sent.endpoint);
  if (
    next &&
    next.reason !== 'resync' &&
    meaning(next.endpoint, next.request) === meaning(sent.endpoint, sent.request)
  )
    lane.waiting.delete(sent.endpoint);
}
