import type { Bounds } from '../desired/bounds.ts';
import type { LoadOptions } from '../desired/load.ts';
import type { State } from '../model/journal.ts';
import type { Known, Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { DesiredRecording } from '../model/recording.ts';
import type { Asked } from '../plan/saved.ts';
import { reconcile } from '../reconcile.ts';
import type { Vault } from '../secrets/vault.ts';
import { NoopCache, ReadCacheFile } from '../sources/read-cache-file.ts';
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
  /** What files may name. */
  bounds: Bounds;
  known: Known;
  now: number;
  onFile?: LoadOptions['onFile'];
  /** Of a plan that was made before: a name that nothing has any more is no mistake of the command line. */
  namesMayBeGone?: boolean;
  /** The whole state: with it, files that have not changed since the last plan are not read in full. */
  state?: Pick<State, 'known' | 'written'>;
}): Promise<Plan> {
  const { asked, rate, io, vault, bounds, known, now, onFile, state, namesMayBeGone } = input;
  const { dir, ref, names, resync, allowEmpty } = asked;
  // Of a recording that is to be sent whatever is known, and of one in a saved plan.
  const isWholeAsked = resync || onFile !== undefined;
  const fromGit = ref !== undefined;
  const cache = state && new ReadCacheFile({ dir, cwd: io.cwd, env: io.env, fromGit });
  const noopCache = cache && state && new NoopCache(cache, state);
  const noops = new Set<DesiredRecording>();
  const ends = {
    desired: async () => {
      const set = await desiredFiles({
        ...{ dir, ref, io, vault, bounds, allowEmpty, onFile, readCache: cache?.readCache },
        // What is asked for in full is read now, by as many threads as there are, and not one after the other.
        isEnough: isWholeAsked ? () => false : noopCache?.isEnough,
      });
      for (const recording of set.recordings) if (noopCache?.isNoop(recording)) noops.add(recording);
      return set;
    },
    known,
  };
  const isNoop = (recording: DesiredRecording) => noops.has(recording);
  const options = { now, rate, names, resync, allowEmpty, dir, isNoop };
  const { plan, desired } = await reconcile(ends, options);
  for (const recording of plan.recordings) noopCache?.remember(recording);
  cache?.save(now);
  // A name that a broken file would have given is no mistake of the command line.
  if (desired.broken.length === 0 && !namesMayBeGone)
    checkNames(names, [
      ...desired.recordings.map(({ name }) => name),
      ...[...known.values()].map(({ name }) => name),
    ]);
  return plan;
}
