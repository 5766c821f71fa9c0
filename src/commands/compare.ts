import { randomBytes } from 'node:crypto';
import type { Bounds } from '../desired/bounds.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Known } from '../model/known.ts';
import { KnownMap } from '../model/known-map.ts';
import type { Comparison, KnownRecording, Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { DesiredSet } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { planAgainst, planBetween } from '../plan/compare.ts';
import type { Asked } from '../plan/saved.ts';
import { isKnownAnswer } from '../plan/shapes.ts';
import { count, printable } from '../render/style.ts';
import { Vault } from '../secrets/vault.ts';
import { askDaemon, daemonToken } from './ask-daemon.ts';
import { desiredFiles } from './desired-files.ts';
import { costsOf } from './make-plan.ts';
import { selectorsOf, tellNothingSelected } from './select.ts';
import { checkNames, type RawOptions, type Settings, textOf } from './settings.ts';

/** What a plan is made against, other than the state. */
export type Baseline =
  | { from: string; fromDir: string | undefined; to: string }
  | { against: string; token: string | undefined };

/** @throws Failure (64) where flags do not go together */
export async function readBaseline(raw: RawOptions, io: Io): Promise<Baseline | undefined> {
  const { from, to } = raw;
  // Two commits on the command line count for more than a daemon in the environment.
  const commits = from !== undefined || to !== undefined;
  const fromDir = textOf('fromDir', raw, io);
  if (raw.fromDir !== undefined && from === undefined)
    throw usage('--from-dir needs --from: in which commit the folder was called so');
  const against = commits && raw.against === undefined ? undefined : textOf('against', raw, io);
  if (from === undefined && to === undefined && against === undefined) return undefined;
  const excluded = ['out', 'resync', ...(against === undefined ? ['git', 'ref'] : ['from', 'to'])];
  for (const flag of excluded)
    if (raw[flag] !== undefined)
      throw usage(`--${flag} does not go with ${against === undefined ? '--from and --to' : '--against'}`);
  if (against !== undefined) return { against, token: await daemonToken(raw, io) };
  if (from === '') throw usage('--from: must not be empty', 'Is the variable set that was meant?');
  if (typeof from !== 'string') throw usage('--to needs --from: which commit to compare with');
  return { from, fromDir, to: typeof to === 'string' && to !== '' ? to : 'HEAD' };
}

/**
 * A plan without state and secrets: from one commit to another, or from what a daemon has applied to what the files ask
 * for.
 */
export async function comparePlan(
  baseline: Baseline,
  asked: Asked,
  { settings, bounds }: { settings: Settings; bounds: Bounds },
  io: Io,
): Promise<Plan> {
  const vault = new Vault(randomBytes(32));
  const { dir, names, allowEmpty } = asked;
  const load = (ref: string | undefined) =>
    desiredFiles({ dir, ref, io, vault, bounds, accounts: settings.accounts });
  // What accounts there are now says nothing about what an older commit asked for.
  const { appId: _, ...anyAccount } = bounds;
  const loadOlder = (ref: string | undefined, folder = dir) =>
    desiredFiles({ dir: folder, ref, io, vault, bounds: anyAccount, accounts: undefined });
  const options = {
    ...{ now: io.clock.now(), ...costsOf(settings), names, allowEmpty, dir },
    select: selectorsOf(asked.select),
  };
  const told = async (plan: Plan) => {
    if (asked.select && plan.recordings.length === 0) await tellNothingSelected(asked.select, io);
    return plan;
  };
  if ('against' in baseline) {
    const known = await knownOf(baseline.against, baseline.token);
    const desired = await load(asked.ref);
    check(names, desired, [...known.heads()]);
    return told(planAgainst(desired, known, options));
  }
  const to = await load(baseline.to);
  const { from, comparison } = await olderSet(baseline, dir, to, loadOlder, io);
  check(names, to, from.recordings);
  for (const note of comparison.notes) await io.err(`${printable(note)}\n`);
  for (const { summary, range } of comparison.diagnostics)
    await io.err(
      `  ${printable(`${range.filename}:${range.start.line}:${range.start.column}: ${summary}`)}\n`,
    );
  return told(planBetween(from, to, comparison, options));
}

type Load = (ref: string, folder?: string) => Promise<DesiredSet>;

/**
 * What the older commit's files ask for. What was in another folder there is found where git knows of the move: it
 * must not look new, and hide what goes back to its default.
 */
async function olderSet(
  { from: ref, fromDir }: { from: string; fromDir: string | undefined },
  dir: string,
  to: DesiredSet,
  load: Load,
  io: Io,
): Promise<{ from: DesiredSet; comparison: Comparison }> {
  const from = await load(ref, fromDir ?? dir);
  const isThere = !from.diagnostics.some(isMissing);
  const isAllKnown = isThere && unknownKeys(from, to).size === 0;
  if (isAllKnown || fromDir !== undefined || !from.commit || !to.commit)
    return {
      from,
      comparison: comparisonOf(ref, fromDir ?? dir, from, isThere ? [] : [nothing(ref, fromDir ?? dir)]),
    };
  const { formerFolders } = await import('../sources/git-rename.ts');
  const where = { dir, cwd: io.cwd, env: io.env };
  const folders = await formerFolders(where, from.commit.sha, to.commit.sha);
  const former = isThere ? undefined : folders.shift();
  if (!isThere && former === undefined)
    return {
      from,
      comparison: comparisonOf(ref, dir, from, [
        `${nothing(ref, dir)} --from-dir DIR names the folder that it was there.`,
      ]),
    };
  const notes =
    former === undefined
      ? []
      : [`${dir} was ${former} in ${ref}, as git tells by its files: compared with what was there.`];
  let all = former === undefined ? from : await load(ref, former);
  for (const folder of folders) {
    const wanted = unknownKeys(all, to);
    if (wanted.size === 0) break;
    const moved = (await load(ref, folder)).recordings.filter(
      ({ identity }) => identity && wanted.has(recordingKey(identity)),
    );
    if (moved.length === 0) continue;
    all = { ...all, recordings: [...all.recordings, ...moved] };
    notes.push(`${count(moved.length, 'recording')} of ${dir} had its file in ${folder} in ${ref}.`);
  }
  return { from: all, comparison: comparisonOf(ref, former ?? dir, all, notes) };
}

/** Of one set, the recordings that another one has not got. */
function unknownKeys(from: DesiredSet, to: DesiredSet): Set<string> {
  const keys = ({ recordings }: DesiredSet) =>
    recordings.flatMap(({ identity }) => (identity ? [recordingKey(identity)] : []));
  const known = new Set(keys(from));
  return new Set(keys(to).filter((key) => !known.has(key)));
}

function nothing(ref: string, dir: string): string {
  return `${dir} is not in ${ref}, so nothing could be compared: what is called new here may be known, and what goes back to its default is not seen.`;
}

function isMissing({ code }: Diagnostic): boolean {
  return code === 'directory-not-found';
}

function comparisonOf(ref: string, fromDir: string, from: DesiredSet, notes: string[]): Comparison {
  const diagnostics = from.diagnostics.filter(
    (diagnostic) => diagnostic.severity === 'error' && !isMissing(diagnostic),
  );
  const broken = new Set(diagnostics.map(({ range }) => range.filename)).size;
  const told =
    broken > 0
      ? [`${count(broken, 'file')} of ${ref} cannot be used: what it describes is planned as new.`]
      : [];
  return { from: ref, fromDir, complete: from.broken.length === 0, notes: [...notes, ...told], diagnostics };
}

/** A name may be missing because its file is broken: that is no mistake of the command line. */
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

async function knownOf(address: string, token: string | undefined): Promise<Known> {
  const answer = await askDaemon<{ format_version?: string; recordings: KnownRecording[] }>(
    address,
    '/api/known',
    '--against',
    token,
    isKnownAnswer,
  );
  if (answer.format_version === undefined)
    throw new Failure(`the daemon at ${address} is of another version of reelstate`);
  return new KnownMap(answer.recordings.map((recording) => [recording.key, recording]));
}
