import { lstatSync, type Stats } from 'node:fs';
import { basename, resolve, sep } from 'node:path';
import { Assembly } from '../desired/assemble.ts';
import { type Bounds, boundsOf } from '../desired/bounds.ts';
import { type Found, findRecordingFiles, isRecordingFileName } from '../desired/find.ts';
import { eachBounded, type LoadOptions, onDisk, readFile, sharedReach } from '../desired/load.ts';
import { loses } from '../desired/loss.ts';
import { shownPath } from '../desired/paths.ts';
import { reading, readingNow } from '../desired/reading.ts';
import { resolveFile } from '../desired/resolve.ts';
import type { Known } from '../model/plan.ts';
import type { DesiredRecording, DesiredSet } from '../model/recording.ts';
import { FollowedFile, type Following, type Hint, patience, type Sight, stampOf } from './followed-file.ts';
import { Intake } from './intake.ts';
import { Moving } from './moving.ts';
import { Places } from './places.ts';
import { References } from './references.ts';
import { type Entry, type Refreshed, Round } from './round.ts';
import { Rounds, type Stop } from './rounds.ts';

/** This many files are checked in one go; a refresh of more yields. */
const FEW = 64;

export type WatchedOptions = Omit<LoadOptions, 'now'> &
  Following & {
    /** The known recordings, which a new file may take something away from. */
    known?: Known;
  };

/**
 * What the files of a folder ask for, kept up to date: the same set that loading all of them would give once they
 * stand still, at the cost of what has changed. Only content that its writer has finished is taken; until then
 * what was there before stands, or, where there was nothing, the file is listed among the broken ones, so that
 * what is known from it is left alone. One refresh at a time. Never rejects for anything that a user can do.
 *
 * A refresh of many files yields: a refresh in between reports what events name meanwhile, and the next one goes on
 * with the rest. The rest is reported at its end.
 */
