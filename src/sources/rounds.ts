import type { Clock } from '../model/ports.ts';
import type { Hint } from './followed-file.ts';
import { Round } from './round.ts';

/** A refresh that is asked to yield goes on for so many milliseconds all the same, so that it comes to an end. */
const SLICE = 50;

/** Tells a refresh of many files when to yield. It is checked after a piece of work, never before the first. */
export interface Stop {
  isDue(): boolean;
  /** Resolves when it is. */
  due: Promise<void>;
}

/**
 * Schedules rounds. A round of few files comes before one of many and is not interrupted; the one of many yields to it
 * and is resumed. They alternate, and nothing is added to a round of many that is under way, so that it comes to an
 * end.
 */
export class Rounds {
  readonly #clock: Clock;
  #few: Round;
  #many: Round | undefined;
  #gaveWay = false;
  /** The round of many files after the one under way. */
  #next: Round | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#few = new Round(clock);
  }

  /** The next round of few files. */
  get few(): Round {
    return this.#few;
  }

  /** The round of many files that is not at its end. */
  get many(): Round | undefined {
    return this.#many;
  }

  /** Whether there is work now. */
  get more(): boolean {
    return this.#many !== undefined || this.#few.due.size > 0;
  }

  /** Moves a file to the round of few: a round of many need not check it any more. */
  putFirst(path: string, hint?: Hint): void {
    this.#few.owe(path, hint);
    this.#many?.due.delete(path);
    this.#next?.due.delete(path);
  }

  putLater(many: Round): void {
    if (!this.#many) this.#many = many;
    else if (!this.#next) this.#next = many;
    else this.#next.absorb(many);
  }

  /** The round whose turn it is. */
  turn(): Round {
    const isItsTurn = this.#gaveWay || this.#few.due.size === 0;
    this.#gaveWay = !isItsTurn && this.#many !== undefined;
    return this.#many && isItsTurn ? this.#many : this.#few;
  }

  /** Marks a round as done. */
  end(round: Round): void {
    if (round === this.#few) this.#few = new Round(this.#clock);
    if (round !== this.#many) return;
    this.#many = this.#next;
    this.#next = undefined;
  }

  /** When a round of many files that begins now is to yield. @param awaited aborts when events have come in */
  stopFor(awaited: AbortSignal | undefined): Stop {
    const end = this.#clock.monotonic() + SLICE;
    const isAwaited = () => this.#few.due.size > 0 || awaited?.aborted === true;
    const heard = new Promise<void>((resolve) => {
      if (isAwaited()) resolve();
      else awaited?.addEventListener('abort', () => resolve(), { once: true });
    });
    return {
      isDue: () => isAwaited() && this.#clock.monotonic() >= end,
      due: heard.then(() => this.#clock.sleep(end - this.#clock.monotonic())),
    };
  }
}
