import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Bounds } from '../desired/bounds.ts';
import { Failure, usage } from '../model/failure.ts';
import type { State } from '../model/journal.ts';
import type { Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import {
  askedBy,
  type PrintedPlan,
  type PrintedRecording,
  printedDeviation,
  printedPlan,
  printedStaleness,
  spellingsIn,
} from '../plan/printed.ts';
import type { PlanTerms, SavedPlan } from '../plan/saved.ts';
import { isSavedPlan, isShallow } from '../plan/shapes.ts';
import { planJson } from '../render/plan-json.ts';
import type { Vault } from '../secrets/vault.ts';
import { makePlanOf } from './make-plan.ts';
import { fileHashes, savedTerms } from './saved-plan.ts';
import { flagOf, type RawOptions } from './settings.ts';

/** A plan that is applied as it is or not at all: what `plan --out` wrote, or what `plan --json` printed. */
export type PlanFile = SavedPlan | PrintedPlan;

export function isSaved(value: object): value is SavedPlan {
  return 'reelstate' in value && value.reelstate === 'plan';
}

/** The way on, whatever makes a plan useless. */
function again(isSaved: boolean): { hint: string } {
  return {
    hint: `Nothing was sent. Make a new one with reelstate plan ${isSaved ? '--out FILE' : '--json'}.`,
  };
}

/**
 * The plan that the arguments of `apply` name: a file that is there, its name ending in .json or with a slash in it.
 * undefined where they name recordings, whose names may look like that, too.
 * @throws Failure where the file is no plan, or something is asked besides
 */
export async function planFileOf(
  names: readonly string[],
  raw: RawOptions,
  io: Io,
): Promise<PlanFile | undefined> {
  const looksLike = (name: string) => name.endsWith('.json') || name.includes('/');
  const there = await Promise.all(names.map((name) => looksLike(name) && isFile(resolve(io.cwd, name))));
  const file = names[there.indexOf(true)];
  if (file === undefined) return undefined;
  if (names.length > 1) throw usage(`${file} is a plan: it says itself which recordings it is about`);
  const refuse = (flag: string) =>
    usage(`${file} is a plan: what it is about was said when it was made (${flagOf(flag)})`);
  for (const flag of ['git', 'ref', 'resync', 'allowEmpty']) if (raw[flag] !== undefined) throw refuse(flag);
  const plan = parse(await readFile(resolve(io.cwd, file), 'utf8'), file);
  const otherwise = isSaved(plan) ? otherThanSaved(plan, raw, io) : undefined;
  if (otherwise !== undefined) throw refuse(otherwise);
  return plan;
}

/** The flag that says otherwise than a saved plan does. What is printed names neither the folder nor the spelling. */
function otherThanSaved(
  { asked, unsubscribe_spelling, recordings }: SavedPlan,
  raw: RawOptions,
  io: Io,
): string | undefined {
  const { dir, unsubscribeSpelling } = raw;
  if (typeof dir === 'string' && resolve(io.cwd, dir) !== resolve(io.cwd, asked.dir)) return 'dir';
  if (unsubscribeSpelling === undefined) return undefined;
  // Made without the flag, it sends what the files have: where that is no list, what the flag once was by itself.
  const [first = 'unSubscribe', other] = spellingsIn(
    recordings.flatMap(({ calls }) => calls.map(({ request }) => request)),
  );
  const sent = unsubscribe_spelling ?? (other ? undefined : first);
  return unsubscribeSpelling === sent ? undefined : 'unsubscribeSpelling';
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

function parse(text: string, file: string): PlanFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const saved = isSaved(fields);
  // status --json has a version and recordings, too, but nothing to apply.
  if (!saved && !('applyable' in fields && 'format_version' in fields))
    throw new Failure(`${file} is not a plan that can be applied`, {
      hint: 'reelstate plan --out FILE writes one, and what reelstate plan --json prints is one.',
    });
  const { format_version: version } = fields;
  if (version !== '1.0')
    throw new Failure(
      `${file}: written by another version of reelstate (format ${typeof version === 'string' ? version : 'unknown'}, this one reads 1.0)`,
      again(saved),
    );
  const isWhole = isShallow(fields) && (!saved || isSavedPlan(fields));
  const plan = !isWhole ? undefined : saved ? (fields as unknown as SavedPlan) : printedPlan(fields);
  if (!plan) throw new Failure(`${file} is damaged`, again(saved));
  return plan;
}

/**
 * Makes a plan from a file once more, secrets at hand, and sees to it that it is the same.
 * @throws Failure that says what has changed, where it is not
 */
export async function planAgain(
  file: PlanFile,
  run: { dir: string; rate: number; io: Io; vault: Vault; bounds: Bounds; state: State },
): Promise<Plan> {
  const { dir, rate, io, vault, bounds, state } = run;
  const refuse = (why: string) => new Failure(`this plan cannot be applied: ${why}`, again(isSaved(file)));
  if (!file.applyable) throw refuse('it was made with errors, or with references that could not be resolved');
  const terms = isSaved(file) ? savedTerms(file, state, vault) : printedTerms(file, state, dir);
  const early = terms.early();
  if (early) throw refuse(early);
  const { hashes, onFile } = fileHashes();
  // As of then: what has fallen due since is no part of it.
  const now = Date.parse(file.timestamp);
  const { asked } = terms;
  const { known } = state;
  const plan = await makePlanOf({
    ...{ asked, rate, io, vault, bounds, known, now, onFile },
    namesMayBeGone: true,
  });
  const stale = terms.stale(plan, hashes);
  if (stale) throw refuse(stale);
  const wrong =
    plan.diagnostics.find(({ severity }) => severity === 'error') ??
    plan.recordings.flatMap(({ unresolved }) => unresolved)[0];
  if (wrong) throw refuse(`${wrong.range.filename}:${wrong.range.start.line}: ${wrong.summary}`);
  const other = terms.other(plan);
  if (other) throw refuse(other);
  return plan;
}

/** What binds a printed plan: what it says. */
function printedTerms(printed: PrintedPlan, { known }: State, dir: string): PlanTerms {
  return {
    asked: askedBy(printed, dir),
    early: () => printedStaleness(printed, known.values()),
    stale: () => undefined,
    other: (plan) => {
      const now = planJson(plan, printed.unsubscribe_spelling) as { recordings: PrintedRecording[] };
      return printedDeviation(printed.recordings, now.recordings);
    },
  };
}
