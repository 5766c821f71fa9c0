import type { FileBytes } from '../desired/surroundings.ts';
import { FollowedFile, type Following, type Hint, LONG_STANDSTILL, type Sight } from './followed-file.ts';
import type { Places } from './places.ts';

interface Reference<User> {
  file: FollowedFile;
  bytes: FileBytes;
  users: Set<User>;
  /** Present where blocks take fields from the file. */
  shared?: SharedContent;
}

/** What the users of a file that blocks take fields from may see of it. */
interface SharedContent {
  /** What it held when it could last be used. */
  standing?: Uint8Array;
  /** What it holds now, where that takes something away. */
  offered?: FileBytes;
  /** Whether anything was ever taken. */
  taken: boolean;
}

/** How references are followed. */
export interface Followed {
  /** Of files with a value, such as secrets. */
  references: Following;
  /** Of files that blocks take fields from. */
  shared: Following;
  /** Whether the later content takes something away from the earlier one. */
  takesAway: (before: Uint8Array, now: Uint8Array) => boolean;
  /** Whether anything can be taken from the file. */
  isUsable: (bytes: Uint8Array) => boolean;
}

/**
 * The files that recordings refer to: their content and their users. Kept while there are users. A file that blocks take
 * fields from counts as a recording file does: what takes something away, or was never there before, may be half of what
 * its writer means, and must stand still.
 */
export class References<User> {
  readonly #followed: Followed;
  readonly #places: Places;
  readonly #references = new Map<string, Reference<User>>();

  constructor(followed: Followed, places: Places) {
    this.#followed = followed;
    this.#places = places;
  }

  has(path: string): boolean {
    return this.#references.has(path);
  }

  paths(): Iterable<string> {
    return this.#references.keys();
  }

  /** Whether the file, or that there is none, was ever found at rest. */
  isKnown(path: string): boolean {
    const reference = this.#references.get(path);
    return reference?.shared ? reference.shared.taken : (reference?.file.known ?? false);
  }

  /** The users of a file. */
  users(path: string): Iterable<User> {
    return this.#references.get(path)?.users ?? [];
  }

  userCount(path: string): number {
    return this.#references.get(path)?.users.size ?? 0;
  }

  /**
   * What was last taken of a file; "missing" before anything was. The first to ask looks.
   * @param isShared blocks take fields from it
   */
  async read(path: string, user: User, isShared = false): Promise<{ bytes: FileBytes; sight?: Sight }> {
    let reference = this.#references.get(path);
    let sight: Sight | undefined;
    if (!reference) {
      const { references, shared } = this.#followed;
      const file = new FollowedFile(path, isShared ? shared : references);
      reference = {
        file,
        bytes: 'missing',
        users: new Set(),
        ...(isShared ? { shared: { taken: false } } : {}),
      };
      this.#references.set(path, reference);
      this.#places.lead(path);
      sight = await this.check(path);
    }
    reference.users.add(user);
    return { bytes: reference.bytes, ...(sight ? { sight } : {}) };
  }

  async check(path: string, hint?: Hint): Promise<Sight> {
    const reference = this.#references.get(path);
    if (!reference) return { state: 'same' };
    const { stamp } = reference.file;
    let sight = await reference.file.check(hint);
    if (reference.shared) sight = this.#accept(reference, reference.shared, sight);
    else if (sight.state === 'changed') reference.bytes = sight.bytes;
    // Another link may lead to the same content.
    if (stamp && reference.file.stamp !== stamp) this.#places.lead(path);
    return sight;
  }

  release(path: string, user: User): void {
    const reference = this.#references.get(path);
    if (!reference?.users.delete(user) || reference.users.size > 0) return;
    this.#references.delete(path);
    this.#places.drop(path);
  }

  /** What a file holds now counts once it has stood still for long enough. */
  #accept(reference: Reference<User>, shared: SharedContent, sight: Sight): Sight {
    if (sight.state === 'settling') return sight;
    if (sight.state === 'changed') shared.offered = sight.bytes;
    const { offered } = shared;
    if (offered === undefined) return sight;
    const needed = this.#mayBeHalf(shared, offered) ? LONG_STANDSTILL : 0;
    const left = needed - reference.file.stoodStill;
    if (left > 0) return { state: 'settling', again: left };
    delete shared.offered;
    shared.taken = true;
    if (offered instanceof Uint8Array && this.#followed.isUsable(offered)) shared.standing = offered;
    reference.bytes = offered;
    return { state: 'changed', bytes: offered };
  }

  #mayBeHalf({ standing }: SharedContent, offered: FileBytes): boolean {
    // What cannot be used changes nothing.
    if (!(offered instanceof Uint8Array) || !this.#followed.isUsable(offered)) return false;
    return standing === undefined || this.#followed.takesAway(standing, offered);
  }
}
