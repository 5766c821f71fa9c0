import type { Fleet } from '../apply/fleet.ts';
import { Daemon } from '../daemon/daemon.ts';
import { Gap } from '../daemon/gap.ts';
import { knownJson } from '../daemon/known.ts';
import { makeLog } from '../daemon/log.ts';
import type { Metrics, Readings } from '../daemon/metrics.ts';
import { recordingJson } from '../daemon/recording-json.ts';
import { Resync } from '../daemon/resync.ts';
import type { Views } from '../daemon/server.ts';
import type { Bounds } from '../desired/bounds.ts';
import { Failure } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { Writer } from '../model/store.ts';
import type { ApplyEvent, StillWanted } from '../model/work.ts';
import { styleFor } from '../render/style.ts';
import { maskAddresses } from '../secrets/git-address.ts';
import { Vault } from '../secrets/vault.ts';
import { NoopCache, ReadCacheFile } from '../sources/read-cache-file.ts';
import { readBounds } from './bounds.ts';
import { accessOf, type Listen, readListen } from './listen.ts';
import { writing } from './open-state.ts';
import { otherState } from './other-state.ts';
import { connect, type Service } from './service.ts';
import {
  choice,
  duration,
  isSet,
  keepHistoryOf,
  type RawOptions,
  readSettings,
  type Settings,
} from './settings.ts';
import { type OpenedSource, type Origin, openSource, readOrigin } from './watch-source.ts';

/** What is in flight has this long to be answered when the daemon is told to end, in milliseconds; all of it takes under 5 s. */
const LAST_ANSWERS = 4_000;
/** How often it is looked whether the state is where it was, in milliseconds. */
const PLACE_CHECK = 1_000;
/** A refresh that takes longer than this makes `/healthz` red, in milliseconds. */
const HUNG = 60_000;

/** `reelstate watch`: keeps the recordings as the files say, until SIGINT or SIGTERM. */
export async function watch(raw: RawOptions, io: Io): Promise<number> {
  const settings = await readSettings(raw, io);
  const listen = readListen(raw, io);
  const resync = {
    every: duration('resync', raw, io, 10 * 60_000),
    heal: raw.selfHeal !== false && !isSet('noSelfHeal', {}, io),
    force: isSet('resyncForce', raw, io),
  };
  const keepHistory = keepHistoryOf(raw, io);
  const { accounts } = settings;
  await accounts.mustBeSound(settings.color && io.errIsTerminal);
  await accounts.follow();
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
  tellSettings(settings, log);
  try {
    return await holding(
      { settings, io, log, listen, resync, origin, bounds, stop, hangup, keepHistory },
      raw,
    );
  } catch (error) {
    // In the log's own form: a program may read it.
    if (!(error instanceof Failure) || error.exitCode !== 1) throw error;
    log.error(error.hint === undefined ? {} : { hint: error.hint }, error.message);
    return 1;
  }
}

/** What is wrong with the settings file and its accounts, although others can be sent for. */
function tellSettings({ accounts }: Settings, log: Running['log']): void {
  const missing = accounts.list.flatMap((account) =>
    accounts.credentials(account).missing.map((finding) => ({ account: account.name, finding })),
  );
  const all = [...accounts.diagnostics.map((finding) => ({ account: undefined, finding })), ...missing];
  for (const { account, finding } of all) {
    const { code, summary, range, severity } = finding;
    const about = {
      ...(account === undefined ? {} : { account }),
      file: range.filename,
      ...range.start,
      code,
    };
    log[severity === 'error' || account !== undefined ? 'error' : 'warn'](about, summary);
  }
}

