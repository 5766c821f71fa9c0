import type { Engine } from '../apply/engine.ts';
import type { State } from '../model/journal.ts';
import type { Call, KnownRecording, RecordingPlan } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Endpoint } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { Commit, DesiredSource, Snapshot } from '../model/source.ts';
import { Pace, turn } from '../model/turns.ts';
import type { ApplyEvent, Journal, Work } from '../model/work.ts';
import { planRecording } from '../plan/plan.ts';
import { recordBookkeeping } from '../reconcile.ts';
import type { NoopCache } from '../sources/read-cache-file.ts';
import { type ConditionType, callsOf, setCondition, type Watched } from './conditions.ts';
import type { Logger } from './log.ts';
import { abandonedKeys, emptiness, Problems } from './problems.ts';
import { RefreshQueue } from './refresh-queue.ts';
import { Renewals, renewalLead } from './renewals.ts';
import { Reports } from './reports.ts';

export interface DaemonPorts {
  source: DesiredSource;
  engine: Engine;
  journal: Journal & { checkPlace(): Promise<void> };
  /** The state; the journal keeps it up to date. */
  state: State;
  clock: Clock;
  log: Logger;
  /** Remembers for which files and states there is nothing to do. */
  noopCache?: Pick<NoopCache, 'isNoop' | 'remember'>;
  /** Whether the process was suspended since the last call: the plans may be older than the files by any time. */
  hadGap: () => boolean;
  /** Called with how long each refresh took, in seconds, and whether it succeeded. */
  onRefresh: (seconds: number, result: 'ok' | 'failed') => void;
  /** Called after every change of a recording's condition. */
  onCondition?: Watched['tell'];
}

/** How often due credentials are looked for, in milliseconds. */
const RENEWAL_CHECK = 15_000;
const NOT_BEGUN = 'the files have not been read yet';
/** A file that is written all the time delays the start by this at most, in milliseconds. */
const LONGEST_BEGINNING = 5_000;
const BEGINNING_CHECK = 10;
/** Recordings are planned for at least so long before another refresh has its turn, in milliseconds. */
const LONGEST_TURN = 50;
/** A stopped account is tried again with one call after this long, in milliseconds. */
const REOPEN_AFTER = 5 * 60_000;

/**
 * Keeps recordings as the files say. Level-based: an event only says that something changed; the files are read again
 * and compared with the state, and after every answer the recording is planned once more. So the end is what the files
 * say, whatever the order of saves and answers.
 */
export class Daemon {
  readonly #ports: DaemonPorts;
  readonly #watched = new Map<string, Watched>();
  #snapshot: Snapshot | undefined;
  #trouble: string | undefined = NOT_BEGUN;
  #begun = false;
  /** The folder is empty or missing: nothing is planned or forgotten. */
  #blocked = true;
  readonly #startedAt: number;
  /** Names that are still to be planned; they wait while the folder is empty or missing. */
  #owed = new Set<string>();
  /** Names that the refresh under way has still to plan. */
  #inHand = new Set<string>();
  /** The refresh after the process was suspended. */
  #refreshAfterGap: Promise<void> = Promise.resolve();
  /** The last refresh failed: the files may say anything by now. */
  #refreshFailed = false;
  #resyncAll = false;
  readonly #stopping = new AbortController();
  readonly #refreshes: RefreshQueue;
  readonly #renewals: Renewals;
  readonly #reports: Reports;
  readonly #problems: Problems;
  #reopenAt = Number.POSITIVE_INFINITY;

