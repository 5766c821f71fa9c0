import type { Bounds } from '../desired/bounds.ts';
import type { LoadOptions } from '../desired/load.ts';
import type { Known } from '../model/known.ts';
import type { Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { DesiredRecording } from '../model/recording.ts';
import type { Asked } from '../plan/saved.ts';
import type { PlanOptions } from '../plan/whole-set.ts';
import { reconcile } from '../reconcile.ts';
import type { Vault } from '../secrets/vault.ts';
import { NoopCache, ReadCacheFile } from '../sources/read-cache-file.ts';
import { desiredFiles, refOf } from './desired-files.ts';
import { selectOf, selectorsOf, tellNothingSelected } from './select.ts';
import { checkNames, isResync, isSet, type RawOptions, type Settings } from './settings.ts';

/** What the command line asks to be planned. */
export function askedOf(names: readonly string[], raw: RawOptions, settings: Settings, io: Io): Asked {
  const select = selectOf(raw, io);
  return {
    dir: settings.dir,
    ref: refOf(raw, io),
    names,
    ...(select.length > 0 ? { select } : {}),
    resync: isResync(raw, io),
    allowEmpty: isSet('allowEmpty', raw, io),
  };
}

/** What calls cost: the allowance of each account. */
export function costsOf({
  rate,
  accounts,
}: Pick<Settings, 'rate' | 'accounts'>): Pick<PlanOptions, 'rate' | 'accountOf'> {
  return { rate, accountOf: (appId) => accounts.of(appId) };
}

interface PlanInput {
  asked: Asked;
  settings: Pick<Settings, 'rate' | 'accounts'>;
  io: Io;
  vault: Vault;
  /** What files may name. */
  bounds: Bounds;
  known: Known;
  now: number;
  onFile?: LoadOptions['onFile'];
  /** Of a plan that was made before: a name that nothing has any more is no mistake of the command line. */
  namesMayBeGone?: boolean;
  /** Whether files that have not changed since the last plan need not be read in full. */
  cached?: boolean;
}

/**
 * Loads the files, plans, and checks the names that were asked for.
 * @param now milliseconds since 1970: when the plan is made
 * @throws Failure (64) for names that nothing has
 */
export async function makePlanOf(input: PlanInput): Promise<Plan> {
  return (await makePlanToApply(input)).plan;
}

/**
 * The same for what is applied.
 * @returns besides the plan `applied`, which is told once these were sent: the next plan need not read what an apply has
 * just brought to what its file says
 */
export async function makePlanToApply(
  input: PlanInput,
): Promise<{ plan: Plan; applied: (names: readonly string[]) => void }> {
  const { asked, settings, io, vault, bounds, known, now, onFile, cached, namesMayBeGone } = input;
  const { dir, ref, names, resync, allowEmpty } = asked;
  // Of a recording that is to be sent whatever is known, and of one in a saved plan.
  const isWholeAsked = resync || onFile !== undefined;
  const fromGit = ref !== undefined;
  const cache = cached ? new ReadCacheFile({ dir, cwd: io.cwd, env: io.env, fromGit }) : undefined;
  const noopCache = cache && new NoopCache(cache, known);
  const desired = await desiredFiles({
    ...{ dir, ref, io, vault, bounds, allowEmpty, onFile, readCache: cache?.readCache },
    accounts: settings.accounts,
    // What is asked for in full is read now, by as many threads as there are, and not one after the other.
    isEnough: isWholeAsked ? () => false : noopCache?.isEnough,
  });
  const isNoop = (recording: DesiredRecording) => noopCache?.isNoop(recording) ?? false;
  const select = selectorsOf(asked.select);
  const costs = costsOf(settings);
  const options = { now, ...costs, names, select, resync, allowEmpty, dir, isNoop };
  const plan = reconcile(desired, known, options);
  const remember = ({ recordings }: Plan) => {
    for (const recording of recordings) noopCache?.remember(recording);
    cache?.save(now);
  };
  remember(plan);
  // A name that a broken file would have given is no mistake of the command line.
  if (desired.broken.length === 0 && !namesMayBeGone)
    checkNames(names, [
      ...desired.recordings.map(({ name }) => name),
      ...[...known.heads()].map(({ name }) => name),
    ]);
  if (asked.select && plan.recordings.length === 0) await tellNothingSelected(asked.select, io);
  return {
    plan,
    applied: (sent) => {
      // Planned once more: what is known now decides, and no list of what an apply may have left undone.
      if (cache && sent.length > 0)
        remember(reconcile(desired, known, { ...options, names: sent, select: [], resync: false }));
    },
  };
}
