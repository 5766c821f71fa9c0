import { loadRecordings } from '../desired/load.ts';
import type { Io } from '../model/ports.ts';
import type { DesiredSet } from '../model/recording.ts';
import { count, printable } from '../render/style.ts';
import type { Vault } from '../state/vault.ts';
import { isSet, type RawOptions, type Settings } from './settings.ts';

/** The commit that the files are to be taken from: --ref, or HEAD with --git alone. undefined: the files as they are. */
export function refOf(raw: RawOptions, io: Io): string | undefined {
  const ref = typeof raw.ref === 'string' ? raw.ref : io.env.REELSTATE_REF || undefined;
  return ref ?? (isSet('git', raw, io) ? 'HEAD' : undefined);
}

/**
 * What the files ask for: those on disk, or those of a commit.
 * @throws Failure where there is no such commit
 */
export async function desiredFiles(input: {
  raw: RawOptions;
  settings: Settings;
  io: Io;
  vault: Vault;
}): Promise<DesiredSet> {
  const { raw, settings, io, vault } = input;
  const where = { dir: settings.dir, cwd: io.cwd, env: io.env, vault };
  const now = io.clock.now() / 1000;
  const ref = refOf(raw, io);
  if (ref === undefined) return loadRecordings({ ...where, now });
  const { GitFiles } = await import('../sources/git.ts');
  const files = new GitFiles(where);
  try {
    const { commit, set } = await files.load(ref, now);
    const { sha, subject, author } = commit;
    const told = `${count(set.files, 'file')} of commit ${sha.slice(0, 10)}: ${subject} (${author})`;
    await io.err(`${printable(told)}\n`);
    return set;
  } finally {
    files.close();
  }
}
