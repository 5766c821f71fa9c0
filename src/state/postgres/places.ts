import type { SharedOptions } from '../../model/store.ts';
import type { MayLeave } from '../../model/work.ts';
import type { Breakdown } from '../breakdown.ts';
import { AwayError, type Database, type Moment, type Row } from './database.ts';
import type { Leases } from './leases.ts';
import * as sql from './statements.ts';

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

/** A place that was taken: when it was asked for, and under which token. */
export type Taken = Moment & { token: string };

/** The places of the allowances, as the processes share them: each is for one request in an account's second. */
export class Places {
  readonly #db: Database;
  readonly #leases: Leases;
  readonly #shared: SharedOptions;
  readonly #breakdown: Breakdown;
  readonly #over: AbortSignal;
  /** Requests a second, by account. */
  readonly #rates = new Map<string, number>();
  /** Allowances whose places are there. */
  readonly #made = new Set<string>();

  /** @param over none is taken any more */
  constructor(db: Database, leases: Leases, shared: SharedOptions, breakdown: Breakdown, over: AbortSignal) {
    this.#db = db;
    this.#leases = leases;
    this.#shared = shared;
    this.#breakdown = breakdown;
    this.#over = over;
  }

  /** What a request counts against. */
  allowanceOf(account: string, appId: string): string {
    this.#rates.set(account, this.#shared.rateOf(appId));
    return this.#shared.scope === 'app' ? `${account} ${appId}` : account;
  }

  /** Makes the places of an allowance, once. */
  async make(account: string, allowance: string): Promise<void> {
    if (this.#made.has(allowance)) return;
    await this.#db.rows(sql.MAKE_PLACES, [allowance, this.#count(account)]);
    this.#made.add(allowance);
  }

  /**
   * Asks once for a place.
   * @param values of the statement, between the token and the hold
   * @returns when it was asked for; milliseconds after which to ask again; "unknown" where the database did not answer;
   * undefined where another process has the account
   */
  async ask(
    account: string,
    allowance: string,
    statement: string,
    values: readonly unknown[],
  ): Promise<Taken | number | 'unknown' | undefined> {
    if (this.#breakdown.error) throw this.#breakdown.error;
    const token = this.#leases.token(account);
    if (token === undefined || !this.#leases.holds(account) || this.#over.aborted) return undefined;
    if (!this.#leases.isCertain(account, token)) {
      await this.#leases.look();
      return 0;
    }
    const hold = this.#second(account) + MARGIN;
    const all = [account, token, ...values, hold, allowance, this.#count(account)];
    let answer: { rows: Row[]; sent: Moment };
    try {
      answer = await this.#db.ask(statement, all);
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

  /** What tells, for a place that was just taken, whether its request may leave. */
  mayLeave(account: string, { token, mono, wall }: Taken): MayLeave {
    const { clock } = this.#shared;
    const limit = OLDEST_ADMISSION + this.#db.shortest;
    return () =>
      clock.monotonic() - mono <= limit &&
      Math.abs(clock.now() - wall) <= limit &&
      this.#breakdown.error === undefined &&
      this.#leases.isCertain(account, token);
  }

  /** Gives a place back. @param left whether its request may have left */
  settle(account: string, number: number, left: boolean): void {
    const free = left ? this.freeAfter(account) : 0;
    // Where the database is away, the place is free again after its time.
    this.#db.rows(sql.SETTLE, [number, free]).catch(() => {});
  }

  /** Milliseconds after an answer until the place of its request is free. */
  freeAfter(account: string): number {
    return this.#second(account) + ANSWER_MARGIN;
  }

  /** The time in which an account's allowance counts, in milliseconds. */
  #second(account: string): number {
    return 1_000 * Math.max(1, 1 / this.#rateOf(account));
  }

  /** How many places an account's allowance has. */
  #count(account: string): number {
    return Math.max(1, Math.floor(this.#rateOf(account)));
  }

  /** Known since the account's first request was admitted. */
  #rateOf(account: string): number {
    return this.#rates.get(account) ?? 1;
  }
}
