import type { Clock } from '../model/ports.ts';
import type { Commit, Snapshot } from '../model/source.ts';
import type { Logger } from './log.ts';
import type { GitReadings } from './metrics.ts';

/** How a fetch from the remote ended, as far as it is told. */
export interface FetchOutcome {
  outcome: 'current' | 'refused' | 'away';
  /** The commit that is not taken. */
  commit?: string;
  message?: string;
  /** What is to be told of the ref. */
  note?: string;
}

/** Broken files that a log line names before the rest is only counted. */
const NAMED = 10;

/**
 * The state of the git source: the commit in force, its errors, and whether the remote could be reached. Logs changes.
 */
export class GitState {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #from: { ref: string; url?: string };
  #commit: Commit | undefined;
  #broken: readonly string[] = [];
  #notes: readonly string[] = [];
  #note: string | undefined;
  #fetched: FetchOutcome | undefined;
  /** Since when the last fetch has been as it is; when one last succeeded. Milliseconds since 1970. */
  #since = 0;
  #fetchedAt: number | undefined;

  /** @param from what is followed; with a URL it is a remote's */
  constructor(from: { ref: string; url?: string }, log: Logger, clock: Clock) {
    this.#from = from;
    this.#log = log;
    this.#clock = clock;
  }

  refreshed({ commit, set, notes = [] }: Snapshot): void {
    const isNew = commit?.sha !== this.#commit?.sha;
    const isMarked = set.broken.join('\n') !== this.#broken.join('\n');
    this.#commit = commit;
    this.#broken = set.broken;
    this.#tell(notes, commit);
    if (!commit || !(isNew || isMarked)) return;
    const { sha, author, subject } = commit;
    if (isNew) this.#log.info({ commit: sha, author, subject, files: set.files }, 'a commit is taken');
    if (set.broken.length > 0)
      this.#log.error(
        { commit: sha, broken: set.broken.length, files: set.broken.slice(0, NAMED) },
        'the commit has errors: recordings of these files stay as they were, the rest is reconciled',
      );
    else if (!isNew) this.#log.info({ commit: sha }, 'the commit has no errors any more');
  }

  /** Logs each note once, for as long as it applies. */
  #tell(notes: readonly string[], commit: Commit | undefined): void {
    const news = notes.filter((note) => !this.#notes.includes(note));
    this.#notes = notes;
    for (const note of news)
      this.#log.warn({ ...this.#from, ...(commit ? { commit: commit.sha } : {}) }, note);
  }

  fetched(fetched: FetchOutcome): void {
    const before = this.#fetched;
    const { outcome, commit, message, note } = fetched;
    if (note !== undefined && note !== this.#note) this.#log.warn({ ...this.#from }, note);
    this.#note = note;
    const isSame = before?.outcome === outcome && before.message === message && before.commit === commit;
    if (outcome !== 'away') this.#fetchedAt = this.#clock.now();
    if (isSame) return;
    this.#fetched = fetched;
    this.#since = this.#clock.now();
    if (outcome === 'away')
      this.#log.warn(
        { ...this.#from, error: message },
        'nothing can be fetched: the last good commit stands',
      );
    else if (outcome === 'refused')
      this.#log.error(
        { ...this.#from, commit, error: message },
        'the commit is not taken: the last good commit stands',
      );
    else if (before) this.#log.info({ ...this.#from }, 'the remote can be fetched from again');
  }

  readings(): GitReadings {
    const outcome = this.#fetched?.outcome;
    return { broken: this.#broken.length, away: outcome === 'away', refused: outcome === 'refused' };
  }

  /** For `/api/recordings`. */
  json(): object {
    const iso = (at: number) => new Date(at).toISOString();
    const remote = this.#fetched && {
      outcome: this.#fetched.outcome,
      message: this.#fetched.message ?? null,
      commit: this.#fetched.commit ?? null,
      since: iso(this.#since),
      last_success: this.#fetchedAt === undefined ? null : iso(this.#fetchedAt),
    };
    return {
      kind: this.#from.url === undefined ? 'commit' : 'remote',
      ref: this.#from.ref,
      ...(this.#from.url === undefined ? {} : { url: this.#from.url, remote: remote ?? null }),
      commit: this.#commit ?? null,
      broken: this.#broken,
    };
  }
}
