import type { Plan } from '../model/plan.ts';
import type { ApplyResult, CallResult } from '../model/result.ts';
import type { ApplyEvent } from '../model/work.ts';
import { told } from './fleet.ts';

/** Collects what happens to the calls of a plan; a call without an event was not attempted. */
export class Results {
  readonly #plan: Plan;
  readonly #calls = new Map<string, CallResult>();
  /** Recordings held back, with the reason. */
  readonly #held = new Map<string, string>();
  /** Kept beside, because it is asked for at every event. */
  readonly #count = { 'not-attempted': 0, 'sent-not-recorded': 0, applied: 0, failed: 0 };
  /** Calls that were sent and have no answer yet. */
  readonly #away = new Set<string>();
  /** Why accounts were stopped. */
  readonly #stopped: string[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
    for (const { name, calls, unresolved } of plan.recordings)
      if (unresolved.length === 0)
        for (const { endpoint } of calls) this.#set({ name, endpoint, result: 'not-attempted' });
  }

  take(event: ApplyEvent): void {
    if (event.type === 'stopped') this.#stopped.push(told(event.account, event.message) as string);
    if (event.type === 'failed' && event.held) {
      this.#held.set(event.name, event.message);
      return;
    }
    // The call counts as done only after it was sent once more.
    if (event.type === 'delayed')
      this.#set({ name: event.name, endpoint: event.endpoint, result: 'not-attempted' });
    if (event.type === 'start') this.#away.add(keyOf(event));
    if (event.type !== 'applied' && event.type !== 'failed' && event.type !== 'repeat') return;
    this.#away.delete(keyOf(event));
    const { name, endpoint } = event;
    const result: CallResult =
      event.type === 'applied'
        ? { name, endpoint, result: 'applied' }
        : { name, endpoint, result: 'failed', outcome: event.outcome, message: event.message };
    this.#set(result);
  }

  #set(call: CallResult): void {
    const key = keyOf(call);
    const before = this.#calls.get(key);
    if (before) this.#count[before.result] -= 1;
    this.#count[call.result] += 1;
    this.#calls.set(key, call);
  }

  counts(): { planned: number; applied: number; failed: number } {
    const { applied, failed } = this.#count;
    return { planned: this.#calls.size, applied, failed };
  }

  /**
   * @param interrupted why nothing more was sent, if the user or an error ended it
   * @param isRecorded whether every answer could be written down; only then has a call without one been put back
   */
  finish(interrupted?: string, isRecorded = true): ApplyResult {
    if (!isRecorded)
      for (const key of this.#away) {
        const call = this.#calls.get(key);
        if (call?.result === 'not-attempted')
          this.#set({ ...call, result: 'sent-not-recorded', outcome: 'unknown' });
      }
    const calls = [...this.#calls.values()].filter(
      ({ name, result }) => result !== 'not-attempted' || !this.#held.has(name),
    );
    // A run that had nothing left to do was not interrupted.
    const done = calls.every(({ result }) => result === 'applied');
    const stopped = done ? undefined : (interrupted ?? this.#stopped.join('; '));
    return {
      calls,
      forgotten: this.#plan.recordings.filter(({ action }) => action === 'forget').map(({ name }) => name),
      held: this.#plan.recordings.flatMap(({ name, unresolved }) => {
        const message = unresolved.map(({ summary }) => summary).join('; ') || this.#held.get(name);
        return message === undefined ? [] : [{ name, message }];
      }),
      ...(stopped ? { stopped } : {}),
    };
  }
}

function keyOf({ name, endpoint }: { name: string; endpoint: string }): string {
  return `${name}\n${endpoint}`;
}
