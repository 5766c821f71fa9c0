import { type Observation, readObservation } from '../agora/query.ts';
import type { Fleet } from '../apply/fleet.ts';
import { TIMINGS } from '../apply/timings.ts';
import type { Answer } from '../model/answer.ts';
import type { State } from '../model/journal.ts';
import type { Clock } from '../model/ports.ts';
import type { BlockName, Endpoint, Identity } from '../model/recording.ts';
import type { Journal, Way } from '../model/work.ts';
import { driftOf } from '../plan/drift.ts';
import type { Watched } from './conditions.ts';
import type { Daemon } from './daemon.ts';
import type { Logger } from './log.ts';

export interface ResyncPorts {
  daemon: Daemon;
  fleet: Fleet;
  journal: Journal;
  state: State;
  query: (identity: Identity, way: Way) => Promise<Answer | undefined>;
  fingerprint: (value: string) => string;
  clock: Clock;
  log: Logger;
  /** Called with every block that was seen to differ. */
  onDrift: (block: BlockName) => void;
  /** Called after every observation. */
  onObserved?: (watched: Watched, drift: readonly BlockName[]) => void;
}

export interface ResyncOptions {
  /** Milliseconds in which every recording is queried once; 0: never. */
  every: number;
  /** Puts back what has drifted. */
  heal: boolean;
  /** Sends the whole state again where it cannot be read back. */
  force: boolean;
}

/** The shortest pause between two queries, in milliseconds: half of the usual allowance stays free. */
const SHORTEST_PAUSE = 200;

/**
 * Queries recordings one after the other, spread over the interval, behind everything that is to be sent.
 * Drift is claimed only where it was observed: the pause and the RTMP outputs of web recordings, and that a
 * recording has ended. Subscriptions and layout cannot be read back in any mode.
 */
export class Resync {
  readonly #ports: ResyncPorts;
  readonly #options: ResyncOptions;
  /** When a query was last handed to the network, on the monotonic clock. */
  #askedAt = Number.NEGATIVE_INFINITY;
  /** RTMP outputs last seen disconnected, by recording. */
  readonly #disconnected = new Map<string, number>();

