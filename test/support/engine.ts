import { Engine, type EngineOptions, type EnginePorts } from '../../src/apply/engine.ts';
import type { Answer } from '../../src/model/answer.ts';
import type { Intent, JournalEntry, JournalEvent, State } from '../../src/model/journal.ts';
import type { Call } from '../../src/model/plan.ts';
import type { Endpoint, Identity } from '../../src/model/recording.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import type { ApplyEvent, Outgoing, Work } from '../../src/model/work.ts';
import { emptyState, fold } from '../../src/state/fold.ts';
import { FakeClock } from './clock.ts';

export function identity(n: number | string, mode: Identity['mode'] = 'mix'): Identity {
  return {
    appId: 'app',
    cname: `channel-${n}`,
    uid: '527841',
    resourceId: `resource-${n}`,
    sid: `sid-${n}`,
    mode,
  };
}

export function call(endpoint: Endpoint, mark: string, reason: Call['reason'] = 'changed'): Call {
  const request =
    endpoint === 'update'
      ? { streamSubscribe: { audioUidList: { subscribeAudioUids: [mark] } } }
      : { mixedVideoLayout: 0, backgroundColor: mark };
  return { endpoint, reason, changes: [], request } as unknown as Call;
}

export function work(n: number | string, calls: Call[], extra: Partial<Work> = {}): Work {
  const who = identity(n);
  return {
    key: recordingKey(who),
    name: `rec-${n}`,
    file: `recordings/${n}.yaml`,
    identity: who,
    calls,
    whole: {},
    ...extra,
  };
}

/** What an answer of the service looks like. */
export function answered(status: number, body: unknown = {}, retryAfter?: number): Answer {
  return { kind: 'answer', status, body, host: 'test', ...(retryAfter === undefined ? {} : { retryAfter }) };
}

/** A success; the bench puts in which recording it is about. */
export const OK = answered(200, {});
export const NOT_FOUND = answered(404, { code: 404, message: 'failed to find worker' });

export interface Sent {
  at: number;
  sid: string;
  endpoint: Endpoint;
  mark: string;
}

/**
 * An engine between a scripted network, a journal in memory and a clock that a test moves.
 * @param ports take the place of those that do nothing
 */
export function bench(
  script: (sent: Sent, n: number) => Answer | Promise<Answer>,
  options: Partial<EngineOptions> = {},
  ports: Partial<Pick<EnginePorts, 'onEvent' | 'prepare' | 'distrust' | 'reveal' | 'stillWanted'>> = {},
) {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const events: ApplyEvent[] = [];
  const entries: JournalEntry[] = [];
  const state: State = emptyState();
  const inFlight = new Map<string, number>();
  let mostInFlight = 0;
  const journal = {
    async append(event: JournalEvent) {
      const entry = {
        seq: entries.length + 1,
        at: new Date(clock.now()).toISOString(),
        ...event,
      } as JournalEntry;
      entries.push(entry);
      fold(state, entry);
      return entry.seq;
    },
    /** Tests say who sends, and what may leave. */
    held: true,
    mayLeave: () => true,
    won: () => {},
    lost: () => {},
    async admit(_account: string, _appId: string, intent?: Intent) {
      const of = intent && (await journal.append(intent));
      return { of, mayLeave: () => journal.mayLeave(), over: () => {} };
    },
    holds: () => journal.held,
    onClaim(listener: (account: string, held: boolean) => void) {
      journal.won = () => listener('account', true);
      journal.lost = () => listener('account', false);
    },
  };
  const engine = new Engine(
    {
      sender: {
        async send({ identity: { sid }, endpoint, body }: Outgoing, way) {
          if (!(await way.open()) || !way.mayLeave()) return undefined;
          inFlight.set(sid, (inFlight.get(sid) ?? 0) + 1);
          mostInFlight = Math.max(mostInFlight, inFlight.get(sid) as number);
          way.departed();
          const one = { at: clock.monotonic(), sid, endpoint, mark: markOf(body.clientRequest) };
          sent.push(one);
          const answer = await script(one, sent.length);
          inFlight.set(sid, (inFlight.get(sid) as number) - 1);
          return answer === OK ? answered(200, { sid }) : answer;
        },
      },
      journal,
      bindingOf: () => ({ target: 'agora', account: 'account' }),
      prepare: ports.prepare ?? (async (each) => ({ call: each })),
      distrust: ports.distrust ?? (() => {}),
      reveal: ports.reveal ?? (() => undefined),
      scrub: (text) => text,
      clock,
      random: () => 0,
      stillWanted: ports.stillWanted ?? (async () => true),
      onEvent: (event) => {
        events.push(event);
        ports.onEvent?.(event);
      },
    },
    {
      rate: 10,
      scope: 'account',
      credentials: 'AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET',
      sentAgo: [],
      retryFor: Number.POSITIVE_INFINITY,
      spelling: 'unSubscribe',
      ...options,
    },
  );
  return {
    clock,
    engine,
    sent,
    events,
    entries,
    journal,
    state,
    mostInFlight: () => mostInFlight,
    /** Moves the clock until nothing is left to do. */
    async finish(ms = 600_000) {
      const idle = engine.idle();
      // It may fail while the clock still moves; the test sees it below.
      idle.catch(() => {});
      await clock.advance(ms);
      await idle;
    },
  };
}

function markOf(clientRequest: unknown): string {
  const { streamSubscribe, backgroundColor } = clientRequest as {
    streamSubscribe?: { audioUidList: { subscribeAudioUids: string[] } };
    backgroundColor?: string;
  };
  return streamSubscribe?.audioUidList.subscribeAudioUids[0] ?? backgroundColor ?? '';
}
