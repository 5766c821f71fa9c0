import type { Fleet } from '../apply/fleet.ts';
import type { State } from '../model/journal.ts';
import type { KnownRecording } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Endpoint } from '../model/recording.ts';
import type { Commit, DesiredSource, Snapshot } from '../model/source.ts';
import { Pace, turn } from '../model/turns.ts';
import type { ApplyEvent, Journal, Work } from '../model/work.ts';
import { everyName, type PlannedName } from '../plan/whole-set.ts';
import type { NoopCache } from '../sources/read-cache-file.ts';
import type { ConditionType, Watched } from './conditions.ts';
import { DueNames } from './due-names.ts';
import type { Logger } from './log.ts';
import { Problems } from './problems.ts';
import { Readiness } from './readiness.ts';
import { Reconciler } from './reconciler.ts';
import { RefreshQueue } from './refresh-queue.ts';
import { Renewals } from './renewals.ts';
import { Reports } from './reports.ts';

export interface DaemonPorts {
  source: DesiredSource;
  fleet: Fleet;
  journal: Journal;
  /** The state; the journal keeps it up to date. */
  state: State;
  clock: Clock;
  log: Logger;
  /** Remembers for which files and states there is nothing to do. */
  noopCache?: Pick<NoopCache, 'isNoop' | 'remember'>;
  /** Why nothing is sent for an App ID: another process sends for its account. */
  standby?: (appId: string) => string | undefined;
  /** Called after every change of a recording's condition. */
  onCondition?: Watched['tell'];
  /** Whether the process was suspended since the last call: the plans may be older than the files by any time. */
  hadGap: () => boolean;
  /** Called with how long each refresh took, in seconds, and whether it succeeded. */
  onRefresh: (seconds: number, result: 'ok' | 'failed') => void;
}

/** How often due credentials are looked for, in milliseconds. */
const RENEWAL_CHECK = 15_000;
/** Recordings are planned for at least so long before another refresh has its turn, in milliseconds. */
const LONGEST_TURN = 50;
/** A stopped account is tried again with one call after this long, in milliseconds. */
const REOPEN_AFTER = 5 * 60_000;

/**
 * Keeps recordings as the files say. Level-based: an event only says that something changed; the files are read again
 * and compared with the state, and after every answer the recording is planned once more. So the end is what the files
 * say, whatever the order of saves and answers.
 *
 * It is the loop: hints lead to a refresh (`RefreshQueue`), a refresh to names that are due (`DueNames`), and each name
 * to its plan and what follows from it (`Reconciler`); answers and time make a name due as well.
 */
export class Daemon {
  readonly #ports: DaemonPorts;
  readonly #watched = new Map<string, Watched>();
  readonly #stopping = new AbortController();
  readonly #due = new DueNames();
  readonly #readiness: Readiness;
  readonly #reconciler: Reconciler;
  readonly #refreshes: RefreshQueue;
  readonly #renewals: Renewals;
  readonly #reports: Reports;
  readonly #problems: Problems;
  #snapshot: Snapshot | undefined;
  #lost: string | undefined;
  /** The refresh after the process was suspended. */
  #refreshAfterGap: Promise<void> = Promise.resolve();
  /** When stopped accounts are tried again, on the monotonic clock. */
  readonly #reopenAt = new Map<string | undefined, number>();

