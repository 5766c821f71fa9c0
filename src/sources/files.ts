import { lstatSync, type Stats } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Assembly } from '../desired/assemble.ts';
import { type Bounds, boundsOf } from '../desired/bounds.ts';
import type { CheckedFile } from '../desired/checked.ts';
import { type Found, findRecordingFiles, isRecordingFileName } from '../desired/find.ts';
import {
  checkBytes,
  checkNoBytes,
  eachBounded,
  type LoadOptions,
  onDisk,
  readFile,
} from '../desired/load.ts';
import { WORTH_THREADS } from '../desired/many-files.ts';
import { inOutline } from '../desired/outlines.ts';
import { shownPath } from '../desired/paths.ts';
import { reading } from '../desired/reading.ts';
import { type FileBytes, resolveFile } from '../desired/resolve.ts';
import type { DesiredRecording, DesiredSet } from '../model/recording.ts';
import { FollowedFile, type Following, type Hint, patience, type Sight, stampOf } from './followed-file.ts';
import { Places } from './places.ts';
import { References } from './references.ts';
import { type Entry, type Refreshed, Round } from './round.ts';

/**
 * What the files of a folder ask for, kept up to date: the same set that loading all of them would give once they
 * stand still, at the cost of what has changed. Only content that its writer has finished is taken; until then
 * what was there before stands, or, where there was nothing, the file is listed among the broken ones, so that
 * what is known from it is left alone. One refresh at a time. Never rejects for anything that a user can do.
 */
