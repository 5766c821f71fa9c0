import { basename, resolve, sep } from 'node:path';
import { type Bounds, boundsOf } from '../desired/bounds.ts';
import { onDisk, readFile, sharedReach } from '../desired/disk.ts';
import { type Found, findRecordingFiles, isRecordingFileName } from '../desired/find.ts';
import { Intake } from '../desired/intake.ts';
import type { LoadOptions } from '../desired/load.ts';
import { loses } from '../desired/loss.ts';
import { shownPath } from '../desired/paths.ts';
import { reading, readingNow } from '../desired/reading.ts';
import type { Snapshot } from '../model/source.ts';
import { eachBounded, Pace, type Stop } from '../model/turns.ts';
import { Contents, type ContentsOptions, type Entry, NO_USES } from './contents.ts';
import { FollowedFile, type Following, type Hint, lstatOf, patience, stampOf } from './followed-file.ts';
import { Moving } from './moving.ts';
import { Places } from './places.ts';
import { References } from './references.ts';
import { type Refreshed, type Round, Rounds } from './rounds.ts';

/** This many files are checked in one go; a refresh of more yields. */
const FEW = 64;

export type WatchedOptions = Omit<LoadOptions, 'now' | 'onFile'> & Following & Pick<ContentsOptions, 'known'>;

/**
 * What the files of a folder ask for, kept up to date: the same set that loading all of them would give once they
 * stand still, at the cost of what has changed. Only content that its writer has finished is put into the intake; until
 * then what was there before stands, or, where there was nothing, the file is held, so that what is known from it is
 * left alone. One refresh at a time. Never rejects for anything that a user can do.
 *
 * A refresh of many files yields: a refresh in between reports what events name meanwhile, and the next one goes on
 * with the rest. The rest is reported at its end.
 */
export class WatchedFiles {
  readonly places: Places;
  readonly #options: WatchedOptions;
  readonly #onPlaces: () => Promise<boolean>;
  readonly #bounds: Bounds;
  /** Of the recording files themselves. */
  readonly #following: Following;
  readonly #entries = new Map<string, Entry>();
  readonly #references: References<Entry>;
  readonly #moving: Moving;
  readonly #pace: Pace;
  readonly #intake: Intake;
  readonly #contents: Contents;
  readonly #rounds: Rounds;
  #search: Found | undefined;
  #isFirst = true;

  /** @param onPlaces is called when the folders have been found; true: search again, there may be more to find */
  constructor(options: WatchedOptions, onPlaces: () => Promise<boolean> = async () => false) {
    this.#options = options;
    this.#onPlaces = onPlaces;
    const { clock, settleMs, until, readCache, isEnough } = options;
    this.#moving = new Moving(clock);
    this.#pace = new Pace(clock);
    const pace = () => this.#pace.breathe();
    // One after the other: the first to follow a reference is the one that looks at it.
    this.#bounds = options.bounds ?? boundsOf(options);
    this.#intake = new Intake({ readCache, isEnough, pace, atOnce: 1, until, bounds: this.#bounds });
    this.#rounds = new Rounds(clock, () => this.#intake.begin());
    this.places = new Places(resolve(options.cwd, options.dir));
    const { links } = this.#bounds;
    this.#following = {
      ...{ clock, settleMs, until },
      readFile: (path, isOrdinary) => readFile(path, isOrdinary, links),
    };
    const { readFile: readReference, mayQuote } = onDisk(this.#bounds);
    const following = { clock, settleMs, until };
    const reach = sharedReach(this.#bounds);
    this.#references = new References(
      {
        references: { ...following, readFile: readReference },
        shared: { ...following, readFile: (path, isOrdinary) => readFile(path, isOrdinary, reach) },
        isUsable: (bytes) => readingNow().fieldsOf(bytes) !== undefined,
        takesAway: (before, now) =>
          loses(readingNow().fieldsOf(before) ?? {}, readingNow().fieldsOf(now) ?? {}),
      },
      this.places,
    );
    const { cwd, env, vault, known } = options;
    const around = { cwd, env, vault, mayQuote, bounds: this.#bounds };
    this.#contents = new Contents({
      ...{ intake: this.#intake, references: this.#references, moving: this.#moving, known },
      around: () => ({ ...around, now: clock.now() / 1000 }),
    });
  }

