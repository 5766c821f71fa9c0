import type { Intent, JournalEntry, State } from '../../model/journal.ts';
import type { LateCall } from '../../model/plan.ts';
import type { Endpoint } from '../../model/recording.ts';
import { emptyState, fold } from '../fold.ts';
import type { KnownTexts } from './known-texts.ts';
import * as sql from './statements.ts';
import type { KnownState } from './tables.ts';

/** What an event makes of its recording, before that is durable. */
export interface Draft {
  readonly entry: JournalEntry;
  readonly known: KnownTexts;
  readonly calls: Record<Endpoint, LateCall[]> | undefined;
  /** Of the statements: $3 to $7. */
  readonly values: readonly unknown[];
}

/** @param before stays as it is */
export function draftOf(before: KnownState, entry: JournalEntry): Draft {
  const { key, seq } = entry;
  const calls = before.orphaned.get(key);
  const known = before.known.draft(key);
  const state: State = {
    ...emptyState(known),
    serial: seq - 1,
    orphaned: new Map(calls ? [[key, structuredClone(calls)]] : []),
  };
  fold(state, entry);
  const row = known.head(key);
  const left = state.orphaned.get(key);
  // Whose calls are left over is kept with these, and says nothing of a recording that is known anew.
  const account = row ? row.account : (before.known.head(key)?.account ?? before.owners.get(key));
  return {
    ...{ entry, known, calls: left },
    values: [
      ...[key, row?.target ?? null, account ?? null, row?.text ?? null],
      left && left.update.length + left.updateLayout.length > 0 ? JSON.stringify(left) : null,
    ],
  };
}

/** What is durable counts. */
export function keep(state: KnownState, { entry: { key, seq }, known, calls }: Draft): void {
  const row = known.head(key);
  const account = state.known.head(key)?.account;
  if (row) state.known.rows.set(key, row);
  else {
    state.known.delete(key);
    if (account !== undefined) state.owners.set(key, account);
  }
  if (calls) state.orphaned.set(key, calls);
  else state.orphaned.delete(key);
  state.serial = Math.max(seq, state.serial + 1);
}

/**
 * The statement that records a draft, and its values from $3 on.
 * @param settle milliseconds until the place of a call that was answered is free
 */
export function statementOf({ entry, values }: Draft, settle: number): [sql: string, values: unknown[]] {
  switch (entry.event) {
    case 'intent':
      return [sql.INTEND, [...values, ...intentValues(entry)]];
    case 'answer': {
      const { of, at, outcome, status, message } = entry;
      return [sql.ANSWER, [...values, of, settle, at, outcome, status ?? null, message ?? null]];
    }
    case 'withdraw':
      return [sql.WITHDRAW, [...values, entry.of, 0]];
    default:
      return [sql.CHANGE, [...values]];
  }
}

/** Of the statements: $8 to $15. */
export function intentValues(entry: Intent & { seq: number; at: string }): unknown[] {
  const { seq, at, name, file, identity, endpoint, reason, commit } = entry;
  return [seq, at, name, file, identity.sid, endpoint, reason, commit ? JSON.stringify(commit) : null];
}
