import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { UnsubscribeSpelling } from '../agora/requests.ts';
import { Failure, usage } from '../model/failure.ts';
import type { State } from '../model/journal.ts';
import type { Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import { type Asked, deviation, type SavedPlan, savedRecordings, staleness } from '../plan/saved.ts';
import { printable } from '../render/style.ts';
import type { Vault } from '../state/vault.ts';
import { makePlanOf } from './make-plan.ts';
import type { RawOptions } from './settings.ts';

/** The way on, whatever makes a saved plan useless. */
const AGAIN = 'Nothing was sent. Make a new one with reelstate plan --out FILE.';

/** Takes down what each recording file held. */
export function fileHashes(): {
  hashes: Record<string, string>;
  onFile: (shown: string, bytes: Uint8Array) => void;
} {
  const hashes: Record<string, string> = {};
  return {
    hashes,
    onFile: (shown, bytes) => {
      hashes[shown] = createHash('sha256').update(bytes).digest('hex');
    },
  };
}

/** Names a state directory by its key, without telling it. */
function stateId(vault: Vault): string {
  return vault.fingerprint('the state of this key');
}

/**
 * Writes a plan that `apply FILE` takes, readable by its owner alone.
 * @throws Failure where it cannot be written
 */
export async function savePlan(
  out: string,
  plan: Plan,
  made: {
    asked: Asked;
    spelling: UnsubscribeSpelling;
    serial: number;
    files: Readonly<Record<string, string>>;
    vault: Vault;
  },
  io: Io,
): Promise<void> {
  const saved: SavedPlan = {
    reelstate: 'plan',
    format_version: '1.0',
    timestamp: plan.timestamp,
    applyable: plan.applyable,
    asked: made.asked,
    unsubscribe_spelling: made.spelling,
    state: { id: stateId(made.vault), serial: made.serial },
    commit: plan.commit ?? null,
    files: made.files,
    recordings: savedRecordings(plan),
  };
  const path = resolve(io.cwd, out);
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(aside, `${JSON.stringify(saved, null, 2)}\n`, { flag: 'wx', mode: 0o600 });
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true });
    throw new Failure(`cannot write the plan: ${(cause as Error).message}`, { cause });
  }
  const use = plan.applyable
    ? 'reelstate apply takes it, once, while the state and the files are as they are now.'
    : 'It cannot be applied: see above.';
  await io.err(`Wrote ${printable(out)}. ${use}\n`);
}

/**
 * The saved plan that the arguments of `apply` name: a file that is there, its name ending in .json or with a slash in
 * it. undefined where they name recordings, whose names may look like that, too.
 * @throws Failure where the file is no plan, or something is asked besides
 */
export async function savedPlanOf(
  names: readonly string[],
  raw: RawOptions,
  io: Io,
): Promise<SavedPlan | undefined> {
  const looksLike = (name: string) => name.endsWith('.json') || name.includes('/');
  const there = await Promise.all(names.map((name) => looksLike(name) && isFile(resolve(io.cwd, name))));
  const file = names[there.indexOf(true)];
  if (file === undefined) return undefined;
  if (names.length > 1) throw usage(`${file} is a plan: it says itself which recordings it is about`);
  for (const flag of ['git', 'ref', 'resync', 'allowEmpty'] as const)
    if (raw[flag] !== undefined)
      throw usage(
        `${file} is a plan: what it is about was said when it was made (${flag === 'allowEmpty' ? '--allow-empty' : `--${flag}`})`,
      );
  return parse(await readFile(resolve(io.cwd, file), 'utf8'), file);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

function parse(text: string, file: string): SavedPlan {
  let value: Partial<SavedPlan> | null | undefined;
  try {
    value = JSON.parse(text) as Partial<SavedPlan> | null;
  } catch {
    value = undefined;
  }
  if (value?.reelstate !== 'plan')
    throw new Failure(`${file} is not a plan that can be applied`, {
      hint: 'reelstate plan --out FILE writes one; what plan --json prints is for reading only.',
    });
  if (value.format_version !== '1.0')
    throw new Failure(
      `${file}: written by another version of reelstate (format ${value.format_version ?? 'unknown'}, this one reads 1.0)`,
      { hint: AGAIN },
    );
  const { asked, state, files, recordings } = value;
  if (!asked || !state || !files || !Array.isArray(recordings))
    throw new Failure(`${file} is damaged`, { hint: AGAIN });
  return value as SavedPlan;
}

/**
 * Makes a saved plan once more, secrets at hand, and sees to it that it is the same.
 * @throws Failure that says what has changed, where it is not
 */
export async function planAgain(
  saved: SavedPlan,
  run: { rate: number; io: Io; vault: Vault; state: State },
): Promise<Plan> {
  const { rate, io, vault, state } = run;
  const refuse = (why: string) => new Failure(`this plan cannot be applied: ${why}`, { hint: AGAIN });
  if (!saved.applyable)
    throw refuse('it was made with errors, or with references that could not be resolved');
  const sameState = {
    stateId: stateId(vault),
    serial: state.serial,
    since: sentSince(state, saved.state.serial),
  };
  const early = staleness(saved, { ...sameState, commit: saved.commit ?? undefined, files: saved.files });
  if (early) throw refuse(early);
  const { hashes, onFile } = fileHashes();
  // As of then: what has fallen due since is no part of it.
  const now = Date.parse(saved.timestamp);
  const plan = await makePlanOf({ asked: saved.asked, rate, io, vault, known: state.known, now, onFile });
  const stale = staleness(saved, { ...sameState, commit: plan.commit, files: hashes });
  if (stale) throw refuse(stale);
  const wrong =
    plan.diagnostics.find(({ severity }) => severity === 'error') ??
    plan.recordings.flatMap(({ unresolved }) => unresolved)[0];
  if (wrong) throw refuse(`${wrong.range.filename}:${wrong.range.start.line}: ${wrong.summary}`);
  const other = deviation(saved, savedRecordings(plan));
  if (other) throw refuse(other);
  return plan;
}

/** Calls that have left after an entry of the journal, for people. */
function sentSince({ known }: State, serial: number): string[] {
  return [...known.values()].flatMap(({ name, update, updateLayout }) =>
    Object.entries({ update, updateLayout }).flatMap(([endpoint, { applied, unknown }]) =>
      [applied, ...unknown].some((sent) => sent && sent.seq > serial) ? [`${endpoint} of ${name}`] : [],
    ),
  );
}
