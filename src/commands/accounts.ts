import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Unserved } from '../desired/bounds.ts';
import { readFile } from '../desired/disk.ts';
import { shownPath } from '../desired/paths.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { secretIn } from '../secrets/secret-text.ts';

/*
 * The accounts: those of the settings file (listed-accounts.ts), or without one the account of AGORA_CUSTOMER_ID.
 */

/** What of an account is at hand. */
export interface Credentials {
  customerId?: string;
  customerSecret?: string;
  /** What is not at hand, at its place in the settings file. */
  missing: readonly Diagnostic[];
}

/** What an account goes by where nothing else is said of it. */
export interface AccountDefaults {
  /** Requests a second. */
  rate: number;
  /** In the order in which they are tried; none: the public domains. */
  endpoints: readonly string[];
  region: string | undefined;
}

export interface Account extends AccountDefaults {
  /** As the settings file calls it; undefined: the one account of every App ID. */
  name: string | undefined;
  /** Undefined: every App ID. */
  appIds: readonly string[] | undefined;
}

/** The accounts that calls can go with. */
export interface Accounts {
  readonly list: readonly Account[];
  /** The settings file as the user would type it; undefined without one. */
  readonly file: string | undefined;
  /** What is wrong with the settings file. */
  readonly diagnostics: readonly Diagnostic[];
  /** Variables that hold credentials. */
  readonly variables: ReadonlySet<string>;
  /** Files that no recording file may name. Absolute. */
  readonly files: readonly string[];
  /** The account of an App ID; undefined where none lists it, or two do. */
  of(appId: string): Account | undefined;
  /** What the account of an App ID is called; undefined without a settings file. */
  nameOf(appId: string): string | undefined;
  /**
   * Sees to it that the settings file can be acted on.
   * @throws Failure where it cannot, after all that is wrong with it was told on standard error
   */
  mustBeSound(color: boolean): Promise<void>;
  /** Follows the references of all accounts. Needs the accounts to be sound. */
  follow(): Promise<void>;
  /** Follows the references to customer IDs alone. One that is not at hand is no finding: nothing is to be sent. */
  identify(): Promise<void>;
  /** What is at hand of an account, once `follow` or `identify` was called. */
  credentials(account: Account): Credentials;
  /** Why nothing may be sent for an App ID: for `Bounds`. */
  unserved(appId: string): Unserved | undefined;
}

/** Which settings file is looked for where none is named. */
const USUAL = 'reelstate.yaml';
/** What it is called by those who write .yml, as recording files may be called. */
const OTHERWISE = 'reelstate.yml';

/** Calls go nowhere while the settings file is wrong. */
export const NOTHING_SENT = 'Nothing was sent.';

/** The one account without a settings file. Whether its variables are set is looked at where they are needed. */
function oneAccount(defaults: AccountDefaults, io: Io): Accounts {
  const account: Account = { ...defaults, name: undefined, appIds: undefined };
  let credentials: Credentials = { missing: [] };
  const take = ({ id, secret }: { id: string | undefined; secret?: string | undefined }) => {
    credentials = {
      ...(id === undefined ? {} : { customerId: id }),
      ...(secret === undefined ? {} : { customerSecret: secret }),
      missing: [],
    };
  };
  const variable = (name: string) => secretIn(io.env, name);
  return {
    list: [account],
    file: undefined,
    diagnostics: [],
    variables: new Set(),
    files: [],
    of: () => account,
    nameOf: () => undefined,
    mustBeSound: async () => {},
    follow: async () =>
      take({ id: variable('AGORA_CUSTOMER_ID'), secret: variable('AGORA_CUSTOMER_SECRET') }),
    identify: async () => take({ id: variable('AGORA_CUSTOMER_ID') }),
    credentials: () => credentials,
    unserved: () => undefined,
  };
}

/**
 * The accounts as the settings file has them.
 * @param named as --config says; undefined: reelstate.yaml in the working directory, where it exists
 * @param isUntrusted one that was not named is a stranger's, as all that is in the working directory: no link of it is
 * followed out of there
 * @throws Failure (64) where there is no file of that name, (1) where it cannot be read
 */
export async function readAccounts(
  named: string | undefined,
  isUntrusted: boolean,
  defaults: AccountDefaults,
  io: Io,
): Promise<Accounts> {
  const path = resolve(io.cwd, named ?? USUAL);
  if (named === undefined && !existsSync(join(io.cwd, USUAL))) {
    // Passed over, its accounts would not be used, and others would.
    if (existsSync(join(io.cwd, OTHERWISE)))
      throw new Failure(`${OTHERWISE} is not read: the settings file is called ${USUAL}`, {
        hint: `Rename it, or name it with --config. ${NOTHING_SENT}`,
      });
    return oneAccount(defaults, io);
  }
  const isStrange = isUntrusted && named === undefined;
  const bytes = await readFile(path, false, isStrange ? { folders: [io.cwd], closed: [] } : undefined);
  const shown = shownPath(path, io.cwd);
  if (bytes === 'missing') {
    if (named === undefined) return oneAccount(defaults, io);
    throw usage(`--config ${JSON.stringify(named)}: there is no such file`);
  }
  if (!(bytes instanceof Uint8Array))
    throw new Failure(`the settings file ${shown} cannot be read: ${bytes.error}`, { hint: NOTHING_SENT });
  const { ListedAccounts } = await import('./listed-accounts.ts');
  return new ListedAccounts(bytes, shown, defaults, io);
}
