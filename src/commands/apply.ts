import { STS_AT_LEAST } from '../agora/sts.ts';
import { Results } from '../apply/results.ts';
import { diagnosticAt } from '../desired/diagnostic-at.ts';
import { HELD_BACK } from '../desired/secrets.ts';
import { type Diagnostic, findingId } from '../model/diagnostic.ts';
import { type Failure, usage } from '../model/failure.ts';
import type { Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { ApplyResult } from '../model/result.ts';
import type { Writer } from '../model/store.ts';
import type { ApplyEvent } from '../model/work.ts';
import { dispatch, recordBookkeeping, sendable } from '../reconcile.ts';
import { diagnosticLine, eventLine, summaryLine } from '../render/apply-json.ts';
import { applyMarkdown, applyText, isComplete } from '../render/apply-text.ts';
import { diagnosticsText, headLine } from '../render/diagnostics.ts';
import { count, styleFor } from '../render/style.ts';
import { Vault } from '../secrets/vault.ts';
import { LostState } from '../state/errors.ts';
import { readBounds } from './bounds.ts';
import { askedOf, makePlanToApply } from './make-plan.ts';
import { bindingOf, checkTarget, writing } from './open-state.ts';
import { tellOfOtherState } from './other-state.ts';
import { showPlan, unseenPlan } from './plan.ts';
import { planAgain, planFileOf } from './plan-file.ts';
import { makeProgress } from './progress.ts';
import { connect, credentials, timeoutOf } from './service.ts';
import { duration, isSet, keepHistoryOf, type RawOptions, readSettings, type Settings } from './settings.ts';

/** How long apply repeats a call whose outcome is not known before it says so and ends, in milliseconds. */
const RETRY_FOR = 30_000;
/** How long apply waits for an account that another process sends for, in milliseconds. */
const LOCK_TIMEOUT = 10_000;

interface Run {
  raw: RawOptions;
  settings: Settings;
  io: Io;
  store: Writer;
  vault: Vault;
  plan: Plan;
  retryFor: number;
  lockTimeout: number;
}

/**
 * `reelstate apply`: makes the recordings as the files say, or exactly as a plan in a file says, and ends with what
 * was done and what was not. On a terminal it asks first. Without one only --yes sends, or a plan in a file, which
 * was made to be sent; where nothing is to be sent neither is needed.
 * @throws Failure (64) without a terminal and without --yes
 */
export async function apply(names: string[], raw: RawOptions, io: Io): Promise<number> {
  const file = await planFileOf(names, raw, io);
  const settings = await readSettings(raw, io);
  if (file) settings.unsubscribeSpelling = file.unsubscribe_spelling;
  const retryFor = duration('retryFor', raw, io, RETRY_FOR);
  timeoutOf(raw, io);
  await tellOfOtherState(settings, raw, io);
  const { accounts } = settings;
  await accounts.mustBeSound(settings.color);
  await accounts.follow();
  const bounds = readBounds(raw, settings, io, file ? { dir: file.asked.dir } : {});
  const keepHistory = keepHistoryOf(raw, io);
  const lockTimeout = duration('lockTimeout', raw, io, LOCK_TIMEOUT);
  const store = await writing('reelstate apply', settings, io, keepHistory);
  try {
    const { key, state } = store;
    const vault = new Vault(key);
    // The plan is made of what is known under the leases.
    const fingerprints = accounts.list.flatMap((account) => bindingOf(account, accounts, key).account ?? []);
    if (fingerprints.length > 0) await store.claim([...new Set(fingerprints)], lockTimeout);
    checkTarget(state.known, settings, io, key);
    const { plan: made, applied } = file
      ? { plan: await planAgain(file, { settings, io, vault, bounds, store }) }
      : await makePlanToApply({
          asked: askedOf(names, raw, settings, io),
          ...{ settings, io, vault, bounds, known: state.known, now: io.clock.now() },
          cached: settings.cache,
        });
    const plan = withErrors(made);
    if (settings.output === 'json')
      for (const diagnostic of plan.diagnostics) await io.out(diagnosticLine(diagnostic, io.clock.now()));
    else await showPlan(plan, settings, io);
    const isAgreed = sendable(plan).length === 0 || isSet('yes', raw, io);
    if (!isAgreed && !io.ask && !file) {
      await tellNothingSent(plan, 'without a terminal to ask on, --yes is needed', settings, io);
      throw notAsked(plan);
    }
    // Credentials are checked first: the question is useless where nothing could be sent.
    if (sendable(plan).length > 0 && accounts.file === undefined) credentials(io);
    if (!isAgreed && io.ask && !(await agreed(plan, io.ask, settings, io))) {
      await tellNothingSent(plan, 'the answer was not yes', settings, io);
      await io.err('Nothing was sent.\n');
      return 1;
    }
    const result = await send({ raw, settings, io, store, vault, plan, retryFor, lockTimeout });
    await tell(result, settings, io);
    // Where it was stopped the state may be lost, and what is known ahead of it.
    if (!result.stopped) applied?.(sendable(plan).map(({ name }) => name));
    const hasErrors = made.diagnostics.some(({ severity }) => severity === 'error');
    // Where nothing was sent the plan's own end is the last word.
    if (hasErrors && settings.output !== 'json' && result.calls.length > 0)
      await io.out('Not everything could be planned: see the errors.\n');
    return isComplete(result) && !hasErrors ? 0 : 1;
  } finally {
    await store.close();
  }
}

/** The plan, where a secret that is not at hand is an error: a plan is made in many places, and what applies it needs it. */
function withErrors(plan: Plan): Plan {
  // Those of several recordings that take fields from one file have become one.
  const unresolved = new Set(plan.recordings.flatMap((recording) => recording.unresolved.map(findingId)));
  if (unresolved.size === 0) return plan;
  const diagnostics = plan.diagnostics.map(
    (diagnostic): Diagnostic =>
      unresolved.has(findingId(diagnostic)) ? { ...diagnostic, severity: 'error' } : diagnostic,
  );
  return { ...plan, diagnostics };
}

/** Asks a person, whatever the form and wherever the results go. */
async function agreed(plan: Plan, ask: NonNullable<Io['ask']>, settings: Settings, io: Io): Promise<boolean> {
  // The question repeats the plan where it went to another place than the terminal, or is no part of the results.
  const isSeen = settings.output !== 'json' && io.outIsTerminal;
  const unseen = isSeen ? '' : unseenPlan(plan, settings, io);
  const errors = errorLine(plan);
  const answer = await ask(
    `${unseen}${errors && `\n${errors}\n${firstErrors(plan, settings.color)}`}\nSend this? Only "yes" sends it: `,
  );
  return answer.trim().toLowerCase() === 'yes';
}

/** How many files a person has to know of before anything is sent; empty where none has an error. */
function errorLine({ diagnostics }: Plan): string {
  const files = new Set(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ range }) => range.filename),
  ).size;
  if (files === 0) return '';
  return files === 1
    ? '1 file has errors, and what it describes is left as it is.'
    : `${files} files have errors, and what they describe is left as it is.`;
}

