import type { Client } from '../agora/client.ts';
import type { Engine } from '../apply/engine.ts';
import { makePrepare, type Warn } from '../apply/prepare.ts';
import { programRunner } from '../apply/program.ts';
import { TIMINGS } from '../apply/timings.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Binding } from '../model/known.ts';
import type { Io } from '../model/ports.ts';
import type { Writer } from '../model/store.ts';
import type { ApplyEvent, StillWanted } from '../model/work.ts';
import { unseenIn, withoutLineEnds } from '../secrets/secret-text.ts';
import type { Vault } from '../secrets/vault.ts';
import { sentAgo } from '../state/fold.ts';
import { version } from '../version.ts';
import { bindingOf, checkTarget } from './open-state.ts';
import { duration, type RawOptions, type Settings } from './settings.ts';

/** A credentials program's output serves every call of a run that begins within this time, in milliseconds. */
const CREDENTIALS_FRESH = 5 * 60_000;

export interface ServiceInput {
  settings: Settings;
  raw: RawOptions;
  io: Io;
  store: Writer;
  vault: Vault;
  /** How long a call without a clear answer is repeated, in milliseconds. */
  retryFor: number;
  onEvent: (event: ApplyEvent) => void;
  /** Left out: every planned call is sent. */
  stillWanted?: StillWanted;
  /** Milliseconds to wait for the account, where another process may have it; left out: whenever it can be had. */
  lockTimeout?: number;
}

export interface Service {
  binding: Binding;
  engine: Engine;
  client: Client;
  close: () => void;
}

/**
 * The engine with the network behind it. What only sending needs is loaded here and not before.
 * @throws Failure naming the credentials that are missing, or a flag that is wrong
 */
export async function connect({
  settings,
  raw,
  io,
  store,
  vault,
  retryFor,
  onEvent,
  stillWanted = async () => true,
  lockTimeout,
}: ServiceInput): Promise<Service> {
  const { customerId, customerSecret } = credentials(io);
  const timeout = timeoutOf(raw, io);
  const binding = await bind(store, settings, io, lockTimeout);
  // Sealed only so that they are masked in what the service may quote.
  for (const secret of [customerSecret, Buffer.from(`${customerId}:${customerSecret}`).toString('base64')])
    vault.seal(secret, 'env:AGORA_CUSTOMER_SECRET');
  const [{ Engine }, { Client }, { Domains, inOrder, originsFor }, { proxyFor }] = await Promise.all([
    import('../apply/engine.ts'),
    import('../agora/client.ts'),
    import('../agora/domains.ts'),
    import('../agora/proxy.ts'),
  ]);
  const closing = new AbortController();
  const { endpoints, region } = settings;
  const origins = endpoints.length > 0 ? inOrder(endpoints) : originsFor(region);
  const proxies = new Map(origins.inTurn.map((origin) => [origin, proxyFor(origin, io.env)]));
  const client = new Client({
    customerId,
    customerSecret,
    domains: new Domains(origins, io.clock, TIMINGS.domainRest),
    proxyFor: (origin) => proxies.get(origin),
    timeouts: { connect: Math.min(TIMINGS.connect, timeout), request: timeout },
    now: () => io.clock.now(),
    version,
  });
  const run = programRunner(io.cwd, io.env, closing.signal);
  const warn: Warn = ({ key, name }, message) =>
    onEvent({ type: 'warned', key, name, endpoint: 'update', message });
  const engine = new Engine(
    {
      sender: client,
      journal: store,
      bindingOf: () => binding,
      ...makePrepare(run, vault, io.clock, CREDENTIALS_FRESH, warn),
      reveal: (secret) => vault.reveal(secret),
      scrub: (text) => vault.scrub(text),
      clock: io.clock,
      random: io.random,
      stillWanted,
      onEvent,
    },
    {
      rate: settings.rate,
      scope: settings.rateScope,
      sentAgo: [
        ...sentAgo(store.state, io.clock.now()),
        // Queries are not recorded: a writer that was killed may have used its whole allowance for them.
        ...(store.afterKill ? Array.from({ length: Math.ceil(settings.rate) }, () => 0) : []),
      ],
      retryFor,
      spelling: settings.unsubscribeSpelling,
    },
  );
  return {
    binding,
    engine,
    client,
    close: () => {
      closing.abort();
      engine.close();
      client.close();
    },
  };
}

/**
 * Where all calls go, and with which account. What is known and bound to none yet is bound to them: a state of version
 * 0.1 said nothing of it.
 * @throws Failure where what is known was applied elsewhere
 */
async function bind(
  store: Writer,
  settings: Settings,
  io: Io,
  lockTimeout: number | undefined,
): Promise<Binding> {
  const binding = bindingOf(settings, store.key, io) as Binding;
  await store.claim([binding.account], lockTimeout);
  checkTarget(store.state.known, binding, settings, io);
  if (store.holds(binding.account)) await bindAll(store, binding);
  return binding;
}

async function bindAll(store: Writer, binding: Binding): Promise<void> {
  const unbound = [...store.state.known.heads()].filter(
    ({ target, account }) => target === undefined || account === undefined,
  );
  await Promise.all(unbound.map(({ key }) => store.append({ event: 'bind', key, ...binding })));
}

/** How long one call may take, in milliseconds. @throws Failure (64) for what is no such time */
export function timeoutOf(raw: RawOptions, io: Io): number {
  const timeout = duration('timeout', raw, io, TIMINGS.request);
  if (timeout === 0) throw usage('--timeout 0: no call can be answered in no time');
  return timeout;
}

/** @throws Failure naming what is missing */
export function credentials(io: Io): { customerId: string; customerSecret: string } {
  const customerId = withoutLineEnds(io.env.AGORA_CUSTOMER_ID ?? '');
  const customerSecret = withoutLineEnds(io.env.AGORA_CUSTOMER_SECRET ?? '');
  const missing = [
    customerId ? '' : 'AGORA_CUSTOMER_ID',
    customerSecret ? '' : 'AGORA_CUSTOMER_SECRET',
  ].filter(Boolean);
  if (!customerId || !customerSecret)
    throw new Failure(`${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set`, {
      hint: 'The customer ID and secret are under RESTful API in the Agora console. Nothing was sent.',
    });
  for (const [name, value] of Object.entries({
    AGORA_CUSTOMER_ID: customerId,
    AGORA_CUSTOMER_SECRET: customerSecret,
  })) {
    const unseen = unseenIn(value);
    if (unseen) throw new Failure(`${name} has ${unseen}`, { hint: 'Nothing was sent.' });
  }
  return { customerId, customerSecret };
}
