import type { Intent, JournalEvent, State } from '../../model/journal.ts';
import type { History, HistoryFilter, Holder, StateDump, StateOptions, Writer } from '../../model/store.ts';
import type { Leave } from '../../model/work.ts';
import { Breakdown } from '../breakdown.ts';
import { LostState } from '../errors.ts';
import { forgetLate } from '../fold.ts';
import { type FingerprintKey, keyOf } from '../key.ts';
import { AwayError, type Database, type Moment, type Row } from './database.ts';
import { type Draft, draftOf, intentValues, keep, statementOf } from './drafts.ts';
import { Leases } from './leases.ts';
import * as sql from './statements.ts';
import {
  type KnownState,
  readCalledNames,
  readDump,
  readHistory,
  readKnown,
  readMeta,
  readState,
  takeOver,
  writeDump,
} from './tables.ts';

/** Numbers that are taken at once. */
const NUMBERS_TOGETHER = 50;
/**
 * A request leaves at most so many milliseconds after the quickest answer that the database has given to a statement:
 * one that was admitted longer ago gives its place back. So a process that stood still sends nothing that was agreed on
 * before.
 */
const OLDEST_ADMISSION = 40;
/** A place is taken for the account's second and this margin, in milliseconds, for a request without an answer. */
const MARGIN = 1_000;
/** The same after an answer: for what the clocks round away, less than in the limiter, which holds its place as long. */
const ANSWER_MARGIN = 1;
/** Where no place is free for longer than this, the statement is made again all the same, in milliseconds. */
const LONGEST_WAIT = 250;
/** Calls that are removed from the history at once, and how often, in milliseconds. */
const PRUNED_TOGETHER = 1_000;
const PRUNE_EVERY = 60_000;
/** What is still being recorded at the end is awaited for so long, in milliseconds: the database may be away. */
const LAST_ANSWERS = 500;
/** The same for giving the leases back. */
const LAST_RELEASE = 500;

/** A database that processes share, as one of them writes it. */
export class PostgresWriter implements Writer {
  readonly id: string;
  readonly afterKill = false;
  readonly state: KnownState;
  readonly #db: Database;
  readonly #options: StateOptions;
  readonly #leases: Leases;
  readonly #over = new AbortController();
  #key: FingerprintKey;
  #numbers: number[] = [];
  #numbering: Promise<void> | undefined;
  /** Events of one recording are recorded one after the other. */
  readonly #last = new Map<string, Promise<unknown>>();
  /** Requests that are not over, by their number: whose they are. */
  readonly #inFlight = new Map<number, string>();
  /** Accounts that are being asked for because something of theirs is to be recorded. */
  readonly #claiming = new Map<string, Promise<void>>();
  /** Requests a second, by account. */
  readonly #rates = new Map<string, number>();
  /** Allowances whose places are there. */
  readonly #placed = new Set<string>();
  #prunedAt = Number.NEGATIVE_INFINITY;
  readonly #breakdown = new Breakdown();
  readonly broken = this.#breakdown.broken;

