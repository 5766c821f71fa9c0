import type { Fleet } from '../apply/fleet.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { knownJson } from '../daemon/known.ts';
import type { LastLook } from '../daemon/last-look.ts';
import type { Logger } from '../daemon/log.ts';
import type { Metrics } from '../daemon/metrics.ts';
import type { News } from '../daemon/news.ts';
import type { PagePorts, PageViews } from '../daemon/page-views.ts';
import { recordingsJson } from '../daemon/recording-json.ts';
import type { Resync } from '../daemon/resync.ts';
import type { Views } from '../daemon/routes.ts';
import type { Standby } from '../daemon/standby.ts';
import { Failure } from '../model/failure.ts';
import type { Clock, Io } from '../model/ports.ts';
import type { Writer } from '../model/store.ts';
import { maskAddresses } from '../secrets/git-address.ts';
import { secretIn } from '../secrets/secret-text.ts';
import { accessOf, type Listen } from './listen.ts';
import type { OpenedSource, Origin } from './watch-source.ts';

/** A refresh that takes longer than this makes `/healthz` red, in milliseconds. */
const HUNG = 60_000;

/** What a daemon that listens tells of. */
export interface Shown {
  daemon: Daemon;
  fleet: Fleet;
  store: Writer;
  standby: Standby;
  healing: Resync;
  look: LastLook;
  git: OpenedSource['git'];
}

/** What it tells with: numbers for programs, pages for people. */
export interface Serving {
  metrics: Metrics;
  pages: PageViews;
  /** What tells the pages that something has changed. */
  news: News;
}

/** Loaded only where it can be asked for: measuring the event loop costs more than watching the files. */
export async function openServing(shown: Shown, origin: Origin, clock: Clock): Promise<Serving> {
  const { daemon, fleet, store, healing, look, git } = shown;
  const [{ makeMetrics }, { PageViews }, { News }] = await Promise.all([
    import('../daemon/metrics.ts'),
    import('../daemon/page-views.ts'),
    import('../daemon/news.ts'),
  ]);
  const metrics = makeMetrics({
    conditions: () => daemon.conditions(),
    depth: () => fleet.load().lanes,
    allowance: () => fleet.load(),
    accounts: () => fleet.loads(),
    nextRenewal: () => daemon.nextRenewal(),
    disconnected: () => healing.disconnected(),
    ready: () => notReady(shown).length === 0,
    git: git && (() => git.state.readings()),
  });
  const news = new News(clock);
  // Calls from before the start are in the state.
  const history: PagePorts['history'] = async (name, limit) => {
    const { calls } = await store.history({ names: name === undefined ? [] : [name], limit });
    return calls;
  };
  const { state } = store;
  const pages = new PageViews({ daemon, fleet, state, look, clock, news, source: sourceOf(origin), history });
  return { metrics, pages, news };
}

/** @throws Failure where the address cannot be listened on */
export async function openServer(
  listen: Listen,
  shown: Shown,
  { metrics, pages, news }: Serving,
  { env, clock }: Io,
  log: Logger,
): Promise<{ url: string; close: () => Promise<void> }> {
  const { daemon, fleet, store, standby, git } = shown;
  const { serve } = await import('../daemon/server.ts');
  const access = await accessOf(listen, (text) => log.warn(text));
  const secret = secretIn(env, 'REELSTATE_HOOK_SECRET');
  const views: Views = {
    notReady: () => notReady(shown),
    standby: () => standby.ofAll(),
    notHealthy: () => daemon.notHealthy(HUNG),
    metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
    recordings: () =>
      recordingsJson({
        ...{ daemon, fleet, state: store.state, git: git?.state },
        ...{ notReady: notReady(shown), standby: standby.ofAll() },
      }),
    known: async () => knownJson(await store.current()),
    pages,
    news,
    monotonic: () => clock.monotonic(),
    pause: (ms) => clock.sleep(ms),
    hook: secret && git ? { secret, onNews: git.onNews, now: () => clock.now() } : undefined,
  };
  try {
    return await serve(listen.host, listen.port, views, access);
  } catch (error) {
    throw new Failure(`cannot listen on ${listen.host}:${listen.port}: ${(error as Error).message}`);
  }
}

/** Why it is not ready; empty when it is. */
function notReady({ store, daemon }: Shown): string[] {
  return [...(store.trouble === undefined ? [] : [store.trouble]), ...daemon.notReady()];
}

/** "recordings", "recordings at main", "recordings at main of https://git.example.com/shows.git" */
function sourceOf({ dir, git }: Origin): string {
  if (!git) return `folder ${dir}`;
  return `${dir} at ${git.ref}${git.url === undefined ? '' : ` of ${maskAddresses(git.url)}`}`;
}
