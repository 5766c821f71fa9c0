import type { Clock } from '../model/ports.ts';

/** Between two events at least, in milliseconds: an edit is seen well within a second, and a thousand calls are few events. */
const APART = 250;
/** Making pages of events may take this share of the time; what they take more is waited for. */
const SHARE = 0.1;
/** The longest pause that follows from it, in milliseconds. */
const LONGEST = 5_000;

/**
 * Tells clients that something has changed, never what: they look again. Many changes are one event, and the dearer
 * the pages are that follow from it, the longer until the next.
 */
export class News {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  /** Goes up with every event. */
  version = 1;
  #due = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Milliseconds that pages took since the last event. */
  #spent = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Clients that wait for the next event. */
  get listeners(): number {
    return this.#waiting.size;
  }

  /** Something has changed. */
  changed(): void {
    if (this.#due) return;
    this.#due = true;
    void this.#tell();
  }

  /** @param milliseconds that making a page took */
  spent(milliseconds: number): void {
    this.#spent += milliseconds;
  }

  /** Resolves with the next event after this one, or after `ms` milliseconds, or when `signal` aborts. */
  async after(version: number, ms: number, signal: AbortSignal): Promise<void> {
    if (this.version !== version || signal.aborted) return;
    const over = new AbortController();
    const end = () => over.abort();
    signal.addEventListener('abort', end, { once: true });
    this.#waiting.add(end);
    await this.#clock.sleep(ms, over.signal);
    this.#waiting.delete(end);
    signal.removeEventListener('abort', end);
  }

  async #tell(): Promise<void> {
    const pause = Math.min(LONGEST, Math.max(APART, this.#spent / SHARE));
    await this.#clock.sleep(Math.max(0, this.#toldAt + pause - this.#clock.monotonic()));
    this.#due = false;
    this.#spent = 0;
    this.#toldAt = this.#clock.monotonic();
    this.version += 1;
    for (const end of [...this.#waiting]) end();
  }
}