  constructor(ports: DaemonPorts) {
    const { clock, log, onRefresh } = ports;
    this.#ports = ports;
    this.#startedAt = clock.monotonic();
    this.#refreshes = new RefreshQueue({
      clock,
      stop: this.#stopping.signal,
      refresh: (hint) => this.#refreshOnce(hint),
      // A failed refresh makes `/readyz` red.
      onFailure: (error) => {
        this.#refreshFailed = true;
        this.#setTrouble(`the files cannot be read: ${(error as Error).message}`);
      },
      onRefresh,
    });
    this.#renewals = new Renewals(clock);
    this.#reports = new Reports(clock, log, this.#renewals);
    this.#problems = new Problems(log);
  }

  /** Something changed. @param paths that may have changed; left out: any */
  hint(paths?: readonly string[]): void {
    this.#refreshes.hint(paths);
  }

  /** Reads and plans everything again and forgets what was refused; a stopped account is tried again. */
  resyncAll(): void {
    this.#resyncAll = true;
    this.#renewals.forget();
    for (const watched of this.#watched.values()) delete watched.refused;
    this.#ports.engine.resume();
    this.hint();
  }

  /** Resolves when all files have been read and planned once, or cannot be. */
  async waitForInitialSync(): Promise<void> {
    await this.idle();
    const { clock } = this.#ports;
    while (
      !this.#begun &&
      !this.#stopping.signal.aborted &&
      clock.monotonic() < this.#startedAt + LONGEST_BEGINNING
    ) {
      await clock.sleep(BEGINNING_CHECK, this.#stopping.signal);
      await this.idle();
    }
  }

  /** Resolves when every refresh that was asked for is done. */
  async idle(): Promise<void> {
    await this.#refreshes.idle();
  }

  /** Logs what keeps the daemon from being ready, and its recovery. */
  #setTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    if (trouble) this.#ports.log.error(trouble);
    // The start is logged elsewhere.
    else if (this.#trouble !== NOT_BEGUN) this.#ports.log.info('recovered');
    this.#trouble = trouble;
  }

  async #refreshOnce(hint: readonly string[] | undefined): Promise<void> {
    const first = this.#snapshot === undefined || this.#resyncAll;
    const snapshot = await this.#ports.source.refresh(hint);
    this.#refreshFailed = false;
    // Only after success: a failed refresh has resynced nothing.
    if (first) this.#resyncAll = false;
    // Both ends of a refresh pass over all recordings: other work gets a turn in between.
    await turn();
    this.#problems.tell(snapshot);
    this.#snapshot = snapshot;
    const obstacle = emptiness(snapshot, this.#ports.state.known.size);
    // New files count when they have been still for long enough; until then the daemon is not ready.
    this.#begun ||=
      !snapshot.settling?.length || this.#ports.clock.monotonic() > this.#startedAt + LONGEST_BEGINNING;
    this.#setTrouble(obstacle ?? (this.#begun ? undefined : NOT_BEGUN));
    this.#blocked = obstacle !== undefined;
    for (const name of first || snapshot.whole ? this.#everyName(snapshot) : snapshot.changed)
      this.#owed.add(name);
    if (snapshot.files?.size)
      for (const { name, file } of this.#ports.state.known.values())
        if (snapshot.files.has(file)) this.#owed.add(name);
    if (obstacle) return;
    // Names that have just changed come first.
    const names = new Set([...snapshot.changed, ...this.#owed]);
    this.#owed = new Set();
    this.#inHand = names;
    const keys = abandonedKeys(snapshot, this.#ports.state.known.values(), names);
    const began = this.#ports.clock.monotonic();
    const pace = new Pace(this.#ports.clock);
    for (const name of names) {
      if (this.#stopping.signal.aborted) return;
      // An edit does not wait until thousands of others are planned: the next refresh goes on with these.
      if (this.#refreshes.isAsked && this.#ports.clock.monotonic() - began > LONGEST_TURN) {
        for (const left of names) this.#owed.add(left);
        return;
      }
      try {
        await this.#reconcile(name, keys.get(name) ?? []);
      } catch (error) {
        for (const left of names) this.#owed.add(left);
        throw error;
      }
      names.delete(name);
      // A thousand files at once must not hold up answers and signals.
      await pace.breathe();
    }
  }

  #everyName({ byName }: Snapshot): Set<string> {
    return new Set([...byName.keys(), ...[...this.#ports.state.known.values()].map(({ name }) => name)]);
  }

  /** One recording: desired × known → what is to be sent, handed to the engine. */
  async #reconcile(name: string, abandoned: readonly string[]): Promise<void> {
    const snapshot = this.#snapshot as Snapshot;
    const desired = snapshot.byName.get(name);
    if (!desired) return this.#handleMissing(name, abandoned, snapshot);
    const { state, engine, journal, clock, noopCache } = this.#ports;
    const known = desired.identity && state.known.get(recordingKey(desired.identity));
    // Of a known no-op nothing more is read than is asked for.
    const isNoop = noopCache?.isNoop(desired) ?? false;
    const now = clock.now() + (known && !isNoop ? renewalLead(known) : 0);
    const plan = planRecording(desired, state.known, abandoned, {
      now,
      tokensAt: clock.now(),
      isNoop: () => isNoop,
    });
    noopCache?.remember(plan);
    const older = this.#watched.get(name)?.plan?.key;
    // The calls of the recording that had this name before are dropped, unless another name claims it.
    if (older !== undefined && older !== plan.key && engine.isBusy(older) && !isClaimed(older, snapshot))
      engine.drop(older);
    const watched = Object.assign(this.#watch(name, plan.file), { file: plan.file, plan });
    await recordBookkeeping({ recordings: [plan] }, state.known, journal);
    // The file may have changed while the journal was written: this plan is outdated then.
    if (this.#snapshot?.byName.get(name) !== desired) return this.requeue(name);
    for (const superseded of plan.supersedes) engine.drop(superseded);
    this.#act(watched, plan);
  }

  #act(watched: Watched, plan: RecordingPlan): void {
    const { engine } = this.#ports;
    for (const { summary, code, range } of plan.unresolved)
      if (watched.condition.message !== unresolvedMessage(plan))
        this.#ports.log.error(
          {
            recording: plan.name,
            file: range.filename,
            line: range.start.line,
            column: range.start.column,
            code,
          },
          summary,
        );
    const { key, identity, name, file } = plan;
    const obstacle = this.#obstacle(plan);
    if (obstacle || !key || !identity) {
      if (key) engine.drop(key);
      if (obstacle) this.#setCondition(watched, ...obstacle);
      return;
    }
    const calls = callsOf(watched, plan);
    if (calls.length === 0) {
      engine.drop(key);
      const refused = plan.calls[0] && watched.refused?.get(plan.calls[0].endpoint);
      if (refused) this.#setCondition(watched, 'Stalled', refused.reason, refused.message);
      else if (!engine.isBusy(key)) this.#setCondition(watched, 'Ready', 'Applied', 'as its file says');
      return;
    }
    // A call that only repeats the state leaves the condition as it is.
    if (plan.calls.length > 0) this.#setCondition(watched, 'Reconciling', ...reasonOf(plan, calls));
    for (const { summary } of plan.warnings ?? [])
      this.#ports.log.warn({ recording: name, file }, `${summary}; its storage stays as it is`);
    const { commit } = this;
    // Asked for only here: of a recording that needs nothing it would have to be read out of the file.
    const { whole, keeps } = plan;
    engine.submit({ key, name, file, identity, calls, whole, keeps, ...(commit ? { commit } : {}) });
  }

  /** Why nothing is sent for a recording, whatever its plan says. */
  #obstacle({ key, action, notes, unresolved }: RecordingPlan): [ConditionType, string, string] | undefined {
    if (!key) return ['Reconciling', 'Waiting', notes[0] ?? 'waiting'];
    if (action === 'suspended') return ['Ready', 'Suspended', 'left alone, as its file asks'];
    if (unresolved.length > 0) return ['Stalled', 'SecretUnresolved', unresolvedMessage({ unresolved })];
    if (this.#ports.state.known.get(key)?.ended !== undefined)
      return ['Stalled', 'Ended', 'the recording has ended; it is taken up again with a new sid'];
    return undefined;
  }

  /**
   * No document gives this name. While a file or folder has an error, the document may be in it and is not taken for
   * deleted.
   */
  async #handleMissing(
    name: string,
    keys: readonly string[],
    { set, commit, settling }: Snapshot,
  ): Promise<void> {
    const { state, engine, journal, log } = this.#ports;
    // Calls that it asked for and that still wait have lost their reason.
    const asked = this.#watched.get(name)?.plan?.key;
    if (asked !== undefined && engine.isBusy(asked) && !isClaimed(asked, this.#snapshot as Snapshot))
      engine.drop(asked);
    if (set.broken.length > 0) {
      this.#owed.add(name);
      const known = [...state.known.values()].find((recording) => recording.name === name);
      const file = this.#watched.get(name)?.file ?? known?.file;
      // While a file is being moved nothing is wrong with it yet.
      if (file === undefined || settling?.includes(file)) return;
      return this.#setCondition(
        this.#watch(name, file),
        'Stalled',
        'Invalid',
        set.broken.some((path) => file === path || file.startsWith(`${path}/`))
          ? 'its file has an error or cannot be read; the recording stays as it was'
          : `no file claims it, but nothing is forgotten while ${set.broken[0]} has an error`,
      );
    }
    for (const key of keys) {
      const file = state.known.get(key)?.file;
      engine.drop(key);
      await journal.append({ event: 'forget', key });
      log.info(
        { recording: name, file, ...(commit ? { commit: commit.sha } : {}) },
        'forgotten: its file is gone, and the recording goes on as it is',
      );
    }
    this.#watched.delete(name);
  }

  /** Plans one recording again and hands its calls to the engine. */
  async requeue(name: string): Promise<void> {
    // The first refresh plans everything anyway, and an empty folder changes nothing.
    if (!this.#snapshot || this.#blocked || this.#stopping.signal.aborted) return;
    const keys =
      abandonedKeys(this.#snapshot, this.#ports.state.known.values(), new Set([name])).get(name) ?? [];
    if (this.#snapshot.byName.has(name)) await this.#reconcile(name, keys);
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
    if (this.#blocked || this.#refreshFailed || this.#snapshot?.settling?.includes(file)) {
      this.#owed.add(name);
      return false;
    }
    if (!this.#inHand.has(name) && !this.#owed.has(name)) return true;
    // The recording is still to be planned: that is done now, and once only. A name that no document gives any more is
    // forgotten in its turn.
    if (!this.#snapshot?.byName.has(name)) return false;
    this.#inHand.delete(name);
    this.#owed.delete(name);
    try {
      await this.requeue(name);
    } catch (error) {
      this.#owed.add(name);
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
    const { log, clock } = this.#ports;
    switch (event.type) {
      case 'admitted':
      case 'answered':
        break;
      case 'slowed':
        log.warn(
          { hold_seconds: event.hold / 1000, rate: event.rate },
          `the service says ${event.status}: everything is held back`,
        );
        break;
      case 'stopped':
        this.#reopenAt = clock.monotonic() + REOPEN_AFTER;
        log.error(event.message);
        break;
      case 'disabled':
        this.#reopenAt = clock.monotonic() + REOPEN_AFTER;
        log.error(`nothing more is sent for App ID ${event.appId}: ${event.message}`);
        for (const watched of this.#watched.values())
          if (watched.plan?.identity?.appId === event.appId && watched.condition.type === 'Reconciling')
            this.#setCondition(watched, 'Stalled', 'Refused', event.message);
        break;
      default: {
        // An event for a recording that its name no longer stands for changes no condition.
        const watched = this.#watched.get(event.name);
        this.#reports.take(event, watched?.plan?.key === event.key ? watched : undefined);
        // The recording is planned again: its file may have changed while the call was in flight.
        if (event.type === 'applied')
          queueMicrotask(() => void this.requeue(event.name).catch((error) => this.#defect(error)));
      }
    }
  }

  /** Renews credentials that are due and reopens a stopped account, until the daemon is stopped. */
  async runTimers(): Promise<void> {
    const { clock, state, engine } = this.#ports;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(RENEWAL_CHECK, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      await this.#ports.journal.checkPlace();
      if (clock.monotonic() >= this.#reopenAt) {
        this.#reopenAt = Number.POSITIVE_INFINITY;
        this.resyncAll();
      }
      for (const known of this.#renewals.concerned(state))
        if (this.#renewals.isDue(known) && !engine.isBusy(known.key)) await this.requeue(known.name);
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

  #setCondition(watched: Watched, type: ConditionType, reason: string, message: string): void {
    setCondition(watched, type, reason, message, this.#ports.clock.now());
  }

  /** @returns what is watched by this name; a new one where nothing was */
  #watch(name: string, file: string): Watched {
    const since = this.#ports.clock.now();
    const watched: Watched = this.#watched.get(name) ?? {
      name,
      file,
      condition: { type: 'Reconciling', reason: 'New', message: 'not planned yet', since },
      tell: this.#ports.onCondition,
    };
    this.#watched.set(name, watched);
    return watched;
  }

  /** Why `/readyz` is red. */
  notReady(): string[] {
    return [this.#trouble, this.#ports.engine.stopped].filter((reason) => reason !== undefined);
  }

  /** Why `/healthz` is red: a look at the files hangs. @param limit milliseconds that one may take */
  notHealthy(limit: number): string[] {
    return this.#refreshes.lasting > limit ? ['reading the files does not end'] : [];
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

/** Why a recording with these calls is not ready. */
function reasonOf({ notes }: RecordingPlan, calls: readonly Call[]): [reason: string, message: string] {
  const endpoints = calls.map(({ endpoint }) => endpoint).join(' and ');
  if (calls.every(({ notBefore }) => notBefore !== undefined))
    return ['OutcomeUnknown', notes.join('; ') || `${endpoints} to be sent once more`];
  const isRenewal = calls[0]?.reason === 'credentials-expiring';
  return [isRenewal ? 'RenewingCredentials' : 'Applying', `${endpoints} to be sent`];
}

/** Whether a document claims this recording. Goes through all of them, so it is asked last. */
function isClaimed(key: string, { byName }: Snapshot): boolean {
  for (const { identity } of byName.values())
    if (identity !== undefined && recordingKey(identity) === key) return true;
  return false;
}

function unresolvedMessage({ unresolved }: Pick<RecordingPlan, 'unresolved'>): string {
  return unresolved.map(({ summary }) => summary).join('; ');
}
