import { allOrigins } from '../agora/domains.ts';
import { shownPath } from '../desired/paths.ts';
import { Failure } from '../model/failure.ts';
import type { Binding, Known } from '../model/known.ts';
import type { Io } from '../model/ports.ts';
import type { Reader, StateOptions, Writer } from '../model/store.ts';
import { appliedElsewhere } from '../plan/target.ts';
import { secretIn } from '../secrets/secret-text.ts';
import { accountOf } from '../state/key.ts';
import { openState, readState } from '../state/open.ts';
import type { Account, Accounts } from './accounts.ts';
import type { Flags, Settings } from './settings.ts';

/** Opens the state to read it; nothing is written. @param command such as "reelstate plan" */
export function reading(command: string, settings: Flags | Settings, io: Io): Promise<Reader> {
  return readState(settings.state, optionsOf(command, settings, io));
}

/** Opens the state to write it. @param keepHistory milliseconds for which calls stay in the history */
export function writing(
  command: string,
  settings: Flags | Settings,
  io: Io,
  keepHistory?: number,
): Promise<Writer> {
  return openState(settings.state, { ...optionsOf(command, settings, io), keepHistory });
}

/** How long a command that has begun waits for a database that is away, in milliseconds. */
const PATIENCE = 30_000;

/** What a state is opened with. */
export function optionsOf(command: string, settings: Flags | Settings, io: Io): StateOptions {
  const { rate, rateScope: scope } = settings;
  const rateOf = (appId: string) =>
    ('accounts' in settings ? settings.accounts.of(appId)?.rate : undefined) ?? rate;
  const { clock, env } = io;
  const keyText = secretIn(env, 'REELSTATE_STATE_KEY');
  return {
    command,
    now: () => clock.now(),
    keyText,
    shared: { clock, env, rateOf, scope, patience: PATIENCE },
  };
}

/** The state as a person would name it. */
export function shownState({ state }: Pick<Flags, 'state'>, cwd: string): string {
  return state.includes('://') ? state : shownPath(state, cwd);
}

/** The service of Agora, whichever of its domains. */
const AGORA = 'agora';

/** The service that calls of an account go to. */
export function targetOf({ endpoints }: Pick<Account, 'endpoints'>): string {
  const public_ = new Set(allOrigins());
  return endpoints.every((endpoint) => public_.has(endpoint)) ? AGORA : [...endpoints].sort().join(' ');
}

/**
 * Where calls for each App ID go, and with which account, as far as that is known: without one where its customer ID is
 * not at hand, and nothing at all for an App ID that no account lists.
 * @param key of the state's fingerprints; left out: accounts are not told apart
 */
export function bindingsOf({ accounts }: Settings, key?: Buffer): (appId: string) => Partial<Binding> {
  const bindings = new Map(accounts.list.map((account) => [account, bindingOf(account, accounts, key)]));
  return (appId) => bindings.get(accounts.of(appId) as Account) ?? {};
}

/** Where calls of one account go. */
export function bindingOf(account: Account, accounts: Accounts, key?: Buffer): Partial<Binding> {
  const { customerId } = accounts.credentials(account);
  const fingerprint = key && customerId ? { account: accountOf(key, customerId) } : {};
  return { target: targetOf(account), ...fingerprint };
}

/**
 * Sees to it that what is known was applied where calls would go.
 * @param key of the state's fingerprints; left out: accounts are not told apart
 * @throws Failure that names both, and the way out
 */
export function checkTarget(known: Known, settings: Settings, io: Io, key?: Buffer): void {
  const elsewhere = appliedElsewhere(known, bindingsOf(settings, key));
  if (!elsewhere) return;
  const { part, there, here, name, count } = elsewhere;
  const { file } = settings.accounts;
  const which = count === 1 ? name : `${name} and ${count - 1} more`;
  const naming = file === undefined ? 'AGORA_CUSTOMER_ID names' : `${file} names for it`;
  const told =
    part === 'target'
      ? `the state in ${shownState(settings, io.cwd)} belongs to ${shownTarget(there)}, and this command is for ${shownTarget(here)} (${which})`
      : `the state in ${shownState(settings, io.cwd)} belongs to another account (${short(there)}) than ${naming} (${short(here)}): ${which}`;
  const flag = part === 'target' ? '--endpoint' : 'AGORA_CUSTOMER_ID';
  const other = file === undefined ? flag : `${file}${part === 'target' ? ' and --endpoint' : ''}`;
  throw new Failure(told, {
    hint: `Nothing was sent. Set ${other} as it was, or give another --state; reelstate state rebind binds this one anew, and then what is known counts as applied there.`,
  });
}

export function shownTarget(target: string): string {
  return target === AGORA ? 'the service of Agora' : target.replaceAll(' ', ' and ');
}

/** As much of a fingerprint as tells two of them apart. */
function short(fingerprint: string): string {
  return fingerprint.slice(0, 12);
}
