import type { Fleet } from '../apply/fleet.ts';
import type { PastCall, State } from '../model/journal.ts';
import type { Call, KnownRecording } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Blocks, ClientRequests, Endpoint, Layout } from '../model/recording.ts';
import type { ApplyEvent } from '../model/work.ts';
import type {
  BriefView,
  CallView,
  ConcernView,
  HeadView,
  OverviewView,
  RecordingView,
  RowView,
} from '../page/views.ts';
import { changesOf } from '../plan/changes.ts';
import { layoutChange } from '../render/plan-pictures.ts';
import { whyOf } from '../render/reasons.ts';
import { lastApplied } from '../render/status.ts';
import { rowsOf } from '../render/values.ts';
import { concernsOf, linesOf } from './concerns.ts';
import { callsOf as callsNeeded, confidenceOf, type Watched } from './conditions.ts';
import type { Daemon } from './daemon.ts';
import type { LastLook } from './last-look.ts';
import type { News } from './news.ts';
import { RateUse } from './rate-use.ts';
import { callsOf, RecentCalls } from './recent-calls.ts';

export interface PagePorts {
  daemon: Pick<Daemon, 'watched' | 'commit' | 'concerned' | 'conditions' | 'notReady'>;
  fleet: Pick<Fleet, 'load' | 'loads'>;
  state: State;
  look: LastLook;
  clock: Clock;
  news: News;
  /** Where the files come from, as the operator named it. */
  source: string;
  /** The last attempts that were recorded, the newest first. @param name left out: of all recordings */
  history: (name: string | undefined, limit: number) => Promise<PastCall[]>;
}

/** Calls on the status page, on the page of one recording, and on the page of calls. */
const SHOWN = { overview: 10, recording: 20, calls: 100 } as const;
/** Attempts that are asked for to show so many calls: most have one. */
const ATTEMPTS = 5;
/** Recordings whose calls from before the start are kept at hand. */
const KEPT = 100;
/** How many users pictures assume: nothing tells how many there are. */
const CANVAS = { users: 5 };

/** What the pages show, gathered when one is asked for. Nothing here holds up the daemon: it is looked at, not asked. */
export class PageViews {
  readonly #ports: PagePorts;
  readonly #recent: RecentCalls;
  readonly #use: RateUse;
  readonly #startedAt: number;
  /** What the last look said beside the recordings. */
  #mark = '';
  /** Calls from before the start, which stay as they are. */
  readonly #older = new Map<string | undefined, Promise<CallView[]>>();

  constructor(ports: PagePorts) {
    this.#ports = ports;
    this.#recent = new RecentCalls(ports.clock);
    this.#use = new RateUse(ports.clock);
    this.#startedAt = ports.clock.now();
  }

  /** What the engine reports. */
  take(event: ApplyEvent): void {
    this.#recent.take(event);
    this.#use.take(event);
    // A query that was answered changes nothing that is seen before the next look.
    if (event.type !== 'admitted' && event.type !== 'answered') this.#ports.news.changed();
  }

  /** The files were looked at: only what they say anew is news. */
  looked(): void {
    const { daemon, look, news } = this.#ports;
    const { diagnostics = [], broken = [] } = look.snapshot?.set ?? {};
    const found = diagnostics.map(({ code, range }) => `${range.filename}:${range.start.line} ${code}`);
    const mark = JSON.stringify([daemon.commit?.sha, daemon.notReady(), daemon.watched.size, found, broken]);
    if (mark !== this.#mark || look.snapshot?.changed.length) news.changed();
    this.#mark = mark;
  }

  get now(): number {
    return this.#ports.clock.now();
  }

  head(): HeadView {
    const { daemon, fleet, look, source, clock } = this.#ports;
    const { lanes, rate, inUse } = fleet.load();
    const loads = fleet.loads().map((each) => ({ account: each.name, rate: each.rate, inUse: each.inUse }));
    const { commit } = daemon;
    return {
      now: clock.now(),
      source,
      ...(commit ? { commit } : {}),
      ...(look.at === undefined ? {} : { lookedAt: look.at }),
      notReady: daemon.notReady(),
      allowances: loads.length > 0 ? loads : [{ account: '', rate, inUse }],
      waiting: lanes,
      counts: daemon.conditions(),
    };
  }

  async overview(): Promise<OverviewView> {
    const calls = await this.#calls(SHOWN.overview);
    return {
      head: this.head(),
      concerns: this.#concerns(),
      recordings: this.#briefs(),
      row: (brief) => this.#row(brief),
      use: this.#use.view(),
      calls,
    };
  }

  calls(): Promise<CallView[]> {
    return this.#calls(SHOWN.calls);
  }

  /** @returns undefined where no recording has this name */
  async recording(name: string): Promise<RecordingView | undefined> {
    const { daemon, look } = this.#ports;
    if (!daemon.watched.has(name)) return undefined;
    const calls = await this.#calls(SHOWN.recording, name);
    const watched = daemon.watched.get(name);
    if (!watched) return undefined;
    const { plan, observed } = watched;
    const known = this.#known(watched);
    const sid = plan?.sid ?? known?.identity.sid;
    const line = linesOf(look.snapshot)(watched);
    const change = plan && layoutChange(plan, CANVAS);
    return {
      head: this.head(),
      row: this.#row(this.#brief(watched)),
      ...(sid === undefined ? {} : { sid }),
      ...(line === undefined ? {} : { line }),
      concerns: this.#concerns().filter((concern) => concern.name === name),
      pending: plan ? pendingOf(watched, plan.calls) : [],
      notes: plan?.notes ?? [],
      applied: known ? appliedOf(known) : [],
      ...(change ? { change } : {}),
      ...(observed ? { observedAt: observed.at } : {}),
      calls,
    };
  }

  *#briefs(): Generator<BriefView> {
    for (const watched of this.#ports.daemon.watched.values()) yield this.#brief(watched);
  }

  #brief({ name, file, plan, condition }: Watched): BriefView {
    const desired = this.#ports.look.snapshot?.byName.get(name);
    const { labels = {} } = desired ?? {};
    return { name, file, mode: plan?.mode ?? desired?.identity?.mode, labels, condition };
  }

