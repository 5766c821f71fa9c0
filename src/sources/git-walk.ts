import type { Search } from '../desired/assemble.ts';
import type { Code } from '../desired/codes.ts';
import { diagnosticAt } from '../desired/diagnostic-at.ts';
import { isRecordingFileName, LEADS_OUT, LINK_WAY, OtherFiles, wholeFile } from '../desired/find.ts';
import { quoted } from '../desired/printable.ts';
import type { CommitTree } from './git-tree.ts';

/** A recording file of a commit: what it holds, and what the user calls it. */
export interface CommittedFile {
  oid: string;
  shown: string;
}

export interface FoundInCommit extends Search {
  found: CommittedFile[];
  unquoted: ReadonlySet<string>;
}

/**
 * The recording files below a folder of a commit, by the rules for folders on disk: names that start with a dot
 * are passed over, links are followed, no folder is entered twice, and what cannot be followed is reported.
 * Submodules are other repositories, and are told.
 * @param dir path in the tree
 * @param isInReach whether a link may lead to this path of the tree
 * @param shownPath a path in the tree as the user would type it
 * @param commit how to call the commit in messages
 */
export async function findInCommit(
  tree: CommitTree,
  dir: string,
  shownPath: (path: string) => string,
  commit: string,
  isInReach: (path: string) => boolean,
): Promise<FoundInCommit> {
  const walk = new CommitWalk(tree, shownPath, isInReach);
  await walk.start(dir, commit);
  const { found, diagnostics, broken, files, unquoted } = walk;
  if (files === 0 && diagnostics.length === 0) diagnostics.push(walk.others.notice(shownPath(dir)));
  found.sort((a, b) => (a.shown < b.shown ? -1 : 1));
  return { found, diagnostics, broken, files, unquoted };
}

/** What is to be known of a submodule. */
const OTHER_REPOSITORY = 'A commit holds only the ID of a submodule, whose files are in another repository.';

class CommitWalk implements FoundInCommit {
  readonly found: CommittedFile[] = [];
  readonly diagnostics: Search['diagnostics'] = [];
  readonly broken: string[] = [];
  readonly others = new OtherFiles();
  readonly unquoted = new Set<string>();
  readonly #tree: CommitTree;
  readonly #shown: (path: string) => string;
  readonly #isInReach: (path: string) => boolean;
  /** The folder's path without links. */
  #root = '';
  /** By the path without links. */
  readonly #entered = new Set<string>();
  /** Folders behind links come last, so that a file keeps the path that leads to it without a link. */
  readonly #linked: { oid: string; path: string; real: string }[] = [];
  #lost = 0;

  constructor(tree: CommitTree, shown: (path: string) => string, isInReach: (path: string) => boolean) {
    this.#tree = tree;
    this.#shown = shown;
    this.#isInReach = isInReach;
  }

  get files(): number {
    return this.found.length + this.#lost;
  }

  async start(dir: string, commit: string): Promise<void> {
    const place = await this.#tree.resolve(dir);
    if (place.kind === 'submodule') {
      const what = `${quoted(this.#shown(place.path))} is a submodule in commit ${commit}`;
      const detail = `${OTHER_REPOSITORY} Run reelstate in its checkout, or follow its own remote.`;
      this.#report(dir, 'directory-unreadable', what, detail);
      return;
    }
    if (place.kind !== 'folder') {
      const what = place.kind === 'file' ? 'is not a folder in' : 'is not in';
      this.#report(dir, 'directory-not-found', `${quoted(this.#shown(dir))} ${what} commit ${commit}`);
      return;
    }
    this.#root = place.path;
    this.#linked.push({ oid: place.oid, path: dir, real: place.path });
    for (let next = this.#linked.shift(); next; next = this.#linked.shift()) {
      if (this.#entered.has(next.real)) continue;
      await this.#tree.readWhole(next.oid);
      await this.#enter(next.oid, next.path, next.real);
    }
  }

  /** @param real the path without links */
  async #enter(oid: string, path: string, real: string): Promise<void> {
    if (this.#entered.has(real)) return;
    this.#entered.add(real);
    // Asked for once a folder: ten thousand paths would take longer than everything else here.
    const shown = this.#shown(path);
    for (const [name, entry] of await this.#tree.folder(oid)) {
      if (name.startsWith('.')) continue;
      const inner = join(path, name);
      if (entry.kind === 'folder') await this.#enter(entry.oid, inner, join(real, name));
      else if (entry.kind === 'file')
        this.#take(entry.oid, name, shown === '.' ? name : join(shown, name), join(real, name));
      else if (entry.kind === 'link') await this.#follow(inner, join(real, name));
      else
        this.#report(
          inner,
          'submodule',
          `${quoted(name)} is a submodule, and recordings in it are not read`,
          `${OTHER_REPOSITORY} While it is here, no recording is forgotten because its file is gone.`,
        );
    }
  }

  #take(oid: string, name: string, shown: string, real: string): void {
    if (!isRecordingFileName(name)) {
      this.others.add(name);
      return;
    }
    this.found.push({ oid, shown });
    if (!isBelow(this.#root, real)) this.unquoted.add(shown);
  }

  async #follow(path: string, real: string): Promise<void> {
    const place = await this.#tree.resolve(real);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const isFound = place.kind === 'folder' || place.kind === 'file';
    if (isFound && !this.#isInReach(place.path)) this.#lose(path, 'link-out-of-bounds', LEADS_OUT, LINK_WAY);
    else if (place.kind === 'folder') this.#linked.push({ oid: place.oid, path, real: place.path });
    else if (place.kind === 'file') this.#take(place.oid, name, this.#shown(path), place.path);
    else if (place.kind === 'outside')
      this.#lose(path, 'link-out-of-bounds', 'this link leads out of the repository', LINK_WAY);
    else {
      const summary = {
        missing: 'this link leads nowhere',
        circle: 'this link leads in a circle',
        submodule: 'this link leads into a submodule',
      }[place.kind];
      this.#lose(path, 'dangling-link', summary);
    }
  }

  #lose(path: string, code: Code, summary: string, detail?: string): void {
    this.#report(path, code, summary, detail);
    if (isRecordingFileName(path.slice(path.lastIndexOf('/') + 1))) this.#lost += 1;
  }

  #report(path: string, code: Code, summary: string, detail?: string): void {
    const filename = this.#shown(path);
    this.diagnostics.push(diagnosticAt(wholeFile(filename), code, summary, detail));
    this.broken.push(filename);
  }
}

/** Whether a path of the tree is a folder or lies in it; '' is the top. */
export function isBelow(folder: string, path: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

function join(folder: string, name: string): string {
  return folder === '' || folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
