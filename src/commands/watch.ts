import type { Engine } from '../apply/engine.ts';
import { recordingJson } from '../daemon/conditions.ts';
import { Daemon } from '../daemon/daemon.ts';
import { knownJson } from '../daemon/known.ts';
import { makeLog } from '../daemon/log.ts';
import type { Metrics, Readings } from '../daemon/metrics.ts';
import { Resync } from '../daemon/resync.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { ApplyEvent } from '../model/work.ts';
import { styleFor } from '../render/style.ts';
import { OutlineCache, Settlements } from '../sources/outline-cache.ts';
import { readKey, Store } from '../state/store.ts';
import { Vault } from '../state/vault.ts';
import { connect, type Service } from './service.ts';
import { choice, duration, isSet, type RawOptions, readSettings, type Settings } from './settings.ts';
import { type OpenedSource, type Origin, openSource, readOrigin } from './watch-source.ts';

/** What is in flight has this long to be answered when the daemon is told to end, in milliseconds; all of it takes under 5 s. */
const LAST_ANSWERS = 4_000;
/** A look at the files that takes longer than this is no life, in milliseconds. */
const HUNG = 60_000;

/** `reelstate watch`: keeps the recordings as the files say, until SIGINT or SIGTERM. */
export async function watch(raw: RawOptions, io: Io): Promise<number> {
  const settings = readSettings(raw, io);
  const listen = listenOf(typeof raw.listen === 'string' ? raw.listen : io.env.REELSTATE_LISTEN || undefined);
  const resync = {
    every: duration('resync', raw, io, 10 * 60_000),
    heal: raw.selfHeal !== false && !isSet('noSelfHeal', {}, io),
    force: isSet('resyncForce', raw, io),
  };
  const origin = readOrigin(raw, settings, io);
  const log = makeLog(
    io,
    settings.logLevel,
    choice('logFormat', raw, io, ['json', 'pretty'], 'json'),
    styleFor(settings.color && io.errIsTerminal),
  );
  const { stop } = io;
  const hangup: { take: () => void } = { take: () => {} };
  // From the beginning to the end: it never ends the process.
  io.onHangup(() => hangup.take());
  return holding({ settings, io, log, listen, resync, origin, stop, hangup }, raw);
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
    const events: { take: (event: ApplyEvent) => void } = { take: () => {} };
    const service = await connect({
      settings,
      raw,
      io,
      store,
      vault,
      retryFor: Number.POSITIVE_INFINITY,
      onEvent: (event) => events.take(event),
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
  events: { take: (event: ApplyEvent) => void };
  log: ReturnType<typeof makeLog>;
  listen: { host: string; port: number } | undefined;
  resync: { every: number; heal: boolean; force: boolean };
  origin: Origin;
  stop: AbortSignal;
  /** What SIGHUP does. */
  hangup: { take: () => void };
}

async function run(running: Running): Promise<number> {
  const { settings, io, store, vault, service, events, log, listen, resync, origin, stop, hangup } = running;
  const { engine, client } = service;
  const { state } = store;
  let metrics: Metrics | undefined;
  const cache =
    settings.cache && !origin.git
      ? new OutlineCache({ dir: settings.dir, cwd: io.cwd, env: io.env })
      : undefined;
  const settlements = cache && new Settlements(cache, state);
  const over = new AbortController();
  const opened = await openSource(origin, {
    ...{ io, vault, log, state: settings.state, outlines: cache?.outlines, over: over.signal },
    isEnough: settlements?.isEnough,
    known: state.known,
    onChange: () => daemon.hint([]),
    onFetch: (outcome) => metrics?.fetches.inc({ outcome }),
  });
  const daemon: Daemon = new Daemon({
    source: opened.source,
    engine,
    journal: store,
    state,
    clock: io.clock,
    log,
    settlements,
    onLook: (seconds, result) => {
      metrics?.reconcile.observe(seconds);
      metrics?.reconciles.inc({ result });
    },
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
    },
    resync,
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
  events.take = (event) => {
    if (counted) count(event, counted);
    daemon.take(event);
  };
  hangup.take = () => {
    log.info('SIGHUP: everything is looked at again');
    daemon.startOver();
  };
  const until = AbortSignal.any([stop, over.signal]);
  let server: { url: string; close: () => Promise<void> } | undefined;
  try {
    server = listen && counted && (await open(listen, daemon, engine, counted, io, state, opened.git));
    if (server) log.info({ url: server.url }, 'listening');
    const loops = [opened.run(until), daemon.keepTime(), healing.run(until)];
    // A loop ends before it is told to only by a defect, and then the daemon must not look alive.
    const ended = Promise.race([
      aborted(stop),
      engine.broken,
      store.broken,
      ...loops.map((loop) => loop.then(() => aborted(stop))),
    ]);
    ended.catch(() => {});
    await Promise.race([opened.begin(), ended]);
    daemon.hint();
    await Promise.race([daemon.first(), ended]);
    if (!stop.aborted) {
      log.info({ recordings: daemon.watched.size, dir: settings.dir, ...origin.git }, 'watching');
      cache?.save(io.clock.now());
      store.letGo();
      client.warm().catch(() => {});
    }
    await ended;
    log.info('ending: what is in flight is awaited');
  } finally {
    hangup.take = () => {};
    over.abort();
    engine.stop();
    const answered = new AbortController();
    // What made it stop, if it was an error, is on its way already.
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

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Nothing is measured where nobody can ask: watching one's own event loop costs more than watching the files. */
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
  listen: { host: string; port: number },
  daemon: Daemon,
  engine: Engine,
  metrics: Metrics,
  io: Io,
  state: Store['state'],
  git: Git | undefined,
) {
  const { serve } = await import('../daemon/server.ts');
  const secret = io.env.REELSTATE_HOOK_SECRET;
  try {
    return await serve(listen.host, listen.port, {
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
      hook: secret && git ? { secret, onNews: git.onNews } : undefined,
    });
  } catch (error) {
    throw new Failure(`cannot listen on ${listen.host}:${listen.port}: ${(error as Error).message}`);
  }
}

function listenOf(text: string | undefined): { host: string; port: number } | undefined {
  if (text === undefined) return undefined;
  const match = /^(\[[0-9A-Fa-f:]+\]|[^:\s]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535)
    throw usage(`--listen ${JSON.stringify(text)}: must be HOST:PORT, such as 127.0.0.1:9464`);
  return { host: (match[1] || '0.0.0.0').replace(/^\[(.*)\]$/, '$1'), port };
}
