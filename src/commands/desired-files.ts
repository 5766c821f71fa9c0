import type { Bounds } from '../desired/bounds.ts';
import { type LoadOptions, loadRecordings } from '../desired/load.ts';
import { shownPath } from '../desired/paths.ts';
import { type Neighbourhood, onDisk, unusedFiles } from '../desired/unused.ts';
import { byPlace } from '../model/diagnostic.ts';
import type { Io } from '../model/ports.ts';
import type { DesiredSet } from '../model/recording.ts';
import { count, printable } from '../render/style.ts';
import type { Vault } from '../secrets/vault.ts';
import type { Accounts } from './accounts.ts';
import { isSet, type RawOptions, textOf } from './settings.ts';

/** The commit that the files are to be taken from: --ref, or HEAD with --git alone. undefined: the files as they are. */
export function refOf(raw: RawOptions, io: Io): string | undefined {
  return textOf('ref', raw, io) ?? (isSet('git', raw, io) ? 'HEAD' : undefined);
}

/**
 * What the files ask for: those on disk, or those of a commit, which is told on standard error.
 * @param onFile is handed the bytes of each recording file that is read from disk
 * @throws Failure where there is no such commit
 */
export async function desiredFiles(input: {
  dir: string;
  ref: string | undefined;
  io: Io;
  vault: Vault;
  /** What files may name. */
  bounds: Bounds;
  onFile?: LoadOptions['onFile'];
  readCache?: LoadOptions['readCache'];
  isEnough?: LoadOptions['isEnough'];
  /**
   * Accept a commit without the folder: git has no empty folders, so the folder is missing once the last file is gone.
   */
  allowEmpty?: boolean;
  /** Warn of files with the fields of a block that no recording uses. */
  findUnused?: boolean;
  /** What is wrong with the settings file is told beside what is wrong with the others; undefined: nothing of it is. */
  accounts: Accounts | undefined;
}): Promise<DesiredSet> {
  const set = await filesOf(input);
  const diagnostics = input.accounts?.diagnostics ?? [];
  if (diagnostics.length === 0) return set;
  return { ...set, diagnostics: [...diagnostics, ...set.diagnostics].sort(byPlace) };
}

async function filesOf(input: Parameters<typeof desiredFiles>[0]): Promise<DesiredSet> {
  const { dir, ref, io, vault, bounds, onFile, readCache, isEnough, allowEmpty, findUnused } = input;
  const where = { dir, cwd: io.cwd, env: io.env, vault, bounds, readCache, isEnough };
  const now = io.clock.now() / 1000;
  const looked = async (set: DesiredSet, around: Neighbourhood): Promise<DesiredSet> =>
    findUnused
      ? { ...set, diagnostics: [...set.diagnostics, ...(await unusedFiles(set.recordings, around, io.cwd))] }
      : set;
  if (ref === undefined) {
    const read = new Set<string>();
    const take: LoadOptions['onFile'] = (shown, bytes) => {
      if (findUnused) read.add(shown);
      onFile?.(shown, bytes);
    };
    const set = await loadRecordings({ ...where, onFile: take, now });
    return looked(set, { ...onDisk(bounds), isRead: (path) => read.has(shownPath(path, io.cwd)) });
  }
  const { GitFiles } = await import('../sources/git.ts');
  const files = new GitFiles(where);
  try {
    const { commit, set, notes = [] } = await files.load(ref, now);
    const { sha, subject, author } = commit;
    const told = `${count(set.files, 'file')} of commit ${sha.slice(0, 10)}: ${subject} (${author})`;
    for (const line of [told, ...notes]) await io.err(`${printable(line)}\n`);
    const whole = await looked(set, files);
    return { ...(allowEmpty ? withoutMissing(whole) : whole), commit: { sha, author, subject } };
  } finally {
    files.close();
  }
}

/** The same, where the folder itself is not in the commit: as if it was there and empty. */
function withoutMissing(set: DesiredSet): DesiredSet {
  const missing = set.diagnostics.find(({ code }) => code === 'directory-not-found');
  if (!missing) return set;
  return {
    ...set,
    diagnostics: set.diagnostics.filter((diagnostic) => diagnostic !== missing),
    broken: set.broken.filter((path) => path !== missing.range.filename),
  };
}