/** So many errors are repeated beside the question; all of them were told above the plan. */
const FIRST_ERRORS = 3;

/** The first error of each of the first files, in lines; empty for one file, whose errors stand right above. */
function firstErrors({ diagnostics }: Plan, color: boolean): string {
  const style = styleFor(color);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const first = new Map<string, Diagnostic>();
  for (const error of errors) if (!first.has(error.range.filename)) first.set(error.range.filename, error);
  if (first.size < 2) return '';
  const shown = [...first.values()].slice(0, FIRST_ERRORS);
  const rest = errors.length - shown.length;
  const lines = shown.map((error) => `  ${headLine(error, style)}\n`);
  return `${lines.join('')}${rest > 0 ? `  and ${count(rest, 'more error')}\n` : ''}`;
}

/** Without a terminal only a flag can confirm that the plan is to be sent. */
function notAsked(plan: Plan): Failure {
  const calls = sendable(plan).reduce((sum, recording) => sum + recording.calls.length, 0);
  const errors = errorLine(plan);
  return usage(
    `there is no terminal to ask on: --yes is needed to send ${count(calls, 'call')}`,
    `Nothing was sent. ${errors && `${errors} `}reelstate apply --yes sends it; a plan that was saved (plan --out FILE) needs no --yes.`,
  );
}

