import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../model/ports.ts';
import type { GitProgram } from './git-program.ts';
import { WatchedFolders, watchFolder } from './watched-folders.ts';

/** Milliseconds without an event after which what has come in is handed on: git moves several refs for one command. */
const QUIET = 5;

/** Folders of refs that are listened at; the sweep finds what moves elsewhere. */
const MOST_FOLDERS = 256;

/** What git puts into its folder while it moves HEAD through the commits of a rebase (git-rebase, "rebase-merge"). */
const REBASING = ['rebase-merge', 'rebase-apply'];

/** Names in git's folder itself that tell of a ref; the rest of what happens there does not concern refs. */
const TELLING = ['HEAD', 'packed-refs', 'refs', 'reftable', ...REBASING];

/**
 * Watches for refs of a local repository that may have moved. Events are hints: a sweep must refresh without them.
 */
export class GitRefs {
  /** Of this working tree: HEAD is here. */
  readonly #own: string;
  /** Of all working trees: branches and tags are here. */
  readonly #common: string;
  readonly #clock: Clock;
  readonly #folders: WatchedFolders;
  readonly #closing = new AbortController();
  #events = 0;
  #gathering = false;

  /** @throws Failure where git cannot be run */
  static async open(git: GitProgram, cwd: string, clock: Clock, onMove: () => void): Promise<GitRefs> {
    const { stdout } = await git.run(['rev-parse', '--git-dir', '--git-common-dir']);
    const [own = '.git', common = own] = stdout.trim().split('\n');
    return new GitRefs(resolve(cwd, own), resolve(cwd, common), clock, onMove);
  }

  private constructor(own: string, common: string, clock: Clock, onMove: () => void) {
    this.#own = own;
    this.#common = common;
    this.#clock = clock;
    this.#folders = new WatchedFolders(watchFolder, (_, path) => {
      if (path !== undefined && !this.#tells(path)) return;
      this.#events++;
      void this.#gather(onMove);
    });
  }

  /** Watches the folders that exist now. Called with every refresh. */
  async follow(): Promise<void> {
    if (!this.#closing.signal.aborted) await this.#folders.follow(this.#toWatch());
  }

  /** Whether a rebase is moving HEAD. */
  isRebasing(): boolean {
    return REBASING.some((name) => existsSync(join(this.#own, name)));
  }

  close(): void {
    this.#closing.abort();
    this.#folders.close();
  }

  #tells(path: string): boolean {
    const folder = dirname(path);
    if (folder !== this.#own && folder !== this.#common) return !path.endsWith('.lock');
    return TELLING.some((name) => path === join(folder, name));
  }

  #toWatch(): Set<string> {
    const folders = new Set([this.#own, this.#common, join(this.#common, 'reftable')]);
    const waiting = [join(this.#common, 'refs')];
    for (let next = waiting.shift(); next && folders.size < MOST_FOLDERS; next = waiting.shift()) {
      folders.add(next);
      for (const entry of entriesOf(next)) if (entry.isDirectory()) waiting.push(join(next, entry.name));
    }
    return folders;
  }

  async #gather(onMove: () => void): Promise<void> {
    if (this.#gathering) return;
    this.#gathering = true;
    let heard: number;
    do {
      heard = this.#events;
      await this.#clock.sleep(QUIET, this.#closing.signal);
    } while (this.#events !== heard);
    this.#gathering = false;
    if (!this.#closing.signal.aborted) onMove();
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Git removes folders of refs that have become empty.
    return [];
  }
}
