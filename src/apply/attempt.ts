import { type Judgement, judge } from '../agora/answers.ts';
import { body, type UnsubscribeSpelling, wireRequest, withoutKept } from '../agora/requests.ts';
import type { Answer } from '../model/answer.ts';
import type { Binding } from '../model/known.ts';
import type { Call } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Endpoint, Identity, Sealed } from '../model/recording.ts';
import type { ApplyEvent, Gate, Journal, Leave, Sender, StillWanted, Way, Work } from '../model/work.ts';
import type { Account, Admission } from './account.ts';
import { type Lane, putBack } from './lane.ts';
import { type Decision, decide } from './policy.ts';
import { TIMINGS } from './timings.ts';

export interface AttemptPorts {
  sender: Sender;
  journal: Journal & Gate;
  /** Where calls for an App ID go, and with which account. */
  bindingOf: (appId: string) => Binding;
  /** The value of a secret; undefined where it is not at hand, and then nothing is sent. */
  reveal: (secret: Sealed) => string | undefined;
  /** Takes secrets out of what the service said. */
  scrub: (text: string) => string;
  clock: Clock;
  random: () => number;
  stillWanted: StillWanted;
  onEvent: (event: ApplyEvent) => void;
}

/** One call that was sent: what was planned, what left of it, and what came back. */
export interface Attempt {
  /** The call as it is in the plan; this is what is repeated. */
  planned: Call;
  /** With credentials filled in. */
  call: Call;
  decision: Decision;
  judgement: Judgement;
  /** Milliseconds. */
  took: number;
  /** The commit that asked for it; spread into events. */
  asked: Pick<Work, 'commit'>;
}

/** Messages are cut at this length, in characters: a longer one is not read. */
const LONGEST_MESSAGE = 300;

/**
 * Single calls: one is written down, sent, judged, and its answer written down. What follows from it is for others.
 * Invariants: an intent is durable before its call leaves, and an answer before anything follows from it.
 */
export class Attempts {
  readonly #ports: AttemptPorts;
  readonly #account: Account;
  readonly #spelling: UnsubscribeSpelling | undefined;

  constructor(ports: AttemptPorts, account: Account, spelling?: UnsubscribeSpelling) {
    this.#ports = ports;
    this.#account = account;
    this.#spelling = spelling;
  }

  /**
   * Sends a call that has its place in the allowance.
   * @param planned as it stands in the plan
   * @param call the same with credentials filled in
   * @returns why it cannot be sent; undefined where it is not to leave now, and stands in its place again or has been
   * overtaken
   */
  async make(
    lane: Lane,
    planned: Call,
    call: Call,
    admission: Admission,
  ): Promise<Attempt | { message: string } | undefined> {
    const { work } = lane;
    const { key, name, file, identity, commit } = work;
    const asked = commit ? { commit } : {};
    const { endpoint, reason, request } = call;
    const missing: string[] = [];
    const clientRequest = wireRequest(
      endpoint,
      request,
      (secret) => this.#ports.reveal(secret) ?? noteMissing(secret, missing),
      this.#spelling,
    );
    if (missing.length > 0) {
      admission.ticket.giveBack();
      return { message: `the value of ${missing.join(' and ')} is not at hand` };
    }
    const { journal, onEvent, sender, clock, stillWanted, bindingOf } = this.#ports;
    // A newer plan decides anew: it has put what it asks for in its place.
    const isOver = () => lane.dropped || lane.work !== work;
    const binding = bindingOf(identity.appId);
    const about = { key, name, file, identity, endpoint, reason, ...asked, ...binding, request };
    const intent = { event: 'intent', ...about } as const;
    let leave: Leave | undefined;
    let isWanted = true;
    const open = async () => {
      isWanted = await stillWanted(work);
      if (!isWanted || isOver()) return false;
      leave = await journal.admit(binding.account, identity.appId, intent);
      // While the intent was written a newer call came, or the account was held back: this one does not leave now.
      const held = this.#account.held(identity) > 0 || this.#account.isShut(identity.appId);
      return leave !== undefined && !held && !isOver();
    };
    const mayLeave = () => {
      if (!leave?.mayLeave()) return false;
      if (!lane.trouble.has(endpoint)) onEvent({ type: 'start', key, name, endpoint, reason, ...asked });
      return true;
    };
    const began = clock.monotonic();
    const wire = body(identity, withoutKept(clientRequest, call.keeps));
    const exchanged = await this.exchange(
      identity,
      endpoint,
      admission,
      (way) => sender.send({ identity, endpoint, body: wire }, way),
      { open, mayLeave },
      lane.trouble.get(endpoint)?.repeated.throttled,
    );
    if (!exchanged) {
      if (isWanted && !isOver()) putBack(lane, planned);
      admission.ticket.giveBack();
      if (leave?.of !== undefined) await journal.append({ event: 'withdraw', key, endpoint, of: leave.of });
      return undefined;
    }
    const { judgement } = exchanged;
    const decision = this.#judge(lane, endpoint, judgement);
    // Without a connection it was not written down yet.
    const of = leave?.of ?? (await journal.append(intent));
    await this.#record(lane, of, endpoint, decision, judgement);
    return { planned, call, decision, judgement, took: clock.monotonic() - began, asked };
  }

