import type { Engine } from '../apply/engine.ts';
import { recordingJson } from '../daemon/conditions.ts';
import { Daemon } from '../daemon/daemon.ts';
import { Gap } from '../daemon/gap.ts';
import { knownJson } from '../daemon/known.ts';
import { LastLook } from '../daemon/last-look.ts';
import { makeLog } from '../daemon/log.ts';
import type { Metrics, Readings } from '../daemon/metrics.ts';
import { Resync } from '../daemon/resync.ts';
import type { Views } from '../daemon/routes.ts';
import type { Bounds } from '../desired/bounds.ts';
import { Failure } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { ApplyEvent, StillWanted } from '../model/work.ts';
import { styleFor } from '../render/style.ts';
import { maskAddresses } from '../secrets/git-address.ts';
import { Vault } from '../secrets/vault.ts';
import { NoopCache, ReadCacheFile } from '../sources/read-cache-file.ts';
import { readKey, Store } from '../state/store.ts';
import { readBounds } from './bounds.ts';
import { accessOf, type Listen, readListen } from './listen.ts';
import { openNotices, readNotify } from './notify.ts';
import { otherState } from './other-state.ts';
import { connect, type Service } from './service.ts';
import { choice, duration, isSet, type RawOptions, readSettings, type Settings } from './settings.ts';
import { openPages, type Pages } from './watch-page.ts';
import { type OpenedSource, type Origin, openSource, readOrigin } from './watch-source.ts';

/** What is in flight has this long to be answered when the daemon is told to end, in milliseconds; all of it takes under 5 s. */
const LAST_ANSWERS = 4_000;
/** A refresh that takes longer than this makes `/healthz` red, in milliseconds. */
const HUNG = 60_000;

/** `reelstate watch`: keeps the recordings as the files say, until SIGINT or SIGTERM. */
export async function watch(raw: RawOptions, io: Io): Promise<number> {
  const settings = readSettings(raw, io);
  const listen = readListen(raw, io);
  const resync = {
    every: duration('resync', raw, io, 10 * 60_000),
    heal: raw.selfHeal !== false && !isSet('noSelfHeal', {}, io),
    force: isSet('resyncForce', raw, io),
  };
  const notify = readNotify(raw, io);
  const origin = readOrigin(raw, settings, io);
  const bounds = readBounds(raw, settings, io, { isRemote: origin.git?.url !== undefined });
  const log = makeLog(
    io,
    settings.logLevel,
    choice('logFormat', raw, io, ['json', 'pretty'], 'json'),
    styleFor(settings.color && io.errIsTerminal),
  );
  const { stop } = io;
  const hangup: { take: () => void } = { take: () => {} };
  // Installed for the whole run, so that SIGHUP never ends the process.
  io.onHangup(() => hangup.take());
  const other = await otherState(settings, raw, io);
  if (other !== undefined) log.warn(other);
  return holding({ settings, io, log, listen, notify, resync, origin, bounds, stop, hangup }, raw);
}

/** With the state held against other writers. */
async function holding(
  running: Omit<Running, 'store' | 'vault' | 'service' | 'events'>,
  raw: RawOptions,
): Promise<number> {
  const { settings, io } = running;
  const store = await Store.open(settings.state, 'reelstate watch', () => io.clock.now());
  try {
    const vault = new Vault((await readKey(settings.state)) as Buffer);
    const events: Running['events'] = { take: () => {}, stillWanted: async () => true };
    const service = await connect({
      settings,
      raw,
      io,
      store,
      vault,
      retryFor: Number.POSITIVE_INFINITY,
      onEvent: (event) => events.take(event),
      stillWanted: (work) => events.stillWanted(work),
    });
    return await run({ ...running, store, vault, service, events });
  } finally {
    await store.close();
  }
}

type Git = NonNullable<OpenedSource['git']>;

interface Running {
  settings: Settings;
  io: Io;
  store: Store;
  vault: Vault;
  service: Service;
  /** What the engine tells and asks. */
  events: { take: (event: ApplyEvent) => void; stillWanted: StillWanted };
  log: ReturnType<typeof makeLog>;
  listen: Listen | undefined;
  /** Where notifications go. */
  notify: readonly URL[];
  resync: { every: number; heal: boolean; force: boolean };
  origin: Origin;
  bounds: Bounds;
  stop: AbortSignal;
  /** What SIGHUP does. */
  hangup: { take: () => void };
}