  /**
   * Reads again and compares.
   * @param hints paths at which something may have happened
   * @param everything whether to check everything else, too; the first refresh does so anyway
   * @param awaited aborts when hints have come in that a refresh of many files is to yield to
   */
  async refresh(
    hints: ReadonlyMap<string, Hint>,
    everything: boolean,
    awaited?: AbortSignal,
  ): Promise<Refreshed> {
    // The parser must be loaded before blocks of unchanged files are read from the set.
    await reading();
    this.#contents.begin();
    this.#sort(hints, everything);
    const round = this.#rounds.turn();
    const isMany = round === this.#rounds.many;
    const snapshot = await this.#run(
      round,
      isMany && !this.#isFirst ? this.#rounds.stopFor(awaited) : undefined,
    );
    if (snapshot) {
      this.#rounds.end(round);
      this.#isFirst = false;
    }
    const again = this.#moving.again();
    return {
      ...(snapshot ?? this.#intake.current()),
      whole: snapshot !== undefined && round.whole,
      settling: this.#moving.shown(),
      ...(again === undefined ? {} : { again }),
      more: this.#rounds.more,
    };
  }

  /** Sorts the paths to check: few paths come first, the rest is for the round of many. */
  #sort(hints: ReadonlyMap<string, Hint>, everything: boolean): void {
    const reshaped = [...hints.keys()].filter((path) => this.#reshapes(path));
    const search = everything || reshaped.length > 0 || !this.#search;
    // Where folders or links have changed, events do not tell what a path means.
    const isElsewhere = (path: string) =>
      !reshaped.some((changed) => path === changed || path.startsWith(changed + sep));
    const named = this.#named(new Map([...hints].filter(([path]) => isElsewhere(path))));
    const moving = this.#moving.due().filter((path) => !named.has(path));
    const later = new Map<string, Hint | undefined>();
    for (const paths of [named, new Map(moving.map((path) => [path, undefined]))]) {
      const isFirst = this.#search && paths.size <= FEW;
      // What many recordings use is work for as many.
      for (const [path, hint] of paths)
        if (isFirst && this.#references.userCount(path) <= FEW) this.#putFirst(path, hint);
        else later.set(path, hint);
    }
    if (search || later.size > 0) this.#rounds.putLater(later, search);
  }

  #putFirst(path: string, hint: Hint | undefined): void {
    this.#rounds.putFirst(path, hint);
    const entry = this.#entries.get(path);
    if (entry) this.#rounds.few.changes.claim(entry.shown);
  }

