import type { Client } from '../agora/client.ts';
import type { Engine } from '../apply/engine.ts';
import { Fleet } from '../apply/fleet.ts';
import { makePrepare, type Warn } from '../apply/prepare.ts';
import { programRunner } from '../apply/program.ts';
import { TIMINGS } from '../apply/timings.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Binding } from '../model/known.ts';
import type { Io } from '../model/ports.ts';
import { appIdIn } from '../model/recording-key.ts';
import type { Writer } from '../model/store.ts';
import type { ApplyEvent, StillWanted } from '../model/work.ts';
import { secretIn, unseenIn } from '../secrets/secret-text.ts';
import type { Vault } from '../secrets/vault.ts';
import { sentAgo } from '../state/fold.ts';
import { version } from '../version.ts';
import type { Account, Accounts, Credentials } from './accounts.ts';
import { bindingOf, bindingsOf, checkTarget } from './open-state.ts';
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
  /** Milliseconds to wait for the accounts, where another process may have them; left out: whenever they can be had. */
  lockTimeout?: number;
  /** App IDs that something is to be sent for: other accounts are not asked for. Left out: every account is. */
  appIds?: ReadonlySet<string>;
}

export interface Service {
  fleet: Fleet;
  /** The accounts that it sends for: their names, undefined for the one of every App ID, and their fingerprints. */
  accounts: { name: string | undefined; account: string }[];
  /** Loads what calls need, so that the first is not slower than the others. */
  warm: () => Promise<void>;
  /** What the recording really does; undefined where the request might not leave. */
  query: Client['query'];
  close: () => void;
}

/** What sends for one account. */
interface Sending {
  account: Account;
  engine: Engine;
  client: Client;
}

/**
 * The engines with the network behind them, one for each account whose credentials are at hand. What only sending needs is
 * loaded here and not before.
 * @throws Failure naming the credentials that are missing, or a flag that is wrong
 */
export async function connect(input: ServiceInput): Promise<Service> {
  const { settings, raw, io, vault, onEvent } = input;
  const { accounts } = settings;
  const asked = input.appIds && new Set([...input.appIds].map((appId) => accounts.of(appId)));
  const usable = usableAccounts(accounts, io).filter((account) => !asked || asked.has(account));
  const timeout = timeoutOf(raw, io);
  const claimed = await bind(usable, input);
  const modules = await Promise.all([
    import('../apply/engine.ts'),
    import('../agora/client.ts'),
    import('../agora/domains.ts'),
    import('../agora/proxy.ts'),
  ]);
  const closing = new AbortController();
  const run = programRunner(io.cwd, io.env, closing.signal);
  const warn: Warn = ({ key, name, identity }, message) => {
    const account = accounts.nameOf(identity.appId);
    const about = account === undefined ? {} : { account };
    onEvent({ type: 'warned', key, name, endpoint: 'update', message, ...about });
  };
  // One program may give the credentials of recordings of several accounts.
  const ready = makePrepare(run, vault, io.clock, CREDENTIALS_FRESH, warn);
  const open = (account: Account) => openAccount(account, { ...input, timeout, ready, modules });
  const all = usable.map(open);
  const fleet = new Fleet(
    all.map(({ account: { name }, engine }) => ({ name, engine })),
    (appId) => accounts.nameOf(appId),
  );
  return {
    fleet,
    accounts: claimed,
    warm: async () => void (await Promise.all(all.map(({ client }) => client.warm()))),
    query: async (identity, ...way) =>
      all.find(({ account }) => account === accounts.of(identity.appId))?.client.query(identity, ...way),
    close: () => {
      closing.abort();
      fleet.close();
      for (const { client } of all) client.close();
    },
  };
}

type Modules = [
  typeof import('../apply/engine.ts'),
  typeof import('../agora/client.ts'),
  typeof import('../agora/domains.ts'),
  typeof import('../agora/proxy.ts'),
];

