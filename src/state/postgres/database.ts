import { Socket } from 'node:net';
import type { Client, ClientConfig, Pool, QueryResult, QueryResultRow } from 'pg';
import { Failure } from '../../model/failure.ts';
import type { Clock } from '../../model/ports.ts';
import { LostState } from '../errors.ts';
import type { Address } from './address.ts';

/** Connections at a time: an account has ten requests a second, and each needs two statements of some milliseconds. */
const MOST = 6;
/** How long a connection may take to come about, and a statement to be answered, in milliseconds: less than a lease. */
const CONNECT = 2_000;
const ANSWER = 2_500;
/** A connection without work is closed after so many milliseconds. */
const IDLE = 10_000;
/**
 * What a session of ours is told, where no pooler stands between (which refuses it): a statement of a client that is
 * gone ends, a session without work does, and nothing takes longer than its answer is waited for. Milliseconds.
 */
const SESSION = Object.entries({
  client_connection_check_interval: 1_000,
  idle_session_timeout: 60_000,
  statement_timeout: ANSWER,
  idle_in_transaction_session_timeout: 5_000,
})
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');

/** How long the server has to hear that a connection is not used any more, in milliseconds. */
const LAST_WORD = 300;

/** Waits between two attempts at a database that cannot be reached, in milliseconds; the last goes on. */
const AGAIN = [50, 100, 200, 400, 800] as const;

/** A row, its columns by name. Whole numbers of 8 bytes come as text. */
export type Row = QueryResultRow;

/** What runs statements. */
export interface Runs {
  rows(sql: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** When a statement was handed to its connection, by both clocks. */
export interface Moment {
  mono: number;
  wall: number;
}

/** A database that can be away for a while. */
export class Database implements Runs {
  readonly address: Address;
  readonly #clock: Clock;
  #pool: Promise<Pool> | undefined;
  /** Of `address.tls`: the way that came about before. */
  #way = 0;
  #options: string | undefined = SESSION;
  /** Of all connections, those included that the library has given up. */
  readonly #sockets = new Set<Socket>();
  #closed = false;
  #trouble: string | undefined;
  /** The shortest time between a statement and its answer since the database was last away, in milliseconds. */
  shortest = Number.POSITIVE_INFINITY;

  constructor(address: Address, clock: Clock) {
    this.address = address;
    this.#clock = clock;
  }

  /** Why nothing can be asked at the moment; undefined when the last statement was answered. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  async rows(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.ask(sql, values)).rows;
  }

  /**
   * Runs a statement once.
   * @returns its rows, and when it was handed to a connection: it has run after that
   * @throws AwayError where the database cannot be reached or did not answer: then it may or may not have run
   */
  async ask(sql: string, values: readonly unknown[] = []): Promise<{ rows: Row[]; sent: Moment }> {
    return this.#using(async (client) => {
      const sent = { mono: this.#clock.monotonic(), wall: this.#clock.now() };
      const { rows } = await run(client, sql, values);
      this.shortest = Math.min(this.shortest, this.#clock.monotonic() - sent.mono);
      return { rows, sent };
    });
  }

  /** Runs several statements in one transaction, once. */
  async transaction<T>(act: (runs: Runs) => Promise<T>, begin = 'begin'): Promise<T> {
    return this.#using(async (client) => {
      const runs: Runs = { rows: async (sql, values = []) => (await run(client, sql, values)).rows };
      await runs.rows(begin);
      try {
        const result = await act(runs);
        await runs.rows('commit');
        return result;
      } catch (error) {
        await runs.rows('rollback').catch(() => {});
        throw error;
      }
    });
  }

