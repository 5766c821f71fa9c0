import { join, resolve } from 'node:path';
import { type Fleet, told } from '../apply/fleet.ts';
import { Daemon } from '../daemon/daemon.ts';
import { Gap } from '../daemon/gap.ts';
import { knownJson } from '../daemon/known.ts';
import { LastLook } from '../daemon/last-look.ts';
import { makeLog } from '../daemon/log.ts';
import type { Metrics, Readings } from '../daemon/metrics.ts';
import { recordingJson } from '../daemon/recording-json.ts';
import { Resync } from '../daemon/resync.ts';
import type { Views } from '../daemon/routes.ts';
import type { Bounds } from '../desired/bounds.ts';
import { byText } from '../model/diagnostic.ts';
import { Failure } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { Writer } from '../model/store.ts';
import type { ApplyEvent, StillWanted } from '../model/work.ts';
import { styleFor } from '../render/style.ts';
import { maskAddresses } from '../secrets/git-address.ts';
import { secretIn } from '../secrets/secret-text.ts';
import { Vault } from '../secrets/vault.ts';
import { NoopCache, ReadCacheFile } from '../sources/read-cache-file.ts';
import { isFolder } from '../state/open.ts';
import { readBounds } from './bounds.ts';
import { accessOf, type Listen, readListen } from './listen.ts';
import { openNotices, readNotify } from './notify.ts';
import { checkTarget, writing } from './open-state.ts';
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
import { openPages, type Pages } from './watch-page.ts';
import { type OpenedSource, type Origin, openSource, readOrigin } from './watch-source.ts';

/** What is in flight has this long to be answered when the daemon is told to end, in milliseconds; all of it takes under 5 s. */
const LAST_ANSWERS = 4_000;
/** The same where the database is away, and how often that is looked at. */
const LAST_ANSWERS_AWAY = 1_000;
const LAST_LOOK = 100;
/** How often it is looked whether the state is where it was, in milliseconds. */
const PLACE_CHECK = 1_000;
/** A refresh that takes longer than this makes `/healthz` red, in milliseconds. */
const HUNG = 60_000;

/**
 * `reelstate watch`: keeps the recordings as the files say, until SIGINT or SIGTERM.
 * @param onFailure told of what is logged as the reason for ending with 1
 */
export async function watch(
  raw: RawOptions,
  io: Io,
  onFailure: (failure: Failure) => void = () => {},
): Promise<number> {
  const settings = await readSettings(raw, io);
  const listen = readListen(raw, io);
  const resync = {
    every: duration('resync', raw, io, 10 * 60_000),
    heal: raw.selfHeal !== false && !isSet('noSelfHeal', {}, io),
    force: isSet('resyncForce', raw, io),
  };
  const keepHistory = keepHistoryOf(raw, io);
  const notify = readNotify(raw, io);
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
      { settings, io, log, listen, notify, resync, origin, bounds, stop, hangup, keepHistory },
      raw,
    );
  } catch (error) {
    // In the log's own form: a program may read it.
    if (!(error instanceof Failure) || error.exitCode !== 1) throw error;
    log.error(error.hint === undefined ? {} : { hint: error.hint }, error.message);
    onFailure(error);
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
  /** Where notifications go. */
  notify: readonly URL[];
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
  const { settings, io, store, vault, service, events, log, listen, origin, bounds, stop, hangup } = running;
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
    ...{ io, vault, bounds, log, readCache: cache?.readCache, over: over.signal },
    mirrors: join(isFolder(settings.state) ? settings.state : resolve(io.cwd, '.reelstate'), 'mirrors'),
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
    fleet,
    journal: store,
    state,
    clock: io.clock,
    log,
    noopCache,
    standby: (appId) => {
      const name = fleet.accountOf(appId);
      const own = service.accounts.find((each) => each.name === name);
      return own && standbyFor(store, own.account);
    },
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
      fleet,
      journal: store,
      state,
      query: service.query,
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
    depth: () => fleet.load().lanes,
    allowance: () => fleet.load(),
    accounts: () => fleet.loads(),
    nextRenewal: () => daemon.nextRenewal(),
    disconnected: () => healing.disconnected(),
    ready: () => store.trouble === undefined && daemon.notReady().length === 0,
    git: opened.git && (() => (opened.git as Git).state.readings()),
  });
  const counted = metrics;
  pages = listen && (await openPages({ daemon, fleet, state, look, clock: io.clock }, origin, store));
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
      (await open(listen, daemon, service, counted, pages, io, store, opened.git, log));
    if (server) log.info({ url: server.url }, 'listening');
    store.broken.catch((error: Error) => daemon.lose(error.message));
    let moved: (error: unknown) => void = () => {};
    const elsewhere = new Promise<never>((_, reject) => {
      moved = reject;
    });
    const tellStandby = (account: string) => {
      const standby = standbyFor(store, account);
      for (const { name } of service.accounts.filter((each) => each.account === account))
        log.info(
          name === undefined ? {} : { account: name },
          standby ?? 'this process sends for the account',
        );
    };
    store.onClaim((account) => {
      tellStandby(account);
      try {
        // It may have been bound anew while another process had it.
        checkTarget(state.known, settings, io, store.key);
        daemon.resyncAll();
      } catch (error) {
        moved(error);
      }
    });
    for (const { account } of service.accounts)
      if (standbyFor(store, account) !== undefined) tellStandby(account);
    const loops = [
      opened.run(until),
      daemon.runTimers(),
      healing.run(until),
      gap.run(until),
      inPlace(store, io, log, until),
    ];
    // A loop that ends before `stop` is a defect, and then the daemon ends too.
    const ended = Promise.race([
      aborted(stop),
      fleet.broken,
      store.broken,
      elsewhere,
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
    await Promise.race([quiet, lastAnswers(store, io, answered.signal)]);
    // Where processes share a state, it counts the queries as well.
    if (isFolder(settings.state)) await io.clock.sleep(healing.cooling);
    service.close();
    await opened.source.close();
    await server?.close();
  }
  log.info('ended');
  return 0;
}

