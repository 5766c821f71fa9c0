import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AccountLoad } from '../apply/fleet.ts';
import type { ApplyEvent } from '../model/work.ts';
import type { ConditionType } from './conditions.ts';

/** What the gauges read at each scrape. */
export interface Readings {
  conditions: () => Record<ConditionType, number>;
  /** Recordings with something waiting, in flight or to be repeated. */
  depth: () => number;
  /** Of all accounts together. */
  allowance: () => { inUse: number; rate: number };
  /** Of each account by itself; empty where the one there is has no name. */
  accounts: () => readonly AccountLoad[];
  /** Seconds until the next storage credentials expire or are due; undefined without any. */
  nextRenewal: () => number | undefined;
  /** RTMP outputs that `query` last showed as disconnected. */
  disconnected: () => number;
  ready: () => boolean;
  /** Of commits as the source; left out where files are taken as they are. */
  git?: (() => GitReadings) | undefined;
}

export interface GitReadings {
  /** Files of the commit in which something is wrong. */
  broken: number;
  /** The last fetch could not reach the remote. */
  away: boolean;
  /** What was fetched last is not taken. */
  refused: boolean;
}

/** How exactly the lag of the event loop is measured, in milliseconds: a timer ticks this often, whatever else happens. */
const LAG_PRECISION = 100;

/** The daemon's metrics, named as operators of controllers know them, after `reelstate_`; what Node and the process are about has its usual names. */
export function makeMetrics(readings: Readings) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  new Gauge({
    name: 'reelstate_recordings',
    help: 'Recordings by condition',
    labelNames: ['condition'],
    registers,
    collect() {
      for (const [condition, number] of Object.entries(readings.conditions()))
        this.set({ condition }, number);
    },
  });
  gauge(
    'reelstate_workqueue_depth',
    'Recordings with something waiting, in flight or to be repeated',
    readings.depth,
  );
  const allowance = (name: string, help: string, part: 'inUse' | 'rate') =>
    new Gauge({
      name,
      help,
      labelNames: ['account'],
      registers,
      collect() {
        const accounts = readings.accounts();
        for (const account of accounts) this.set({ account: account.name }, account[part]);
        if (accounts.length === 0) this.set(readings.allowance()[part]);
      },
    });
  allowance('reelstate_rest_client_rate_limiter_in_use', 'Places of the allowance that are taken', 'inUse');
  allowance(
    'reelstate_rest_client_rate_limiter_rate',
    'Requests a second at the moment; lower for a while after a 429',
    'rate',
  );
  new Gauge({
    name: 'reelstate_account_stopped',
    help: '1 while nothing is sent for an account, because the service has refused it',
    labelNames: ['account'],
    registers,
    collect() {
      for (const { name, stopped } of readings.accounts())
        this.set({ account: name }, stopped === undefined ? 0 : 1);
    },
  });
  gauge(
    'reelstate_storage_credentials_next_renewal_seconds',
    'Seconds until storage credentials are next due; -1 without any',
    () => readings.nextRenewal() ?? -1,
  );
  gauge('reelstate_rtmp_outputs_disconnected', 'RTMP outputs last seen disconnected', readings.disconnected);
  gauge('reelstate_ready', '1 when the files have been read and not every account is stopped', () =>
    readings.ready() ? 1 : 0,
  );
  const { git } = readings;
  if (git) {
    gauge(
      'reelstate_git_commit_broken_files',
      'Files of the commit in which something is wrong; the rest is reconciled',
      () => git().broken,
    );
    gauge(
      'reelstate_git_remote_away',
      '1 while the remote cannot be fetched from; the last good commit stands',
      () => (git().away ? 1 : 0),
    );
    gauge(
      'reelstate_git_commit_refused',
      "1 while the remote's commit is not taken; the last good commit stands",
      () => (git().refused ? 1 : 0),
    );
  }
  const metrics = {
    registry,
    requests: new Counter({
      name: 'reelstate_rest_client_requests_total',
      help: 'Requests by endpoint and HTTP status; "none" without an answer',
      labelNames: ['code', 'endpoint', 'account'],
      registers,
    }),
    duration: new Histogram({
      name: 'reelstate_rest_client_request_duration_seconds',
      help: 'From handing a request to the network until its answer',
      labelNames: ['endpoint', 'account'],
      registers,
    }),
    limiter: new Histogram({
      name: 'reelstate_rest_client_rate_limiter_duration_seconds',
      help: 'Time that calls wait for a place in the allowance and for their turn',
      labelNames: ['account'],
      buckets: [0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60],
      registers,
    }),
    reconcile: new Histogram({
      name: 'reelstate_reconcile_duration_seconds',
      help: 'From noticing that files changed until everything is planned and handed over',
      registers,
    }),
    reconciles: new Counter({
      name: 'reelstate_reconcile_total',
      help: 'Refreshes of the files',
      labelNames: ['result'],
      registers,
    }),
    fetches: new Counter({
      name: 'reelstate_git_fetch_total',
      help: 'Fetches from the remote',
      labelNames: ['outcome'],
      registers,
    }),
    drift: new Counter({
      name: 'reelstate_drift_total',
      help: 'Blocks seen to differ from what was applied',
      labelNames: ['block'],
      registers,
    }),
    failed: new Counter({
      name: 'reelstate_calls_failed_total',
      help: 'Calls that will not be repeated as they are',
      labelNames: ['outcome', 'account'],
      registers,
    }),
  };
  /** Counts what happened to a call. */
  const take = (event: ApplyEvent): void => {
    // Without a settings file there is no such label.
    const account = event.account === undefined ? {} : { account: event.account };
    if (event.type === 'admitted') metrics.limiter.observe(account, event.waited / 1000);
    if (event.type === 'failed') metrics.failed.inc({ outcome: event.outcome, ...account });
    if (event.type !== 'answered') return;
    metrics.requests.inc({ code: String(event.status ?? 'none'), endpoint: event.endpoint, ...account });
    metrics.duration.observe({ endpoint: event.endpoint, ...account }, event.took / 1000);
  };
  return { ...metrics, take };
}

export type Metrics = ReturnType<typeof makeMetrics>;
