import { basename, dirname } from 'node:path';
import { type Trail, trailOf } from './trail.ts';

/**
 * The folders to watch, and the paths that matter in them. A path over links can change at each link and at its end.
 */
export class Places {
  readonly #root: string;
  /** Folders that hold recording files, by the paths that the search took. */
  #entered = new Set<string>();
  /** Of the folder itself, of links in it, and of files elsewhere. */
  readonly #trails = new Map<string, Trail>();
  #links = new Set<string>();
  /** Which paths end at a place that has another path. */
  readonly #ends = new Map<string, Set<string>>();
  #below: readonly string[] = [];
  #version = 0;

  /** @param root the watched folder, absolute */
  constructor(root: string) {
    this.#root = root;
  }

  /** Another number after anything that may have changed the folders, or have put others in their place. */
  get version(): number {
    return this.#version;
  }

  /** Takes what a search has found. */
  found({ folders, links }: { folders: readonly string[]; links: readonly string[] }): void {
    this.#version++;
    this.#entered = new Set(folders);
    const before = this.#below;
    this.#below = [this.#root, ...links];
    const now = new Set(this.#below);
    for (const path of before) if (!now.has(path)) this.drop(path);
    for (const path of now) this.lead(path);
    this.#links = new Set([...links, ...[...this.#trails.values()].flatMap((trail) => trail.links)]);
  }

  /** A path is of interest, whether or not something is there. Said again, where it leads is looked up again. */
  lead(path: string): void {
    this.drop(path);
    this.#version++;
    const trail = trailOf(path);
    this.#trails.set(path, trail);
    for (const link of trail.links) this.#links.add(link);
    if (trail.end !== path) this.#ends.set(trail.end, (this.#ends.get(trail.end) ?? new Set()).add(path));
  }

  /** A path is no longer of interest. */
  drop(path: string): void {
    const trail = this.#trails.get(path);
    if (!trail) return;
    this.#version++;
    this.#trails.delete(path);
    const led = this.#ends.get(trail.end);
    led?.delete(path);
    if (led?.size === 0) this.#ends.delete(trail.end);
  }

  /** Folders to be listened at. */
  folders(): Set<string> {
    const folders = new Set(this.#entered);
    for (const [path, { links, end }] of this.#trails)
      for (const each of [path, ...links, end]) folders.add(dirname(each));
    return folders;
  }

  /** Whether an event at this path may mean anything. */
  concerns(path: string): boolean {
    if (this.reshapes(path) || this.#ends.has(path) || this.#trails.has(path)) return true;
    return this.isInside(path) && !basename(path).startsWith('.');
  }

  /** Whether an event at this path may change which files there are, or what their paths mean. */
  reshapes(path: string): boolean {
    return path === this.#root || this.#entered.has(path) || this.#links.has(path);
  }

  /** Whether the path's folder is one of those that hold recording files. */
  isInside(path: string): boolean {
    return this.#entered.has(dirname(path));
  }

  /** The paths that lead here, but for the place's own. */
  leadingTo(path: string): Iterable<string> {
    return this.#ends.get(path) ?? [];
  }
}