  /**
   * One request and its answer, judged; the account learns its part of it before another call may go.
   * @param ask whether it may leave, once its connection is open and right before
   * @param throttled how often in this trouble the same call was answered that the account is over its allowance
   * @returns undefined where it did not leave
   * @throws what `ask` throws
   */
  async exchange(
    identity: Identity,
    endpoint: Endpoint | 'query',
    admission: Admission,
    send: (way: Way) => Promise<Answer | undefined>,
    ask: Pick<Way, 'open' | 'mayLeave'>,
    throttled = 0,
  ): Promise<{ answer: Answer; judgement: Judgement } | undefined> {
    const { clock, onEvent, scrub } = this.#ports;
    let began = clock.monotonic();
    const failed: unknown[] = [];
    const answer = await send({
      open: async () => {
        const isOpen = await ask.open().catch((error: unknown) => {
          failed.push(error);
          return false;
        });
        began = clock.monotonic();
        return isOpen;
      },
      mayLeave: ask.mayLeave,
      departed: () => admission.ticket.departed(),
    });
    if (failed.length > 0) throw failed[0];
    if (!answer) return undefined;
    const took = clock.monotonic() - began;
    const status = answer.kind === 'answer' ? { status: answer.status } : {};
    onEvent({ type: 'answered', endpoint, took, ...status });
    // Also where no connection could be made: an outage must not lead to thousands of attempts in a second.
    admission.ticket.departed();
    if (answer.kind === 'answer') admission.ticket.answered();
    const judged = judge(answer, identity);
    // What was applied says nothing of the service's, and with many secrets a look for them costs as much as the call.
    const isOurs = judged.meaning === 'applied';
    const message = isOurs ? judged.message : scrub(judged.message).slice(0, LONGEST_MESSAGE);
    // A 400 that one call gets again and again is not about the account, and must not hold the others back for ever.
    const isItsOwn = judged.status === 400 && throttled >= TIMINGS.throttledBy400;
    const meaning = judged.meaning === 'throttled' && isItsOwn ? 'foreign' : judged.meaning;
    const judgement: Judgement = { ...judged, meaning, message };
    this.#account.learn(judgement, identity);
    admission.letOthersGo();
    return { answer, judgement };
  }

  async #record(
    lane: Lane,
    of: number,
    endpoint: Endpoint,
    { outcome, do: then }: Decision,
    { status, message, meaning }: Judgement,
  ): Promise<void> {
    const { journal } = this.#ports;
    const { key } = lane.work;
    // The doubt is recorded first: if a crash lost it after the answer, the other endpoint would never be sent again.
    if (meaning === 'not-found' && !lane.doubted) {
      lane.doubted = true;
      for (const each of ['update', 'updateLayout'] as const)
        await journal.append({ event: 'doubt', key, endpoint: each });
    }
    const said = {
      ...(status === undefined ? {} : { status }),
      ...(then === 'done' ? {} : { message }),
    };
    await journal.append({ event: 'answer', key, endpoint, of, outcome, ...said });
  }

  #judge(lane: Lane, endpoint: Endpoint, judgement: Judgement): Decision {
    const now = this.#ports.clock.monotonic();
    const trouble = lane.trouble.get(endpoint) ?? { since: now, repeated: {} };
    // Only an unbroken row of 404s proves that a recording has ended.
    if (judgement.meaning === 'not-found') lane.gapSince ??= lane.work.ended ? Number.NEGATIVE_INFINITY : now;
    else delete lane.gapSince;
    const decision = decide({ judgement, trouble, gapSince: lane.gapSince, now, random: this.#ports.random });
    const repeated = {
      ...trouble.repeated,
      [judgement.meaning]: (trouble.repeated[judgement.meaning] ?? 0) + 1,
    };
    lane.trouble.set(endpoint, { ...trouble, repeated });
    return decision;
  }
}

/** Never an empty string in a secret's place. */
function noteMissing({ reference }: Sealed, missing: string[]): string {
  missing.push(reference);
  return '';
}
