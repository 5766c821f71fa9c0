import { Failure } from '../model/failure.ts';
import type { Clock } from '../model/ports.ts';
import type { DesiredSource, Look } from '../model/source.ts';
import type { GitFiles } from './git.ts';
import type { GitMirror } from './git-mirror.ts';

/**
 * Commits as the source of a daemon: each look is at the commit that the ref points at by then. A look at a ref that
 * has not moved costs next to nothing, so looking often is how a ref is followed.
 */
export class GitSource implements DesiredSource {
  readonly #files: GitFiles;
  readonly #ref: string;
  readonly #mirror: GitMirror | undefined;
  readonly #clock: Clock;
  readonly #isHeld: () => boolean;
  /** Of the last look. */
  #sha: string | undefined;

  /**
   * @param from a ref of the repository that `files` reads, or the mirror whose last good commit counts
   * @param isHeld whether the ref is on its way, as in a rebase: the commit of the last look stands until it is not
   */
  constructor(files: GitFiles, from: string | GitMirror, clock: Clock, isHeld: () => boolean = () => false) {
    this.#files = files;
    this.#mirror = typeof from === 'string' ? undefined : from;
    this.#ref = typeof from === 'string' ? from : from.goodRef;
    this.#clock = clock;
    this.#isHeld = isHeld;
  }

  /** @throws Failure where there is no such commit, or nothing good was ever fetched */
  async look(): Promise<Look> {
    if (this.#mirror && (await this.#mirror.good()) === undefined)
      throw new Failure('no commit of the remote could be taken yet');
    const ref = this.#sha !== undefined && this.#isHeld() ? this.#sha : this.#ref;
    const { commit, ...look } = await this.#files.load(ref, this.#clock.now() / 1000);
    const { sha, author, subject } = commit;
    this.#sha = sha;
    return { ...look, commit: { sha, author, subject } };
  }

  async close(): Promise<void> {
    this.#files.close();
  }
}