  /** Everything that a round has to do. @returns undefined where it yielded */
  async #run(round: Round, stop?: Stop): Promise<Snapshot | undefined> {
    if (round.search) {
      // Files that came to a folder before it was watched are found by another search, before files are read.
      do await this.#searchAgain(round);
      while (await this.#onPlaces());
      round.search = false;
      for (const path of this.#everyPath()) round.owe(path);
    }
    if (!(await this.#checkDue(round, stop))) return undefined;
    // During a round of many a missing file may come back under another name.
    const isAlone = !this.#rounds.many || this.#rounds.many === round;
    let files = this.#search ? this.#search.files - this.#search.found.length : 0;
    for (const entry of this.#entries.values()) {
      if (entry.presence.is === 'there') files++;
      else if (entry.presence.is === 'lost' && isAlone) this.#dropWhenDue(entry, entry.presence.since, round);
    }
    const search = { ...(this.#search as Found), files };
    const around = (shown: string) =>
      this.#contents.around(this.#entries.get(resolve(this.#options.cwd, shown)) as Entry, round.changes);
    if (!(await round.changes.run(around, stop))) return undefined;
    return this.#intake.refresh(round.changes, search, around);
  }

  /** Each once. */
  #everyPath(): string[] {
    const others = [...this.#references.paths(), ...this.#moving.paths()].filter(
      (path) => !this.#entries.has(path),
    );
    return [...this.#entries.keys(), ...new Set(others)];
  }

  /** Whether folders or links may have changed there, or what was out of reach may be within it. */
  #reshapes(path: string): boolean {
    if (this.places.reshapes(path)) return true;
    const stats = this.places.isInside(path) ? lstatOf(path) : undefined;
    if (stats && !stats.isFile()) return true;
    return [...this.places.leadingTo(path)].some(
      (reached) => !this.#references.has(reached) && this.#entries.get(reached)?.presence.is !== 'there',
    );
  }

  /** The paths to check for the hints of events. New files are taken in. */
  #named(hints: ReadonlyMap<string, Hint>): Map<string, Hint> {
    const named = new Map(hints);
    for (const [path, { written }] of hints)
      for (const reached of this.places.leadingTo(path)) named.set(reached, { moved: false, written });
    for (const path of hints.keys())
      if (!this.#entries.has(path) && this.#isRecordingFile(path))
        this.#found(path, shownPath(path, this.#options.cwd));
    return named;
  }

  /** Whether a recording file stands there that a search would find, by this path and no other. */
  #isRecordingFile(path: string): boolean {
    return (
      this.places.isInside(path) && isRecordingFileName(basename(path)) && lstatOf(path)?.isFile() === true
    );
  }

  async #searchAgain(round: Round): Promise<void> {
    const before = this.#search;
    const { dir, cwd } = this.#options;
    const search = await findRecordingFiles(dir, cwd, this.#bounds.links, this.#entries);
    this.#search = search;
    await this.#pace.breathe();
    round.whole ||= this.#isFirst || before?.broken.join('\n') !== search.broken.join('\n');
    const present = new Set(search.found.map(({ path }) => path));
    for (const { path, shown } of search.found) this.#found(path, shown);
    for (const entry of this.#entries.values()) if (!present.has(entry.path)) this.#missed(entry, round);
    this.places.found(search);
  }

  /** A file exists. */
  #found(path: string, shown: string): void {
    let entry = this.#entries.get(path);
    if (entry?.presence.is === 'there') return;
    if (entry) entry.presence = { is: 'there' };
    else {
      const file = new FollowedFile(path, this.#following);
      entry = { path, shown, file, presence: { is: 'there' }, standing: [], uses: NO_USES };
      this.#entries.set(path, entry);
    }
    this.#intake.expect(entry.shown);
    this.#moving.set(path, entry.shown, 0);
  }

  /** A file is missing. */
  #missed(entry: Entry, round: Round): void {
    const isUnreadable = this.#search?.broken.some(
      (path) => entry.shown === path || entry.shown.startsWith(`${path}/`),
    );
    if (entry.presence.is === (isUnreadable ? 'parked' : 'lost')) return;
    if (isUnreadable) {
      entry.presence = { is: 'parked' };
      // Once it can be read again, it is.
      entry.file = new FollowedFile(entry.path, this.#following);
      entry.offered = undefined;
      round.changes.remove(entry.shown);
      this.#moving.delete(entry.path);
    } else {
      entry.presence = { is: 'lost', since: this.#options.clock.monotonic() };
      round.changes.hold(entry.shown);
      this.#moving.set(entry.path, entry.shown, patience(this.#options));
    }
  }

  /** Forgets a file that has been gone for so long that no save can be under way. */
  #dropWhenDue(entry: Entry, since: number, round: Round): void {
    const left = patience(this.#options) - (this.#options.clock.monotonic() - since);
    if (left > 0) {
      this.#moving.set(entry.path, entry.shown, left);
      return;
    }
    this.#entries.delete(entry.path);
    this.#moving.delete(entry.path);
    this.#contents.use(entry, NO_USES);
    round.changes.remove(entry.shown);
  }

  async #checkDue(round: Round, stop: Stop | undefined): Promise<boolean> {
    while (round.due.size > 0) {
      const part: [string, Hint | undefined][] = [];
      for (const [path, hint] of round.due) {
        // Of ten thousand files nearly all are unchanged, and a promise for each would cost as much as the check.
        if (hint || !this.#isUntouched(path)) part.push([path, hint]);
        else round.due.delete(path);
        if (part.length === FEW) break;
        const pause = this.#pace.breathe();
        if (pause) await pause;
        if (stop?.isDue()) break;
      }
      await eachBounded(part, async ([path, hint]) => {
        await this.#pace.breathe();
        await this.#lookAt(path, hint, round);
        round.due.delete(path);
      });
      if (round.due.size > 0 && stop?.isDue()) return false;
    }
    return true;
  }

  /** Whether a file's content counts, and its status is what it was. */
  #isUntouched(path: string): boolean {
    const entry = this.#entries.get(path);
    if (entry?.presence.is !== 'there' || this.#intake.isHeld(entry.shown)) return false;
    if (this.#references.has(path) || this.#moving.has(path)) return false;
    return entry.file.isUntouched();
  }

  async #lookAt(path: string, hint: Hint | undefined, round: Round): Promise<void> {
    const entry = this.#entries.get(path);
    if (!entry && !this.#references.has(path)) this.#moving.delete(path);
    if (this.#references.has(path)) await this.#contents.checkReference(path, hint, round.changes);
    if (!entry || entry.presence.is === 'parked') return;
    if (entry.presence.is === 'lost' && this.#isRecordingFile(path)) this.#found(path, entry.shown);
    if (entry.presence.is !== 'there') return;
    const stamp = stampOf(path);
    // A dangling link still exists: that is an error, not a deletion.
    if (stamp === 'ENOENT' && !lstatOf(path)) this.#missed(entry, round);
    else await this.#contents.check(entry, hint, stamp, round.changes);
  }
}
