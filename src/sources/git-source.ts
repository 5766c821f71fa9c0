import { Failure } from '../model/failure.ts';
import type { Clock } from '../model/ports.ts';
import type { DesiredSource, Snapshot } from '../model/source.ts';
import type { GitFiles } from './git.ts';
import type { GitMirror } from './git-mirror.ts';

/**
 * Commits as the source of a daemon: each refresh reads the commit that the ref points at by then. A refresh of a ref
 * that has not moved costs next to nothing, so a ref is followed by frequent refreshes.
 */
export class GitSource implements DesiredSource {
  readonly #files: GitFiles;
  readonly #ref: string;
  readonly #mirror: GitMirror | undefined;
  readonly #clock: Clock;
  readonly #isHeld: () => boolean;
  /** The commit of the last refresh. */
  #sha: string | undefined;

  /**
   * @param from a ref of the repository that `files` reads, or the mirror whose last good commit counts
   * @param isHeld whether the ref is on its way, as in a rebase: while it is, the commit of the last refresh counts
   */
  constructor(files: GitFiles, from: string | GitMirror, clock: Clock, isHeld: () => boolean = () => false) {
    this.#files = files;
    this.#mirror = typeof from === 'string' ? undefined : from;
    this.#ref = typeof from === 'string' ? from : from.goodRef;
    this.#clock = clock;
    this.#isHeld = isHeld;
  }

  /** @throws Failure where there is no such commit, or nothing good was ever fetched */
  async refresh(): Promise<Snapshot> {
    if (this.#mirror && (await this.#mirror.good()) === undefined)
      throw new Failure('no commit of the remote could be taken yet');
    const ref = this.#sha !== undefined && this.#isHeld() ? this.#sha : this.#ref;
    const { commit, ...snapshot } = await this.#files.load(ref, this.#clock.now() / 1000);
    const { sha, author, subject } = commit;
    this.#sha = sha;
    return { ...snapshot, commit: { sha, author, subject } };
  }

  async close(): Promise<void> {
    this.#files.close();
  }
}
