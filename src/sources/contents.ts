import type { Changes } from '../desired/changes.ts';
import type { CheckedFile } from '../desired/checked.ts';
import type { Intake } from '../desired/intake.ts';
import { mayGoOn, type Standing, standing, standingOf, takesAway } from '../desired/loss.ts';
import { shownPath } from '../desired/paths.ts';
import { mayChange } from '../desired/self-contained.ts';
import type { FileBytes, Surroundings } from '../desired/surroundings.ts';
import type { Known } from '../model/known.ts';
import { KnownMap } from '../model/known-map.ts';
import type { KnownRecording } from '../model/plan.ts';
import { recordingKey } from '../model/recording-key.ts';
import { type FollowedFile, type Hint, LONG_STANDSTILL, type Sight, type Stamp } from './followed-file.ts';
import type { Moving } from './moving.ts';
import type { References } from './references.ts';

/**
 * Whether a recording file is there:
 *
 *   there ──missing──▶ lost ──found──▶ there; lost for longer than a save takes: the entry goes
 *   there, lost ──below a folder that cannot be read──▶ parked ──found──▶ there; parked ──missing──▶ lost
 *
 * Of one that is there, the intake knows whether what it says counts.
 */
export type Presence =
  | { is: 'there' }
  /** `since`: on the monotonic clock. */
  | { is: 'lost'; since: number }
  /** Whether it exists is not known. */
  | { is: 'parked' };

/** A recording file. */
export interface Entry {
  path: string;
  /** As the user would type it. */
  shown: string;
  presence: Presence;
  file: FollowedFile;
  /** What it holds now, until that counts: it must stand still for so many milliseconds. */
  offered?: { checked: CheckedFile; needed: number } | undefined;
  /** What its documents said when they last had no error. */
  standing: readonly Standing[];
  /** References that were last followed. */
  uses: ReadonlySet<string>;
}

/** Most files refer to no other. */
export const NO_USES: ReadonlySet<string> = new Set();

export interface ContentsOptions {
  intake: Intake;
  references: References<Entry>;
  /** Takes in what is being written. */
  moving: Moving;
  /** The known recordings, which a new file may take something away from. */
  known?: Known | undefined;
  /** What references lead to, but for files, which are followed. */
  around: () => Omit<Surroundings, 'readFile' | 'readShared' | 'isAtRest'>;
}

/**
 * Puts what recording files hold into the intake once it counts. What may be half of what its writer means has to
 * stand still for longer, and every reference that is followed has to be at rest: until then the content before stands.
 */
export class Contents {
  readonly #options: ContentsOptions;
  #known: KnownByFile | undefined;

  constructor(options: ContentsOptions) {
    this.#options = options;
  }

  /** Called before the files of a refresh are checked: what is known may have changed since the last one. */
  begin(): void {
    this.#known = undefined;
  }

  /** Checks a file that is there. @param stamp its stamp now */
  async check(entry: Entry, hint: Hint | undefined, stamp: Stamp, changes: Changes): Promise<void> {
    const { file, path, shown } = entry;
    const sight = await file.check(hint, stamp);
    this.#follow(path, shown, sight);
    if (sight.state === 'changed') {
      entry.offered = undefined;
      const { bytes } = sight;
      const counts = (checked: CheckedFile, into: Changes) => this.#offer(entry, checked, bytes, into);
      await changes.put(shown, bytes, { counts });
    } else if (sight.state === 'same') this.#accept(entry, changes);
  }

  /** Checks a file that others refer to. */
  async checkReference(path: string, hint: Hint | undefined, changes: Changes): Promise<void> {
    this.#seeReference(path, await this.#options.references.check(path, hint), changes);
  }

  /** What a file's references lead to. */
  around(entry: Entry, changes: Changes): Surroundings {
    const { references, around } = this.#options;
    const uses = new Set<string>();
    const read = async (path: string, isShared: boolean) => {
      uses.add(path);
      const { bytes, sight } = await references.read(path, entry, isShared);
      if (sight) this.#seeReference(path, sight, changes);
      return bytes;
    };
    return {
      ...around(),
      readFile: (path) => read(path, false),
      readShared: (path) => read(path, true),
      isAtRest: () => {
        this.use(entry, uses);
        return [...uses].every((path) => references.isKnown(path));
      },
    };
  }