export class WatchedFiles {
  readonly places: Places;
  readonly #options: Omit<LoadOptions, 'now'> & Following;
  readonly #onPlaces: () => boolean;
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
  /** Below a folder that cannot be read now: nobody knows whether they are there. */
  readonly #parked = new Set<Entry>();
  readonly #moving = new Set<string>();
  #search: Found = {
    ...{ found: [], folders: [], links: [], diagnostics: [], broken: [], files: 0 },
    unquoted: new Set(),
  };
  #set: DesiredSet | undefined;
  readonly #byName = new Map<string, DesiredRecording>();
  #round: Round;
  /** Whether all that the last round has gathered was told. */
  #reported = true;

  /** @param onPlaces is called when the folders have been found; true: search again, there may be more to find */
  constructor(options: Omit<LoadOptions, 'now'> & Following, onPlaces: () => boolean = () => false) {
    this.#options = options;
    this.#onPlaces = onPlaces;
    this.#round = new Round(options.clock);
    this.#root = resolve(options.cwd, options.dir);
    this.places = new Places(this.#root);
    this.#bounds = options.bounds ?? boundsOf(options);
    this.#onDisk = onDisk(this.#bounds);
    const { clock, settleMs, until } = options;
    this.#following = {
      ...{ clock, settleMs, until },
      readFile: (path, isOrdinary) => readFile(path, isOrdinary, this.#bounds.links),
    };
    this.#references = new References({ clock, settleMs, until, ...this.#onDisk }, this.places);
  }

  /**
   * Looks again and compares.
   * @param hints paths at which something may have happened
   * @param everything whether to look at everything else, too; the first time that is done anyway
   */
  async refresh(hints: ReadonlyMap<string, Hint>, everything: boolean): Promise<Refreshed> {
    // Whatever is asked of the set later, of files that have not changed, too.
    await reading();
    this.#round = new Round(this.#options.clock, this.#reported ? undefined : this.#round);
    this.#reported = false;
    const reshaped = [...hints.keys()].some((path) => this.#reshapes(path));
    const all = everything || reshaped || !this.#set;
    // What came to a folder before anybody listened there is found by another search: files are read afterwards.
    if (all)
      do await this.#searchAgain();
      while (this.#onPlaces());
    // Where folders or links have changed, events do not tell what stands under a name.
    const named = reshaped ? new Map<string, Hint>() : this.#named(hints);
    await this.#look(all ? this.#everyPath() : new Set([...named.keys(), ...this.#moving]), named);
    await this.#readUnread();
    for (const entry of this.#round.unresolved) {
      await this.#round.pace();
      await this.#resolve(entry);
    }
    this.#dropLost();
    await this.#findPlaces();
    const refreshed = this.#report();
    this.#reported = true;
    return refreshed;
  }

  /** Each once. */
  #everyPath(): string[] {
    const others = [...this.#references.paths(), ...this.#moving].filter((path) => !this.#entries.has(path));
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

  /** The paths to be looked at for what events told. New files are taken in. */
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

  async #searchAgain(): Promise<void> {
    const before = this.#search;
    this.#search = await findRecordingFiles(this.#options.dir, this.#options.cwd, this.#bounds.links);
    await this.#round.pace();
    const { found, broken, diagnostics, files } = this.#search;
    this.#round.whole ||= !this.#set || before.broken.join('\n') !== broken.join('\n');
    this.#round.dirty ||=
      this.#round.whole ||
      before.files - before.found.length !== files - found.length ||
      JSON.stringify(before.diagnostics) !== JSON.stringify(diagnostics);
    const present = new Set(found.map(({ path }) => path));
    for (const { path, shown } of found) this.#found(path, shown);
    for (const entry of this.#entries.values()) if (!present.has(entry.path)) this.#missed(entry);
    this.places.found(this.#search);
  }

  /** The file is there. */
  #found(path: string, shown: string): void {
    const entry = this.#entries.get(path);
    if (entry && !this.#lost.has(entry) && !this.#parked.has(entry)) return;
    const present: Entry = entry ?? {
      path,
      shown,
      file: new FollowedFile(path, this.#following),
      uses: NO_USES,
    };
    this.#entries.set(path, present);
    this.#lost.delete(present);
    this.#parked.delete(present);
    this.#held.add(present);
    this.#moving.add(path);
    this.#round.dirty = true;
  }

  /** The file is not there. */
  #missed(entry: Entry): void {
    const unreadable = this.#search.broken.some(
      (path) => entry.shown === path || entry.shown.startsWith(`${path}/`),
    );
    if (unreadable ? this.#parked.has(entry) : this.#lost.has(entry)) return;
    this.#withdraw(entry);
    this.#held.delete(entry);
    this.#moving.delete(entry.path);
    if (unreadable) {
      this.#lost.delete(entry);
      this.#parked.add(entry);
    } else {
      this.#parked.delete(entry);
      this.#lost.set(entry, this.#options.clock.monotonic());
    }
  }

  async #look(paths: Iterable<string>, hints: ReadonlyMap<string, Hint>): Promise<void> {
    const due: string[] = [];
    for (const path of paths) {
      // Of ten thousand files nearly all are as they were, and a promise for each would cost as much as the look.
      if (hints.has(path) || !this.#isUntouched(path)) due.push(path);
      const pause = this.#round.pace();
      if (pause) await pause;
    }
    await eachBounded(due, async (path) => {
      await this.#round.pace();
      const hint = hints.get(path);
      const entry = this.#entries.get(path);
      if (!entry && !this.#references.has(path)) this.#moving.delete(path);
      if (this.#references.has(path)) this.#seeReference(path, await this.#references.look(path, hint));
      if (!entry || this.#parked.has(entry)) return;
      if (this.#lost.has(entry) && this.#isRecordingFile(path)) this.#found(path, entry.shown);
      if (!this.#lost.has(entry)) await this.#lookAtEntry(entry, hint);
    });
  }

  /** Whether a file stands in the assembly, and its status is what it was. */
  #isUntouched(path: string): boolean {
    const entry = this.#entries.get(path);
    if (!entry?.resolved || this.#references.has(path) || this.#moving.has(path)) return false;
    if (this.#lost.has(entry) || this.#parked.has(entry) || this.#held.has(entry)) return false;
    return entry.file.isUntouched(stampOf(path));
  }

  async #lookAtEntry(entry: Entry, hint: Hint | undefined): Promise<void> {
    const stamp = stampOf(entry.path);
    // A link that leads nowhere is there: that is a mistake, not a deletion.
    if (stamp === 'ENOENT' && !lstatOf(entry.path)) return this.#missed(entry);
    const sight = await entry.file.look(hint, stamp);
    this.#follow(entry.path, entry.shown, sight);
    if (sight.state === 'changed') this.#check(entry, sight.bytes);
    if (sight.state === 'changed' || (sight.state === 'same' && this.#held.has(entry)))
      this.#round.unresolved.add(entry);
  }

  /** Stage A, where that costs next to nothing; everything else is put down for `#readUnread`. */
  #check(entry: Entry, bytes: FileBytes): void {
    this.#round.unread.delete(entry);
    if (!(bytes instanceof Uint8Array)) entry.checked = checkNoBytes(bytes, entry.shown);
    else {
      const { outlines, isEnough } = this.#options;
      const recalled = outlines?.recall(bytes, entry.shown);
      if (recalled && (isEnough?.(recalled) ?? true)) entry.checked = recalled;
      else this.#round.unread.set(entry, bytes);
    }
  }

  /** Stage A of what has to be read. Much of it is read by others, so that this thread stays free for what is under way. */
  async #readUnread(): Promise<void> {
    const { outlines } = this.#options;
    const unread = [...this.#round.unread];
    let read: CheckedFile[] = [];
    if (unread.length >= WORTH_THREADS) {
      const { readFiles } = await import('../desired/threads.ts');
      const files = unread.map(([{ shown }, bytes]) => ({ file: shown, bytes }));
      read = await readFiles(files, { until: this.#options.until });
    }
    for (const [index, [entry, bytes]] of unread.entries()) {
      await this.#round.pace();
      const checked = read[index] ?? checkBytes(bytes, entry.shown);
      entry.checked = inOutline(outlines ? outlines.learn(bytes, checked) : checked, bytes);
    }
  }

  #seeReference(path: string, sight: Sight): void {
    this.#follow(path, shownPath(path, this.#options.cwd), sight);
    if (sight.state === 'changed')
      for (const user of this.#references.users(path)) this.#round.unresolved.add(user);
  }

  #follow(path: string, shown: string, sight: Sight): void {
    if (sight.state !== 'settling') {
      this.#moving.delete(path);
      return;
    }
    this.#moving.add(path);
    this.#round.wait(shown, sight.again);
  }

  /** Follows an entry's references, and lets it into the assembly unless one of them is still being written. */
  async #resolve(entry: Entry): Promise<void> {
    if (!entry.checked || this.#lost.has(entry) || this.#parked.has(entry)) return;
    let uses = NO_USES;
    const readFile = async (path: string) => {
      uses = new Set([...uses, path]);
      const { bytes, sight } = await this.#references.read(path, entry);
      if (sight) this.#seeReference(path, sight);
      return bytes;
    };
    const { cwd, env, vault, clock } = this.#options;
    const { mayQuote } = this.#onDisk;
    const around = { cwd, env, vault, readFile, mayQuote, bounds: this.#bounds, now: clock.now() / 1000 };
    const resolved = await resolveFile(entry.checked, around);
    for (const path of entry.uses) if (!uses.has(path)) this.#references.release(path, entry);
    entry.uses = uses;
    if ([...uses].some((path) => !this.#references.isKnown(path))) return;
    entry.resolved = resolved;
    this.#held.delete(entry);
    this.#assembly.put(resolved);
    this.#round.note(entry);
  }

  /** Takes a file out of the assembly; what it held stays at hand. */
  #withdraw(entry: Entry): void {
    this.#assembly.remove(entry.shown);
    this.#round.note(entry);
  }

  /** Forgets files that have been gone for so long that no save can be under way. */
  #dropLost(): void {
    const now = this.#options.clock.monotonic();
    for (const [entry, since] of this.#lost) {
      const left = patience(this.#options) - (now - since);
      if (left > 0) {
        this.#moving.add(entry.path);
        this.#round.wait(entry.shown, left);
        continue;
      }
      this.#lost.delete(entry);
      this.#entries.delete(entry.path);
      this.#moving.delete(entry.path);
      for (const path of entry.uses) this.#references.release(path, entry);
      this.#round.note(entry);
    }
  }

  /** The places to point at where documents claim the same: files have to be read for them, so not all at a stretch. */
  async #findPlaces(): Promise<void> {
    for (const document of this.#assembly.disputed()) {
      await this.#round.pace();
      void document.marks;
    }
  }

  #report(): Refreshed {
    const { dirty, names, files, whole, settling, again } = this.#round;
    for (const name of this.#assembly.takeTouched()) {
      names.add(name);
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
    return {
      set: this.#set,
      byName: this.#byName,
      changed: [...names],
      files,
      whole,
      settling: [...settling].sort(),
      ...(again === undefined ? {} : { again }),
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
