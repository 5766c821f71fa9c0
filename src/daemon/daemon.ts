import type { Engine } from '../apply/engine.ts';
import type { State } from '../model/journal.ts';
import type { Call, RecordingPlan } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Endpoint } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { Commit, DesiredSource, Look } from '../model/source.ts';
import { Pace, turn } from '../model/turns.ts';
import type { ApplyEvent, Journal, Work } from '../model/work.ts';
import { planRecording } from '../plan/plan.ts';
import { keepBooks } from '../reconcile.ts';
import type { Settlements } from '../sources/outline-cache.ts';
import { type ConditionType, callsOf, stand, type Watched } from './conditions.ts';
import type { Logger } from './log.ts';
import { Looks } from './looks.ts';
import { abandonedKeys, emptiness, Problems } from './problems.ts';
import { Renewals, renewalLead } from './renewals.ts';
import { Reports } from './reports.ts';

export interface DaemonPorts {
  source: DesiredSource;
  engine: Engine;
  journal: Journal & { checkPlace(): Promise<void> };
  /** What is known; kept up by the journal. */
  state: State;
  clock: Clock;
  log: Logger;
  /** What is known already to need nothing. */
  settlements?: Pick<Settlements, 'isSettled' | 'settle'>;
  /** Whether the process stood still since this was last asked: what is planned may be older than the files by any time. */
  hadGap: () => boolean;
  /** Told of how long each look took, in seconds, and whether it succeeded. */
  onLook: (seconds: number, result: 'ok' | 'failed') => void;
}

/** How often due credentials are looked for, in milliseconds. */
const RENEWAL_CHECK = 15_000;
const NOT_BEGUN = 'the first look at the files is not done yet';
/** A file that is written all the time keeps nobody from beginning for longer than this, in milliseconds. */
const LONGEST_BEGINNING = 5_000;
const BEGINNING_CHECK = 10;
/** Recordings are planned for at least so long before another look has its turn, in milliseconds. */
const LONGEST_TURN = 50;
/** A stopped account is tried again with one call after this long, in milliseconds. */
const REOPEN_AFTER = 5 * 60_000;

/**
 * Keeps recordings as the files say. Level-based: an event only says that something changed; the files are read
 * again and compared with what is known, and after every answer the recording is compared once more. So
 * whatever the order of saves and answers, the end is what the files say.
 */
export class Daemon {
  readonly #ports: DaemonPorts;
  readonly #watched = new Map<string, Watched>();
  #look: Look | undefined;
  #trouble: string | undefined = NOT_BEGUN;
  #begun = false;
  /** The folder is empty or missing: nothing follows from what is, or is not, in it. */
  #blocked = true;
  readonly #startedAt: number;
  /** Names that are still to be planned; they wait while the folder is empty or missing. */
  #owed = new Set<string>();
  /** Names that the look under way has still to plan. */
  #inHand = new Set<string>();
  /** The look after the process stood still. */
  #relook: Promise<void> = Promise.resolve();
  /** The last look could not be made: the files may say anything by now. */
  #lookFailed = false;
  #startOver = false;
  readonly #stopping = new AbortController();
  readonly #looks: Looks;
  readonly #renewals: Renewals;
  readonly #reports: Reports;
  readonly #problems: Problems;
  #reopenAt = Number.POSITIVE_INFINITY;