/** The longest that calls in flight are waited for. What waits for a database that is away is not recorded any more. */
async function lastAnswers(store: Writer, { clock }: Io, answered: AbortSignal): Promise<void> {
  const began = clock.monotonic();
  const waited = () => clock.monotonic() - began;
  while (waited() < LAST_ANSWERS && !answered.aborted) {
    if (store.trouble !== undefined && waited() > LAST_ANSWERS_AWAY) return;
    await clock.sleep(LAST_LOOK, answered);
  }
}

/** Looks whether the state is where it was, whether or not anything is sent. */
async function inPlace(store: Writer, { clock }: Io, log: Running['log'], stop: AbortSignal): Promise<void> {
  let trouble: string | undefined;
  while (!stop.aborted) {
    await clock.sleep(PLACE_CHECK, stop);
    if (stop.aborted) return;
    await store.checkPlace();
    if (store.trouble !== undefined && trouble === undefined)
      log.error(`${store.trouble}: nothing is sent until it is there again`);
    if (store.trouble === undefined && trouble !== undefined) log.info('the database is there again');
    trouble = store.trouble;
  }
}

/** Why this process sends nothing at all although all is well; undefined where it sends for an account. */
function standbyOf(store: Writer, { accounts }: Service): string | undefined {
  const reasons = accounts.map(({ name, account }) => told(name, standbyFor(store, account)));
  if (reasons.includes(undefined)) return undefined;
  return reasons.join('; ') || undefined;
}

/** Why this process sends nothing for an account; undefined where it does. */
function standbyFor(store: Writer, account: string): string | undefined {
  if (store.holds(account)) return undefined;
  const holder = store.holderOf(account);
  const who = holder
    ? `process ${holder.pid} on ${holder.host} (${holder.command}, since ${holder.since})`
    : 'no process yet';
  return `standby: ${who} sends for the account`;
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
  service: Service,
  metrics: Metrics,
  { views: shown, news }: Pages,
  io: Io,
  store: Writer,
  git: Git | undefined,
  log: Running['log'],
) {
  const { serve } = await import('../daemon/server.ts');
  const access = await accessOf(listen, (text) => log.warn(text));
  const secret = secretIn(io.env, 'REELSTATE_HOOK_SECRET');
  const { state } = store;
  const { fleet } = service;
  const notReady = () => [...(store.trouble === undefined ? [] : [store.trouble]), ...daemon.notReady()];
  const standby = () => standbyOf(store, service);
  try {
    const views: Views = {
      notReady,
      standby,
      notHealthy: () => daemon.notHealthy(HUNG),
      metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
      recordings: () => ({
        format_version: '1.0',
        ready: notReady().length === 0,
        not_ready_because: notReady(),
        ...(standby() === undefined ? {} : { standby: standby() }),
        commit: daemon.commit ?? null,
        source: git?.state.json() ?? { kind: 'folder' },
        allowance: fleet.load(),
        ...accountsJson(fleet),
        // By name, as status has them, whichever was heard of first.
        recordings: [...daemon.watched]
          .sort(([a], [b]) => byText(a, b))
          .map(([, watched]) =>
            recordingJson(watched, state.known.get(watched.plan?.key ?? ''), daemon.commit, fleet.accountOf),
          ),
      }),
      known: async () => knownJson(await store.current()),
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
