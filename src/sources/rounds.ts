import type { Changes } from '../desired/changes.ts';
import type { Clock } from '../model/ports.ts';
import type { Snapshot } from '../model/source.ts';
import type { Stop } from '../model/turns.ts';
import type { Hint } from './followed-file.ts';

/** A refresh that is asked to yield goes on for so many milliseconds all the same, so that it comes to an end. */
const SLICE = 50;

/** The result of a refresh. `set` is the same object as before when nothing has changed. */
export interface Refreshed extends Snapshot {
  /** Every known recording is to be planned again: the first refresh, or the unreadable files have changed. */
  whole: boolean;
  /** Files that are still being written, as the user would type them: their content before counts. */
  settling: string[];
  /** After how many milliseconds those are to be checked again. */
  again?: number;
  /** A refresh of many files yielded: its rest is to be asked for at once. */
  more: boolean;
}

/** The work of one refresh, done and still to do: it can be interrupted and resumed. */
export class Round {
  /** Whether the folders are to be searched first. */
  search = false;
  /** Paths to check. */
  readonly due = new Map<string, Hint | undefined>();
  /** Every known recording is to be planned again. */
  whole = false;
  /** What the checks have found. */
  readonly changes: Changes;

  constructor(changes: Changes) {
    this.changes = changes;
  }

  /** Adds a path to check. @param hint of events, added to earlier hints */
  owe(path: string, hint?: Hint): void {
    const before = this.due.get(path);
    if (!before) this.due.set(path, hint);
    else if (hint?.moved) before.moved = true;
    if (before && hint?.written) before.written = true;
  }
}

/**
 * Schedules rounds. A round of few files comes before one of many and is not interrupted; the one of many yields to it
 * and is resumed. They alternate, and nothing is added to a round of many that is under way, so that it comes to an
 * end.
 */
export class Rounds {
  readonly #clock: Clock;
  readonly #begin: () => Changes;
  #few: Round;
  #many: Round | undefined;
  #gaveWay = false;
  /** The round of many files after the one under way. */
  #next: Round | undefined;

  constructor(clock: Clock, begin: () => Changes) {
    this.#clock = clock;
    this.#begin = begin;
    this.#few = new Round(begin());
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

  /** A path to check in the round of few: a round of many need not check it any more. */
  putFirst(path: string, hint?: Hint): void {
    this.#few.owe(path, hint);
    this.#many?.due.delete(path);
    this.#next?.due.delete(path);
  }

  /** Paths to check in a round of many. @param search whether the folders are to be searched first */
  putLater(paths: ReadonlyMap<string, Hint | undefined>, search: boolean): void {
    let round = this.#many ? this.#next : undefined;
    round ??= new Round(this.#begin());
    if (this.#many) this.#next = round;
    else this.#many = round;
    round.search ||= search;
    for (const [path, hint] of paths) round.owe(path, hint);
  }

  /** The round whose turn it is. */
  turn(): Round {
    const isItsTurn = this.#gaveWay || this.#few.due.size === 0;
    this.#gaveWay = !isItsTurn && this.#many !== undefined;
    return this.#many && isItsTurn ? this.#many : this.#few;
  }

  /** Marks a round as done. */
  end(round: Round): void {
    if (round === this.#few) this.#few = new Round(this.#begin());
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
