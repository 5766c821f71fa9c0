import type { CheckedFile } from '../desired/checked.ts';
import { checkBytes, checkNoBytes } from '../desired/load.ts';
import { mayGoOn, standing, standingOf, takesAway } from '../desired/loss.ts';
import { WORTH_THREADS } from '../desired/many-files.ts';
import { toLazyFile } from '../desired/read-cache.ts';
import type { FileBytes } from '../desired/resolve.ts';
import { KnownMap } from '../model/known-map.ts';
import type { WatchedOptions } from './files.ts';
import { LONG_STANDSTILL } from './followed-file.ts';
import type { Moving } from './moving.ts';
import type { Entry, Reading, Round } from './round.ts';
import type { Stop } from './rounds.ts';

const NOTHING_KNOWN = new KnownMap();

/**
 * Parses the bytes of a file and decides when they count: a content that may be half written waits until it has been
 * still for longer.
 */
export class Intake {
  readonly #options: WatchedOptions;
  readonly #moving: Moving;
  readonly #isHeld: (entry: Entry) => boolean;

  /** @param isHeld whether the file is there, and does not count yet or any more */
  constructor(options: WatchedOptions, moving: Moving, isHeld: (entry: Entry) => boolean) {
    this.#options = options;
    this.#moving = moving;
    this.#isHeld = isHeld;
  }

  /** Stage A, where that costs next to nothing; everything else is put down for `readUnread`. */
  take(entry: Entry, bytes: FileBytes, round: Round): void {
    round.unread.delete(entry);
    if (bytes instanceof Uint8Array) {
      const { readCache, isEnough } = this.#options;
      const recalled = readCache?.recall(bytes, entry.shown);
      if (recalled && (isEnough?.(recalled) ?? true)) this.#offer(entry, recalled, round, bytes);
      else round.unread.set(entry, bytes);
    } else this.#offer(entry, checkNoBytes(bytes, entry.shown), round);
  }

  /**
   * Stage A of what has to be read. Much of it is read by others, so that this thread stays free for what is under way.
   * @returns whether it came to its end
   */
  async readUnread(round: Round, stop: Stop | undefined): Promise<boolean> {
    const { readCache } = this.#options;
    if (round.unread.size >= WORTH_THREADS) round.reading ??= this.#readByThreads([...round.unread]);
    if (round.reading) {
      const read = await Promise.race([round.reading, ...(stop ? [stop.due] : [])]);
      if (read === undefined) return false;
      round.reading = undefined;
      if (read instanceof Error) throw read;
      for (const [bytes, checked] of read) round.read.set(bytes, checked);
    }
    for (const [entry, bytes] of round.unread) {
      await round.pace();
      const checked = round.read.get(bytes) ?? checkBytes(bytes, entry.shown);
      const learnt = toLazyFile(readCache ? readCache.learn(bytes, checked) : checked, bytes);
      this.#offer(entry, learnt, round, bytes);
      round.unread.delete(entry);
      if (stop?.isDue()) return false;
    }
    round.read.clear();
    return true;
  }

  /** Never rejects: what is read may be asked for later. */
  async #readByThreads(unread: readonly [Entry, Uint8Array][]): Promise<Reading> {
    try {
      const { readFiles } = await import('../desired/threads.ts');
      const files = unread.map(([{ shown }, bytes]) => ({ file: shown, bytes }));
      const read = await readFiles(files, { until: this.#options.until });
      return unread.map(([, bytes], index) => [bytes, read[index] as CheckedFile]);
    } catch (error) {
      return error as Error;
    }
  }

  /** What a file holds now. It counts at once, unless it takes something away and may be the beginning of more. */
  #offer(entry: Entry, checked: CheckedFile, round: Round, bytes?: Uint8Array): void {
    const { file, path, shown } = entry;
    const isWhole = !bytes || file.stoodStill === Number.POSITIVE_INFINITY;
    const needed = !isWhole && this.#mayBeHalf(entry, checked, bytes, round) ? LONG_STANDSTILL : 0;
    entry.offered = { checked, needed };
    if (needed === 0) {
      this.accept(entry, round);
      return;
    }
    // Reading may have taken long: only another look tells that it has stood still since.
    this.#moving.set(path, shown, Math.max(0, needed - file.stoodStill));
    this.#keep(entry, round);
  }

  /** The content before counts again, also where the file was gone meanwhile. */
  #keep(entry: Entry, round: Round): void {
    if (this.#isHeld(entry) && entry.checked) round.unresolved.add(entry);
  }

  #mayBeHalf(entry: Entry, checked: CheckedFile, bytes: Uint8Array, round: Round): boolean {
    if (entry.standing.length > 0) return takesAway(entry.standing, checked);
    const known = round.knownOf(entry, checked, this.#options.known ?? NOTHING_KNOWN);
    if (known.size > 0) return takesAway([...known].map(standingOf), checked);
    return mayGoOn(checked, bytes);
  }

  /** Accepts an offered content once it has been still for long enough. Called after a check of the file. */
  accept(entry: Entry, round: Round): void {
    const { checked, needed } = entry.offered as NonNullable<Entry['offered']>;
    const left = needed - entry.file.stoodStill;
    if (left > 0) {
      this.#moving.set(entry.path, entry.shown, left);
      this.#keep(entry, round);
      return;
    }
    entry.offered = undefined;
    entry.checked = checked;
    entry.standing = standing(entry.standing, checked);
    round.unresolved.add(entry);
  }
}