/** With the state held against other writers. */
async function holding(
  running: Omit<Running, 'store' | 'vault' | 'service' | 'events'>,
  raw: RawOptions,
): Promise<number> {
  const { settings, io } = running;
  const store = await writing('reelstate watch', settings, io, running.keepHistory);
  try {
    const vault = new Vault(store.key);
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
  store: Writer;
  vault: Vault;
  service: Service;
  /** What the engine tells and asks. */
  events: { take: (event: ApplyEvent) => void; stillWanted: StillWanted };
  log: ReturnType<typeof makeLog>;
  listen: Listen | undefined;
  resync: { every: number; heal: boolean; force: boolean };
  origin: Origin;
  bounds: Bounds;
  stop: AbortSignal;
  /** Milliseconds for which calls stay in the history. */
  keepHistory: number;
  /** What SIGHUP does. */
  hangup: { take: () => void };
}

async function run(running: Running): Promise<number> {
  const { settings, io, store, vault, service, events, log, listen, resync, origin, bounds, stop, hangup } =
    running;
  const { fleet } = service;
  const { state } = store;
  let metrics: Metrics | undefined;
  const cache =
    settings.cache && !origin.git
      ? new ReadCacheFile({ dir: settings.dir, cwd: io.cwd, env: io.env })
      : undefined;
  const noopCache = cache && new NoopCache(cache, state.known);
  const over = new AbortController();
  const opened = await openSource(origin, {
    ...{ io, vault, bounds, log, state: settings.state, readCache: cache?.readCache, over: over.signal },
    isEnough: noopCache?.isEnough,
    known: state.known,
    onChange: () => daemon.hint([]),
    onFetch: (outcome) => metrics?.fetches.inc({ outcome }),
  });
  const gap = new Gap(io.clock);
  const daemon: Daemon = new Daemon({
    source: opened.source,
    fleet,
    journal: store,
    state,
    clock: io.clock,
    log,
    noopCache,
    hadGap: () => gap.take(),
    onRefresh: (seconds, result) => {
      metrics?.reconcile.observe(seconds);
      metrics?.reconciles.inc({ result });
    },
  });
  const healing = new Resync(
    {
      daemon,
      fleet,
      journal: store,
      state,
      query: service.query,
      fingerprint: (value) => vault.fingerprint(value),
      clock: io.clock,
      log,
      onDrift: (block) => metrics?.drift.inc({ block }),
    },
    resync,
  );
  metrics = await metricsFor(listen, {
    conditions: () => daemon.conditions(),
    depth: () => fleet.load().lanes,
    allowance: () => fleet.load(),
    accounts: () => fleet.loads(),
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
  events.stillWanted = (work) => daemon.stillWanted(work);
  hangup.take = () => {
    log.info('SIGHUP: all files are read and planned again');
    daemon.resyncAll();
  };
  const until = AbortSignal.any([stop, over.signal]);
  let server: { url: string; close: () => Promise<void> } | undefined;
  try {
    server = listen && counted && (await open(listen, daemon, fleet, counted, io, state, opened.git, log));
    if (server) log.info({ url: server.url }, 'listening');
    store.broken.catch((error: Error) => daemon.lose(error.message));
    const loops = [
      opened.run(until),
      daemon.runTimers(),
      healing.run(until),
      gap.run(until),
      inPlace(store, io, until),
    ];
    // A loop that ends before `stop` is a defect, and then the daemon ends too.
    const ended = Promise.race([
      aborted(stop),
      fleet.broken,
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
      service.warm().catch(() => {});
    }
    await ended;
    log.info('stopping: waiting for calls in flight');
  } finally {
    hangup.take = () => {};
    over.abort();
    fleet.stop();
    const answered = new AbortController();
    // An error that stopped the engine is reported elsewhere already.
    const quiet = Promise.allSettled([fleet.idle(), daemon.stop()]).then(() => answered.abort());
    await Promise.race([quiet, io.clock.sleep(LAST_ANSWERS, answered.signal)]);
    await io.clock.sleep(healing.cooling);
    service.close();
    await opened.source.close();
    await server?.close();
  }
  log.info('ended');
  return 0;
}

/** Looks whether the state is where it was, whether or not anything is sent. */
async function inPlace(store: Writer, { clock }: Io, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await clock.sleep(PLACE_CHECK, stop);
    if (!stop.aborted) await store.checkPlace();
  }
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
  // Without a settings file there is no such label.
  const account = event.account === undefined ? {} : { account: event.account };
  if (event.type === 'admitted') metrics.limiter.observe(account, event.waited / 1000);
  if (event.type === 'failed') metrics.failed.inc({ outcome: event.outcome, ...account });
  if (event.type !== 'answered') return;
  metrics.requests.inc({ code: String(event.status ?? 'none'), endpoint: event.endpoint, ...account });
  metrics.duration.observe({ endpoint: event.endpoint, ...account }, event.took / 1000);
}

/** What each account is at; nothing where the one there is has no name. */
function accountsJson(fleet: Fleet): object {
  const loads = fleet.loads();
  if (loads.length === 0) return {};
  return {
    accounts: loads.map(({ name, lanes, inUse, rate, stopped }) => ({
      ...{ name, lanes, inUse, rate },
      stopped: stopped ?? null,
    })),
  };
}

async function open(
  listen: Listen,
  daemon: Daemon,
  fleet: Fleet,
  metrics: Metrics,
  io: Io,
  state: Writer['state'],
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
        allowance: fleet.load(),
        ...accountsJson(fleet),
        recordings: [...daemon.watched.values()].map((watched) =>
          recordingJson(watched, state.known.get(watched.plan?.key ?? ''), daemon.commit, fleet.accountOf),
        ),
      }),
      known: () => knownJson(state),
      hook: secret && git ? { secret, onNews: git.onNews, now: () => io.clock.now() } : undefined,
    };
    return await serve(listen.host, listen.port, views, access);
  } catch (error) {
    throw new Failure(`cannot listen on ${listen.host}:${listen.port}: ${(error as Error).message}`);
  }
}