  constructor(ports: ResyncPorts, options: ResyncOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /**
   * How long the last query still counts against the allowance, in milliseconds. Queries are not in the journal, so
   * this process waits that long before it ends.
   */
  get cooling(): number {
    return Math.max(0, this.#askedAt + 1_000 + TIMINGS.earlierMargin - this.#ports.clock.monotonic());
  }

  disconnected(): number {
    return [...this.#disconnected.values()].reduce((sum, number) => sum + number, 0);
  }

  /** Runs until `stop` aborts. */
  async run(stop: AbortSignal): Promise<void> {
    if (this.#options.every === 0) return;
    // Each account by itself: a query of one may wait for its allowance.
    await Promise.all(this.#ports.fleet.members.map(({ name }) => this.#runOf(name, stop)));
  }

  async #runOf(account: string | undefined, stop: AbortSignal): Promise<void> {
    const { clock, daemon } = this.#ports;
    while (!stop.aborted) {
      const names = this.#namesOf(account);
      const pause = Math.max(SHORTEST_PAUSE, this.#options.every / Math.max(1, names.length));
      if (names.length === 0) await clock.sleep(pause, stop);
      for (const name of names) {
        await clock.sleep(pause, stop);
        if (stop.aborted) return;
        const watched = daemon.watched.get(name);
        if (watched) await this.#observe(watched);
      }
    }
  }

  #namesOf(account: string | undefined): string[] {
    const { daemon, fleet } = this.#ports;
    const names: string[] = [];
    for (const [name, { plan }] of daemon.watched)
      if (plan?.identity && fleet.accountOf(plan.identity.appId) === account) names.push(name);
    return names;
  }

  async #observe(watched: Watched): Promise<void> {
    const { fleet, state, query, log } = this.#ports;
    const { plan, name } = watched;
    const known = plan?.key === undefined ? undefined : state.known.get(plan.key);
    // Nothing was applied, or the recording has ended: there is nothing to compare with.
    if (!plan?.key || !plan.identity || !known || known.ended !== undefined || plan.action === 'suspended')
      return;
    if (fleet.isBusy(plan.key)) return;
    const { identity, key } = plan;
    const applied = known.update.applied?.seq;
    const seen = await fleet.observe(identity, (way) =>
      query(identity, {
        ...way,
        departed: () => {
          this.#askedAt = this.#ports.clock.monotonic();
          way.departed();
        },
      }),
    );
    if (!seen || fleet.isBusy(key)) return;
    // The answer may be older than what was applied meanwhile, and says nothing of another recording.
    if (watched.plan?.key !== key || this.#ports.daemon.watched.get(name) !== watched) return;
    if (state.known.get(key)?.update.applied?.seq !== applied) return;
    if (seen.meaning === 'not-found')
      return this.#doubt(watched, key, ['update', 'updateLayout'], seen.message);
    const observation =
      seen.answer.kind === 'answer' && seen.meaning === 'applied'
        ? readObservation(seen.answer.body)
        : undefined;
    if (!observation) {
      log.debug({ recording: name, file: watched.file }, `query: ${seen.message}`);
      return;
    }
    await this.#compare(watched, key, observation);
  }

  async #compare(watched: Watched, key: string, observation: Observation): Promise<void> {
    const { clock, log, journal, daemon, state, fingerprint, onDrift } = this.#ports;
    const { name, file } = watched;
    const observable = { onhold: observation.onhold, rtmp: observation.outputs };
    const blocks = (Object.keys(observable) as (keyof typeof observable)[]).filter(
      (block) => observable[block] !== undefined,
    );
    watched.observed = { at: clock.now(), blocks };
    this.#tellDisconnected(watched, observation);
    if (observation.ended) {
      await journal.append({ event: 'ended', key });
      log.warn({ recording: name, file }, 'the recording has ended');
      return daemon.requeue(name);
    }
    // Compared with what was applied, not with what the file asks for: that may have been refused.
    const drift = driftOf(observation, state.known.get(key)?.update.applied?.request, fingerprint);
    if (drift.length === 0) delete watched.drift;
    else watched.drift = { since: watched.drift?.since ?? clock.now(), blocks: drift };
    this.#ports.onObserved?.(watched, drift);
    for (const block of drift) {
      onDrift(block);
      log.warn(
        { recording: name, file, block },
        this.#options.heal
          ? 'drift: changed outside reelstate; it is put back'
          : 'drift: changed outside reelstate; it is left alone (--no-self-heal)',
      );
    }
    if (drift.length > 0 && this.#options.heal)
      return this.#doubt(watched, key, ['update'], `${drift.join(' and ')} drifted`);
    // Nothing shows whether the rest is still in force.
    if (this.#options.force) await daemon.resend(name);
  }

  #tellDisconnected({ name, file }: Watched, { outputs = [] }: Observation): void {
    const before = this.#disconnected.get(name) ?? 0;
    const number = outputs.filter(({ status }) => status === 'disconnected').length;
    if (number > 0) this.#disconnected.set(name, number);
    else this.#disconnected.delete(name);
    if (number > before)
      this.#ports.log.warn(
        { recording: name, file },
        `${number === 1 ? 'an RTMP output is' : `${number} RTMP outputs are`} disconnected`,
      );
  }

  /** Records that what was applied may no longer be in force: the next plan, made at once, sends it again. */
  async #doubt(
    { name, file }: Watched,
    key: string,
    endpoints: readonly Endpoint[],
    why: string,
  ): Promise<void> {
    const { journal, daemon, log } = this.#ports;
    for (const endpoint of endpoints) await journal.append({ event: 'doubt', key, endpoint });
    log.info({ recording: name, file }, `sent again: ${why}`);
    await daemon.requeue(name);
  }
}