async function run(running: Running): Promise<number> {
  const { settings, io, store, vault, service, events, log, listen, origin, bounds, stop, hangup } = running;
  const { engine, client } = service;
  const { state } = store;
  let metrics: Metrics | undefined;
  const cache =
    settings.cache && !origin.git
      ? new ReadCacheFile({ dir: settings.dir, cwd: io.cwd, env: io.env })
      : undefined;
  const noopCache = cache && new NoopCache(cache, state);
  const over = new AbortController();
  const opened = await openSource(origin, {
    ...{ io, vault, bounds, log, state: settings.state, readCache: cache?.readCache, over: over.signal },
    isEnough: noopCache?.isEnough,
    known: state.known,
    onChange: () => daemon.hint([]),
    onFetch: (outcome) => metrics?.fetches.inc({ outcome }),
  });
  const gap = new Gap(io.clock);
  const look = new LastLook(io.clock);
  let pages: Pages | undefined;
  const daemon: Daemon = new Daemon({
    source: look.of(opened.source),
    engine,
    journal: store,
    state,
    clock: io.clock,
    log,
    noopCache,
    hadGap: () => gap.take(),
    onRefresh: (seconds, result) => {
      metrics?.reconcile.observe(seconds);
      metrics?.reconciles.inc({ result });
      pages?.views.looked();
    },
    onCondition: (watched, before) => {
      pages?.news.changed();
      notices?.changed(watched, before);
    },
  });
  const notices = openNotices(running.notify, io, log, {
    watched: (name) => daemon.watched.get(name),
    commit: () => daemon.commit,
    stop: AbortSignal.any([stop, over.signal]),
  });
  const healing = new Resync(
    {
      daemon,
      engine,
      journal: store,
      state,
      query: (identity, departed) => client.query(identity, departed),
      fingerprint: (value) => vault.fingerprint(value),
      clock: io.clock,
      log,
      onDrift: (block) => metrics?.drift.inc({ block }),
      onObserved: (watched, drift) => {
        pages?.news.changed();
        notices?.observed(watched, drift);
      },
    },
    running.resync,
  );
  metrics = await metricsFor(listen, {
    conditions: () => daemon.conditions(),
    depth: () => engine.load().lanes,
    allowance: () => engine.load(),
    nextRenewal: () => daemon.nextRenewal(),
    disconnected: () => healing.disconnected(),
    ready: () => daemon.notReady().length === 0,
    git: opened.git && (() => (opened.git as Git).state.readings()),
  });
  const counted = metrics;
  pages =
    listen && (await openPages({ daemon, engine, state, look, clock: io.clock }, origin, settings.state));
  events.take = (event) => {
    if (counted) count(event, counted);
    daemon.take(event);
    pages?.views.take(event);
  };
  events.stillWanted = (work) => daemon.stillWanted(work);
  hangup.take = () => {
    log.info('SIGHUP: all files are read and planned again');
    daemon.resyncAll();
  };
  const until = AbortSignal.any([stop, over.signal]);
  let server: { url: string; close: () => Promise<void> } | undefined;
  try {
    server =
      listen &&
      counted &&
      pages &&
      (await open(listen, daemon, engine, counted, pages, io, state, opened.git, log));
    if (server) log.info({ url: server.url }, 'listening');
    const loops = [opened.run(until), daemon.runTimers(), healing.run(until), gap.run(until)];
    // A loop that ends before `stop` is a defect, and then the daemon ends too.
    const ended = Promise.race([
      aborted(stop),
      engine.broken,
      store.broken,
      ...loops.map((loop) => loop.then(() => aborted(stop))),
    ]);
    ended.catch(() => {});
    await Promise.race([opened.begin(), ended]);
    daemon.hint();
    await Promise.race([daemon.waitForInitialSync(), ended]);
    if (!stop.aborted) {
      log.info(
        { recordings: daemon.watched.size, dir: settings.dir, ...origin.git, ...shownUrl(origin) },
        'watching',
      );
      cache?.save(io.clock.now());
      store.letGo();
      client.warm().catch(() => {});
    }
    await ended;
    log.info('stopping: waiting for calls in flight');
  } finally {
    hangup.take = () => {};
    over.abort();
    engine.stop();
    const answered = new AbortController();
    // An error that stopped the engine is reported elsewhere already.
    const quiet = Promise.allSettled([engine.idle(), daemon.stop()]).then(() => answered.abort());
    await Promise.race([quiet, io.clock.sleep(LAST_ANSWERS, answered.signal)]);
    await io.clock.sleep(healing.cooling);
    service.close();
    await opened.source.close();
    await server?.close();
  }
  log.info('ended');
  return 0;
}

function shownUrl({ git }: Origin): { url?: string } {
  return git?.url === undefined ? {} : { url: maskAddresses(git.url) };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Without --listen nothing is measured: measuring the event loop costs more than watching the files. */
async function metricsFor(listen: Running['listen'], readings: Readings): Promise<Metrics | undefined> {
  return listen && (await import('../daemon/metrics.ts')).makeMetrics(readings);
}

function count(event: ApplyEvent, metrics: Metrics): void {
  if (event.type === 'admitted') metrics.limiter.observe(event.waited / 1000);
  if (event.type === 'failed') metrics.failed.inc({ outcome: event.outcome });
  if (event.type !== 'answered') return;
  metrics.requests.inc({ code: String(event.status ?? 'none'), endpoint: event.endpoint });
  metrics.duration.observe({ endpoint: event.endpoint }, event.took / 1000);
}

async function open(
  listen: Listen,
  daemon: Daemon,
  engine: Engine,
  metrics: Metrics,
  { views: shown, news }: Pages,
  io: Io,
  state: Store['state'],
  git: Git | undefined,
  log: Running['log'],
) {
  const { serve } = await import('../daemon/server.ts');
  const access = await accessOf(listen, (text) => log.warn(text));
  const secret = io.env.REELSTATE_HOOK_SECRET;
  try {
    const views: Views = {
      notReady: () => daemon.notReady(),
      notHealthy: () => daemon.notHealthy(HUNG),
      metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
      recordings: () => ({
        format_version: '1.0',
        ready: daemon.notReady().length === 0,
        not_ready_because: daemon.notReady(),
        commit: daemon.commit ?? null,
        source: git?.state.json() ?? { kind: 'folder' },
        allowance: engine.load(),
        recordings: [...daemon.watched.values()].map((watched) =>
          recordingJson(watched, state.known.get(watched.plan?.key ?? ''), daemon.commit),
        ),
      }),
      known: () => knownJson(state),
      pages: shown,
      news,
      monotonic: () => io.clock.monotonic(),
      pause: (ms) => io.clock.sleep(ms),
      hook: secret && git ? { secret, onNews: git.onNews, now: () => io.clock.now() } : undefined,
    };
    return await serve(listen.host, listen.port, views, access);
  } catch (error) {
    throw new Failure(`cannot listen on ${listen.host}:${listen.port}: ${(error as Error).message}`);
  }
}
