import type { Fleet } from '../apply/fleet.ts';
import type { State } from '../model/journal.ts';
import type { RecordingPlan } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { DesiredRecording, Identity } from '../model/recording.ts';
import type { Snapshot } from '../model/source.ts';
import type { Journal } from '../model/work.ts';
import { isClaimed, mayForget, type PlannedName } from '../plan/whole-set.ts';
import { reconcileNames, recordBookkeeping, submit } from '../reconcile.ts';
import type { NoopCache } from '../sources/read-cache-file.ts';
import {
  callsOf,
  heldBack,
  type Standing,
  setCondition,
  standingOf,
  unresolvedMessage,
  type Watched,
} from './conditions.ts';
import type { Logger } from './log.ts';
import { renewalLead } from './renewals.ts';

export interface ReconcilerPorts {
  fleet: Fleet;
  journal: Journal;
  /** The state; the journal keeps it up to date. */
  state: State;
  clock: Clock;
  log: Logger;
  /** Remembers for which files and states there is nothing to do. */
  noopCache?: Pick<NoopCache, 'isNoop' | 'remember'> | undefined;
  /** Why nothing is sent for an App ID: another process sends for its account. */
  standby?: ((appId: string) => string | undefined) | undefined;
  /** The files as the last refresh has found them. */
  snapshot: () => Snapshot;
  /** Called after every change of a recording's condition. */
  onCondition?: Watched['tell'];
  /** By name; the reconciler adds and removes them. */
  watched: Map<string, Watched>;
}

/**
 * What became of a name: it is done, the files have changed meanwhile and it is to be planned again at once, or what
 * it is to be is not clear yet, and the next refresh plans it again.
 */
export type Followed = 'done' | 'outdated' | 'unclear';

/** Takes one name after the other from the files to the journal, the engine and its condition. */
export class Reconciler {
  readonly #ports: ReconcilerPorts;

  constructor(ports: ReconcilerPorts) {
    this.#ports = ports;
  }

  /** Plans these names, each when it is its turn. */
  plan(names: ReadonlySet<string>): Iterable<PlannedName> {
    const { snapshot, state, clock, noopCache } = this.#ports;
    return reconcileNames(snapshot(), state.known, names, {
      now: clock.now(),
      lead: renewalLead,
      isNoop: (recording) => noopCache?.isNoop(recording) ?? false,
    });
  }

  /** What follows from the plan of a name. */
  async follow({ name, plans: all }: PlannedName): Promise<Followed> {
    const { snapshot, watched, noopCache } = this.#ports;
    const desired = snapshot().byName.get(name);
    if (desired && this.#standsBy(desired)) return 'done';
    const plans = desired ? all : all.filter(({ identity }) => this.#standbyFor(identity) === undefined);
    for (const plan of plans) noopCache?.remember(plan);
    this.#dropFormer(watched.get(name)?.plan?.key, desired && plans[0]?.key);
    for (const key of plans.flatMap(keysLeft)) this.#ports.fleet.drop(key);
    return desired ? this.#followDocument(desired, plans[0] as RecordingPlan) : this.#followGone(name, plans);
  }

  #standbyFor(identity: Identity | undefined): string | undefined {
    return identity && this.#ports.standby?.(identity.appId);
  }

  /** Whether another process sends for a recording: what is known of it may be old, and nothing follows from it. */
  #standsBy({ name, file, identity }: DesiredRecording): boolean {
    const standby = this.#standbyFor(identity);
    if (standby === undefined) return false;
    const watched = Object.assign(this.#watch(name, file), { file });
    delete watched.plan;
    this.#setStanding(watched, ['Reconciling', 'Standby', standby]);
    return true;
  }

  /** The calls of the recording that had this name before are dropped, unless another name claims it. */
  #dropFormer(before: string | undefined, now: string | undefined): void {
    const { fleet, snapshot } = this.#ports;
    if (before !== undefined && before !== now && fleet.isBusy(before) && !isClaimed(before, snapshot()))
      fleet.drop(before);
  }

