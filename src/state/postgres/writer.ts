import type { Intent, JournalEvent, State } from '../../model/journal.ts';
import type { History, HistoryFilter, Holder, StateDump, StateOptions, Writer } from '../../model/store.ts';
import type { Leave } from '../../model/work.ts';
import { Breakdown } from '../breakdown.ts';
import { LostState } from '../errors.ts';
import { forgetLate } from '../fold.ts';
import { type FingerprintKey, keyOf } from '../key.ts';
import { AwayError, type Database } from './database.ts';
import { type Draft, draftOf, intentValues, keep, statementOf } from './drafts.ts';
import { Leases } from './leases.ts';
import { Numbers } from './numbers.ts';
import { Places, type Taken } from './places.ts';
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

/** Calls that are removed from the history at once, and how often, in milliseconds. */
const PRUNED_TOGETHER = 1_000;
const PRUNE_EVERY = 60_000;
/** What is recorded last, and then the leases' release, is awaited for so long, in milliseconds: the database may be away. */
const LAST_ANSWERS = 500;

/** A database that processes share, as one of them writes it. */
export class PostgresWriter implements Writer {
  readonly id: string;
  readonly afterKill = false;
  readonly state: KnownState;
  readonly #db: Database;
  readonly #options: StateOptions;
  readonly #leases: Leases;
  readonly #over = new AbortController();
  readonly #places: Places;
  readonly #numbers: Numbers;
  #key: FingerprintKey;
  /** Events of one recording are recorded one after the other. */
  readonly #last = new Map<string, Promise<unknown>>();
  /** Requests that are not over, by their number: whose they are. */
  readonly #inFlight = new Map<number, string>();
  /** Accounts that are being asked for because something of theirs is to be recorded. */
  readonly #claiming = new Map<string, Promise<void>>();
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
    this.#places = new Places(db, this.#leases, options.shared, this.#breakdown, this.#over.signal);
    this.#numbers = new Numbers(async (count) => {
      const rows = await this.#again(() => db.rows(sql.NUMBERS, [count]));
      return rows.map(({ number }) => Number(number));
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
    this.#numbers.drop();
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
        const [statement, values] = statementOf(draft, this.#places.freeAfter(account) - ago);
        return this.#db.rows(statement, [account, token, ...values]);
      });
      if (row?.held === 1) return keep(this.state, draft);
      await this.#leases.look();
    }
  }

  async admit(account: string, appId: string, intent?: Intent): Promise<Leave | undefined> {
    const allowance = this.#places.allowanceOf(account, appId);
    await this.#again(() => this.#places.make(account, allowance));
    return intent
      ? this.#inTurn(intent.key, () => this.#admitCall(account, allowance, intent))
      : this.#admitQuery(account, allowance);
  }

  async #admitCall(account: string, allowance: string, intent: Intent): Promise<Leave | undefined> {
    let entry = await this.#entry(intent);
    for (;;) {
      const draft = draftOf(this.state, entry);
      const values = [...draft.values, ...intentValues(entry)];
      const admitted = await this.#places.ask(account, allowance, sql.ADMIT_CALL, values);
      if (admitted === undefined) return undefined;
      if (typeof admitted === 'object') {
        keep(this.state, draft);
        return { of: entry.seq, ...this.#leaveFor(entry.seq, account, admitted) };
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
      const number = await this.#numbers.next();
      const admitted = await this.#places.ask(account, allowance, sql.ADMIT_QUERY, [number]);
      if (admitted === undefined) return undefined;
      if (typeof admitted === 'object')
        return { of: undefined, ...this.#leaveFor(number, account, admitted) };
      if (typeof admitted === 'number') await this.#options.shared.clock.sleep(admitted, this.#over.signal);
    }
  }

  #leaveFor(number: number, account: string, taken: Taken): Omit<Leave, 'of'> {
    this.#inFlight.set(number, account);
    return {
      mayLeave: this.#places.mayLeave(account, taken),
      over: (left) => {
        this.#inFlight.delete(number);
        this.#places.settle(account, number, left);
      },
    };
  }

  #accountOf(event: JournalEvent): string {
    const known = this.state.known.head(event.key)?.account;
    const inFlight = 'of' in event ? this.#inFlight.get(event.of) : undefined;
    const named = event.event === 'intent' || event.event === 'bind' ? event.account : undefined;
    return inFlight ?? known ?? named ?? this.state.owners.get(event.key) ?? '';
  }

  async #entry<T extends JournalEvent>(event: T): Promise<T & { seq: number; at: string }> {
    const seq = await this.#numbers.next();
    return { seq, at: this.#now(), ...event };
  }

  #now(): string {
    return new Date(this.#options.now()).toISOString();
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
    this.#numbers.drop();
  }

  /** Nothing may be in flight any more. */
  async close(): Promise<void> {
    const { clock } = this.#options.shared;
    const quiet = new AbortController();
    const recorded = Promise.allSettled(this.#last.values()).then(() => quiet.abort());
    await Promise.race([recorded, clock.sleep(LAST_ANSWERS, quiet.signal)]);
    this.#over.abort();
    // What is not given back in time runs out by itself.
    await Promise.race([this.#leases.close().catch(() => {}), clock.sleep(LAST_ANSWERS)]);
    await this.#db.close();
  }
}
