import type { Commit } from '../model/source.ts';

/*
 * What git prints of its objects. Sources of the formats: git-ls-tree(1), "Output format"; git's documentation, "Git
 * Internals - Git Objects", and gitformat-signature.
 */

export interface TreeEntry {
  kind: 'file' | 'link' | 'folder' | 'submodule';
  oid: string;
}

/** A record of `git ls-tree -z`: mode, type and ID with spaces between, a tab, the path. */
export function parseTreeRecord(record: string): TreeEntry & { path: string } {
  const tab = record.indexOf('\t');
  const [mode, type, oid = ''] = record.slice(0, tab).split(' ');
  const kind =
    type === 'tree' ? 'folder' : type === 'commit' ? 'submodule' : mode === '120000' ? 'link' : 'file';
  return { kind, oid, path: record.slice(tab + 1) };
}

/** A commit, as people speak of it. */
export interface DatedCommit extends Commit {
  /** When it was written, ISO 8601 in UTC. */
  date: string;
}

/** What a commit object holds. */
export interface ParsedCommit {
  commit: DatedCommit;
  tree: string;
  /** IDs of the commits before it. */
  parents: string[];
  /** When it was made as it is, in seconds since 1970: a rebase leaves the date and changes this. */
  committed: number;
}

/** A commit object: header lines, an empty line, the message. */
export function parseCommit(sha: string, bytes: Buffer): ParsedCommit {
  const text = decode(bytes, /^encoding (.+)$/m.exec(head(bytes))?.[1]);
  const end = text.indexOf('\n\n');
  const header = end === -1 ? text : text.slice(0, end);
  const [, author = '', seconds = '0'] = /^author (.*) (-?\d+) [+-]\d{4}$/m.exec(header) ?? [];
  const tree = /^tree ([0-9a-f]+)$/m.exec(header)?.[1] ?? '';
  const parents = [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, parent]) => parent as string);
  const committed = Number(/^committer .* (-?\d+) [+-]\d{4}$/m.exec(header)?.[1] ?? 0);
  // The subject is the first paragraph, on one line (git log, %s).
  const message = end === -1 ? '' : text.slice(end + 2).replace(/^\n+/, '');
  const subject = (message.split(/\n\s*\n/, 1)[0] as string).trim().replace(/\s*\n\s*/g, ' ');
  return { commit: { sha, author, subject, date: isoTime(Number(seconds)) }, tree, parents, committed };
}

function head(bytes: Buffer): string {
  const end = bytes.indexOf('\n\n');
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
}

function decode(bytes: Buffer, encoding = 'utf-8'): string {
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch {
    // An encoding that TextDecoder does not know.
    return bytes.toString('latin1');
  }
}

/** A commit may claim any time; one that no calendar has is shown as the beginning of time. */
function isoTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}