  constructor(ports: DaemonPorts) {
    const { clock, log, onLook } = ports;
    this.#ports = ports;
    this.#startedAt = clock.monotonic();
    this.#looks = new Looks({
      clock,
      stop: this.#stopping.signal,
      look: (hint) => this.#lookOnce(hint),
      // Nobody shall believe that all is well.
      onFailure: (error) => {
        this.#lookFailed = true;
        this.#setTrouble(`the files cannot be looked at: ${(error as Error).message}`);
      },
      onLook,
    });
    this.#renewals = new Renewals(clock);
    this.#reports = new Reports(clock, log, this.#renewals);
    this.#problems = new Problems(log);
  }

  /** Something changed. @param paths what is said to have changed; left out: anything may have */
  hint(paths?: readonly string[]): void {
    this.#looks.hint(paths);
  }

  /** Everything is looked at and planned again, whatever is thought to be known of it; what was shut is tried. */
  startOver(): void {
    this.#startOver = true;
    this.#renewals.forget();
    for (const watched of this.#watched.values()) delete watched.refused;
    this.#ports.engine.resume();
    this.hint();
  }

  /** Resolves when the first look is done, or cannot be. */
  async first(): Promise<void> {
    await this.settled();
    const { clock } = this.#ports;
    while (
      !this.#begun &&
      !this.#stopping.signal.aborted &&
      clock.monotonic() < this.#startedAt + LONGEST_BEGINNING
    ) {
      await clock.sleep(BEGINNING_CHECK, this.#stopping.signal);
      await this.settled();
    }
  }

  /** Resolves when every look that has been asked for is done. */
  async settled(): Promise<void> {
    await this.#looks.settled();
  }

  /** Says what stands in the way of everything, and when it no longer does. */
  #setTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    if (trouble) this.#ports.log.error(trouble);
    // That it has begun is told otherwise.
    else if (this.#trouble !== NOT_BEGUN) this.#ports.log.info('what stood in the way is over');
    this.#trouble = trouble;
  }

  async #lookOnce(hint: readonly string[] | undefined): Promise<void> {
    const first = this.#look === undefined || this.#startOver;
    const look = await this.#ports.source.look(hint);
    this.#lookFailed = false;
    // Only now: a look that failed has started nothing over.
    if (first) this.#startOver = false;
    // Both ends of a look pass over all there is: others have a turn in between.
    await turn();
    this.#problems.tell(look);
    this.#look = look;
    const obstacle = emptiness(look, this.#ports.state.known.size);
    // Fresh files are taken when they have stood still; until then it has not begun.
    this.#begun ||=
      !look.settling?.length || this.#ports.clock.monotonic() > this.#startedAt + LONGEST_BEGINNING;
    this.#setTrouble(obstacle ?? (this.#begun ? undefined : NOT_BEGUN));
    this.#blocked = obstacle !== undefined;
    for (const name of first || look.whole ? this.#everyName(look) : look.changed) this.#owed.add(name);
    if (look.files?.size)
      for (const { name, file } of this.#ports.state.known.values())
        if (look.files.has(file)) this.#owed.add(name);
    if (obstacle) return;
    // What has just changed comes first.
    const names = new Set([...look.changed, ...this.#owed]);
    this.#owed = new Set();
    this.#inHand = names;
    const keys = abandonedKeys(look, this.#ports.state.known.values(), names);
    const began = this.#ports.clock.monotonic();
    const pace = new Pace(this.#ports.clock);
    for (const name of names) {
      if (this.#stopping.signal.aborted) return;
      // An edit does not wait until thousands of others are planned: the look at it goes on with these.
      if (this.#looks.isAsked && this.#ports.clock.monotonic() - began > LONGEST_TURN) {
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

  #everyName({ byName }: Look): Set<string> {
    return new Set([...byName.keys(), ...[...this.#ports.state.known.values()].map(({ name }) => name)]);
  }

  /** One recording: desired × known → what is to be sent, handed to the engine. */
  async #reconcile(name: string, abandoned: readonly string[]): Promise<void> {
    const look = this.#look as Look;
    const desired = look.byName.get(name);
    if (!desired) return this.#gone(name, abandoned, look);
    const { state, engine, journal, clock, settlements } = this.#ports;
    const known = desired.identity && state.known.get(recordingKey(desired.identity));
    // Of what is settled nothing is read that is not asked for.
    const isSettled = settlements?.isSettled(desired) ?? false;
    const now = clock.now() + (known && !isSettled ? renewalLead(known) : 0);
    const plan = planRecording(desired, state.known, abandoned, {
      now,
      tokensAt: clock.now(),
      isSettled: () => isSettled,
    });
    settlements?.settle(plan);
    const older = this.#watched.get(name)?.plan?.key;
    // What its name stood for before is nobody's any more, unless another name has taken it.
    if (older !== undefined && older !== plan.key && engine.isBusy(older) && !isClaimed(older, look))
      engine.drop(older);
    const watched = Object.assign(this.#watch(name, plan.file), { file: plan.file, plan });
    await keepBooks({ recordings: [plan] }, state.known, journal);
    // While that was written the file may have changed again: this plan is outdated then.
    if (this.#look?.byName.get(name) !== desired) return this.again(name);
    for (const superseded of plan.supersedes) engine.drop(superseded);
    this.#act(watched, plan);
  }

  #act(watched: Watched, plan: RecordingPlan): void {
    const { engine } = this.#ports;
    for (const { summary, code, range } of plan.unresolved)
      if (watched.standing.message !== unresolvedMessage(plan))
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
      if (obstacle) this.#stand(watched, ...obstacle);
      return;
    }
    const calls = callsOf(watched, plan);
    if (calls.length === 0) {
      engine.drop(key);
      const refused = plan.calls[0] && watched.refused?.get(plan.calls[0].endpoint);
      if (refused) this.#stand(watched, 'Stalled', refused.reason, refused.message);
      else if (!engine.isBusy(key)) this.#stand(watched, 'Ready', 'Applied', 'as its file says');
      return;
    }
    // What is only sent once more changes nothing about where the recording stands.
    if (plan.calls.length > 0) this.#stand(watched, 'Reconciling', ...reasonOf(plan, calls));
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

  /** No document gives this name. While something in a file or folder is wrong, nobody can tell that it is deleted. */
  async #gone(name: string, keys: readonly string[], { set, commit, settling }: Look): Promise<void> {
    const { state, engine, journal, log } = this.#ports;
    // What still waits of what it asked for has lost its reason.
    const asked = this.#watched.get(name)?.plan?.key;
    if (asked !== undefined && engine.isBusy(asked) && !isClaimed(asked, this.#look as Look))
      engine.drop(asked);
    if (set.broken.length > 0) {
      this.#owed.add(name);
      const known = [...state.known.values()].find((recording) => recording.name === name);
      const file = this.#watched.get(name)?.file ?? known?.file;
      // While a file is being moved nothing is wrong with it yet.
      if (file === undefined || settling?.includes(file)) return;
      return this.#stand(
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

  /** Plans one recording again and hands over what is to be done. */
  async again(name: string): Promise<void> {
    // The first look plans everything anyway, and an empty folder changes nothing.
    if (!this.#look || this.#blocked || this.#stopping.signal.aborted) return;
    const keys = abandonedKeys(this.#look, this.#ports.state.known.values(), new Set([name])).get(name) ?? [];
    if (this.#look.byName.has(name)) await this.#reconcile(name, keys);
  }

  /**
   * Whether a call may leave, asked right before: its plan is as new as the last look, and after the process stood still
   * there is a look first. What may not is planned again when the files can be looked at.
   */
  async stillWanted({ name, file }: Pick<Work, 'name' | 'file'>): Promise<boolean> {
    if (this.#ports.hadGap()) {
      this.#ports.log.info(
        'this process stood still for a while: the files are looked at before anything is sent',
      );
      this.#relook = this.#looks.atEverything();
    }
    await this.#relook;
    // A file in motion is about to say something else.
    if (this.#blocked || this.#lookFailed || this.#look?.settling?.includes(file)) {
      this.#owed.add(name);
      return false;
    }
    if (!this.#inHand.has(name) && !this.#owed.has(name)) return true;
    // Its turn has not come: it comes now, and once only. What no document names any more is forgotten when it has.
    if (!this.#look?.byName.has(name)) return false;
    this.#inHand.delete(name);
    this.#owed.delete(name);
    try {
      await this.again(name);
    } catch (error) {
      this.#owed.add(name);
      throw error;
    }
    return true;
  }

  /** Sends a recording's whole state once more, although nothing has changed. */
  async sendAgain(name: string): Promise<void> {
    const watched = this.#watched.get(name);
    if (!watched?.plan) return;
    watched.owed = new Set(Object.keys(watched.plan.whole) as Endpoint[]);
    await this.again(name);
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
          if (watched.plan?.identity?.appId === event.appId && watched.standing.type === 'Reconciling')
            this.#stand(watched, 'Stalled', 'Refused', event.message);
        break;
      default: {
        // What is heard of a recording that its name no longer stands for concerns nobody.
        const watched = this.#watched.get(event.name);
        this.#reports.take(event, watched?.plan?.key === event.key ? watched : undefined);
        // Compared once more: the file may have changed while the call was on its way.
        if (event.type === 'applied')
          queueMicrotask(() => void this.again(event.name).catch((error) => this.#defect(error)));
      }
    }
  }

  /** Renews credentials that are due and tries what was shut, until it is stopped. */
  async keepTime(): Promise<void> {
    const { clock, state, engine } = this.#ports;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(RENEWAL_CHECK, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      await this.#ports.journal.checkPlace();
      if (clock.monotonic() >= this.#reopenAt) {
        this.#reopenAt = Number.POSITIVE_INFINITY;
        this.startOver();
      }
      for (const known of this.#renewals.concerned(state))
        if (this.#renewals.isDue(known) && !engine.isBusy(known.key)) await this.again(known.name);
      for (const name of this.#renewals.rested()) {
        this.#watched.get(name)?.refused?.delete('update');
        await this.again(name);
      }
    }
  }

  /** Stops looking; what is in flight is for the engine to end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.settled();
  }

  #defect(error: unknown): void {
    this.#ports.log.error(
      { error: (error as Error).message },
      'a defect of reelstate: this recording is looked at again with the next change',
    );
  }

  #stand(watched: Watched, type: ConditionType, reason: string, message: string): void {
    stand(watched, type, reason, message, this.#ports.clock.now());
  }

  /** @returns what is watched by this name; a new one where nothing was */
  #watch(name: string, file: string): Watched {
    const since = this.#ports.clock.now();
    const watched: Watched = this.#watched.get(name) ?? {
      name,
      file,
      standing: { type: 'Reconciling', reason: 'New', message: 'not looked at yet', since },
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
    return this.#looks.lasting > limit ? ['a look at the files does not end'] : [];
  }

  get watched(): ReadonlyMap<string, Watched> {
    return this.#watched;
  }

  get commit(): Commit | undefined {
    return this.#look?.commit;
  }

  conditions(): Record<ConditionType, number> {
    const numbers = { Ready: 0, Reconciling: 0, Stalled: 0 };
    for (const { standing } of this.#watched.values()) numbers[standing.type]++;
    return numbers;
  }

  /** Seconds until storage credentials are next due. */
  nextRenewal(): number | undefined {
    return this.#renewals.next(this.#renewals.concerned(this.#ports.state));
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

/** Whether some document is about this recording. Goes through all of them, so it is asked last. */
function isClaimed(key: string, { byName }: Look): boolean {
  for (const { identity } of byName.values())
    if (identity !== undefined && recordingKey(identity) === key) return true;
  return false;
}

function unresolvedMessage({ unresolved }: Pick<RecordingPlan, 'unresolved'>): string {
  return unresolved.map(({ summary }) => summary).join('; ');
}