/** An account's own client and engine: its domains, its allowance, what its answers say. */
function openAccount(
  account: Account,
  input: ServiceInput & {
    timeout: number;
    ready: ReturnType<typeof makePrepare>;
    modules: Modules;
  },
): Sending {
  const { settings, io, store, vault, retryFor, onEvent, stillWanted = async () => true } = input;
  const { accounts } = settings;
  const { name, rate, endpoints, region } = account;
  const { customerId, customerSecret } = accounts.credentials(account) as Required<Credentials>;
  // Sealed only so that they are masked in what the service may quote.
  for (const secret of [customerSecret, Buffer.from(`${customerId}:${customerSecret}`).toString('base64')])
    vault.seal(secret, 'env:AGORA_CUSTOMER_SECRET');
  const [{ Engine }, { Client }, { Domains, inOrder, originsFor }, { proxyFor }] = input.modules;
  const origins = endpoints.length > 0 ? inOrder(endpoints) : originsFor(region);
  const proxies = new Map(origins.inTurn.map((origin) => [origin, proxyFor(origin, io.env)]));
  const { timeout } = input;
  const client = new Client({
    customerId,
    customerSecret,
    domains: new Domains(origins, io.clock, TIMINGS.domainRest),
    proxyFor: (origin) => proxies.get(origin),
    timeouts: { connect: Math.min(TIMINGS.connect, timeout), request: timeout },
    now: () => io.clock.now(),
    version,
  });
  const binding = bindingOf(account, accounts, store.key) as Binding;
  const engine = new Engine(
    {
      sender: client,
      journal: store,
      bindingOf: () => binding,
      ...input.ready,
      reveal: (secret) => vault.reveal(secret),
      scrub: (text) => vault.scrub(text),
      clock: io.clock,
      random: io.random,
      stillWanted,
      onEvent: name === undefined ? onEvent : (event) => onEvent({ ...event, account: name }),
    },
    {
      rate,
      scope: settings.rateScope,
      credentials: credentialNames(account, accounts),
      sentAgo: [
        ...sentAgo(store.state, io.clock.now(), (appId) => accounts.of(appId) === account),
        // Queries are not recorded: a writer that was killed may have used its whole allowance for them.
        ...(store.afterKill ? Array.from({ length: Math.ceil(rate) }, () => 0) : []),
      ],
      retryFor,
      spelling: settings.unsubscribeSpelling,
    },
  );
  return { account, engine, client };
}

/** What holds an account's credentials, for messages. */
function credentialNames({ name }: Account, { file }: Accounts): string {
  return name === undefined
    ? 'AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET'
    : `customerId and customerSecret of ${name} in ${file}`;
}

/**
 * Where the calls of each account go, and with which fingerprint. What is known and bound to none yet is bound to them: a
 * state of version 0.1 said nothing of it.
 * @throws Failure where what is known was applied elsewhere
 */
async function bind(
  usable: readonly Account[],
  { store, settings, io, lockTimeout }: ServiceInput,
): Promise<Service['accounts']> {
  const claimed = usable.map((account) => ({
    name: account.name,
    account: (bindingOf(account, settings.accounts, store.key) as Binding).account,
  }));
  await store.claim([...new Set(claimed.map(({ account }) => account))], lockTimeout);
  checkTarget(store.state.known, settings, io, store.key);
  const bindings = bindingsOf(settings, store.key);
  const unbound = [...store.state.known.heads()].filter(
    ({ target, account }) => target === undefined || account === undefined,
  );
  await Promise.all(
    unbound.map(async ({ key }) => {
      const binding = bindings(appIdIn(key));
      if (binding.account !== undefined && store.holds(binding.account))
        await store.append({ event: 'bind', key, ...binding });
    }),
  );
  return claimed;
}

/**
 * Accounts whose credentials are at hand.
 * @throws Failure naming what is missing where there are none
 */
function usableAccounts(accounts: Accounts, io: Io): Account[] {
  if (accounts.file === undefined) credentials(io);
  const all = accounts.list.filter((account) => {
    const { customerId, customerSecret } = accounts.credentials(account);
    return customerId !== undefined && customerSecret !== undefined;
  });
  if (all.length > 0) return all;
  const missing = accounts.list.flatMap((account) => accounts.credentials(account).missing);
  throw new Failure(
    `no account in ${accounts.file} has its credentials: ${missing.map(({ summary }) => summary).join('; ')}`,
    { hint: 'Nothing was sent.' },
  );
}

/** How long one call may take, in milliseconds. @throws Failure (64) for what is no such time */
export function timeoutOf(raw: RawOptions, io: Io): number {
  const timeout = duration('timeout', raw, io, TIMINGS.request);
  if (timeout === 0) throw usage('--timeout 0: no call can be answered in no time');
  return timeout;
}

/** @throws Failure naming what is missing */
export function credentials(io: Io): { customerId: string; customerSecret: string } {
  const customerId = secretIn(io.env, 'AGORA_CUSTOMER_ID');
  const customerSecret = secretIn(io.env, 'AGORA_CUSTOMER_SECRET');
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
