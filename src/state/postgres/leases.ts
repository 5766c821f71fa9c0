import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../../model/ports.ts';
import type { Holder } from '../../model/store.ts';
import { LockedState, LostState } from '../errors.ts';
import { Beats } from './beats.ts';
import { AwayError, type Database, type Moment, type Row } from './database.ts';
import * as sql from './statements.ts';

/** How long a lease goes on after it was taken or renewed, in milliseconds. */
export const TERM = 4_000;
/** For people. */
const KILLED = `What a killed process held is free after ${TERM / 1_000} s; reelstate state unlock ends it at once.`;
/** How often leases are renewed, and looked for where some are lacking, in milliseconds. */
const BEAT = 1_000;
const LOOK = 400;
/** The same where a row was held by another statement. */
const SOON = 100;
/** Beats in a row with more accounts than its share after which a process hands some on. */
const PATIENT_BEATS = 2;

/** The right to send for an account. */
interface Hold {
  readonly account: string;
  token: string;
  /** Until when no other process can have it: counted from before the statement that took or renewed it was sent. */
  until: Moment;
  /** What is known of the account has been read under it. */
  isReady: boolean;
  /** It is handed on as soon as what is in flight is answered. */
  isLeaving: boolean;
}

export interface LeasesOptions {
  db: Database;
  clock: Clock;
  /** Such as "reelstate watch". */
  command: string;
  /** How long a command waits for a database that is away, in milliseconds. */
  patience: number;
  /** Reads what is known of an account that was won. */
  onWon: (account: string) => Promise<void>;
  /** How many requests of an account are not over. */
  inFlight: (account: string) => number;
  /** Called when the leases themselves are not there any more. */
  onBroken: (error: unknown) => void;
}

/**
 * The leases of one process. An account has one holder at a time. Every taking raises the lease's token, and nothing is
 * written under an older one; what is sent is held against the time that the lease certainly goes on, by both clocks: the
 * monotonic one stands still on a machine that sleeps, and the wall clock can be set.
 */