export class WatchedFiles {
  readonly places: Places;
  readonly #options: WatchedOptions;
  readonly #onPlaces: () => Promise<boolean>;
  readonly #root: string;
  readonly #entries = new Map<string, Entry>();
  readonly #references: References<Entry>;
  readonly #bounds: Bounds;
  readonly #onDisk: ReturnType<typeof onDisk>;
  /** Of the recording files themselves. */
  readonly #following: Following;
  readonly #assembly = new Assembly();
  /** Not in the assembly although the file is there, or was a moment ago. */
  readonly #held = new Set<Entry>();
  /** Gone, with the time on the monotonic clock when that was seen. */
  readonly #lost = new Map<Entry, number>();
  /** Files below a folder that cannot be read now: whether they exist is not known. */
  readonly #parked = new Set<Entry>();
  readonly #moving: Moving;
  #search: Found = {
    ...{ found: [], folders: [], links: [], diagnostics: [], broken: [], files: 0 },
    unquoted: new Set(),
  };
  #set: DesiredSet | undefined;
  readonly #byName = new Map<string, DesiredRecording>();
  readonly #rounds: Rounds;
  readonly #intake: Intake;

  /** @param onPlaces is called when the folders have been found; true: search again, there may be more to find */
  constructor(options: WatchedOptions, onPlaces: () => Promise<boolean> = async () => false) {
    this.#options = options;
    this.#onPlaces = onPlaces;
    this.#moving = new Moving(options.clock);
    this.#rounds = new Rounds(options.clock);
    this.#intake = new Intake(options, this.#moving, (entry) => this.#held.has(entry));
    this.#root = resolve(options.cwd, options.dir);
    this.places = new Places(this.#root);
    this.#bounds = options.bounds ?? boundsOf(options);
    this.#onDisk = onDisk(this.#bounds);
    const { clock, settleMs, until } = options;
    this.#following = {
      ...{ clock, settleMs, until },
      readFile: (path, isOrdinary) => readFile(path, isOrdinary, this.#bounds.links),
    };
    const following = { clock, settleMs, until };
    this.#references = new References(
      {
        references: { ...following, ...this.#onDisk },
        shared: {
          ...following,
          readFile: (path, isOrdinary) => readFile(path, isOrdinary, sharedReach(this.#bounds)),
        },
        isUsable: (bytes) => readingNow().fieldsOf(bytes) !== undefined,
        takesAway: (before, now) =>
          loses(readingNow().fieldsOf(before) ?? {}, readingNow().fieldsOf(now) ?? {}),
      },
      this.places,
    );
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
    this.#sort(hints, everything);
    const round = this.#rounds.turn();
    const isMany = round === this.#rounds.many;
    if (await this.#run(round, isMany && this.#set ? this.#rounds.stopFor(awaited) : undefined)) {
      this.#rounds.end(round);
      return this.#report(round);
    }
    // Names that it has touched so far are reported at its end.
    for (const name of this.#assembly.takeTouched()) round.names.add(name);
    return this.#report(new Round(this.#options.clock));
  }

  /** Sorts the paths to check: few paths come first, the rest is for the round of many. */
  #sort(hints: ReadonlyMap<string, Hint>, everything: boolean): void {
    const many = new Round(this.#options.clock);
    const reshaped = [...hints.keys()].filter((path) => this.#reshapes(path));
    many.search = everything || reshaped.length > 0 || !this.#set;
    // Where folders or links have changed, events do not tell what a path means.
    const isElsewhere = (path: string) =>
      !reshaped.some((changed) => path === changed || path.startsWith(changed + sep));
    const named = this.#named(new Map([...hints].filter(([path]) => isElsewhere(path))));
    this.#put(named, many);
    const moving = this.#moving.due().filter((path) => !named.has(path));
    this.#put(new Map(moving.map((path) => [path, undefined])), many);
    if (many.search || many.due.size > 0) this.#rounds.putLater(many);
  }

  #put(paths: ReadonlyMap<string, Hint | undefined>, many: Round): void {
    const isFirst = this.#set && paths.size <= FEW;
    const open = this.#rounds.many;
    // Names touched so far are reported by the interrupted round.
    if (open) for (const name of this.#assembly.takeTouched()) open.names.add(name);
    for (const [path, hint] of paths) {
      if (!isFirst) many.owe(path, hint);
      else this.#rounds.putFirst(path, hint);
      const entry = this.#entries.get(path);
      const bytes = isFirst && entry && open?.unread.get(entry);
      if (!entry || !bytes) continue;
      open?.unread.delete(entry);
      this.#rounds.few.unread.set(entry, bytes);
    }
  }

  /** Everything that a round has to do. @returns whether it came to its end */
  async #run(round: Round, stop?: Stop): Promise<boolean> {
    if (round.search) {
      // Files that came to a folder before it was watched are found by another search, before files are read.
      do await this.#searchAgain(round);
      while (await this.#onPlaces());
      round.search = false;
      for (const path of this.#everyPath()) round.owe(path);
    }
    if (!(await this.#checkDue(round, stop)) || !(await this.#intake.readUnread(round, stop))) return false;
    for (const entry of round.unresolved) {
      await round.pace();
      await this.#resolve(entry, round);
      round.unresolved.delete(entry);
      if (stop?.isDue()) return false;
    }
    // During a round of many a missing file may come back under another name.
    if (!this.#rounds.many || this.#rounds.many === round) this.#dropLost(round);
    await this.#findPlaces(round);
    return true;
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
      (reached) => !this.#references.has(reached) && !this.#isPresent(this.#entries.get(reached)),
    );
  }

  #isPresent(entry: Entry | undefined): boolean {
    return entry !== undefined && !this.#lost.has(entry) && !this.#parked.has(entry);
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
    this.#search = await findRecordingFiles(this.#options.dir, this.#options.cwd, this.#bounds.links);
    await round.pace();
    const { found, broken, diagnostics, files } = this.#search;
    round.whole ||= !this.#set || before.broken.join('\n') !== broken.join('\n');
    round.dirty ||=
      round.whole ||
      before.files - before.found.length !== files - found.length ||
      JSON.stringify(before.diagnostics) !== JSON.stringify(diagnostics);
    const present = new Set(found.map(({ path }) => path));
    for (const { path, shown } of found) round.dirty = this.#found(path, shown) || round.dirty;
    for (const entry of this.#entries.values()) if (!present.has(entry.path)) this.#missed(entry, round);
    this.places.found(this.#search);
  }

  /** Takes in a file that exists. @returns whether it is new */
  #found(path: string, shown: string): boolean {
    const entry = this.#entries.get(path);
    if (entry && !this.#lost.has(entry) && !this.#parked.has(entry)) return false;
    const present: Entry = entry ?? {
      path,
      shown,
      file: new FollowedFile(path, this.#following),
      standing: [],
      uses: NO_USES,
    };
    this.#entries.set(path, present);
    this.#lost.delete(present);
    this.#parked.delete(present);
    this.#held.add(present);
    this.#moving.set(path, shown, 0);
    return true;
  }

  /** Handles a file that is missing. */
  #missed(entry: Entry, round: Round): void {
    const unreadable = this.#search.broken.some(
      (path) => entry.shown === path || entry.shown.startsWith(`${path}/`),
    );
    if (unreadable ? this.#parked.has(entry) : this.#lost.has(entry)) return;
    this.#withdraw(entry, round);
    this.#held.delete(entry);
    this.#moving.delete(entry.path);
    if (unreadable) {
      this.#lost.delete(entry);
      this.#parked.add(entry);
    } else {
      this.#parked.delete(entry);
      this.#lost.set(entry, this.#options.clock.monotonic());
      this.#moving.set(entry.path, entry.shown, patience(this.#options));
    }
  }

  async #checkDue(round: Round, stop: Stop | undefined): Promise<boolean> {
    while (round.due.size > 0) {
      const part: [string, Hint | undefined][] = [];
      for (const [path, hint] of round.due) {
        // Of ten thousand files nearly all are unchanged, and a promise for each would cost as much as the check.
        if (hint || !this.#isUntouched(path)) part.push([path, hint]);
        else round.due.delete(path);
        if (part.length === FEW) break;
        const pause = round.pace();
        if (pause) await pause;
        if (stop?.isDue()) break;
      }
      await eachBounded(part, async ([path, hint]) => {
        await round.pace();
        await this.#lookAt(path, hint, round);
        round.due.delete(path);
      });
      if (round.due.size > 0 && stop?.isDue()) return false;
    }
    return true;
  }

  async #lookAt(path: string, hint: Hint | undefined, round: Round): Promise<void> {
    const entry = this.#entries.get(path);
    if (!entry && !this.#references.has(path)) this.#moving.delete(path);
    if (this.#references.has(path)) this.#seeReference(path, await this.#references.check(path, hint), round);
    if (!entry || this.#parked.has(entry)) return;
    if (this.#lost.has(entry) && this.#isRecordingFile(path))
      round.dirty = this.#found(path, entry.shown) || round.dirty;
    if (!this.#lost.has(entry)) await this.#lookAtEntry(entry, hint, round);
  }

  /** Whether a file stands in the assembly, and its status is what it was. */
  #isUntouched(path: string): boolean {
    const entry = this.#entries.get(path);
    if (!entry?.resolved || this.#references.has(path) || this.#moving.has(path)) return false;
    if (this.#lost.has(entry) || this.#parked.has(entry) || this.#held.has(entry)) return false;
    return entry.file.isUntouched(stampOf(path));
  }

  async #lookAtEntry(entry: Entry, hint: Hint | undefined, round: Round): Promise<void> {
    const stamp = stampOf(entry.path);
    // A dangling link still exists: that is an error, not a deletion.
    if (stamp === 'ENOENT' && !lstatOf(entry.path)) return this.#missed(entry, round);
    const sight = await entry.file.check(hint, stamp);
    this.#follow(entry.path, entry.shown, sight);
    if (sight.state === 'changed') this.#intake.take(entry, sight.bytes, round);
    else if (sight.state === 'same' && entry.offered) this.#intake.accept(entry, round);
    else if (sight.state === 'same' && this.#held.has(entry)) round.unresolved.add(entry);
  }

  #seeReference(path: string, sight: Sight, round: Round): void {
    this.#follow(path, shownPath(path, this.#options.cwd), sight);
    if (sight.state === 'changed')
      for (const user of this.#references.users(path)) round.unresolved.add(user);
  }

  #follow(path: string, shown: string, sight: Sight): void {
    if (sight.state === 'settling') this.#moving.set(path, shown, sight.again);
    else this.#moving.delete(path);
  }

  /** Follows an entry's references, and puts it into the assembly unless one of them is still being written. */
  async #resolve(entry: Entry, round: Round): Promise<void> {
    if (!entry.checked || this.#lost.has(entry) || this.#parked.has(entry)) return;
    let uses = NO_USES;
    const read = async (path: string, isShared: boolean) => {
      uses = new Set([...uses, path]);
      const { bytes, sight } = await this.#references.read(path, entry, isShared);
      if (sight) this.#seeReference(path, sight, round);
      return bytes;
    };
    const readFile = (path: string) => read(path, false);
    const readShared = (path: string) => read(path, true);
    const { cwd, env, vault, clock } = this.#options;
    const { mayQuote } = this.#onDisk;
    const now = clock.now() / 1000;
    const around = { cwd, env, vault, readFile, readShared, mayQuote, bounds: this.#bounds, now };
    const resolved = await resolveFile(entry.checked, around);
    for (const path of entry.uses) if (!uses.has(path)) this.#references.release(path, entry);
    entry.uses = uses;
    if ([...uses].some((path) => !this.#references.isKnown(path))) return;
    entry.resolved = resolved;
    this.#held.delete(entry);
    this.#assembly.put(resolved);
    round.note(entry);
  }

  /** Takes a file out of the assembly; its content is kept. */
  #withdraw(entry: Entry, round: Round): void {
    this.#assembly.remove(entry.shown);
    round.note(entry);
  }

  /** Forgets files that have been gone for so long that no save can be under way. */
  #dropLost(round: Round): void {
    const now = this.#options.clock.monotonic();
    for (const [entry, since] of this.#lost) {
      const left = patience(this.#options) - (now - since);
      if (left > 0) {
        this.#moving.set(entry.path, entry.shown, left);
        continue;
      }
      this.#lost.delete(entry);
      this.#entries.delete(entry.path);
      this.#moving.delete(entry.path);
      for (const path of entry.uses) this.#references.release(path, entry);
      round.note(entry);
    }
  }

  /** The places to point at where documents claim the same: files have to be read for them, so not all at a stretch. */
  async #findPlaces(round: Round): Promise<void> {
    for (const document of this.#assembly.disputed()) {
      await round.pace();
      document.marks();
    }
  }

  #report({ dirty, names, files, whole }: Round): Refreshed {
    for (const name of this.#assembly.takeTouched()) names.add(name);
    for (const name of names) {
      const recording = this.#assembly.recording(name);
      if (recording) this.#byName.set(name, recording);
      else this.#byName.delete(name);
    }
    if (dirty || names.size > 0 || !this.#set) {
      const there = this.#entries.size - this.#lost.size - this.#parked.size;
      const unseen = this.#search.files - this.#search.found.length;
      const held = [...this.#held, ...this.#lost.keys()].map(({ shown }) => shown);
      this.#set = this.#assembly.set({ ...this.#search, files: there + unseen }, held);
    }
    const again = this.#moving.again();
    return {
      set: this.#set,
      byName: this.#byName,
      changed: [...names],
      files,
      whole,
      settling: this.#moving.shown(),
      ...(again === undefined ? {} : { again }),
      more: this.#rounds.more,
    };
  }
}

/** Most files refer to no other. */
const NO_USES: ReadonlySet<string> = new Set();

function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
