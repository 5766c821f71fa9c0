import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Unserved } from '../desired/bounds.ts';
import type { Code } from '../desired/codes.ts';
import { readFile } from '../desired/disk.ts';
import { shownPath } from '../desired/paths.ts';
import { diagnosticAt } from '../desired/resolve.ts';
import { secretText } from '../desired/secrets.ts';
import type { AccountEntry, AccountValue, SettingsFile } from '../desired/settings-file.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { diagnosticsText } from '../render/diagnostics.ts';
import { styleFor } from '../render/style.ts';
import { isOwnVariable } from '../secrets/environment.ts';
import { secretIn, unseenIn, withoutLineEnds } from '../secrets/secret-text.ts';

/*
 * The accounts: those of the settings file, or without one the account of AGORA_CUSTOMER_ID. The file is the operator's
 * own, so its references may name any variable and any file. They are followed only where something may be sent, but for
 * the customer IDs that tell whose a state is.
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

/** Which settings file is looked for where none is named. */
const USUAL = 'reelstate.yaml';
/** What it is called by those who write .yml, as recording files may be called. */
const OTHERWISE = 'reelstate.yml';

/** What follows from a value that is missing. */
const ACCOUNT_HELD_BACK = 'Until it has a value, the recordings of this account are held back.';

/** Calls go nowhere while the settings file is wrong. */
const NOTHING_SENT = 'Nothing was sent.';

/** The accounts that calls can go with. */
export class Accounts {
  readonly list: readonly Account[];
  readonly #byAppId = new Map<string, Account>();
  readonly #file: SettingsFile | undefined;
  readonly #io: Io;
  /** Of variables that the settings file names: nothing else can read them any more. */
  readonly #variables = new Map<string, string>();
  readonly #credentials = new Map<Account, Credentials>();

  /** @param file left out: the variables of the one account count */
  constructor(defaults: AccountDefaults, io: Io, file?: SettingsFile) {
    this.#io = io;
    this.#file = file;
    this.list = file
      ? file.accounts.map((entry) => accountOf(entry, defaults))
      : [{ ...defaults, name: undefined, appIds: undefined }];
    for (const account of this.list)
      for (const appId of account.appIds ?? []) this.#byAppId.set(appId, account);
    this.#takeVariables();
  }

  /** The settings file as the user would type it; undefined without one. */
  get file(): string | undefined {
    return this.#file?.file;
  }

  /** What is wrong with the settings file. */
  get diagnostics(): readonly Diagnostic[] {
    return this.#file?.diagnostics ?? [];
  }

