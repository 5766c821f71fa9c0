import type { JournalEntry, State } from '../../model/journal.ts';
import type { Db, Prepared } from './database.ts';
import * as sql from './statements.ts';
import { valuesOf } from './tables.ts';

/** Calls that are removed from the history at once. */
const PRUNED_TOGETHER = 1_000;

/** The history of calls, and those in it that may still take effect though their recordings were forgotten. */
export class CallRows {
  readonly #db: Db;
  readonly #state: State;
  readonly #statements: Record<'add' | 'answer' | 'delete', Prepared>;
  /** Keys that stand in the table of calls that may still take effect. */
  readonly #orphaned: Set<string>;

  /** @param state as it is in the tables */
  constructor(db: Db, state: State) {
    this.#db = db;
    this.#state = state;
    this.#orphaned = new Set(state.orphaned.keys());
    this.#statements = {
      add: db.prepare(sql.ADD_CALL),
      answer: db.prepare(sql.ANSWER_CALL),
      delete: db.prepare(sql.DELETE_CALL),
    };
  }

  /** Writes what an entry changes, once it is in the state. */
  record(entry: JournalEntry): void {
    const { seq, at, key } = entry;
    const statements = this.#statements;
    if (entry.event === 'intent') {
      const { name, file, identity, endpoint, reason, commit } = entry;
      const call = { seq, at, key, name, file, sid: identity.sid, endpoint, reason };
      statements.add.run(...valuesOf({ ...call, ...(commit ? { commit } : {}) }));
    } else if (entry.event === 'answer')
      statements.answer.run(at, entry.outcome, entry.status ?? null, entry.message ?? null, entry.of);
    else if (entry.event === 'withdraw') statements.delete.run(entry.of);
    this.#keepOrphaned(key);
  }

  /** Only few recordings ever have such calls. */
  #keepOrphaned(key: string): void {
    const { orphaned } = this.#state;
    if (orphaned.size === 0 && this.#orphaned.size === 0) return;
    for (const gone of [...this.#orphaned].filter((other) => !orphaned.has(other))) {
      this.#db.prepare(sql.DELETE_ORPHANED).run(gone);
      this.#orphaned.delete(gone);
    }
    const calls = orphaned.get(key);
    if (!calls) return;
    this.#db.prepare(sql.SET_ORPHANED).run(key, JSON.stringify(calls));
    this.#orphaned.add(key);
  }

  /** Shortens the history, a little at a time. @param before milliseconds since 1970 */
  prune(before: number): void {
    this.#db.prepare(sql.PRUNE).run(PRUNED_TOGETHER, new Date(Math.max(0, before)).toISOString());
  }
}