  /**
   * The same again and again until it is answered or `until` aborts. For statements that may run twice.
   * @param patience milliseconds after which a database that is away is not waited for any longer
   */
  async untilAnswered<T>(ask: () => Promise<T>, until: AbortSignal, patience: number): Promise<T> {
    const began = this.#clock.monotonic();
    for (let attempt = 0; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        const isOver = until.aborted || this.#closed || this.#clock.monotonic() - began > patience;
        if (!(error instanceof AwayError) || isOver) throw error;
        await this.#clock.sleep(AGAIN[Math.min(attempt, AGAIN.length - 1)] as number, until);
      }
    }
  }

  async #using<T>(act: (client: Client) => Promise<T>): Promise<T> {
    try {
      const client = await this.#connect();
      let failed: unknown;
      try {
        const result = await act(client);
        this.#trouble = undefined;
        return result;
      } catch (error) {
        failed = error;
        throw error;
      } finally {
        // A connection that failed is not used again; one on which a statement was only refused is.
        client.release(failed !== undefined && isAway(failed));
      }
    } catch (error) {
      if (!isAway(error)) throw this.#failureOf(error);
      this.shortest = Number.POSITIVE_INFINITY;
      this.#trouble = `the database ${this.address.shown} cannot be reached: ${wordsOf(error)}`;
      throw new AwayError(this.#trouble, error);
    }
  }

  /** A connection of the pool; a new one is tried in each way that the address allows. */
  async #connect(): Promise<Client & { release(destroy?: boolean): void }> {
    const { tls } = this.address;
    for (let attempt = 1; ; attempt++) {
      this.#pool ??= this.#open();
      const pool = await this.#pool;
      try {
        return await pool.connect();
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        // A pooler that passes on no such parameter (protocol_violation), a server that knows none (undefined_object).
        const isRefused =
          this.#options !== undefined && /^(08P01|42704)$/.test(code ?? '') && /parameter/.test(message);
        if (isRefused) this.#options = undefined;
        else if (attempt < tls.length && isAboutTls(error)) this.#way = (this.#way + 1) % tls.length;
        else throw error;
        void pool.end().catch(() => {});
        this.#pool = undefined;
        if (attempt > tls.length + 1) throw error;
      }
    }
  }

  /** The library is loaded with the first statement: a state in a folder does not need it. */
  async #open(): Promise<Pool> {
    const { default: pg } = await import('pg');
    const { host, port, user, database, password, tls } = this.address;
    const config: ClientConfig = {
      ...{ host, port, user, database },
      // A function, so that the library does not look for one elsewhere.
      password: () => password,
      ssl: tls[this.#way] ?? false,
      application_name: 'reelstate',
      connectionTimeoutMillis: CONNECT,
      query_timeout: ANSWER,
      keepAlive: true,
      stream: () => this.#socket(),
      ...(this.#options === undefined ? {} : { options: this.#options }),
    };
    const pool = new pg.Pool({ ...config, max: MOST, idleTimeoutMillis: IDLE });
    // A connection that is cut while no statement is under way: the next one makes another, or says so.
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    return pool;
  }

  #socket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    return socket.once('close', () => this.#sockets.delete(socket));
  }

  #failureOf(error: unknown): Error {
    const { code = '', message } = error as { code?: string; message: string };
    const where = this.address.shown;
    if (isAboutPassword(error))
      return new Failure(`the database ${where} wants a password, and none is given`, { hint: PASSWORD });
    if (error instanceof Failure || code === '') return error as Error;
    if (/^(28|3D)/.test(code))
      return new Failure(`the database ${where} refuses: ${message}`, {
        hint: PASSWORD,
      });
    if (code === '42501')
      return new Failure(`the user may not do that in ${where}: ${message}`, {
        hint: 'reelstate makes a schema of its own with its first use, and needs the right to: GRANT CREATE ON DATABASE.',
      });
    if (NO_TABLES.test(code))
      return new LostState(`the state in ${where} was removed or changed: ${message}`, { cause: error });
    return new LostState(`the state in ${where} cannot be written: ${message} (${code})`, { cause: error });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pool = await this.#pool?.catch(() => undefined);
    if (!pool) return;
    const ended = new AbortController();
    await Promise.race([pool.end().finally(() => ended.abort()), this.#clock.sleep(LAST_WORD, ended.signal)]);
    // A connection that has gone silent would keep the process alive.
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The schema, a table or a column is not there (PostgreSQL documentation, "Error Codes"). */
export const NO_TABLES = /^(3F000|42P01|42703)$/;

/** For people. */
const PASSWORD = 'A password is read from PGPASSWORD or a password file (PGPASSFILE, else ~/.pgpass).';

/** The library's own word where the server asks for a password and there is none. */
function isAboutPassword(error: unknown): boolean {
  return /^SASL: .*password must be/.test((error as Error).message);
}

/** A statement that the database has not answered. */
export class AwayError extends LostState {
  override name = 'AwayError';

  constructor(message: string, cause: unknown) {
    super(message, { cause });
  }
}

function run(client: Client, sql: string, values: readonly unknown[]): Promise<QueryResult> {
  return client.query(sql, values as unknown[]);
}

/**
 * Whether an error says that the database is away rather than that it refuses: anything that is not its own word, the
 * classes connection exception, insufficient resources and operator intervention, read-only (a standby server), and what
 * another try mends.
 */
function isAway(error: unknown): boolean {
  if (error instanceof Failure || error instanceof TypeError || isAboutPassword(error)) return false;
  const { code, severity } = error as { code?: string; severity?: string };
  if (severity === undefined) return true;
  return /^(08|53|57|25006|40|55P03)/.test(code ?? '');
}

function isAboutTls(error: unknown): boolean {
  const { code, message } = error as { code?: string; message: string };
  // Of pg_hba.conf: it wants the other way (invalid_authorization_specification).
  return /does not support SSL/.test(message) || (code === '28000' && /encryption/.test(message));
}

function wordsOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  const plain: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there (connection refused)',
    ENOTFOUND: 'the name cannot be resolved (DNS)',
    EAI_AGAIN: 'the name cannot be resolved (DNS)',
  };
  return plain[code ?? ''] ?? (message || code || 'no connection');
}
