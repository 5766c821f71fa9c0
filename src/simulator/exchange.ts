import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../model/ports.ts';
import {
  type Answer,
  badRequest,
  NO_CREDENTIALS,
  NO_ROUTE,
  OVER_LIMIT,
  TOO_LARGE,
  WRONG_CREDENTIALS,
  workerNotFound,
} from './answer.ts';
import { type Received, receive, saysJson } from './body.ts';
import { faultAnswer } from './fault-answer.ts';
import type { FaultRule } from './fault-rule.ts';
import type { Decision, Faults } from './faults.ts';
import type { Arrival, Journal } from './journal.ts';
import type { SlidingSecond } from './rate.ts';
import { replyOf, send } from './reply.ts';
import { parseRoute, type Route } from './route.ts';
import type { RecordingService } from './service.ts';

/** Credentials of the account. */
export interface Credentials {
  customerId: string;
  customerSecret: string;
}

/** What one call needs of the simulator. */
export interface Parts {
  clock: Clock;
  service: RecordingService;
  faults: Faults;
  journal: Journal;
  limiter: SlidingSecond;
  rate: number;
  credentials: Credentials | undefined;
  /** Aborts when the simulator ends. */
  closing: AbortSignal;
}

const SLOW_BODY_MS = 100;
const SLOW_BODY_PIECES = 8;

/** The account that the Authorization header names, or the answer that turns it away. */
function authenticate(header: string | undefined, demanded: Credentials | undefined): string | Answer {
  if (header === undefined) return NO_CREDENTIALS;
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header)?.[1];
  const given = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = given.indexOf(':');
  if (colon < 1 || colon === given.length - 1) return WRONG_CREDENTIALS;
  if (demanded && given !== `${demanded.customerId}:${demanded.customerSecret}`) return WRONG_CREDENTIALS;
  return given.slice(0, colon);
}

/** One call to the API from its arrival to its end. What is decided at arrival is decided before the body is read. */
export class Exchange {
  readonly #parts: Parts;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #path: string;
  readonly #route: Route | undefined;
  readonly #arrival: Arrival;
  readonly #gone = new AbortController();

