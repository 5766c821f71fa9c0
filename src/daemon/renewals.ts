import type { State } from '../model/journal.ts';
import type { KnownRecording } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import { renewalTime } from '../plan/credentials.ts';

/** Temporary credentials are renewed up to this long before they are due, each recording at a moment of its own, in milliseconds. */
const SPREAD = 10 * 60_000;
/** How long a program that failed is left alone, in milliseconds. */
const REST = 60_000;

/** When which recording's storage credentials are to be renewed, and which programs are being left alone. */
export class Renewals {
  readonly #clock: Clock;
  readonly #resting = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether credentials are to be renewed now. */
  isDue({ name, update }: KnownRecording): boolean {
    const due = update.applied && renewalTime(update.applied);
    return due !== undefined && this.#clock.now() + renewalLead(name) >= due && !this.#resting.has(name);
  }

  /** The program for this recording has failed. */
  rest(name: string): void {
    this.#resting.set(name, this.#clock.monotonic() + REST);
  }

  /** Names whose programs have been left alone for long enough; each is given once. */
  rested(): string[] {
    const now = this.#clock.monotonic();
    const names = [...this.#resting].filter(([, until]) => now >= until).map(([name]) => name);
    for (const name of names) this.#resting.delete(name);
    return names;
  }

  forget(): void {
    this.#resting.clear();
  }

  /** Seconds until storage credentials are next due; undefined without any. */
  next(known: Iterable<KnownRecording>): number | undefined {
    let first: number | undefined;
    for (const { update } of known) {
      const due = update.applied && renewalTime(update.applied);
      if (due !== undefined && (first === undefined || due < first)) first = due;
    }
    return first === undefined ? undefined : (first - this.#clock.now()) / 1000;
  }
}

/**
 * The recordings whose credentials a program may have given. What is written down of a recording tells at a glance
 * when there are none, so that of ten thousand few are read.
 */
export function* withCredentials({ known, written }: State): Generator<KnownRecording> {
  for (const [key, recording] of known)
    if (written.get(key)?.includes('"credentials":') !== false) yield recording;
}

/**
 * How much earlier than due a recording renews its credentials, in milliseconds: drawn from its name (FNV-1a), so that
 * a thousand with the same lifetime do not renew in one second, and a restart changes nothing.
 */
export function renewalLead(name: string): number {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  return ((hash >>> 0) / 2 ** 32) * SPREAD;
}