  constructor(db: Database, id: string, key: FingerprintKey, state: KnownState, options: StateOptions) {
    this.#db = db;
    this.id = id;
    this.#key = key;
    this.state = state;
    this.#options = options;
    this.#leases = new Leases({
      db,
      clock: options.shared.clock,
      command: options.command,
      patience: options.shared.patience,
      onWon: (account) => this.#reload(account),
      inFlight: (account) => [...this.#inFlight.values()].filter((other) => other === account).length,
      onBroken: (error) => this.#breakdown.fail(error),
    });
  }

  get key(): Buffer {
    return this.#key.key;
  }

  get trouble(): string | undefined {
    return this.#db.trouble;
  }

  holds(account: string): boolean {
    return this.#leases.holds(account);
  }

  /** Of accounts that another process holds, this one knows what was there when it began or lost them. */
  async current(): Promise<State> {
    return this.#leases.holdsAll ? this.state : readState(this.#db);
  }

  holderOf(account: string): Holder | undefined {
    return this.#leases.others.get(account);
  }

  onClaim(listener: (account: string, held: boolean) => void): void {
    this.#leases.onClaim(listener);
  }

  claim(accounts: readonly string[], patience?: number): Promise<void> {
    return this.#leases.claim(accounts, patience);
  }

  /** What is known of an account that was won, as the holder before has left it. */
  async #reload(account: string): Promise<void> {
    // What is restored meanwhile has its own tables, and stands.
    const before = { ...this.state };
    const read = await this.#again(() => readKnown(this.#db, account));
    takeOver(before, account, read);
    this.state.serial = Math.max(read.serial, this.state.serial + 1);
    // Numbers that were taken before are older than what the other process has recorded since.
    this.#numbers = [];
  }

  async append(event: JournalEvent): Promise<number> {
    const since = this.#options.shared.clock.monotonic();
    return this.#inTurn(event.key, async () => {
      const account = this.#accountOf(event);
      // Nothing was asked for: a command that changes what is known.
      if (!this.#leases.wants(account)) await this.#claimOnce(account);
      await this.#prune();
      const entry = await this.#entry(event);
      await this.#record(account, draftOf(this.state, entry), since);
      if ('of' in entry) this.#inFlight.delete(entry.of);
      return entry.seq;
    });
  }

  #claimOnce(account: string): Promise<void> {
    const claiming = this.#claiming.get(account) ?? this.claim([account], 0);
    this.#claiming.set(account, claiming);
    return claiming;
  }

  /**
   * Recorded under the lease as it is by then. Not at all where another process has it: what it knows counts.
   * @param since when an answer was there, on the monotonic clock
   */
  async #record(account: string, draft: Draft, since: number): Promise<void> {
    for (;;) {
      if (this.#breakdown.error) throw this.#breakdown.error;
      const token = this.#leases.token(account);
      if (token === undefined) return;
      const [row] = await this.#again(() => {
        const ago = this.#options.shared.clock.monotonic() - since;
        const [statement, values] = statementOf(draft, this.#second(account) + ANSWER_MARGIN - ago);
        return this.#db.rows(statement, [account, token, ...values]);
      });
      if (row?.held === 1) return keep(this.state, draft);
      await this.#leases.look();
    }
  }

  async admit(account: string, appId: string, intent?: Intent): Promise<Leave | undefined> {
    const allowance = this.#options.shared.scope === 'app' ? `${account} ${appId}` : account;
    this.#rates.set(account, this.#options.shared.rateOf(appId));
    await this.#makePlaces(account, allowance);
    return intent
      ? this.#inTurn(intent.key, () => this.#admitCall(account, allowance, intent))
      : this.#admitQuery(account, allowance);
  }

  async #admitCall(account: string, allowance: string, intent: Intent): Promise<Leave | undefined> {
    let entry = await this.#entry(intent);
    for (;;) {
      const draft = draftOf(this.state, entry);
      const values = [
        ...draft.values,
        ...intentValues(entry),
        this.#hold(account),
        allowance,
        this.#places(account),
      ];
      const admitted = await this.#admitted(account, sql.ADMIT_CALL, values);
      if (admitted === undefined) return undefined;
      if (typeof admitted === 'object') {
        keep(this.state, draft);
        return this.#leaveFor(entry.seq, true, account, admitted);
      }
      if (admitted === 'unknown') {
        // It may have been recorded: it counts for nothing, and neither does its place.
        const { key, endpoint } = intent;
        const withdrawal = await this.#entry({ event: 'withdraw', key, endpoint, of: entry.seq });
        await this.#record(account, draftOf(this.state, withdrawal), 0);
        entry = await this.#entry(intent);
      } else {
        await this.#options.shared.clock.sleep(admitted, this.#over.signal);
        entry = { ...entry, at: this.#now() };
      }
    }
  }

  async #admitQuery(account: string, allowance: string): Promise<Leave | undefined> {
    for (;;) {
      const number = await this.#number();
      const values = [number, this.#hold(account), allowance, this.#places(account)];
      const admitted = await this.#admitted(account, sql.ADMIT_QUERY, values);
      if (admitted === undefined) return undefined;
      if (typeof admitted === 'object') return this.#leaveFor(number, false, account, admitted);
      if (typeof admitted === 'number') await this.#options.shared.clock.sleep(admitted, this.#over.signal);
    }
  }

  /**
   * Asks once for a place.
   * @returns under which token and when it was asked for; milliseconds after which to ask again; "unknown" where the
   * database did not answer; undefined where another process has the account
   */
  async #admitted(
    account: string,
    statement: string,
    values: readonly unknown[],
  ): Promise<(Moment & { token: string }) | number | 'unknown' | undefined> {
    if (this.#breakdown.error) throw this.#breakdown.error;
    const token = this.#leases.token(account);
    if (token === undefined || !this.holds(account) || this.#over.signal.aborted) return undefined;
    if (!this.#leases.isCertain(account, token)) {
      await this.#leases.look();
      return 0;
    }
    let answer: { rows: Row[]; sent: Moment };
    try {
      answer = await this.#db.ask(statement, [account, token, ...values]);
    } catch (error) {
      if (!(error instanceof AwayError)) throw this.#breakdown.fail(error);
      await this.#leases.look();
      return 'unknown';
    }
    const [row] = answer.rows;
    if (row?.held !== 1) {
      await this.#leases.look();
      return 0;
    }
    if (row.slot !== null) return { ...answer.sent, token };
    return Math.min(LONGEST_WAIT, Math.max(1, Math.ceil(row.wait ?? LONGEST_WAIT)));
  }

  #leaveFor(number: number, isIntent: boolean, account: string, asked: Moment & { token: string }): Leave {
    const { clock } = this.#options.shared;
    const limit = OLDEST_ADMISSION + this.#db.shortest;
    this.#inFlight.set(number, account);
    return {
      of: isIntent ? number : undefined,
      mayLeave: () =>
        clock.monotonic() - asked.mono <= limit &&
        Math.abs(clock.now() - asked.wall) <= limit &&
        this.#breakdown.error === undefined &&
        this.#leases.isCertain(account, asked.token),
      over: (left) => {
        this.#inFlight.delete(number);
        const free = left ? this.#second(account) + ANSWER_MARGIN : 0;
        // Where the database is away, the place is free again after its time.
        this.#db.rows(sql.SETTLE, [number, free]).catch(() => {});
      },
    };
  }

  /** The time in which an account's allowance counts, in milliseconds. */
  #second(account: string): number {
    return 1_000 * Math.max(1, 1 / this.#rateOf(account));
  }

  #hold(account: string): number {
    return this.#second(account) + MARGIN;
  }

  #places(account: string): number {
    return Math.max(1, Math.floor(this.#rateOf(account)));
  }

  /** Known since the account's first request was admitted. */
  #rateOf(account: string): number {
    return this.#rates.get(account) ?? 1;
  }

  async #makePlaces(account: string, allowance: string): Promise<void> {
    if (this.#placed.has(allowance)) return;
    await this.#again(() => this.#db.rows(sql.MAKE_PLACES, [allowance, this.#places(account)]));
    this.#placed.add(allowance);
  }

  #accountOf(event: JournalEvent): string {
    const known = this.state.known.head(event.key)?.account;
    const inFlight = 'of' in event ? this.#inFlight.get(event.of) : undefined;
    const named = event.event === 'intent' || event.event === 'bind' ? event.account : undefined;
    return inFlight ?? known ?? named ?? this.state.owners.get(event.key) ?? '';
  }

  async #entry<T extends JournalEvent>(event: T): Promise<T & { seq: number; at: string }> {
    const seq = await this.#number();
    return { seq, at: this.#now(), ...event };
  }

  #now(): string {
    return new Date(this.#options.now()).toISOString();
  }

  async #number(): Promise<number> {
    for (;;) {
      const number = this.#numbers.shift();
      if (number !== undefined) return number;
      this.#numbering ??= this.#again(() => this.#db.rows(sql.NUMBERS, [NUMBERS_TOGETHER]))
        .then((rows) => {
          this.#numbers.push(...rows.map(({ number: text }) => Number(text)));
        })
        .finally(() => {
          this.#numbering = undefined;
        });
      await this.#numbering;
    }
  }

  /** Shortens the history, a little at a time, and lets go of late calls whose time is over. */
  async #prune(): Promise<void> {
    const { keepHistory, now, shared } = this.#options;
    if (keepHistory === undefined || shared.clock.monotonic() - this.#prunedAt < PRUNE_EVERY) return;
    this.#prunedAt = shared.clock.monotonic();
    const before = new Date(Math.max(0, now() - keepHistory)).toISOString();
    const over = forgetLate(this.state, now());
    for (const key of over) this.state.owners.delete(key);
    await this.#again(() => this.#db.rows(sql.PRUNE, [before, PRUNED_TOGETHER]));
    if (over.length > 0) await this.#again(() => this.#db.rows(sql.DELETE_ORPHANED, [over]));
  }

  #inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const done = before.then(act, act).finally(() => {
      if (this.#last.get(key) === done) this.#last.delete(key);
    });
    this.#last.set(key, done);
    return done;
  }

  /** For as long as the database is away it is tried again; what else goes wrong ends this writer. */
  async #again<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await this.#db.untilAnswered(ask, this.#over.signal, this.#leases.patience);
    } catch (error) {
      throw this.#breakdown.fail(error);
    }
  }

  async checkPlace(): Promise<void> {
    if (this.#breakdown.error) throw this.#breakdown.error;
    const meta = await readMeta(this.#db).catch((error: unknown) => {
      if (error instanceof AwayError) return undefined;
      throw this.#breakdown.fail(error);
    });
    if (this.trouble !== undefined || meta?.id === this.id) return;
    throw this.#breakdown.fail(
      new LostState(`the state in ${this.#db.address.shown} was removed or replaced`),
    );
  }

  history(filter: HistoryFilter): Promise<History> {
    return readHistory(this.#db, filter);
  }

  calledNames(): Promise<string[]> {
    return readCalledNames(this.#db);
  }

  dump(now: number): Promise<StateDump> {
    return readDump(this.#db, this.state, this.#key, now);
  }

  async restore(dump: StateDump): Promise<void> {
    const key = keyOf(dump.key, dump.key_check, this.#options.keyText);
    const leases = await this.#db.rows(sql.LEASES, [null]);
    await this.claim(['', ...leases.map(({ account }) => account as string)], 0);
    await this.#db.transaction((runs) => writeDump(runs, dump, key));
    Object.assign(this.state, await readState(this.#db));
    this.#key = key;
    this.#numbers = [];
  }

  /** Nothing may be in flight any more. */
  async close(): Promise<void> {
    const { clock } = this.#options.shared;
    const quiet = new AbortController();
    const recorded = Promise.allSettled(this.#last.values()).then(() => quiet.abort());
    await Promise.race([recorded, clock.sleep(LAST_ANSWERS, quiet.signal)]);
    this.#over.abort();
    // What is not given back in time runs out by itself.
    await Promise.race([this.#leases.close().catch(() => {}), clock.sleep(LAST_RELEASE)]);
    await this.#db.close();
  }
}
