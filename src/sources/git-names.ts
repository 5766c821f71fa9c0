import { quoted } from '../desired/printable.ts';
import { Failure } from '../model/failure.ts';
import type { ObjectReader } from './git-objects.ts';
import type { GitProgram } from './git-program.ts';

/*
 * The meaning of a short name. Git itself takes a tag before a branch of the same name (gitrevisions(7), the rules of
 * <refname>), so a tag that is pushed would take the place of a branch that is followed. Here a branch comes first, and
 * a full name, refs/…, names that ref and no other.
 */

/** A ref that a short name may stand for. */
export interface Candidate {
  ref: string;
  kind: 'branch' | 'tag';
}

/** What a name led to. */
export interface Named {
  /** For git: an ID or a ref, with what goes on from there ("~2"). */
  revision: string;
  /** What is to be told of it: the name stands for more than one ref. */
  note?: string;
}

/** Names of git's own (gitrevisions(7)), which no branch takes the place of. */
const OWN = new Set([
  'HEAD',
  '@',
  'FETCH_HEAD',
  'ORIG_HEAD',
  'MERGE_HEAD',
  'REBASE_HEAD',
  'REVERT_HEAD',
  'CHERRY_PICK_HEAD',
  'BISECT_HEAD',
]);

/** Whether a name is a whole ID, of SHA-1 or SHA-256: git takes that before any ref. */
export function isWholeId(name: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(name);
}

/** Whether a name has one meaning: a full name, an ID, or one of git's own. */
export function isPlain(name: string): boolean {
  return name === '' || name.startsWith('refs/') || OWN.has(name) || isWholeId(name);
}

/**
 * The refs that a short name may stand for; the first that there is counts.
 * @param remotes of the repository itself: branches as its remotes had them, too, such as origin/main
 */
export function candidates(name: string, remotes: boolean): Candidate[] {
  const branches = [`refs/heads/${name}`];
  if (name.startsWith('heads/') || (remotes && name.startsWith('remotes/'))) branches.push(`refs/${name}`);
  if (remotes) branches.push(`refs/remotes/${name}`);
  const tags = [`refs/tags/${name}`, ...(name.startsWith('tags/') ? [`refs/${name}`] : [])];
  return [
    ...branches.map((ref): Candidate => ({ ref, kind: 'branch' })),
    ...tags.map((ref): Candidate => ({ ref, kind: 'tag' })),
  ];
}

/** The note where a name stands for several refs, the first of which is taken; undefined where it stands for one. */
export function ambiguity(name: string, found: readonly Candidate[]): string | undefined {
  const [taken, other] = found;
  if (!taken || !other) return undefined;
  const both = `a ${taken.kind} and ${taken.kind === other.kind ? 'another' : `a ${other.kind}`}`;
  return `${quoted(name)} is ${both}: ${taken.ref} is taken; a full name, ${taken.ref} or ${other.ref}, says which`;
}

/** That a branch which was followed is gone, and a tag of its name stays where it is. */
export function goneBranch(name: string, tag: Candidate): string {
  return `the branch ${quoted(name)} is gone, and the tag of that name does not take its place: ${tag.ref} names it`;
}

/** Names of one repository on this disk. */
export class GitNames {
  readonly #git: GitProgram;
  readonly #objects: ObjectReader;
  /** Which ID a ref had when git itself said that there is such a ref. */
  readonly #verified = new Map<string, string>();
  /** Names that a branch had. */
  readonly #branches = new Set<string>();

  constructor(git: GitProgram, objects: ObjectReader) {
    this.#git = git;
    this.#objects = objects;
  }

  /**
   * @param text a name, with what goes on from there: "main", "main~2", "v1^{commit}", "refs/tags/v1", "HEAD", an ID
   * @returns undefined where a full name leads nowhere; what else is no name at all is git's to say
   * @throws Failure where a branch is gone and only a tag of its name is left
   */
  async find(text: string): Promise<Named | undefined> {
    const at = text.search(/[~^:]|@\{/);
    const [name, rest] = at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at)];
    if (isPlain(name) && !name.startsWith('refs/')) return { revision: text };
    if (name.startsWith('refs/')) {
      const oid = await this.#exactly(name);
      return oid === undefined ? undefined : { revision: revision(oid, name, rest) };
    }
    const found: (Candidate & { oid: string })[] = [];
    for (const candidate of candidates(name, true)) {
      const oid = await this.#exactly(candidate.ref);
      if (oid !== undefined) found.push({ ...candidate, oid });
    }
    const [taken] = found;
    if (!taken) return { revision: text };
    if (taken.kind === 'branch') this.#branches.add(name);
    else if (this.#branches.has(name)) throw new Failure(goneBranch(name, taken));
    const note = ambiguity(name, found);
    return { revision: revision(taken.oid, taken.ref, rest), ...(note === undefined ? {} : { note }) };
  }

  /**
   * The ID that this very ref points at. For a ref that is not there git looks further (refs/tags/refs/heads/main, and
   * commits whose abbreviated ID a name ends in), so a new ID is asked for once more, by a command that does not.
   */
  async #exactly(ref: string): Promise<string | undefined> {
    const object = await this.#objects.read(ref);
    if (!object || this.#verified.get(ref) === object.oid) return object?.oid;
    const { code, stdout } = await this.#git.run(['show-ref', '--verify', '--hash', ref]);
    if (code !== 0) return undefined;
    const oid = stdout.trim();
    this.#verified.set(ref, oid);
    return oid;
  }
}

/** What a reflog or a setting knows (@{1}, @{upstream}) it knows by the ref's name. */
function revision(oid: string, ref: string, rest: string): string {
  return `${rest.startsWith('@{') ? ref : oid}${rest}`;
}

/** What was meant by a name that a remote does not have, where that can be told: empty, or behind a colon. */
export function meantRef(ref: string): string {
  const own = /^(?:refs\/remotes\/)?origin\/(.+)$/.exec(ref)?.[1];
  if (own !== undefined) return `: there the branch is called ${own}`;
  return /^[0-9a-f]{4,39}$/.test(ref) ? ': a commit can be named by its whole ID alone' : '';
}
