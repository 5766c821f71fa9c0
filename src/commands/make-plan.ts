import type { LoadOptions } from '../desired/load.ts';
import type { Known, Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { Asked } from '../plan/saved.ts';
import { look } from '../reconcile.ts';
import type { Vault } from '../state/vault.ts';
import { desiredFiles, refOf } from './desired-files.ts';
import { checkNames, isSet, type RawOptions, type Settings } from './settings.ts';

/** What the command line asks to be planned. */
export function askedOf(names: readonly string[], raw: RawOptions, settings: Settings, io: Io): Asked {
  return {
    dir: settings.dir,
    ref: refOf(raw, io),
    names,
    resync: isSet('resync', raw, io),
    allowEmpty: isSet('allowEmpty', raw, io),
  };
}

/**
 * Loads the files, plans, and checks the names that were asked for.
 * @param now milliseconds since 1970: when the plan is made
 * @throws Failure (64) for names that nothing has
 */
export async function makePlanOf(input: {
  asked: Asked;
  rate: number;
  io: Io;
  vault: Vault;
  known: Known;
  now: number;
  onFile?: LoadOptions['onFile'];
}): Promise<Plan> {
  const { asked, rate, io, vault, known, now, onFile } = input;
  const { dir, ref, names, resync, allowEmpty } = asked;
  const ends = {
    desired: () => desiredFiles({ dir, ref, io, vault, ...(onFile ? { onFile } : {}) }),
    known: () => known,
  };
  const options = { rate, names, resync, allowEmpty, dir };
  const { plan, desired } = await look(ends, options, () => now);
  // A name that a broken file would have given is no mistake of the command line.
  if (desired.broken.length === 0)
    checkNames(names, [
      ...desired.recordings.map(({ name }) => name),
      ...[...known.values()].map(({ name }) => name),
    ]);
  return plan;
}
