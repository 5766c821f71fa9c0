import type { ParsedCommit } from './git-formats.ts';
import type { GitProgram } from './git-program.ts';

/** Characters of an ID that people read. */
export const SHORT = 10;

/**
 * The note for a commit that is older than the one before: recordings then go back to what they were. A
 * shallow mirror knows of a commit's past only its parents' IDs, and when it was made.
 */
export async function wayBack(
  git: GitProgram,
  before: ParsedCommit,
  now: ParsedCommit,
): Promise<string | undefined> {
  if (before.commit.sha === now.commit.sha || now.parents.includes(before.commit.sha)) return undefined;
  const isBack =
    (await isBehind(git, now, before)) ||
    (now.committed < before.committed && !(await isBehind(git, before, now)));
  if (!isBack) return undefined;
  const [to, from] = [now, before].map(({ commit }) => commit.sha.slice(0, SHORT));
  return `it went back: commit ${to}, which is taken now, is older than ${from}, which stood until now`;
}

async function isBehind(git: GitProgram, older: ParsedCommit, newer: ParsedCommit): Promise<boolean> {
  if (newer.parents.includes(older.commit.sha)) return true;
  const asked = await git.run(['merge-base', '--is-ancestor', older.commit.sha, newer.commit.sha]);
  return asked.code === 0;
}
