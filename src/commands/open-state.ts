import { allOrigins } from '../agora/domains.ts';
import { shownPath } from '../desired/paths.ts';
import { Failure } from '../model/failure.ts';
import type { Binding, Known } from '../model/known.ts';
import type { Io } from '../model/ports.ts';
import type { Reader, StateOptions, Writer } from '../model/store.ts';
import { appliedElsewhere } from '../plan/target.ts';
import { withoutLineEnds } from '../secrets/secret-text.ts';
import { accountOf } from '../state/key.ts';
import { openState, readState } from '../state/open.ts';
import type { Settings } from './settings.ts';

/** Opens the state to read it; nothing is written. @param command such as "reelstate plan" */
export function reading(command: string, settings: Settings, io: Io): Promise<Reader> {
  return readState(settings.state, optionsOf(command, settings, io));
}

/** Opens the state to write it. @param keepHistory milliseconds for which calls stay in the history */
export function writing(command: string, settings: Settings, io: Io, keepHistory?: number): Promise<Writer> {
  return openState(settings.state, { ...optionsOf(command, settings, io), keepHistory });
}

/** How long a command that has begun waits for a database that is away, in milliseconds. */
const PATIENCE = 30_000;

/** What a state is opened with. */
export function optionsOf(command: string, { rate, rateScope: scope }: Settings, io: Io): StateOptions {
  const { clock, env } = io;
  const keyText = env.REELSTATE_STATE_KEY || undefined;
  return {
    command,
    now: () => clock.now(),
    keyText,
    shared: { clock, env, rate, scope, patience: PATIENCE },
  };
}

/** The state as a person would name it. */
export function shownState({ state }: Pick<Settings, 'state'>, cwd: string): string {
  return state.includes('://') ? state : shownPath(state, cwd);
}

/** The service of Agora, whichever of its domains. */
const AGORA = 'agora';

/** The service that calls go to. */
export function targetOf({ endpoints }: Pick<Settings, 'endpoints'>): string {
  const public_ = new Set(allOrigins());
  return endpoints.every((endpoint) => public_.has(endpoint)) ? AGORA : [...endpoints].sort().join(' ');
}

/**
 * Where calls go, and with which account; without one where no customer ID is set.
 * @param key of the state's fingerprints
 */
export function bindingOf(settings: Settings, key: Buffer, io: Io): Partial<Binding> {
  const customerId = withoutLineEnds(io.env.AGORA_CUSTOMER_ID ?? '');
  const account = customerId ? { account: accountOf(key, customerId) } : {};
  return { target: targetOf(settings), ...account };
}

/**
 * Sees to it that what is known was applied where calls would go.
 * @throws Failure that names both, and the way out
 */
export function checkTarget(known: Known, binding: Partial<Binding>, settings: Settings, io: Io): void {
  const elsewhere = appliedElsewhere(known, () => binding);
  if (!elsewhere) return;
  const { part, there, here, name, count } = elsewhere;
  const which = count === 1 ? name : `${name} and ${count - 1} more`;
  const told =
    part === 'target'
      ? `the state in ${shownState(settings, io.cwd)} belongs to ${shownTarget(there)}, and this command is for ${shownTarget(here)} (${which})`
      : `the state in ${shownState(settings, io.cwd)} belongs to another account (${short(there)}) than AGORA_CUSTOMER_ID names (${short(here)}): ${which}`;
  const other = part === 'target' ? '--endpoint' : 'AGORA_CUSTOMER_ID';
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