  /** A file has these references, and those before no more. */
  use(entry: Entry, uses: ReadonlySet<string>): void {
    for (const path of entry.uses) if (!uses.has(path)) this.#options.references.release(path, entry);
    entry.uses = uses;
  }

  /** Whether what a file holds now counts: at once, unless it may be half of what its writer means. */
  #offer(entry: Entry, checked: CheckedFile, bytes: FileBytes, changes: Changes): boolean {
    const isWhole = !(bytes instanceof Uint8Array) || entry.file.stoodStill === Number.POSITIVE_INFINITY;
    const needed = !isWhole && this.#mayBeHalf(entry, checked, bytes) ? LONG_STANDSTILL : 0;
    entry.offered = { checked, needed };
    // It may have gone meanwhile.
    if (entry.presence.is !== 'there') return false;
    // Reading may have taken long: only another check tells that it has stood still since.
    if (needed > 0) this.#waitFor(entry, needed, changes);
    else this.#accepted(entry, checked);
    return needed === 0;
  }

  /** Whether a content takes something away, or may go on. */
  #mayBeHalf({ standing }: Entry, checked: CheckedFile, bytes: Uint8Array): boolean {
    if (standing.length > 0) return takesAway(standing, checked);
    this.#known ??= new KnownByFile(this.#options.known ?? new KnownMap());
    const known = this.#known.of(checked);
    return known.length > 0 ? takesAway(known.map(standingOf), checked) : mayGoOn(checked, bytes);
  }

  /** The file holds what it held at the last check: what was offered counts once it has been still for long enough. */
  #accept(entry: Entry, changes: Changes): void {
    const { offered, shown } = entry;
    const { intake } = this.#options;
    if (!offered) {
      if (intake.isHeld(shown)) changes.again(shown);
    } else if (offered.needed > entry.file.stoodStill) this.#waitFor(entry, offered.needed, changes);
    else {
      this.#accepted(entry, offered.checked);
      void changes.put(shown, offered.checked);
    }
  }

  /** The content before counts until then, also where the file was gone meanwhile. */
  #waitFor(entry: Entry, needed: number, changes: Changes): void {
    const { intake, moving } = this.#options;
    moving.set(entry.path, entry.shown, Math.max(0, needed - entry.file.stoodStill));
    if (intake.isHeld(entry.shown)) changes.again(entry.shown);
  }

  #accepted(entry: Entry, checked: CheckedFile): void {
    entry.offered = undefined;
    entry.standing = standing(entry.standing, checked);
    if (!mayChange(checked)) this.use(entry, NO_USES);
  }

  #seeReference(path: string, sight: Sight, changes: Changes): void {
    const { references, around } = this.#options;
    this.#follow(path, shownPath(path, around().cwd), sight);
    if (sight.state !== 'changed') return;
    for (const { presence, shown } of references.users(path))
      if (presence.is === 'there') changes.again(shown);
  }

  #follow(path: string, shown: string, sight: Sight): void {
    if (sight.state === 'settling') this.#options.moving.set(path, shown, sight.again);
    else this.#options.moving.delete(path);
  }
}

/** Known recordings by the files that they are from, and by what other files say of them. */
class KnownByFile {
  readonly #known: Known;
  /** Their keys. */
  readonly #index = new Map<string, string[]>();

  constructor(known: Known) {
    this.#known = known;
    for (const { key, name, file } of known.heads())
      for (const id of [`file ${file}`, `name ${name}`])
        this.#index.set(id, [...(this.#index.get(id) ?? []), key]);
  }

  /** Those from a file, and those that its documents are about: the file may have been moved. */
  of({ file, documents }: CheckedFile): KnownRecording[] {
    const ids = [`file ${file}`, ...documents.map(({ name }) => `name ${name}`)];
    const keys = new Set(ids.flatMap((id) => this.#index.get(id) ?? []));
    for (const { recording } of documents) if (!('fromFile' in recording)) keys.add(recordingKey(recording));
    return [...keys].flatMap((key) => this.#known.get(key) ?? []);
  }
}
