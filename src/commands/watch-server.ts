import type { Fleet } from '../apply/fleet.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { knownJson } from '../daemon/known.ts';
import type { Logger } from '../daemon/log.ts';
import type { Metrics } from '../daemon/metrics.ts';
import { recordingsJson } from '../daemon/recording-json.ts';
import type { Views } from '../daemon/routes.ts';
import type { Standby } from '../daemon/standby.ts';
import { Failure } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { Writer } from '../model/store.ts';
import { secretIn } from '../secrets/secret-text.ts';
import { accessOf, type Listen } from './listen.ts';
import type { Pages } from './watch-page.ts';
import type { OpenedSource } from './watch-source.ts';

/** A refresh that takes longer than this makes `/healthz` red, in milliseconds. */
const HUNG = 60_000;

/** What a daemon that listens tells of. */
export interface Shown {
  daemon: Daemon;
  fleet: Fleet;
  store: Writer;
  standby: Standby;
  git: OpenedSource['git'];
}

/**
 * Loaded only where they can be asked for: measuring the event loop costs more than watching the files.
 * @param disconnected RTMP outputs last seen disconnected
 */
export async function openMetrics(shown: Shown, disconnected: () => number): Promise<Metrics> {
  const { daemon, fleet, git } = shown;
  const { makeMetrics } = await import('../daemon/metrics.ts');
  return makeMetrics({
    conditions: () => daemon.conditions(),
    depth: () => fleet.load().lanes,
    allowance: () => fleet.load(),
    accounts: () => fleet.loads(),
    nextRenewal: () => daemon.nextRenewal(),
    disconnected,
    ready: () => notReady(shown).length === 0,
    git: git && (() => git.state.readings()),
  });
}

/** @throws Failure where the address cannot be listened on */
export async function openServer(
  listen: Listen,
  shown: Shown,
  { metrics, pages }: { metrics: Metrics; pages: Pages },
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
    pages: pages.views,
    news: pages.news,
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
