import type { Clock } from '../model/ports.ts';
import type { Hint } from './followed-file.ts';
import { Round } from './round.ts';

/** A look that is asked to give way goes on for so many milliseconds all the same, so that it comes to an end. */
const SLICE = 50;

/** Tells a look at many files when to leave the rest for later. It is asked after a piece of work, never before the first. */
export interface Stop {
  isDue(): boolean;
  /** Resolves when it is. */
  due: Promise<void>;
}

/**
 * Whose turn it is. A look at few files comes before one at many and is made in one go; the one at many gives way to it
 * and is taken up again. Each has its turn after the other, and nothing is added to a look at many that is under way,
 * so that it comes to an end.
 */
export class Rounds {
  readonly #clock: Clock;
  #few: Round;
  #many: Round | undefined;
  #gaveWay = false;
  /** The look at many after the one that is under way. */
  #next: Round | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#few = new Round(clock);
  }

  /** The look at few that is to be made. */
  get few(): Round {
    return this.#few;
  }

  /** The look at many that is not at its end. */
  get many(): Round | undefined {
    return this.#many;
  }

  /** Whether something is to be looked at now. */
  get more(): boolean {
    return this.#many !== undefined || this.#few.due.size > 0;
  }

  /** Files that come first. What is said of them to a look at many is out of date. */
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

  /** The one whose turn it is. */
  turn(): Round {
    const isItsTurn = this.#gaveWay || this.#few.due.size === 0;
    this.#gaveWay = !isItsTurn && this.#many !== undefined;
    return this.#many && isItsTurn ? this.#many : this.#few;
  }

  /** A round has come to its end. */
  end(round: Round): void {
    if (round === this.#few) this.#few = new Round(this.#clock);
    if (round !== this.#many) return;
    this.#many = this.#next;
    this.#next = undefined;
  }

  /** When a look at many that begins now is to give way. @param awaited aborts when events have come in */
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