  async #followDocument(desired: DesiredRecording, plan: RecordingPlan): Promise<Followed> {
    const { snapshot, state, journal } = this.#ports;
    const { name, file } = plan;
    const watched = Object.assign(this.#watch(name, file), { file, plan });
    await recordBookkeeping({ recordings: [plan] }, state.known, journal);
    // The file may have changed while the journal was written: this plan is outdated then.
    if (snapshot().byName.get(name) !== desired) return 'outdated';
    this.#send(watched, plan);
    return 'done';
  }

  #send(watched: Watched, plan: RecordingPlan): void {
    const { fleet, log, snapshot } = this.#ports;
    const { key, name, file } = plan;
    this.#tellUnresolved(watched, plan);
    const held = heldBack(plan);
    const calls = held ? [] : callsOf(watched, plan);
    if (key !== undefined && calls.length === 0) fleet.drop(key);
    const isSending = key !== undefined && fleet.isBusy(key);
    this.#setStanding(watched, held ?? standingOf(watched, plan, calls, isSending));
    if (calls.length === 0) return;
    for (const { summary } of plan.warnings ?? [])
      log.warn({ recording: name, file }, `${summary}; its storage stays as it is`);
    submit(plan, calls, fleet, snapshot().commit);
  }

  #tellUnresolved({ condition }: Watched, { name, unresolved }: RecordingPlan): void {
    if (condition.message === unresolvedMessage(unresolved)) return;
    for (const { summary, code, range } of unresolved) {
      const { line, column } = range.start;
      this.#ports.log.error({ recording: name, file: range.filename, line, column, code }, summary);
    }
  }

  /**
   * No document gives this name: what it stood for is forgotten. While a file or folder has an error, the document may
   * be in it and is not taken for deleted.
   */
  async #followGone(name: string, plans: readonly RecordingPlan[]): Promise<Followed> {
    const { state, journal, log, snapshot, watched } = this.#ports;
    const { set, commit, settling } = snapshot();
    if (!mayForget(set)) {
      this.#setUnclear(name, set.broken, settling);
      return 'unclear';
    }
    await recordBookkeeping({ recordings: [...plans] }, state.known, journal);
    for (const { file } of plans)
      log.info(
        { recording: name, file, ...(commit ? { commit: commit.sha } : {}) },
        'forgotten: its file is gone, and the recording goes on as it is',
      );
    watched.delete(name);
    return 'done';
  }

  #setUnclear(name: string, broken: readonly string[], settling: Snapshot['settling']): void {
    const [known] = this.#ports.state.known.named(name);
    const file = this.#ports.watched.get(name)?.file ?? known?.file;
    // While a file is being moved nothing is wrong with it yet.
    if (file === undefined || settling?.includes(file)) return;
    const isItsOwn = broken.some((path) => file === path || file.startsWith(`${path}/`));
    const message = isItsOwn
      ? 'its file has an error or cannot be read; the recording stays as it was'
      : `no file claims it, but nothing is forgotten while ${broken[0]} has an error`;
    this.#setStanding(this.#watch(name, file), ['Stalled', 'Invalid', message]);
  }

  #setStanding(watched: Watched, standing: Standing | undefined): void {
    if (standing) setCondition(watched, ...standing, this.#ports.clock.now());
  }

  /** @returns what is watched by this name; a new one where nothing was */
  #watch(name: string, file: string): Watched {
    const { watched, clock, onCondition } = this.#ports;
    const found: Watched = watched.get(name) ?? {
      name,
      file,
      condition: {
        ...{ type: 'Reconciling', reason: 'New', message: 'not planned yet' },
        since: clock.now(),
      },
      tell: onCondition,
    };
    watched.set(name, found);
    return found;
  }
}

/** Recordings for which nothing is sent any more once this plan is recorded. */
function keysLeft({ action, key, supersedes }: RecordingPlan): readonly string[] {
  return action === 'forget' && key !== undefined ? [key] : supersedes;
}