export class Leases {
  readonly #options: LeasesOptions;
  /** Of this process, among those that share the accounts. */
  readonly #id = randomUUID();
  readonly #about: string;
  readonly #holds = new Map<string, Hold>();
  readonly #wanted = new Set<string>();
  readonly #listeners = new Set<(account: string, held: boolean) => void>();
  readonly #beats: Beats;
  /** Who holds what of the wanted accounts, as last seen. */
  #others = new Map<string, Holder | undefined>();
  /** Accounts are shared out among all processes that do so. */
  #shares = false;
  #excess = 0;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#about = JSON.stringify({ pid: process.pid, host: hostname(), command: options.command });
    this.#beats = new Beats(options.clock, () => this.#beat(), options.onBroken);
  }

  onClaim(listener: (account: string, held: boolean) => void): void {
    this.#listeners.add(listener);
  }

  /** Whether an account was ever asked for. */
  wants(account: string): boolean {
    return this.#wanted.has(account);
  }

  /** Whether this process sends for an account, as far as it knows: the database may be away. */
  holds(account: string): boolean {
    const hold = this.#holds.get(account);
    return hold?.isReady === true && !hold.isLeaving;
  }

  /** How long a database that is away is waited for, in milliseconds: a daemon waits for as long as it takes. */
  get patience(): number {
    return this.#shares ? Number.POSITIVE_INFINITY : this.#options.patience;
  }

  /** Whether it has everything that was ever asked for. */
  get holdsAll(): boolean {
    return [...this.#wanted].every((account) => this.holds(account));
  }

  /** The token under which events of an account are recorded, also while it is being handed on. */
  token(account: string): string | undefined {
    const hold = this.#holds.get(account);
    return hold?.isReady ? hold.token : undefined;
  }

  /** Whether no other process can have an account yet that is held under this token. */
  isCertain(account: string, token: string): boolean {
    const hold = this.#holds.get(account);
    if (hold?.token !== token) return false;
    const { clock } = this.#options;
    const now = { mono: clock.monotonic(), wall: clock.now() };
    // A wall clock that was set back says nothing of how long ago it was.
    return now.mono < hold.until.mono && now.wall < hold.until.wall && now.wall >= hold.until.wall - TERM;
  }

  /** Wanted accounts that another process holds, and which, as last seen. */
  get others(): ReadonlyMap<string, Holder | undefined> {
    return this.#others;
  }

  /**
   * Asks for accounts.
   * @param patience milliseconds to wait for all of them; undefined: they are shared out, and it resolves after one look
   * @throws LockedState that names the holder of one that could not be had in time
   */
  async claim(accounts: readonly string[], patience: number | undefined): Promise<void> {
    const { db, clock } = this.#options;
    const signal = this.#beats.over;
    this.#shares ||= patience === undefined;
    await db.untilAnswered(() => db.rows(sql.MAKE_LEASES, [accounts]), signal, this.patience);
    for (const account of accounts) this.#wanted.add(account);
    const began = clock.monotonic();
    this.#beats.begin();
    await this.look();
    if (patience === undefined) return;
    for (;;) {
      const missing = accounts.filter((account) => !this.holds(account));
      if (missing.length === 0) return;
      // What was taken is about to be read.
      const another = missing.find((account) => !this.#holds.has(account));
      const isOver = clock.monotonic() - began >= patience;
      if (signal.aborted || (another !== undefined && isOver)) {
        for (const account of accounts) this.#wanted.delete(account);
        if (db.trouble !== undefined) throw new LostState(db.trouble);
        throw new LockedState(db.address.shown, this.#others.get(another ?? ''), KILLED);
      }
      await this.#beats.next();
    }
  }

  /** Resolves after another look at the leases, made at once. */
  look(): Promise<void> {
    return this.#beats.now();
  }

  /** @returns milliseconds until the next one */
  async #beat(): Promise<number> {
    const { db } = this.#options;
    const isWhole = await this.#renew();
    const share = this.#shares ? await this.#share() : this.#wanted.size;
    await this.#handOn(share);
    const lacking = [...this.#wanted].filter((account) => !this.#holds.has(account));
    if (lacking.length === 0) {
      this.#others = new Map();
      return isWhole ? BEAT : SOON;
    }
    const room = Math.max(0, share - this.#holds.size);
    if (room > 0) await this.#take(lacking, room);
    const leases = await db.rows(sql.LEASES, [lacking.filter((account) => !this.#holds.has(account))]);
    this.#others = new Map(
      leases.filter(({ left_ms: left }) => left > 0).map((row) => [row.account, holderOf(row)]),
    );
    // As soon as the first may be over.
    const soonest = Math.min(...leases.map(({ left_ms: left }) => Math.max(0, left) + SOON / 5));
    return Math.min(LOOK, isWhole ? soonest : SOON);
  }

  /** @returns false where another statement had a row just now */
  async #renew(): Promise<boolean> {
    const { db } = this.#options;
    const holds = [...this.#holds.values()];
    if (holds.length === 0) return true;
    const accounts = holds.map(({ account }) => account);
    const { rows, sent } = await db.ask(sql.RENEW, [accounts, holds.map(({ token }) => token), TERM]);
    const renewed = new Set(rows.map(({ account }) => account));
    for (const hold of holds) if (renewed.has(hold.account)) hold.until = after(sent);
    const doubtful = holds.filter(({ account }) => !renewed.has(account));
    if (doubtful.length === 0) return true;
    const leases = new Map((await db.rows(sql.LEASES, [accounts])).map((row) => [row.account, row]));
    let isWhole = true;
    for (const hold of doubtful) {
      const lease = leases.get(hold.account);
      if (!lease) throw new LostState(`the leases in ${db.address.shown} were removed under this process`);
      if (lease.token !== hold.token) this.#lose(hold);
      else if (lease.left_ms > 0) isWhole = false;
      // Over, and no other process has had it since: what is known is still right.
      else isWhole &&= await this.#takeBack(hold);
    }
    return isWhole;
  }

  async #takeBack(hold: Hold): Promise<boolean> {
    const { db } = this.#options;
    const { rows, sent } = await db.ask(sql.TAKE, [[hold.account], 1, this.#id, this.#about, TERM]);
    const [taken] = rows;
    if (!taken) return false;
    const isNext = BigInt(taken.token) === BigInt(hold.token) + 1n;
    if (!isNext) {
      this.#lose(hold);
      this.#begin(taken, sent);
      return true;
    }
    hold.token = taken.token;
    hold.until = after(sent);
    return true;
  }

  async #take(accounts: readonly string[], most: number): Promise<void> {
    const { db } = this.#options;
    const { rows, sent } = await db.ask(sql.TAKE, [accounts, most, this.#id, this.#about, TERM]);
    for (const row of rows) this.#begin(row, sent);
  }

  /** It counts once what is known of its account has been read. */
  #begin({ account, token }: Row, sent: Moment): void {
    const hold: Hold = { account, token, until: after(sent), isReady: false, isLeaving: false };
    this.#holds.set(account, hold);
    const isStill = () => this.#holds.get(account) === hold;
    this.#options.onWon(account).then(
      () => {
        if (!isStill()) return;
        hold.isReady = true;
        this.#tell(account, true);
        this.#beats.wake();
      },
      (error: unknown) => {
        if (isStill() && !(error instanceof AwayError)) this.#options.onBroken(error);
      },
    );
  }

  #lose(hold: Hold): void {
    this.#holds.delete(hold.account);
    if (hold.isReady && !hold.isLeaving) this.#tell(hold.account, false);
  }

  #tell(account: string, held: boolean): void {
    for (const listener of this.#listeners) listener(account, held);
  }

  /** How many accounts this process is to have: as many as the others. */
  async #share(): Promise<number> {
    const [row] = await this.#options.db.rows(sql.STAY, [this.#id, TERM]);
    return Math.ceil(this.#wanted.size / Math.max(1, Number(row?.alive)));
  }

  /** What is over its share, and what nothing asks for any more, is handed on when nothing of it is in flight. */
  async #handOn(share: number): Promise<void> {
    const holds = [...this.#holds.values()].filter(({ isReady }) => isReady);
    const staying = holds.filter(({ isLeaving }) => !isLeaving);
    this.#excess = staying.length > share ? this.#excess + 1 : 0;
    if (this.#excess >= PATIENT_BEATS)
      for (const hold of staying.slice(share)) {
        hold.isLeaving = true;
        this.#tell(hold.account, false);
      }
    for (const hold of holds)
      if (hold.isLeaving && this.#options.inFlight(hold.account) === 0) await this.#release(hold);
  }

  async #release({ account, token }: Hold): Promise<void> {
    this.#holds.delete(account);
    await this.#options.db.rows(sql.RELEASE, [account, token]);
  }

  /** Gives everything back. Nothing may be in flight any more. */
  async close(): Promise<void> {
    await this.#beats.close();
    const { db } = this.#options;
    // A database that is away ends the leases by itself.
    const quiet = (error: unknown) => {
      if (!(error instanceof AwayError)) throw error;
    };
    for (const hold of [...this.#holds.values()]) await this.#release(hold).catch(quiet);
    if (this.#shares) await db.rows(sql.LEAVE, [this.#id]).catch(quiet);
  }
}

function after({ mono, wall }: Moment): Moment {
  return { mono: mono + TERM, wall: wall + TERM };
}

function holderOf({ about, since }: Row): Holder | undefined {
  return about === null ? undefined : { ...JSON.parse(about), since: (since as Date).toISOString() };
}
