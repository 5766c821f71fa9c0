import { randomBytes } from 'node:crypto';
import type { Bounds } from '../desired/bounds.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Known, KnownRecording, Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { DesiredSet } from '../model/recording.ts';
import { planAgainst, planBetween } from '../plan/compare.ts';
import type { Asked } from '../plan/saved.ts';
import { count } from '../render/style.ts';
import { Vault } from '../state/vault.ts';
import { askDaemon } from './ask-daemon.ts';
import { desiredFiles } from './desired-files.ts';
import { checkNames, type RawOptions, textOf } from './settings.ts';

/** What a plan is made against, other than the state. */
export type Comparison = { from: string; to: string } | { against: string };

/** @throws Failure (64) where flags do not go together */
export function readComparison(raw: RawOptions, io: Io): Comparison | undefined {
  const { from, to } = raw;
  // Two commits on the command line count for more than a daemon in the environment.
  const commits = from !== undefined || to !== undefined;
  const against = commits && raw.against === undefined ? undefined : textOf('against', raw, io);
  if (from === undefined && to === undefined && against === undefined) return undefined;
  const excluded = ['out', 'resync', ...(against === undefined ? ['git', 'ref'] : ['from', 'to'])];
  for (const flag of excluded)
    if (raw[flag] !== undefined)
      throw usage(`--${flag} does not go with ${against === undefined ? '--from and --to' : '--against'}`);
  if (against !== undefined) return { against };
  if (typeof from !== 'string' || from === '') throw usage('--to needs --from: which commit to compare with');
  return { from, to: typeof to === 'string' && to !== '' ? to : 'HEAD' };
}

/**
 * A plan that needs neither state nor secrets: from one commit to another, or from what a daemon has applied to what
 * the files ask for.
 */
export async function comparePlan(
  comparison: Comparison,
  asked: Asked,
  { rate, bounds }: { rate: number; bounds: Bounds },
  io: Io,
): Promise<Plan> {
  const vault = new Vault(randomBytes(32));
  const { dir, names, allowEmpty } = asked;
  const load = (ref: string | undefined) => desiredFiles({ dir, ref, io, vault, bounds });
  const options = { now: io.clock.now(), rate, names, allowEmpty, dir };
  if ('against' in comparison) {
    const known = await knownOf(comparison.against);
    const desired = await load(asked.ref);
    check(names, desired, [...known.values()]);
    return planAgainst(desired, known, options);
  }
  const from = await load(comparison.from);
  const to = await load(comparison.to);
  check(names, to, from.recordings);
  if (from.broken.length > 0)
    await io.err(
      `${count(from.broken.length, 'file')} of ${comparison.from} cannot be used: what it describes is planned as new.\n`,
    );
  return planBetween(from, to, options);
}

/** A name that a broken file would have given is no mistake of the command line. */
function check(
  names: readonly string[],
  { recordings, broken }: DesiredSet,
  others: readonly { name: string }[],
): void {
  if (broken.length === 0)
    checkNames(
      names,
      [...recordings, ...others].map(({ name }) => name),
    );
}

async function knownOf(address: string): Promise<Known> {
  const answer = await askDaemon<{ format_version?: string; recordings: KnownRecording[] }>(
    address,
    '/api/known',
    '--against',
  );
  if (answer.format_version !== '1.0')
    throw new Failure(`the daemon at ${address} is of another version of reelstate`);
  return new Map(answer.recordings.map((recording) => [recording.key, recording]));
}