  /** Variables that hold credentials. */
  get variables(): ReadonlySet<string> {
    return new Set(this.#variables.keys());
  }

  /** Files that no recording file may name. Absolute. */
  get files(): readonly string[] {
    if (!this.#file) return [];
    const named = this.#values().flatMap(({ source }) => ('fromFile' in source ? [source.fromFile] : []));
    return [resolve(this.#io.cwd, this.#file.file), ...named.map((path) => this.#path(path))];
  }

  /** The account of an App ID; undefined where none lists it, or two do. */
  of(appId: string): Account | undefined {
    return this.#file ? this.#byAppId.get(appId) : this.list[0];
  }

  /** What the account of an App ID is called; undefined without a settings file. */
  nameOf(appId: string): string | undefined {
    return this.of(appId)?.name;
  }

  /**
   * Sees to it that the settings file can be acted on.
   * @throws Failure where it cannot, after all that is wrong with it was told on standard error
   */
  async mustBeSound(color: boolean): Promise<void> {
    if (!this.#file?.broken) return;
    await this.#io.err(`${diagnosticsText(this.diagnostics, styleFor(color))}\n`);
    throw new Failure(`${this.#file.file} has errors, so it is not known which accounts there are`, {
      hint: NOTHING_SENT,
    });
  }

  /** Follows the references of all accounts. Needs the accounts to be sound. */
  async follow(): Promise<void> {
    for (const account of this.list) {
      const entry = this.#file?.accounts.find(({ name }) => name === account.name);
      this.#credentials.set(account, entry ? await this.#credentialsOf(entry) : ofVariables(this.#io));
    }
  }

  /** Follows the references to customer IDs alone. One that is not at hand is no finding: nothing is to be sent. */
  async identify(): Promise<void> {
    for (const account of this.list) {
      const entry = this.#file?.accounts.find(({ name }) => name === account.name);
      const customerId = entry
        ? await this.#valueOf('customerId', entry.customerId, [])
        : ofVariables(this.#io).customerId;
      this.#credentials.set(account, { ...(customerId === undefined ? {} : { customerId }), missing: [] });
    }
  }

  /** What is at hand of an account, once `follow` or `identify` was called. */
  credentials(account: Account): Credentials {
    return this.#credentials.get(account) ?? { missing: [] };
  }

  /** Why nothing may be sent for an App ID: for `Bounds`. */
  unserved(appId: string): Unserved | undefined {
    if (!this.#file || this.#file.broken) return undefined;
    const account = this.of(appId);
    if (account) {
      const { missing } = this.credentials(account);
      return missing.length > 0 ? { missing } : undefined;
    }
    const places = this.#file.disputed.get(appId);
    return places
      ? {
          summary: `the App ID is listed more than once: ${places.join(' and ')}`,
          detail: 'A recording belongs to the account that lists its App ID: keep one of them.',
        }
      : {
          summary: `no account in ${this.#file.file} lists this App ID`,
          detail: `List it under appIds of its account: ${this.#file.accounts.map(({ name }) => name).join(', ')}.`,
        };
  }

  /** Takes the variables that the settings file names out of what others can read. */
  #takeVariables(): void {
    const names = this.#values().flatMap(({ source }) => ('fromEnv' in source ? [source.fromEnv] : []));
    const { env } = this.#io;
    // Our own are never read by others, and other settings may be among them.
    const taken = new Set(names.filter((name) => !isOwnVariable(name)));
    for (const name of names) this.#variables.set(name, (Object.hasOwn(env, name) && env[name]) || '');
    if (taken.size > 0) this.#io.conceal([...taken]);
  }

  #values(): AccountValue[] {
    return (this.#file?.accounts ?? []).flatMap(({ customerId, customerSecret }) => [
      customerId,
      customerSecret,
    ]);
  }

  /** A path in the settings file counts from its folder. */
  #path(written: string): string {
    return resolve(this.#io.cwd, dirname(this.#file?.file ?? ''), written);
  }

  async #credentialsOf({ name, customerId, customerSecret }: AccountEntry): Promise<Credentials> {
    const missing: Diagnostic[] = [];
    const id = await this.#valueOf(`customerId of ${name}`, customerId, missing);
    const secret = await this.#valueOf(`customerSecret of ${name}`, customerSecret, missing);
    return {
      ...(id === undefined ? {} : { customerId: id }),
      ...(secret === undefined ? {} : { customerSecret: secret }),
      missing,
    };
  }

  /** @param missing takes why there is none */
  async #valueOf(
    what: string,
    { source, mark }: AccountValue,
    missing: Diagnostic[],
  ): Promise<string | undefined> {
    const found =
      'literal' in source
        ? { value: source.literal }
        : 'fromEnv' in source
          ? this.#variable(source.fromEnv)
          : await this.#text(source.fromFile);
    const unseen = 'code' in found ? undefined : unseenIn(found.value);
    if (!('code' in found) && !unseen) return found.value;
    const [code, summary]: [Code, string] =
      'code' in found
        ? [found.code, `${what}: ${found.error}`]
        : ['secret-character', `${what} has ${unseen}`];
    missing.push(diagnosticAt(mark, code, summary, ACCOUNT_HELD_BACK));
    return undefined;
  }

  #variable(name: string): { value: string } | { code: 'environment-unset'; error: string } {
    const value = withoutLineEnds(this.#variables.get(name) ?? '');
    return value === ''
      ? { code: 'environment-unset', error: `the environment variable ${name} is not set or empty` }
      : { value };
  }

  async #text(
    written: string,
  ): Promise<{ value: string } | { code: 'secret-file-unreadable'; error: string }> {
    const text = secretText(await readFile(this.#path(written)));
    return 'value' in text
      ? text
      : { code: 'secret-file-unreadable', error: `the file ${JSON.stringify(written)} ${text.error}` };
  }
}

function accountOf(
  { name, appIds, rate, endpoint, region }: AccountEntry,
  defaults: AccountDefaults,
): Account {
  return {
    ...{ name, appIds },
    rate: rate ?? defaults.rate,
    endpoints: endpoint === undefined ? defaults.endpoints : [endpoint],
    region: region ?? defaults.region,
  };
}

/** The one account without a settings file. Whether its variables are set is looked at where they are needed. */
function ofVariables({ env }: Io): Credentials {
  const customerId = secretIn(env, 'AGORA_CUSTOMER_ID');
  const customerSecret = secretIn(env, 'AGORA_CUSTOMER_SECRET');
  return {
    ...(customerId === undefined ? {} : { customerId }),
    ...(customerSecret === undefined ? {} : { customerSecret }),
    missing: [],
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
    return new Accounts(defaults, io);
  }
  const isStrange = isUntrusted && named === undefined;
  const bytes = await readFile(path, false, isStrange ? { folders: [io.cwd], closed: [] } : undefined);
  const shown = shownPath(path, io.cwd);
  if (bytes === 'missing') {
    if (named === undefined) return new Accounts(defaults, io);
    throw usage(`--config ${JSON.stringify(named)}: there is no such file`);
  }
  if (!(bytes instanceof Uint8Array))
    throw new Failure(`the settings file ${shown} cannot be read: ${bytes.error}`, { hint: NOTHING_SENT });
  const { readSettingsFile } = await import('../desired/settings-file.ts');
  return new Accounts(defaults, io, readSettingsFile(bytes, shown));
}
