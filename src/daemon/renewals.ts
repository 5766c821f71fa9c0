import type { State } from '../model/journal.ts';
import type { KnownRecording } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import { renewalTime } from '../plan/credentials.ts';

/** Temporary credentials are renewed up to this long before they are due, each recording at a moment of its own, in milliseconds. */
const SPREAD = 10 * 60_000;
/** How long a program is left alone that failed, and one whose credentials the service refused, in milliseconds; twice as long each time in a row, up to an hour. */
const REST = { failed: 60_000, refused: 5 * 60_000 } as const;
const LONGEST_REST = 60 * 60_000;

/** When which recording's storage credentials are to be renewed, and which programs are being left alone. */
export class Renewals {
  readonly #clock: Clock;
  readonly #resting = new Map<string, number>();
  /** Failures in a row. */
  readonly #times = new Map<string, number>();
  /** Up to the journal entry of that number. */
  #concerned: { serial: number; recordings: readonly KnownRecording[] } = { serial: -1, recordings: [] };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a recording's credentials are to be renewed now. */
  isDue(known: KnownRecording): boolean {
    const { name, update } = known;
    const due = update.applied && renewalTime(update.applied);
    return due !== undefined && this.#clock.now() + renewalLead(known) >= due && !this.#resting.has(name);
  }

  /** The program for this recording has failed, or the service has refused what it printed. */
  rest(name: string, why: keyof typeof REST): void {
    const times = this.#times.get(name) ?? 0;
    this.#times.set(name, times + 1);
    this.#resting.set(
      name,
      this.#clock.monotonic() + Math.min(LONGEST_REST, REST[why] * 2 ** Math.min(times, 6)),
    );
  }

  /** Names whose programs have been left alone for long enough; each is given once. */
  rested(): string[] {
    const now = this.#clock.monotonic();
    const names = [...this.#resting].filter(([, until]) => now >= until).map(([name]) => name);
    for (const name of names) this.#resting.delete(name);
    return names;
  }

  /** The credentials were applied: the row of failures ends. */
  well(name: string): void {
    this.#resting.delete(name);
    this.#times.delete(name);
  }

  forget(): void {
    this.#resting.clear();
    this.#times.clear();
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

  /**
   * The recordings whose credentials a program may have given. Their heads tell which have none, so that few of ten
   * thousand are read; and all are gone through only after a journal entry.
   */
  concerned({ known, serial }: State): readonly KnownRecording[] {
    if (this.#concerned.serial !== serial) {
      const concerned = [...known.heads()].filter(({ hasCredentials }) => hasCredentials);
      this.#concerned = { serial, recordings: concerned.flatMap(({ key }) => known.get(key) ?? []) };
    }
    return this.#concerned.recordings;
  }
}

/**
 * How much earlier than due a recording renews its credentials, in milliseconds: drawn from its name (FNV-1a), so that
 * a thousand with the same lifetime do not renew in one second, and a restart changes nothing.
 */
export function renewalLead({ name, update }: KnownRecording): number {
  const due = update.applied && renewalTime(update.applied);
  if (!update.applied || due === undefined) return 0;
  let hash = 2166136261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  // Credentials that live for minutes are renewed at most a quarter of their life early, or they would be due again at
  // once.
  return ((hash >>> 0) / 2 ** 32) * Math.min(SPREAD, Math.max(0, due - update.applied.at) / 4);
}