  constructor(parts: Parts, request: IncomingMessage, response: ServerResponse) {
    this.#parts = parts;
    this.#request = request;
    this.#response = response;
    this.#path = (request.url ?? '/').split('?')[0] ?? '/';
    this.#route = parseRoute(request.method ?? '', this.#path);
    this.#arrival = parts.journal.arrive({
      method: request.method ?? '',
      path: this.#path,
      sid: this.#route?.sid ?? null,
      endpoint: this.#route?.endpoint ?? null,
    });
    response.on('close', () => {
      parts.journal.finish(this.#arrival, null);
      this.#gone.abort();
    });
  }

  /** Carries the call out. Never rejects for anything a client does. */
  async run(): Promise<Arrival> {
    const turnedAway = this.#gatewayAnswer();
    const decision = turnedAway === undefined ? this.#decide() : undefined;
    const received = await receive(this.#request);
    if (received.kind === 'gone') return this.#arrival;
    const body = this.#noteBody(received);
    if (turnedAway) this.#answer(turnedAway);
    else if (decision && this.#route) await this.#carryOut(this.#route, decision, received, body);
    return this.#arrival;
  }

  /** Route, credentials and allowance, in the order of a gateway that counts what it can attribute to an account. */
  #gatewayAnswer(): Answer | undefined {
    if (!this.#route) return NO_ROUTE;
    const account = authenticate(this.#request.headers.authorization, this.#parts.credentials);
    if (typeof account !== 'string') return account;
    if (this.#parts.limiter.admit(account, this.#arrival.mono)) return undefined;
    this.#parts.journal.overLimit(this.#arrival, this.#parts.rate);
    return OVER_LIMIT;
  }

  #decide(): Decision {
    const { sid, endpoint } = this.#arrival;
    const name = this.#parts.service.find(sid ?? undefined)?.identity.name;
    const decision = this.#parts.faults.decide({ sid, name, endpoint: endpoint ?? '' });
    this.#arrival.fault = decision.ids;
    return decision;
  }

  /** Notes what came in the journal; undefined where it is not JSON. */
  #noteBody(received: Received): unknown {
    if (received.kind !== 'text' || received.text === '') return undefined;
    this.#arrival.body = received.text;
    try {
      const body: unknown = JSON.parse(received.text);
      this.#arrival.body = body;
      return body;
    } catch {
      return undefined;
    }
  }

  async #carryOut(route: Route, decision: Decision, received: Received, body: unknown): Promise<void> {
    const before = Math.floor(decision.latency / 2);
    if (!(await this.#pause(before))) return;
    const rule = decision.rule;
    const away = rule?.failover && route.sid !== undefined && this.#failOver(route.sid, rule.failover.forMs);
    const applied =
      rule?.applied ?? (rule?.answer === undefined && !NOT_APPLIED.includes(rule?.connection ?? ''));
    const isLate = decision.late !== undefined;
    const own = applied && !away && !isLate ? this.#ownAnswer(route, received, body) : undefined;
    if (!(await this.#pause(decision.latency - before))) return;
    if (decision.late !== undefined) void this.#applyLate(decision.late, route, received, body);
    const ids = { resourceId: route.resourceId ?? '', sid: route.sid ?? '' };
    const fallback = workerNotFound(ids);
    if (rule?.answer !== undefined) this.#answer(faultAnswer(rule, ids, this.#path));
    else if (rule?.connection !== undefined) await this.#misconnect(rule, own ?? fallback);
    else this.#answer(own ?? fallback);
  }

  /** Takes effect although its answer has long been given, as a call that a gateway has given up. */
  async #applyLate(ms: number, route: Route, received: Received, body: unknown): Promise<void> {
    const { clock, closing } = this.#parts;
    await clock.sleep(ms, closing);
    if (!closing.aborted) this.#ownAnswer(route, received, body);
  }

  #failOver(sid: string, forMs: number): boolean {
    return this.#parts.service.failOver(sid, forMs);
  }

  /** What the service does and says when nothing misbehaves. */
  #ownAnswer(route: Route, received: Received, body: unknown): Answer {
    if (received.kind === 'too-large') return TOO_LARGE;
    if (route.endpoint !== 'query') {
      if (!saysJson(this.#request)) return badRequest('Content-Type must be application/json', 8);
      if (body === undefined) return badRequest('the body is not valid JSON', 8);
    }
    return this.#parts.service.call(route, body);
  }

  /** Waits; false where the client has gone meanwhile, so that the call ends here. */
  async #pause(ms: number): Promise<boolean> {
    if (ms > 0) await this.#parts.clock.sleep(ms, this.#gone.signal);
    return !this.#gone.signal.aborted;
  }

  #answer(answer: Answer): void {
    // Finished before it leaves: the client's next call may arrive before this process hears that it has left.
    this.#parts.journal.finish(this.#arrival, answer.status);
    send(this.#response, answer);
  }

  /** Answers in the way that the rule's connection fault says, or not at all. */
  async #misconnect(rule: FaultRule, own: Answer): Promise<void> {
    switch (rule.connection) {
      case 'hang':
        if (!this.#response.destroyed) await once(this.#response, 'close');
        return;
      case 'cut-mid-response':
        await this.#cutInTheMiddle(own);
        return;
      case 'slow-body':
        await this.#drip(own, rule.dripMs ?? SLOW_BODY_MS);
        return;
      default:
        this.#request.socket.destroy();
    }
  }

  async #cutInTheMiddle(answer: Answer): Promise<void> {
    const { status, headers, body } = replyOf(answer);
    this.#response.writeHead(status, headers);
    const half = body.subarray(0, Math.floor(body.length / 2));
    await new Promise<void>((resolve) => this.#response.write(half, () => resolve()));
    this.#request.socket.destroy();
  }

  async #drip(answer: Answer, dripMs: number): Promise<void> {
    const { status, headers, body } = replyOf(answer);
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
    const step = Math.ceil(body.length / SLOW_BODY_PIECES);
    for (let from = 0; from < body.length; from += step) {
      if (!(await this.#pause(dripMs))) return;
      if (from + step >= body.length) this.#parts.journal.finish(this.#arrival, status);
      this.#response.write(body.subarray(from, from + step));
    }
    this.#response.end();
  }
}

/** The connection faults after which nothing has taken effect unless the rule says otherwise. */
const NOT_APPLIED: readonly string[] = ['cut-before', 'hang'];