/** The end where nothing was sent. The stream of events has its last line all the same. */
async function tellNothingSent(plan: Plan, why: string, settings: Settings, io: Io): Promise<void> {
  if (settings.output !== 'json') return;
  const result = new Results(plan).finish(why);
  await io.out(summaryLine({ ...result, forgotten: [] }, io.clock.now()));
}

async function send(run: Run): Promise<ApplyResult> {
  const { plan, store, settings, io } = run;
  const results = new Results(plan);
  if (sendable(plan).length === 0) {
    await recordBookkeeping(plan, store.state.known, store);
    return results.finish();
  }
  const progress = makeProgress(settings, io, perCall(plan));
  const printed: Promise<void>[] = [];
  const onEvent = (event: ApplyEvent) => {
    results.take(event);
    const diagnostic = heldBack(event, plan) ?? shortLived(event, plan);
    if (diagnostic) {
      printed.push(tellDiagnostic(diagnostic, settings, io));
      return;
    }
    const line = settings.output === 'json' ? eventLine(event, io.clock.now()) : undefined;
    if (line) printed.push(io.out(line));
    if (settings.output !== 'json') progress.take(event, results.counts());
  };
  const appIds = new Set(sendable(plan).flatMap(({ identity }) => identity?.appId ?? []));
  const { fleet, accounts: owned, warm, close } = await connect({ ...run, onEvent, appIds });
  let interrupted: string | undefined;
  let isRecorded = true;
  const { stop } = io;
  const onStop = () => {
    interrupted = 'interrupted';
    void io.err(
      '\nStopping when the calls in flight are answered. Once more, and it ends at once; the state stays sound.\n',
    );
    fleet.stop();
  };
  store.onClaim((_, held) => {
    if (held) return;
    interrupted ??= 'another process sends for the account now';
    // The calls of that account are dropped; others go on.
    if (owned.length === 1) fleet.stop();
  });
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop);
  try {
    // Loading the network must not count as time of the first call.
    await warm();
    await dispatch(plan, store.state.known, fleet, store);
  } catch (error) {
    // A disk that is full, say. Anything else is a defect, and told as one.
    if (!(error instanceof LostState)) throw error;
    isRecorded = false;
    interrupted = error.message;
  } finally {
    stop.removeEventListener('abort', onStop);
    close();
    progress.end();
    await Promise.all(printed);
  }
  return results.finish(interrupted, isRecorded);
}

/** What a call takes of the allowance, in milliseconds. */
function perCall({ summary: { calls, seconds_at_rate } }: Plan): number {
  return (1_000 * seconds_at_rate) / Math.max(1, calls.update + calls.updateLayout);
}

/** The error for a recording whose credentials program failed, at the place where its file names the program. */
function heldBack(event: ApplyEvent, { recordings }: Plan): Diagnostic | undefined {
  if (event.type !== 'failed' || !event.held) return undefined;
  const mark = recordings.find(({ key }) => key === event.key)?.credentialsAt;
  return mark && diagnosticAt(mark, 'credentials-unavailable', event.message, HELD_BACK);
}

/** The warning for credentials that are sent although they expire soon. */
function shortLived(event: ApplyEvent, { recordings }: Plan): Diagnostic | undefined {
  if (event.type !== 'warned') return undefined;
  const mark = recordings.find(({ key }) => key === event.key)?.credentialsAt;
  return mark && diagnosticAt(mark, 'sts-expires-soon', event.message, STS_AT_LEAST);
}

async function tellDiagnostic(diagnostic: Diagnostic, settings: Settings, io: Io): Promise<void> {
  if (settings.output === 'json') return io.out(diagnosticLine(diagnostic, io.clock.now()));
  return io.err(`${diagnosticsText([diagnostic], styleFor(settings.color))}\n`);
}

/** The end. Where the plan has said already that there is nothing to do, text says no more. */
async function tell(result: ApplyResult, settings: Settings, io: Io): Promise<void> {
  if (settings.output === 'json') return io.out(summaryLine(result, io.clock.now()));
  const { calls, held, forgotten } = result;
  if (calls.length + held.length + forgotten.length === 0 && !result.stopped) return;
  if (settings.output === 'markdown') return io.out(`\n${applyMarkdown(result)}`);
  return io.out(`\n${applyText(result, styleFor(settings.color))}`);
}
