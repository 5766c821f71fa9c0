import type { IncomingMessage } from 'node:http';
import type { Clock } from '../model/ports.ts';
import type { Answer } from './answer.ts';
import { receive } from './body.ts';
import type { FaultRule } from './fault-rule.ts';
import { readFaultRule } from './fault-rule.ts';
import type { Faults } from './faults.ts';
import { filledText, object, optional, ownUid, Refused, required, whole } from './fields.ts';
import type { Journal } from './journal.ts';
import { isLoopbackName } from './loopback.ts';
import type { RunningRecording } from './recording.ts';
import type { RecordingService } from './service.ts';
import { shown } from './view.ts';

/** What the simulator's own endpoints look at and change. */
export interface Controlled {
  clock: Clock;
  service: RecordingService;
  faults: Faults;
  journal: Journal;
  /**
   * Adds rules, or puts them in the place of all others, and begins the failovers among them that name a recording.
   * @throws Refused, without any change, for a recording that does not run
   */
  setFaults(rules: readonly FaultRule[], replace: boolean): void;
  /** Reads the recordings' files again; undefined where there are none to read. */
  reload: (() => Promise<readonly RunningRecording[]>) | undefined;
}

const OK = 200;

function problem(status: number, error: string): Answer {
  return { status, body: { error } };
}

function readMode(value: unknown, at: string): RunningRecording['mode'] {
  if (value === 'individual' || value === 'mix' || value === 'web') return value;
  throw new Refused(`${at} must be individual, mix or web`);
}

const IDENTITY_FIELDS = ['name', 'appId', 'cname', 'uid', 'resourceId', 'sid', 'mode', 'streamTypes'];

function readIdentity(value: unknown): RunningRecording {
  const at = 'recording';
  const read = object(value, at, IDENTITY_FIELDS);
  const name = optional(read, 'name', at, filledText);
  const streamTypes = optional(read, 'streamTypes', at, (it, where) => whole(it, where, 0, 2));
  return {
    appId: required(read, 'appId', at, filledText),
    cname: required(read, 'cname', at, filledText),
    uid: required(read, 'uid', at, ownUid),
    resourceId: required(read, 'resourceId', at, filledText),
    sid: required(read, 'sid', at, filledText),
    mode: optional(read, 'mode', at, readMode) ?? 'mix',
    ...(name !== undefined && { name }),
    ...(streamTypes !== undefined && { streamTypes: streamTypes as 0 | 1 | 2 }),
  };
}

/** One rule or several, each as JSON or in the text form. */
function readRules(value: unknown): FaultRule[] {
  return (Array.isArray(value) ? value : [value]).map((each, index) => readFaultRule(each, `rule[${index}]`));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const received = await receive(request);
  if (received.kind !== 'text') throw new Refused('the body is too large');
  try {
    return JSON.parse(received.text);
  } catch {
    throw new Refused('the body is not valid JSON');
  }
}

/** The simulator's own endpoints, under /_sim: they need no credentials and do not count. */
export class Control {
  readonly #parts: Controlled;

  constructor(parts: Controlled) {
    this.#parts = parts;
  }

  /** The answer to a request whose path begins with /_sim. */
  async handle(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const foreign = this.#foreign(request);
    if (foreign) return foreign;
    const [, , what = '', ...rest] = url.pathname.split('/');
    try {
      const which = decodeURIComponent(rest.join('/'));
      const answer = await this.#answer(request, what, which, url.searchParams);
      return answer ?? problem(404, `${request.method} ${url.pathname} is not an endpoint of the simulator`);
    } catch (error) {
      if (error instanceof Refused || error instanceof URIError) return problem(400, error.message);
      throw error;
    }
  }

  /** A page on another site must not reach the simulator through a browser, by rebinding its name or by a form. */
  #foreign(request: IncomingMessage): Answer | undefined {
    const { host, origin } = request.headers;
    const named = [`http://${host ?? ''}`, ...(origin === undefined ? [] : [origin])];
    const strange = named.some((name) => !URL.canParse(name) || !isLoopbackName(new URL(name).hostname));
    return strange ? problem(403, 'only requests to and from a loopback address are served') : undefined;
  }

  async #answer(
    request: IncomingMessage,
    what: string,
    which: string,
    query: URLSearchParams,
  ): Promise<Answer | undefined> {
    if (what === 'faults') return this.#faults(request, which);
    if (what === 'recordings') return this.#recordings(request, which, query);
    if (which !== '') return undefined;
    const { journal } = this.#parts;
    switch (`${request.method} ${what}`) {
      case 'POST reload':
        return this.#reload();
      case 'GET requests': {
        const since = Number(query.get('since') ?? 0);
        return { status: OK, body: journal.requests(since, query.get('secrets') === '1') };
      }
      case 'DELETE requests':
        journal.clearRequests();
        return { status: OK, body: [] };
      case 'GET violations':
        return { status: OK, body: journal.violations() };
      case 'DELETE violations':
        journal.clearViolations();
        return { status: OK, body: [] };
      default:
        return undefined;
    }
  }

  async #recordings(
    request: IncomingMessage,
    sid: string,
    query: URLSearchParams,
  ): Promise<Answer | undefined> {
    const { service, clock } = this.#parts;
    const secrets = query.get('secrets') === '1';
    const all = () => service.recordings().map((each) => shown(each, clock.monotonic(), secrets));
    if (request.method === 'GET') {
      if (sid === '') return { status: OK, body: all() };
      const one = all().find((each) => each.sid === sid);
      return one ? { status: OK, body: one } : problem(404, 'there is no such recording');
    }
    if (request.method === 'POST' && sid === '') {
      const identity = readIdentity(await readJson(request));
      if (!service.add(identity)) return problem(409, 'a recording with this sid is or was there');
      return { status: 201, body: all().find((each) => each.sid === identity.sid) };
    }
    if (request.method === 'DELETE' && sid !== '') {
      if (!service.end(sid)) return problem(404, 'no such recording runs');
      return { status: OK, body: all().find((each) => each.sid === sid) };
    }
    return undefined;
  }

  async #reload(): Promise<Answer> {
    const { reload, service } = this.#parts;
    if (!reload) return problem(409, 'the simulator was started without a folder of recordings');
    const found = await reload();
    const added = found.filter((identity) => service.add(identity)).map(({ sid }) => sid);
    return { status: OK, body: { found: found.length, added } };
  }

  async #faults(request: IncomingMessage, id: string): Promise<Answer | undefined> {
    const { faults, setFaults } = this.#parts;
    if (request.method === 'DELETE' && id !== '') {
      if (!faults.remove(id)) return problem(404, 'there is no such rule');
    } else if (id !== '') {
      return undefined;
    } else if (request.method === 'PUT' || request.method === 'POST') {
      setFaults(readRules(await readJson(request)), request.method === 'PUT');
    } else if (request.method === 'DELETE') {
      faults.clear();
    } else if (request.method !== 'GET') {
      return undefined;
    }
    return { status: OK, body: faults.rules() };
  }
}
