import { open, readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { UnsubscribeSpelling } from '../agora/requests.ts';
import type { Bounds } from '../desired/bounds.ts';
import { Failure, usage } from '../model/failure.ts';
import { isObject } from '../model/json.ts';
import type { Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { Writer } from '../model/store.ts';
import { deviation, type SavedPlan, savedRecordings, staleness } from '../plan/saved.ts';
import { isSavedPlan, isShallow } from '../plan/shapes.ts';
import type { Vault } from '../secrets/vault.ts';
import { makePlanOf } from './make-plan.ts';
import { fileHashes, stateNow } from './saved-plan.ts';
import { flagOf, type RawOptions, type Settings } from './settings.ts';

/** The hint for a plan that cannot be applied. */
const AGAIN = { hint: 'Nothing was sent. Make a new one with reelstate plan --out FILE.' };

function isSaved(value: object): boolean {
  return 'reelstate' in value && value.reelstate === 'plan';
}

/** What `plan --json` prints is for programs to read: secrets are masked in it, and it is bound to no state. */
function isPrinted(value: object): boolean {
  return 'applyable' in value && 'format_version' in value;
}

/**
 * The plan that the arguments of `apply` name: a file that is there, and that has .json at the end of its name, a slash in
 * it, or a plan within. undefined where they name recordings, whose names may look like that, too.
 * @throws Failure where the file is no plan, or something is asked besides
 */
export async function planFileOf(
  names: readonly string[],
  raw: RawOptions,
  io: Io,
): Promise<SavedPlan | undefined> {
  const looksLike = (name: string) => name.endsWith('.json') || name.includes('/');
  const there = await Promise.all(
    names.map(async (name) => {
      const path = resolve(io.cwd, name);
      return (await isFile(path)) && (looksLike(name) || (await beginsAsPlan(path)));
    }),
  );
  const file = names[there.indexOf(true)];
  if (file === undefined) return undefined;
  if (names.length > 1) throw usage(`${file} is a plan: it says itself which recordings it is about`);
  const refuse = (flag: string) =>
    usage(`${file} is a plan: what it is about was said when it was made (${flagOf(flag)})`);
  for (const flag of ['git', 'ref', 'select', 'resync', 'allowEmpty'])
    if (raw[flag] !== undefined) throw refuse(flag);
  const plan = parse(await readFile(resolve(io.cwd, file), 'utf8'), file);
  const otherwise = otherThanSaved(plan, raw, io);
  if (otherwise !== undefined) throw refuse(otherwise);
  return plan;
}

/** The first flag that contradicts the saved plan. */
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

/** Whether a file is what `plan --out` writes, by how it begins. */
async function beginsAsPlan(path: string): Promise<boolean> {
  const beginning = '{"reelstate":"plan"';
  const file = await open(path).catch(() => undefined);
  try {
    const read = await file?.read({ buffer: Buffer.alloc(beginning.length) });
    return read?.buffer.toString('latin1', 0, read.bytesRead) === beginning;
  } catch {
    return false;
  } finally {
    await file?.close();
  }
}

/** How the lists within some requests are spelt. */
function spellingsIn(requests: readonly unknown[]): UnsubscribeSpelling[] {
  const used = new Set<UnsubscribeSpelling>();
  for (const request of requests)
    for (const [, spelling] of JSON.stringify(request).matchAll(/"(un[Ss]ubscribe)(?:Audio|Video)Uids":/g))
      used.add(spelling as UnsubscribeSpelling);
  return [...used];
}

function parse(text: string, file: string): SavedPlan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const fields = isObject(value) ? value : {};
  if (!isSaved(fields))
    throw new Failure(
      isPrinted(fields)
        ? `${file} is what reelstate plan --json printed: it is for programs to read, and cannot be applied`
        : `${file} is not a plan that can be applied`,
      { hint: 'reelstate plan --out FILE writes one.' },
    );
  const { format_version: version } = fields;
  if (version !== '1.0')
    throw new Failure(
      `${file}: written by another version of reelstate (format ${typeof version === 'string' ? version : 'unknown'}, this one reads 1.0)`,
      AGAIN,
    );
  if (!isShallow(fields) || !isSavedPlan(fields)) throw new Failure(`${file} is damaged`, AGAIN);
  return fields;
}

/**
 * Makes a plan from a file once more, secrets at hand, and sees to it that it is the same.
 * @throws Failure that says what has changed, where it is not
 */
export async function planAgain(
  saved: SavedPlan,
  run: { settings: Settings; io: Io; vault: Vault; bounds: Bounds; store: Writer },
): Promise<Plan> {
  const { settings, io, vault, bounds, store } = run;
  const refuse = (why: string) => new Failure(`this plan cannot be applied: ${why}`, AGAIN);
  const { asked, commit, files, timestamp } = saved;
  if (!saved.applyable)
    throw refuse('it was made with errors, or with references that could not be resolved');
  const at = stateNow(saved, store);
  const early = staleness(saved, { ...at, commit: commit ?? undefined, files });
  if (early) throw refuse(early);
  const { hashes, onFile } = fileHashes();
  // Planned as of then: calls that have fallen due since are no part of it.
  const now = Date.parse(timestamp);
  const { known } = store.state;
  const plan = await makePlanOf({
    ...{ asked, settings, io, vault, bounds, known, now, onFile },
    namesMayBeGone: true,
  });
  const stale = staleness(saved, { ...at, commit: plan.commit, files: hashes });
  if (stale) throw refuse(stale);
  const wrong =
    plan.diagnostics.find(({ severity }) => severity === 'error') ??
    plan.recordings.flatMap(({ unresolved }) => unresolved)[0];
  if (wrong) throw refuse(`${wrong.range.filename}:${wrong.range.start.line}: ${wrong.summary}`);
  const other = deviation(saved, savedRecordings(plan));
  if (other) throw refuse(other);
  return plan;
}
