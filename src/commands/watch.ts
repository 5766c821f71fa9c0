import { gracePeriod } from '../daemon/grace-period.ts';
import { type Logger, makeLog } from '../daemon/log.ts';
import { probeState } from '../daemon/state-probe.ts';
import { Failure } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { styleFor } from '../render/style.ts';
import { maskAddresses } from '../secrets/git-address.ts';
import { Vault } from '../secrets/vault.ts';
import { isFolder } from '../state/open.ts';
import { readBounds } from './bounds.ts';
import { readListen } from './listen.ts';
import { readNotify } from './notify.ts';
import { checkTarget, writing } from './open-state.ts';
import { otherState } from './other-state.ts';
import { connect } from './service.ts';
import {
  choice,
  duration,
  isSet,
  keepHistoryOf,
  type RawOptions,
  readSettings,
  type Settings,
} from './settings.ts';
import { openServer } from './watch-server.ts';
import { type Origin, readOrigin } from './watch-source.ts';
import { type Parts, type Running, wire } from './watch-wiring.ts';

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
function tellSettings({ accounts }: Settings, log: Logger): void {
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

async function run(running: Running): Promise<number> {
  const { io, service, listen, log, stop, hangup } = running;
  const over = new AbortController();
  const parts = await wire(running, over.signal);
  const { shown, serving, source } = parts;
  let server: { url: string; close: () => Promise<void> } | undefined;
  try {
    server = listen && serving && (await openServer(listen, shown, serving, io, log));
    if (server) log.info({ url: server.url }, 'listening');
    await keep(running, parts, AbortSignal.any([stop, over.signal]));
    log.info('stopping: waiting for calls in flight');
  } finally {
    hangup.take = () => {};
    over.abort();
    await drain(running, parts);
    service.close();
    await source.close();
    await server?.close();
  }
  log.info('ended');
  return 0;
}

/** Keeps the recordings until `stop` of the process. @throws what ends the daemon before */
async function keep(running: Running, parts: Parts, until: AbortSignal): Promise<void> {
  const { settings, io, store, service, log, origin, stop } = running;
  const { daemon, healing, gap, cache } = parts;
  store.broken.catch((error: Error) => daemon.lose(error.message));
  const elsewhere = followClaims(running, parts);
  parts.standby.tellOthers();
  const loops = [
    parts.run(until),
    daemon.runTimers(),
    healing.run(until),
    gap.run(until),
    probeState(store, io.clock, log, until),
  ];
  // A loop that ends before `stop` is a defect, and then the daemon ends too.
  const ended = Promise.race([
    aborted(stop),
    service.fleet.broken,
    store.broken,
    elsewhere,
    ...loops.map((loop) => loop.then(() => aborted(stop))),
  ]);
  ended.catch(() => {});
  await Promise.race([parts.begin(), ended]);
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
}

/** Tells of accounts that are won and lost. Rejects where the state turns out to belong to another target. */
function followClaims({ store, settings, io }: Running, { daemon, standby }: Parts): Promise<never> {
  return new Promise((_, reject) => {
    store.onClaim((account) => {
      standby.tell(account);
      try {
        // It may have been bound anew while another process had it.
        checkTarget(store.state.known, settings, io, store.key);
        daemon.resyncAll();
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Nothing new is sent; calls in flight have the grace period to be answered. */
async function drain({ settings, io, store, service }: Running, { daemon, healing }: Parts): Promise<void> {
  const { fleet } = service;
  fleet.stop();
  const answered = new AbortController();
  // An error that stopped the engine is reported elsewhere already.
  const quiet = Promise.allSettled([fleet.idle(), daemon.stop()]).then(() => answered.abort());
  await Promise.race([quiet, gracePeriod(store, io.clock, answered.signal)]);
  // Where processes share a state, it counts the queries as well.
  if (isFolder(settings.state)) await io.clock.sleep(healing.cooling);
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
