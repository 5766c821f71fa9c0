import type { Clock } from '../../model/ports.ts';
import { turn } from '../../model/turns.ts';
import { AwayError } from './database.ts';

/** The pause after a beat that found the database away: then twice as long each time, up to the last. Milliseconds. */
const FIRST = 100;
const LAST = 800;

/** What is done again and again, with pauses, and at once where something waits for it. */
export class Beats {
  readonly #clock: Clock;
  readonly #beat: () => Promise<number>;
  readonly #onBroken: (error: unknown) => void;
  readonly #over = new AbortController();
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  /** Another beat follows at once. */
  #isAsked = false;
  /** Waits for a beat that begins from now on. */
  #waiting: (() => void)[] = [];

  /**
   * @param beat gives the milliseconds until the next one
   * @param onBroken called with what else goes wrong than that the database is away: no beat follows
   */
  constructor(clock: Clock, beat: () => Promise<number>, onBroken: (error: unknown) => void) {
    this.#clock = clock;
    this.#beat = beat;
    this.#onBroken = onBroken;
  }

  /** Aborts when no beat follows any more. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  begin(): void {
    this.#running ??= this.#run();
  }

  /** Resolves after another beat, begun at once. */
  now(): Promise<void> {
    const next = this.next();
    this.#isAsked = true;
    this.#wake?.();
    return next;
  }

  /** Resolves after another beat, whenever it begins. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#over.signal.aborted) resolve();
      else this.#waiting.push(resolve);
    });
  }

  /** Ends the pause. */
  wake(): void {
    this.#wake?.();
  }

  async #run(): Promise<void> {
    let away = FIRST;
    while (!this.#over.signal.aborted) {
      let pause: number;
      this.#isAsked = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        pause = await this.#beat();
        away = FIRST;
      } catch (error) {
        if (!(error instanceof AwayError)) {
          this.#onBroken(error);
          this.#over.abort();
          break;
        }
        pause = away;
        away = Math.min(LAST, 2 * away);
      } finally {
        for (const resolve of waiting) resolve();
      }
      // Lets those go on that have waited: they may want another.
      await turn();
      if (this.#isAsked && away === FIRST) continue;
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await this.#clock.sleep(pause, AbortSignal.any([woken.signal, this.#over.signal]));
      this.#wake = undefined;
    }
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }
}
