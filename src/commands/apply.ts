import type { Engine } from '../apply/engine.ts';
import { makePrepare } from '../apply/prepare.ts';
import { programRunner } from '../apply/program.ts';
import { Results } from '../apply/results.ts';
import { Failure } from '../model/failure.ts';
import type { Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { ApplyEvent } from '../model/work.ts';
import { carryOut, sendable } from '../reconcile.ts';
import { diagnosticLine, eventLine, summaryLine } from '../render/apply-json.ts';
import { applyMarkdown, applyText, isComplete } from '../render/apply-text.ts';
import { styleFor } from '../render/style.ts';
import { readKey, Store } from '../state/store.ts';
import { Vault } from '../state/vault.ts';
import { version } from '../version.ts';
import { makePlanOf, showPlan } from './plan.ts';
import { makeProgress } from './progress.ts';
import { duration, isSet, type RawOptions, readSettings, type Settings } from './settings.ts';

/** How long apply repeats a call whose outcome is not known before it says so and ends, in milliseconds. */
const RETRY_FOR = 30_000;

/** A credentials program's output serves every call of a run that begins within this time, in milliseconds. */
const CREDENTIALS_FRESH = 5 * 60_000;

/** `reelstate apply`: makes the recordings as the files say, and ends with what was done and what was not. */
export async function apply(names: string[], raw: RawOptions, io: Io): Promise<number> {
  const settings = readSettings(raw, io);
  const retryFor = duration('retryFor', raw, io, RETRY_FOR);
  const store = await Store.open(settings.state, 'reelstate apply', () => io.clock.now());
  try {
    const vault = new Vault((await readKey(settings.state)) as Buffer);
    const plan = await makePlanOf({ names, raw, settings, io, vault, known: store.state.known });
    const refused = await announce(plan, settings, io);
    if (refused !== undefined) return refused;
    if (!(await agreed(plan, raw, settings, io))) return 1;
    return await send({ plan, store, vault, settings, retryFor, io });
  } finally {
    await store.close();
  }
}

/** Shows the plan. @returns the exit code where there is nothing to be done at all */
async function announce(plan: Plan, settings: Settings, io: Io): Promise<number | undefined> {
  const errors = plan.diagnostics.some(({ severity }) => severity === 'error');
  if (settings.output === 'json')
    for (const diagnostic of plan.diagnostics) await io.out(diagnosticLine(diagnostic, io.clock.now()));
  else await showPlan(plan, settings, io);
  const held = plan.recordings.some(({ unresolved }) => unresolved.length > 0);
  const books = plan.recordings.some(
    ({ action, released, supersedes }) => action === 'forget' || released.length > 0 || supersedes.length > 0,
  );
  if (sendable(plan).length > 0 || held || books || settings.output === 'json') return undefined;
  return errors ? 1 : 0;
}

/** Asks on a terminal; without one, or with --yes, the plan was enough. */
async function agreed(plan: Plan, raw: RawOptions, settings: Settings, io: Io): Promise<boolean> {
  if (!io.ask || isSet('yes', raw, io) || settings.output !== 'text' || sendable(plan).length === 0)
    return true;
  const answer = await io.ask('\nSend this? Only "yes" sends it: ');
  if (answer.trim().toLowerCase() === 'yes') return true;
  await io.out('Nothing was sent.\n');
  return false;
}

async function send(input: {
  plan: Plan;
  store: Store;
  vault: Vault;
  settings: Settings;
  retryFor: number;
  io: Io;
}): Promise<number> {
  const { plan, store, settings, io } = input;
  const results = new Results(plan);
  const progress = makeProgress(settings, io);
  const pending: Promise<void>[] = [];
  const onEvent = (event: ApplyEvent) => {
    results.take(event);
    if (settings.output === 'json') pending.push(io.out(eventLine(event, io.clock.now())));
    else progress.take(event, results.counts());
  };
  let interrupted: string | undefined;
  const { engine, close } = await connect(input, onEvent);
  const { stop } = io;
  const onStop = () => {
    interrupted = 'interrupted';
    engine?.stop();
  };
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop);
  try {
    if (engine) await carryOut(plan, store.state.known, engine, store);
  } catch (error) {
    interrupted = `the state cannot be written (${(error as Error).message})`;
  } finally {
    stop.removeEventListener('abort', onStop);
    close();
    progress.end();
    await Promise.all(pending);
  }
  const result = results.finish(interrupted);
  if (settings.output === 'json') await io.out(summaryLine(result, io.clock.now()));
  else if (settings.output === 'markdown') await io.out(applyMarkdown(result));
  else await io.out(`\n${applyText(result, styleFor(settings.color))}`);
  const errors = plan.diagnostics.some(({ severity }) => severity === 'error');
  return isComplete(result) && !errors ? 0 : 1;
}

/** The engine with everything behind it. What only sending needs is loaded here and not before. */
async function connect(
  {
    plan,
    store,
    vault,
    settings,
    retryFor,
    io,
  }: { plan: Plan; store: Store; vault: Vault; settings: Settings; retryFor: number; io: Io },
  onEvent: (event: ApplyEvent) => void,
): Promise<{ engine: Engine; close: () => void }> {
  const [{ Engine }, { Client }, { Domains, originsFor }, { TIMINGS }] = await Promise.all([
    import('../apply/engine.ts'),
    import('../agora/client.ts'),
    import('../agora/domains.ts'),
    import('../apply/timings.ts'),
  ]);
  const { customerId, customerSecret } =
    sendable(plan).length > 0 ? credentials(io) : { customerId: '', customerSecret: '' };
  const origins = settings.endpoint ? [settings.endpoint] : originsFor(settings.region);
  const client = new Client({
    customerId,
    customerSecret,
    domains: new Domains(origins, io.clock, TIMINGS.domainRest),
    timeouts: { connect: TIMINGS.connect, request: TIMINGS.request },
    now: () => io.clock.now(),
    version,
  });
  const engine = new Engine(
    {
      sender: client,
      journal: store,
      prepare: makePrepare(
        programRunner(io.cwd, io.env),
        vault,
        () => io.clock.monotonic(),
        CREDENTIALS_FRESH,
      ),
      reveal: (secret) => vault.reveal(secret),
      scrub: (text) => vault.scrub(text),
      clock: io.clock,
      random: io.random,
      onEvent,
    },
    {
      rate: settings.rate,
      scope: settings.rateScope,
      sentAgo: store.state.sent.map((at) => io.clock.now() - at),
      retryFor,
      spelling: settings.unsubscribeSpelling,
    },
  );
  return { engine, close: () => client.close() };
}

/** @throws Failure naming the variables that are missing */
function credentials(io: Io): { customerId: string; customerSecret: string } {
  const { AGORA_CUSTOMER_ID: customerId, AGORA_CUSTOMER_SECRET: customerSecret } = io.env;
  const missing = [
    customerId ? '' : 'AGORA_CUSTOMER_ID',
    customerSecret ? '' : 'AGORA_CUSTOMER_SECRET',
  ].filter(Boolean);
  if (!customerId || !customerSecret)
    throw new Failure(`${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set`, {
      hint: 'The customer ID and secret are under RESTful API in the Agora console. Nothing was sent.',
    });
  return { customerId, customerSecret };
}