  #row(brief: BriefView): RowView {
    const watched = this.#ports.daemon.watched.get(brief.name);
    const known = watched && this.#known(watched);
    const applied = known && lastApplied(known);
    const layout = known?.updateLayout.applied?.request;
    const canvas = this.#ports.look.snapshot?.byName.get(brief.name)?.canvas;
    return {
      ...brief,
      blocks: watched ? confidenceOf(watched, known) : {},
      ...(applied
        ? { applied: { at: applied.at, ...(applied.commit ? { commit: applied.commit } : {}) } }
        : {}),
      ...(layout ? { layout } : {}),
      ...(canvas ? { canvas } : {}),
    };
  }

  #known({ plan }: Watched): KnownRecording | undefined {
    return plan?.key === undefined ? undefined : this.#ports.state.known.get(plan.key);
  }

  #concerns(): ConcernView[] {
    const { daemon, look, clock } = this.#ports;
    const { watched, concerned } = daemon;
    return concernsOf({ watched: watched.values(), concerned, snapshot: look.snapshot, now: clock.now() });
  }

  async #calls(limit: number, name?: string): Promise<CallView[]> {
    const recent = this.#recent.last(limit, name);
    if (recent.length === limit) return recent;
    const older = await this.#before(limit, name);
    return [...this.#recent.last(limit, name), ...older].slice(0, limit);
  }

  #before(limit: number, name: string | undefined): Promise<CallView[]> {
    const kept = this.#older.get(name);
    if (kept) return kept;
    const asked = this.#ports
      .history(name, Math.max(limit, SHOWN.calls) * ATTEMPTS)
      .then((past) => callsOf(past.filter(({ at }) => Date.parse(at) < this.#startedAt).reverse()))
      // Without its history a page shows what was called since the start.
      .catch(() => {
        this.#older.delete(name);
        return [];
      });
    this.#older.set(name, asked);
    const [oldest] = this.#older.keys();
    if (this.#older.size > KEPT) this.#older.delete(oldest);
    return asked;
  }
}

function pendingOf(watched: Watched, planned: readonly Call[]): RecordingView['pending'] {
  const needed = callsNeeded(watched, watched.plan as NonNullable<Watched['plan']>);
  // A call that was refused is not sent again as it is: what it would change is shown all the same.
  const all = [
    ...planned,
    ...needed.filter(({ endpoint }) => planned.every((call) => call.endpoint !== endpoint)),
  ];
  return all.map((call) => ({ endpoint: call.endpoint, why: whyOf(call), rows: rowsOf(call) }));
}

function appliedOf({ update, updateLayout }: KnownRecording): RecordingView['applied'] {
  return [
    { endpoint: 'update' as const, applied: update.applied },
    { endpoint: 'updateLayout' as const, applied: updateLayout.applied },
  ].flatMap(({ endpoint, applied }) => {
    if (!applied) return [];
    const { at, commit, request } = applied;
    return [{ endpoint, at, ...(commit ? { commit } : {}), rows: wholeRows(endpoint, request) }];
  });
}

/** All of a request, as the plan would show it for a recording of which nothing is known. */
function wholeRows<E extends Endpoint>(endpoint: E, request: ClientRequests[E]): ReturnType<typeof rowsOf> {
  const { streamSubscribe, webRecordingConfig } = request as ClientRequests['update'];
  const set: Blocks = {
    ...(streamSubscribe ? { subscriptions: streamSubscribe } : {}),
    ...(webRecordingConfig ? { onhold: webRecordingConfig.onhold } : {}),
    ...(endpoint === 'updateLayout' ? { layout: request as Layout } : {}),
  };
  return rowsOf({ endpoint, changes: changesOf(endpoint, undefined, request, set), request } as Call);
}
