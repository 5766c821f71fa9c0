import { join, resolve } from 'node:path';
import { Daemon } from '../daemon/daemon.ts';
import { Gap } from '../daemon/gap.ts';
import { LastLook } from '../daemon/last-look.ts';
import type { Logger } from '../daemon/log.ts';
import { Resync } from '../daemon/resync.ts';
import { Standby } from '../daemon/standby.ts';
import type { Bounds } from '../desired/bounds.ts';
import type { Io } from '../model/ports.ts';
import type { Writer } from '../model/store.ts';
import type { ApplyEvent, StillWanted } from '../model/work.ts';
import type { Vault } from '../secrets/vault.ts';
import { NoopCache, ReadCacheFile } from '../sources/read-cache-file.ts';
import { isFolder } from '../state/open.ts';
import type { Listen } from './listen.ts';
import { openNotices } from './notify.ts';
import type { Service } from './service.ts';
import type { Settings } from './settings.ts';
import { openServing, type Serving, type Shown } from './watch-server.ts';
import { type Origin, openSource } from './watch-source.ts';

/** A run of the daemon: what was asked for, and the state and the service that it has for it. */
export interface Running {
  settings: Settings;
  io: Io;
  store: Writer;
  vault: Vault;
  service: Service;
  /** What the engine tells and asks. */
  events: { take: (event: ApplyEvent) => void; stillWanted: StillWanted };
  log: Logger;
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

export type Parts = Awaited<ReturnType<typeof wire>>;

/** The parts of the daemon, each with what it tells the others. @param over aborts when no refresh is awaited any more */
export async function wire(running: Running, over: AbortSignal) {
  const { settings, io, store, vault, service, events, log, listen, origin, bounds, stop, hangup } = running;
  const { fleet } = service;
  const { state } = store;
  let serving: Serving | undefined;
  const cache =
    settings.cache && !origin.git
      ? new ReadCacheFile({ dir: settings.dir, cwd: io.cwd, env: io.env })
      : undefined;
  const noopCache = cache && new NoopCache(cache, state.known);
  const { source, git, begin, run } = await openSource(origin, {
    ...{ io, vault, bounds, log, readCache: cache?.readCache, over },
    mirrors: join(isFolder(settings.state) ? settings.state : resolve(io.cwd, '.reelstate'), 'mirrors'),
    isEnough: noopCache?.isEnough,
    known: state.known,
    onChange: () => daemon.hint([]),
    onFetch: (outcome) => serving?.metrics.fetches.inc({ outcome }),
  });
  const gap = new Gap(io.clock);
  const look = new LastLook(io.clock);
  const standby = new Standby(store, service.accounts, log);
  const daemon: Daemon = new Daemon({
    source: look.of(source),
    fleet,
    journal: store,
    state,
    clock: io.clock,
    log,
    noopCache,
    standby: (appId) => standby.of(fleet.accountOf(appId)),
    hadGap: () => gap.take(),
    onRefresh: (seconds, result) => {
      serving?.metrics.reconcile.observe(seconds);
      serving?.metrics.reconciles.inc({ result });
      serving?.pages.looked();
    },
    onCondition: (watched, before) => {
      serving?.news.changed();
      notices?.changed(watched, before);
    },
  });
  const notices = openNotices(running.notify, io, log, {
    watched: (name) => daemon.watched.get(name),
    commit: () => daemon.commit,
    stop: AbortSignal.any([stop, over]),
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
      onDrift: (block) => serving?.metrics.drift.inc({ block }),
      onObserved: (watched, drift) => {
        serving?.news.changed();
        notices?.observed(watched, drift);
      },
    },
    running.resync,
  );
  const shown: Shown = { daemon, fleet, store, standby, healing, look, git };
  serving = listen && (await openServing(shown, origin, io.clock));
  events.take = (event) => {
    serving?.metrics.take(event);
    daemon.take(event);
    serving?.pages.take(event);
  };
  events.stillWanted = (work) => daemon.stillWanted(work);
  hangup.take = () => {
    log.info('SIGHUP: all files are read and planned again');
    daemon.resyncAll();
  };
  return { source, begin, run, cache, gap, standby, daemon, healing, shown, serving };
}
