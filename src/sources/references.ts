import type { FileBytes } from '../desired/resolve.ts';
import { FollowedFile, type Following, type Hint, type Sight } from './followed-file.ts';
import type { Places } from './places.ts';

interface Reference<User> {
  file: FollowedFile;
  bytes: FileBytes;
  users: Set<User>;
}

/** The files that recordings refer to: their content and their users. Kept while there are users. */
export class References<User> {
  readonly #following: Following;
  readonly #places: Places;
  readonly #references = new Map<string, Reference<User>>();

  constructor(following: Following, places: Places) {
    this.#following = following;
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
    return this.#references.get(path)?.file.known ?? false;
  }

  /** The users of a file. */
  users(path: string): Iterable<User> {
    return this.#references.get(path)?.users ?? [];
  }

  /** What was last taken of a file; "missing" before anything was. The first to ask looks. */
  async read(path: string, user: User): Promise<{ bytes: FileBytes; sight?: Sight }> {
    let reference = this.#references.get(path);
    let sight: Sight | undefined;
    if (!reference) {
      reference = { file: new FollowedFile(path, this.#following), bytes: 'missing', users: new Set() };
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
    const sight = await reference.file.check(hint);
    if (sight.state === 'changed') reference.bytes = sight.bytes;
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
}
