import type { Engine } from '../apply/engine.ts';
import type { State } from '../model/journal.ts';
import type { KnownRecording, RecordingPlan } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { Commit, DesiredSource, Look } from '../model/source.ts';
import type { ApplyEvent, Journal } from '../model/work.ts';
import { meaning } from '../plan/comparable.ts';
import { renewalTime } from '../plan/credentials.ts';
import { planRecording } from '../plan/plan.ts';
import { keepBooks } from '../reconcile.ts';
import type { ConditionType, Standing, Watched } from './conditions.ts';
import type { Logger } from './log.ts';

type CallEvent = Extract<ApplyEvent, { name: string }>;

export interface DaemonPorts {
  source: DesiredSource;
  engine: Engine;
  journal: Journal;
  /** What is known; kept up by the journal. */
  state: State;
  clock: Clock;
  log: Logger;
  /** Told of how long each look took, in seconds, and whether it succeeded. */
  onLook: (seconds: number, result: 'ok' | 'failed') => void;
}

/** Temporary credentials are renewed up to this long before they are due, each recording at a moment of its own, in milliseconds. */
const RENEWAL_SPREAD = 10 * 60_000;
/** How often due credentials are looked for, and how long a failed program is left alone, in milliseconds. */
const RENEWAL_CHECK = 15_000;
const PROGRAM_REST = 60_000;
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
  #hints: Set<string> | 'everything' | undefined;
  #looking: Promise<void> | undefined;
  /** On the monotonic clock. */
  #lookBegan: number | undefined;
  #trouble: string | undefined = 'the first look at the files is not done yet';
  /** Names that are still to be planned; they wait while the folder is empty or missing. */
  #owed = new Set<string>();
  #startOver = false;
  readonly #stopping = new AbortController();
  readonly #programRest = new Map<string, number>();
  #reopenAt = Number.POSITIVE_INFINITY;

  constructor(ports: DaemonPorts) {
    this.#ports = ports;
  }

  /** Something changed. @param paths what is said to have changed; left out: anything may have */
  hint(paths?: readonly string[]): void {
    if (!paths) this.#hints = 'everything';
    else if (this.#hints !== 'everything') this.#hints = new Set([...(this.#hints ?? []), ...paths]);
    this.#looking ??= this.#lookWhileHinted().finally(() => {
      this.#looking = undefined;
      if (this.#hints && !this.#stopping.signal.aborted) this.hint([]);
    });
  }

  /** Everything is looked at and planned again, whatever is thought to be known of it; what was shut is tried. */
  startOver(): void {
    this.#startOver = true;
    this.#programRest.clear();
    for (const watched of this.#watched.values()) delete watched.refused;
    this.#ports.engine.resume();
    this.hint();
  }

  /** Resolves when every look that has been asked for is done. */
  async settled(): Promise<void> {
    while (this.#looking) await this.#looking;
  }

  async #lookWhileHinted(): Promise<void> {
    while (this.#hints && !this.#stopping.signal.aborted) {
      const hint = this.#hints;
      this.#hints = undefined;
      const began = this.#ports.clock.monotonic();
      this.#lookBegan = began;
      const done = (result: 'ok' | 'failed') => {
        this.#lookBegan = undefined;
        this.#ports.onLook((this.#ports.clock.monotonic() - began) / 1000, result);
      };
      try {
        await this.#lookOnce(hint === 'everything' ? undefined : [...hint]);
        done('ok');
      } catch (error) {
        // Nothing is lost by it: the sweep asks again. But nobody shall believe that all is well.
        this.#trouble = `the files cannot be looked at: ${(error as Error).message}`;
        this.#ports.log.error({ error: (error as Error).message }, 'the files cannot be looked at');
        done('failed');
      }
    }
  }

  async #lookOnce(hint: readonly string[] | undefined): Promise<void> {
    const first = this.#look === undefined || this.#startOver;
    this.#startOver = false;
    const look = await this.#ports.source.look(hint);
    this.#tellProblems(look);
    this.#look = look;
    this.#trouble = this.#emptiness(look);
    for (const name of first || look.whole ? this.#everyName(look) : look.changed) this.#owed.add(name);
    if (look.files?.size)
      for (const { name, file } of this.#ports.state.known.values()) if (look.files.has(file)) this.#owed.add(name);
    if (this.#trouble) return;
    const names = this.#owed;
    this.#owed = new Set();
    const keys = this.#abandoned(look, names);
    let worked = this.#ports.clock.monotonic();
    for (const name of names) {
      await this.#reconcile(name, keys.get(name) ?? []);
      // A thousand files at once must not hold up answers and signals.
      if (this.#ports.clock.monotonic() - worked > 10) {
        await new Promise((resolve) => setImmediate(resolve));
        worked = this.#ports.clock.monotonic();
      }
    }
  }

  #everyName({ byName }: Look): Set<string> {
    return new Set([...byName.keys(), ...[...this.#ports.state.known.values()].map(({ name }) => name)]);
  }

  /** Known recordings by name that no document claims any more; none while something is wrong in a file or folder. */
  #abandoned(look: Look, names: ReadonlySet<string>): Map<string, string[]> {
    const keys = new Map<string, string[]>();
    const candidates = [...this.#ports.state.known.values()].filter(({ name }) => names.has(name));
    const own = (name: string) => look.byName.get(name)?.identity;
    const elsewhere = candidates.filter(({ name, key }) => {
      const identity = own(name);
      return !identity || recordingKey(identity) !== key;
    });
    if (elsewhere.length === 0 || look.set.broken.length > 0) return keys;
    const claimed = new Set(
      [...look.byName.values()].flatMap(({ identity }) => (identity ? [recordingKey(identity)] : [])),
    );
    for (const { key, name } of elsewhere)
      if (!claimed.has(key)) keys.set(name, [...(keys.get(name) ?? []), key]);
    return keys;
  }

  /** An empty or missing folder changes nothing: far more often it is a mistake than a wish. */
  #emptiness({ set }: Look): string | undefined {
    const missing = set.diagnostics.find(({ code }) => code === 'directory-not-found');
    if (missing) return missing.summary;
    const { size } = this.#ports.state.known;
    if (set.files > 0 || set.broken.length > 0 || size === 0) return undefined;
    return `there are no recording files, but ${size} recording${size === 1 ? ' is' : 's are'} known: nothing is changed`;
  }

  #told = new Set<string>();
  #tellProblems({ set, commit }: Look): void {
    const now = new Set<string>();
    for (const { severity, code, summary, range } of set.diagnostics) {
      const place = `${range.filename}:${range.start.line}:${range.start.column}`;
      const id = `${place} ${code} ${summary}`;
      now.add(id);
      if (this.#told.has(id)) continue;
      this.#ports.log[severity === 'error' ? 'error' : 'warn'](
        {
          file: range.filename,
          line: range.start.line,
          column: range.start.column,
          code,
          ...(commit ? { commit: commit.sha } : {}),
        },
        summary,
      );
    }
    this.#told = now;
  }

  /** One recording: desired × known → what is to be sent, handed to the engine. */
  async #reconcile(name: string, abandoned: readonly string[]): Promise<void> {
    const look = this.#look as Look;
    const desired = look.byName.get(name);
    if (!desired) return this.#gone(name, abandoned, look);
    const { state, engine, journal, clock } = this.#ports;
    const now = clock.now() + (desired.identity ? renewalLead(desired.name) : 0);
    const plan = planRecording(desired, state.known, abandoned, { now });
    const watched = this.#watched.get(name) ?? {
      name,
      file: plan.file,
      standing: this.#standing('Reconciling', 'New', 'not looked at yet'),
    };
    Object.assign(watched, { file: plan.file, plan });
    this.#watched.set(name, watched);
    await keepBooks({ recordings: [plan] }, state.known, journal);
    for (const older of plan.supersedes) engine.drop(older);
    this.#act(watched, plan);
  }

  #act(watched: Watched, plan: RecordingPlan): void {
    const { engine } = this.#ports;
    const { key, identity, whole, name, file } = plan;
    const obstacle = this.#obstacle(plan);
    if (obstacle || !key || !identity) {
      if (key) engine.drop(key);
      if (obstacle) this.#stand(watched, ...obstacle);
      return;
    }
    // What was refused is not sent again as it is, whatever else happens to the recording.
    const calls = plan.calls.filter(
      ({ endpoint, request }) => watched.refused?.get(endpoint) !== meaning(endpoint, request),
    );
    if (calls.length === 0) {
      engine.drop(key);
      if (plan.calls.length === 0 && !engine.isBusy(key))
        this.#stand(watched, 'Ready', 'Applied', 'as its file says');
      return;
    }
    const reason = calls[0]?.reason === 'credentials-expiring' ? 'RenewingCredentials' : 'Applying';
    const endpoints = calls.map(({ endpoint }) => endpoint).join(' and ');
    this.#stand(watched, 'Reconciling', reason, `${endpoints} to be sent`);
    const { commit } = this;
    engine.submit({ key, name, file, identity, calls, whole, ...(commit ? { commit } : {}) });
  }

  /** Why nothing is sent for a recording, whatever its plan says. */
  #obstacle({ key, action, notes, unresolved }: RecordingPlan): [ConditionType, string, string] | undefined {
    if (!key) return ['Reconciling', 'Waiting', notes[0] ?? 'waiting'];
    if (action === 'suspended') return ['Ready', 'Suspended', 'left alone, as its file asks'];
    if (unresolved.length > 0)
      return ['Stalled', 'SecretUnresolved', unresolved.map(({ summary }) => summary).join('; ')];
    if (this.#ports.state.known.get(key)?.ended !== undefined)
      return ['Stalled', 'Ended', 'the recording has ended; it is taken up again with a new sid'];
    return undefined;
  }

  /** No document gives this name. While something in a file or folder is wrong, nobody can tell that it is deleted. */
  async #gone(name: string, keys: readonly string[], { set, commit }: Look): Promise<void> {
    const { state, engine, journal, log } = this.#ports;
    if (set.broken.length > 0) {
      this.#owed.add(name);
      const known = [...state.known.values()].find((recording) => recording.name === name);
      const file = this.#watched.get(name)?.file ?? known?.file;
      if (file === undefined) return;
      const watched = this.#watched.get(name) ?? {
        name,
        file,
        standing: this.#standing('Reconciling', 'New', ''),
      };
      this.#watched.set(name, watched);
      return this.#stand(
        watched,
        'Stalled',
        'Invalid',
        'its file has an error or cannot be read; the recording stays as it was',
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
    if (!this.#look || this.#trouble || this.#stopping.signal.aborted) return;
    const keys = this.#abandoned(this.#look, new Set([name])).get(name) ?? [];
    if (this.#look.byName.has(name)) await this.#reconcile(name, keys);
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
          'the service says 429: everything is held back',
        );
        break;
      case 'stopped':
        this.#reopenAt = clock.monotonic() + REOPEN_AFTER;
        log.error(event.message);
        break;
      default:
        this.#takeCall(event, this.#watched.get(event.name));
    }
  }

  #takeCall(event: CallEvent, watched: Watched | undefined): void {
    const { log, clock } = this.#ports;
    const { name, endpoint, commit } = event;
    const about = {
      recording: name,
      file: watched?.file,
      endpoint,
      ...(commit ? { commit: commit.sha } : {}),
    };
    if (event.type === 'start') log.debug({ ...about, reason: event.reason }, 'sending');
    else if (event.type === 'applied') {
      log.info({ ...about, ms: Math.round(event.took) }, 'applied');
      if (watched) delete watched.lastError;
      // Compared once more: the file may have changed while the call was on its way.
      queueMicrotask(() => void this.again(name).catch((error) => this.#defect(error)));
    } else {
      if (watched) watched.lastError = { at: clock.now(), endpoint, message: event.message };
      if (event.type === 'repeat') {
        log.warn({ ...about, outcome: event.outcome, again_seconds: event.after / 1000 }, event.message);
        if (watched) this.#stand(watched, 'Reconciling', 'Repeating', event.message);
      } else {
        log.error({ ...about, outcome: event.outcome }, event.message);
        if (watched) this.#takeFailure(event, watched);
      }
    }
  }

  #takeFailure(
    { endpoint, ended, message, name, outcome, status }: CallEvent & { type: 'failed' },
    watched: Watched,
  ): void {
    const { whole } = watched.plan ?? {};
    const program = whole?.update?.storageConfig?.credentials !== undefined && status === undefined;
    if (program) this.#programRest.set(name, this.#ports.clock.monotonic() + PROGRAM_REST);
    else if (outcome === 'refused' && status !== 401 && whole?.[endpoint]) {
      watched.refused ??= new Map();
      watched.refused.set(endpoint, meaning(endpoint, whole[endpoint]));
    }
    this.#stand(
      watched,
      'Stalled',
      ended ? 'Ended' : program ? 'CredentialsUnavailable' : 'Refused',
      message,
    );
  }

  /** Renews credentials that are due and tries what was shut, until it is stopped. */
  async keepTime(): Promise<void> {
    const { clock, state, engine } = this.#ports;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(RENEWAL_CHECK, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      const now = clock.monotonic();
      if (now >= this.#reopenAt) {
        this.#reopenAt = Number.POSITIVE_INFINITY;
        engine.resume();
      }
      for (const known of state.known.values())
        if (this.#isDue(known) && !engine.isBusy(known.key)) await this.again(known.name);
      for (const [name, at] of this.#programRest)
        if (now >= at) {
          this.#programRest.delete(name);
          await this.again(name);
        }
    }
  }

  #isDue({ name, update }: KnownRecording): boolean {
    const due = update.applied && renewalTime(update.applied);
    return (
      due !== undefined && this.#ports.clock.now() + renewalLead(name) >= due && !this.#programRest.has(name)
    );
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

  #standing(type: ConditionType, reason: string, message: string): Standing {
    return { type, reason, message, since: this.#ports.clock.now() };
  }

  #stand(watched: Watched, type: ConditionType, reason: string, message: string): void {
    const before = watched.standing;
    if (before.type === type && before.reason === reason && before.message === message) return;
    watched.standing = {
      ...this.#standing(type, reason, message),
      ...(before.type === type ? { since: before.since } : {}),
    };
  }

  /** Why `/readyz` is red. */
  notReady(): string[] {
    return [this.#trouble, this.#ports.engine.stopped].filter((reason) => reason !== undefined);
  }

  /** Why `/healthz` is red: a look at the files hangs. */
  notHealthy(now: number, limit: number): string[] {
    return this.#lookBegan !== undefined && now - this.#lookBegan > limit
      ? ['a look at the files does not end']
      : [];
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
    const due = [...this.#ports.state.known.values()].flatMap(
      ({ update }) => (update.applied && renewalTime(update.applied)) ?? [],
    );
    return due.length === 0
      ? undefined
      : (due.reduce((a, b) => Math.min(a, b)) - this.#ports.clock.now()) / 1000;
  }
}

/**
 * How much earlier than due a recording renews its credentials, in milliseconds: drawn from its name, so that a
 * thousand with the same lifetime do not renew in one second, and a restart changes nothing.
 */
function renewalLead(name: string): number {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  return ((hash >>> 0) / 2 ** 32) * RENEWAL_SPREAD;
}
