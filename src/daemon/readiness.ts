import type { Known } from '../model/known.ts';
import type { Clock } from '../model/ports.ts';
import type { Snapshot } from '../model/source.ts';
import { emptySet, missingFolder } from '../plan/whole-set.ts';
import type { Logger } from './log.ts';

/** A file that is written all the time delays the start by this at most, in milliseconds. */
const LONGEST_BEGINNING = 5_000;
const BEGINNING_CHECK = 10;
const NOT_BEGUN = 'the files have not been read yet';

/**
 * What the last refresh says of the files as a whole:
 *
 *   unread      there was none yet
 *   read        names are planned, and calls may leave
 *   blocked     the folder is missing, or empty although recordings are known: nothing is planned
 *   unreadable  it failed, and the files may say anything by now: no call leaves
 *
 * Each refresh leads from any of them to one of the last three.
 */
type Files = 'unread' | 'read' | 'blocked' | 'unreadable';

/** Whether the files may be acted on, and whether the daemon is ready. Logs what keeps it from that, and its recovery. */
export class Readiness {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #startedAt: number;
  #files: Files = 'unread';
  /** All files were still, once. */
  #begun = false;
  #trouble: string | undefined = NOT_BEGUN;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
    this.#startedAt = clock.monotonic();
  }

  /** Why the daemon is not ready; undefined where it is. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Whether recordings may be planned, also while the last refresh failed: their answers are still taken. */
  get mayPlan(): boolean {
    return this.#files === 'read' || this.#files === 'unreadable';
  }

  /** Whether calls may leave. */
  get maySend(): boolean {
    return this.#files === 'read';
  }

  /** A refresh has succeeded. New files count when they have been still for long enough; until then the daemon is not ready. */
  takeSnapshot({ set, settling }: Snapshot, known: Known): void {
    const empty = emptySet(set, known);
    const obstacle = missingFolder(set)?.summary ?? (empty && `${empty}: nothing is changed`);
    this.#begun ||= !settling?.length || this.#isLate;
    this.#files = obstacle === undefined ? 'read' : 'blocked';
    this.#setTrouble(obstacle ?? (this.#begun ? undefined : NOT_BEGUN));
  }

  /** A refresh has failed. */
  takeFailure(error: unknown): void {
    this.#files = 'unreadable';
    this.#setTrouble(`the files cannot be read: ${(error as Error).message}`);
  }

  /**
   * Resolves when all files have been read and still once, or that has taken too long.
   * @param refreshed resolves when every refresh that was asked for is done
   */
  async begun(refreshed: () => Promise<void>, stop: AbortSignal): Promise<void> {
    await refreshed();
    while (!this.#begun && !stop.aborted && !this.#isLate) {
      await this.#clock.sleep(BEGINNING_CHECK, stop);
      await refreshed();
    }
  }

  get #isLate(): boolean {
    return this.#clock.monotonic() > this.#startedAt + LONGEST_BEGINNING;
  }

  #setTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    if (trouble) this.#log.error(trouble);
    // The start is logged elsewhere.
    else if (this.#trouble !== NOT_BEGUN) this.#log.info('recovered');
    this.#trouble = trouble;
  }
}