  constructor(ports: DaemonPorts) {
    const { clock, log, onRefresh, fleet, journal, state, noopCache, standby, onCondition } = ports;
    const watched = this.#watched;
    this.#ports = ports;
    this.#readiness = new Readiness(clock, log);
    this.#reconciler = new Reconciler({
      ...{ fleet, journal, state, clock, log, noopCache, standby, watched, onCondition },
      snapshot: () => this.#snapshot as Snapshot,
    });
    this.#refreshes = new RefreshQueue({
      clock,
      stop: this.#stopping.signal,
      refresh: (hint) => this.#refreshOnce(hint),
      // A failed refresh makes `/readyz` red.
      onFailure: (error) => this.#readiness.takeFailure(error),
      onRefresh,
    });
    this.#renewals = new Renewals(clock);
    this.#reports = new Reports({
      clock,
      log,
      renewals: this.#renewals,
      watched,
      accountOf: fleet.accountOf,
    });
    this.#problems = new Problems(log);
  }

  /** Something changed. @param paths that may have changed; left out: any */
  hint(paths?: readonly string[]): void {
    this.#refreshes.hint(paths);
  }

  /** Reads and plans everything again and forgets what was refused; a stopped account is tried again. */
  resyncAll(): void {
    this.#due.addEverything();
    this.#renewals.forget();
    for (const watched of this.#watched.values()) delete watched.refused;
    this.#reopenAt.clear();
    this.#ports.fleet.resume();
    this.hint();
  }

  /** Tries a stopped account again, and no other. */
  #reopen(account: string | undefined): void {
    if (account === undefined) {
      this.resyncAll();
      return;
    }
    const { fleet } = this.#ports;
    this.#reopenAt.delete(account);
    for (const [name, watched] of this.#watched) {
      const appId = watched.plan?.identity?.appId;
      if (appId === undefined || fleet.accountOf(appId) !== account) continue;
      delete watched.refused;
      this.#due.add(name);
    }
    fleet.resume(account);
    this.hint([]);
  }

  /** Resolves when all files have been read and planned once, or cannot be. */
  async waitForInitialSync(): Promise<void> {
    await this.#readiness.begun(() => this.idle(), this.#stopping.signal);
  }

  /** Resolves when every refresh that was asked for is done. */
  async idle(): Promise<void> {
    await this.#refreshes.idle();
  }

  async #refreshOnce(hint: readonly string[] | undefined): Promise<void> {
    const { source, state } = this.#ports;
    const snapshot = await source.refresh(hint);
    // Both ends of a refresh pass over all recordings: other work gets a turn in between.
    await turn();
    this.#problems.tell(snapshot);
    this.#snapshot = snapshot;
    this.#readiness.takeSnapshot(snapshot, state.known);
    // Only after success: a failed refresh has resynced nothing.
    const isAll = this.#due.takeEverything() || snapshot.whole;
    for (const name of isAll ? everyName(snapshot, state.known) : snapshot.changed) this.#due.add(name);
    if (snapshot.files?.size)
      for (const { name, file } of state.known.heads()) if (snapshot.files.has(file)) this.#due.add(name);
    // Names that have just changed come first.
    if (this.#readiness.mayPlan) await this.#reconcileDue(snapshot.changed);
  }

  /** Plans what is due. What is left when it ends before its time is due at the next refresh. */
  async #reconcileDue(first: readonly string[]): Promise<void> {
    const { clock } = this.#ports;
    const began = clock.monotonic();
    const pace = new Pace(clock);
    try {
      for (const planned of this.#reconciler.plan(this.#due.takeInHand(first))) {
        if (this.#stopping.signal.aborted) return;
        // An edit does not wait until thousands of others are planned: the next refresh goes on with these.
        if (this.#refreshes.isAsked && clock.monotonic() - began > LONGEST_TURN) return;
        await this.#follow(planned);
        this.#due.done(planned.name);
        // A thousand files at once must not hold up answers and signals.
        await pace.breathe();
      }
    } finally {
      this.#due.putBack();
    }
  }

  /** Plans one recording again and hands its calls to the engine. */
  async requeue(name: string): Promise<void> {
    // The first refresh plans everything anyway, and an empty folder changes nothing.
    if (!this.#snapshot?.byName.has(name) || !this.#readiness.mayPlan || this.#stopping.signal.aborted)
      return;
    for (const planned of this.#reconciler.plan(new Set([name]))) await this.#follow(planned);
  }

  async #follow(planned: PlannedName): Promise<void> {
    const followed = await this.#reconciler.follow(planned);
    if (followed === 'outdated') await this.requeue(planned.name);
    if (followed === 'unclear') this.#due.add(planned.name);
  }

  /**
   * Whether a call may leave, asked right before: its plan is as new as the last refresh, and after the process was
   * suspended there is a refresh first. A call that may not leave is planned again when the files can be read.
   */
  async stillWanted({ name, file }: Pick<Work, 'name' | 'file'>): Promise<boolean> {
    if (this.#ports.hadGap()) {
      this.#ports.log.info('this process was suspended: the files are read again before anything is sent');
      this.#refreshAfterGap = this.#refreshes.atEverything();
    }
    await this.#refreshAfterGap;
    // A file that is being written is about to say something else.
    if (!this.#readiness.maySend || this.#snapshot?.settling?.includes(file)) {
      this.#due.add(name);
      return false;
    }
    if (!this.#due.has(name)) return true;
    // The recording is still to be planned: that is done now, and once only. A name that no document gives any more is
    // forgotten in its turn.
    if (!this.#snapshot?.byName.has(name)) return false;
    this.#due.remove(name);
    try {
      await this.requeue(name);
    } catch (error) {
      this.#due.add(name);
      throw error;
    }
    return true;
  }

  /** Sends a recording's whole state once more, although nothing has changed. */
  async resend(name: string): Promise<void> {
    const watched = this.#watched.get(name);
    if (!watched?.plan) return;
    watched.owed = new Set(Object.keys(watched.plan.whole) as Endpoint[]);
    await this.requeue(name);
  }

  /** What the engine reports. */
  take(event: ApplyEvent): void {
    this.#reports.take(event);
    if (event.type === 'stopped' || event.type === 'disabled')
      this.#reopenAt.set(event.account, this.#ports.clock.monotonic() + REOPEN_AFTER);
    // The recording is planned again: its file may have changed while the call was in flight.
    if (event.type === 'applied')
      queueMicrotask(() => void this.requeue(event.name).catch((error) => this.#defect(error)));
  }

  /** Renews credentials that are due and reopens a stopped account, until the daemon is stopped. */
  async runTimers(): Promise<void> {
    const { clock, state, fleet } = this.#ports;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(RENEWAL_CHECK, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      for (const [account, at] of [...this.#reopenAt]) if (clock.monotonic() >= at) this.#reopen(account);
      for (const known of this.#renewals.concerned(state))
        if (this.#renewals.isDue(known) && !fleet.isBusy(known.key)) await this.requeue(known.name);
      for (const name of this.#renewals.rested()) {
        this.#watched.get(name)?.refused?.delete('update');
        await this.requeue(name);
      }
    }
  }

  /** Stops refreshing; the engine ends the calls in flight. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
  }

  #defect(error: unknown): void {
    this.#ports.log.error(
      { error: (error as Error).message },
      'a defect of reelstate: this recording is planned again with the next change',
    );
  }

  /** The state cannot be written any more: nothing more is sent, and the process is about to end. */
  lose(why: string): void {
    this.#lost = why;
    this.#ports.fleet.stop();
  }

  /** Why `/readyz` is red. */
  notReady(): string[] {
    return [this.#lost, this.#readiness.trouble, this.#ports.fleet.stopped].filter(
      (reason) => reason !== undefined,
    );
  }

  /** Why `/healthz` is red: the state is lost, or a look at the files hangs. @param limit milliseconds that one may take */
  notHealthy(limit: number): string[] {
    const hangs = this.#refreshes.lasting > limit ? 'reading the files does not end' : undefined;
    return [this.#lost, hangs].filter((reason) => reason !== undefined);
  }

  get watched(): ReadonlyMap<string, Watched> {
    return this.#watched;
  }

  get commit(): Commit | undefined {
    return this.#snapshot?.commit;
  }

  conditions(): Record<ConditionType, number> {
    const numbers = { Ready: 0, Reconciling: 0, Stalled: 0 };
    for (const { condition } of this.#watched.values()) numbers[condition.type]++;
    return numbers;
  }

  /** Recordings whose credentials a program may have given. */
  get concerned(): readonly KnownRecording[] {
    return this.#renewals.concerned(this.#ports.state);
  }

  /** Seconds until storage credentials are next due. */
  nextRenewal(): number | undefined {
    return this.#renewals.next(this.concerned);
  }
}
