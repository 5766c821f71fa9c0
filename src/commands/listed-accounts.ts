import { dirname, resolve } from 'node:path';
import type { Unserved } from '../desired/bounds.ts';
import type { Code } from '../desired/codes.ts';
import { diagnosticAt } from '../desired/diagnostic-at.ts';
import { readFile } from '../desired/disk.ts';
import { secretText } from '../desired/secrets.ts';
import {
  type AccountEntry,
  type AccountValue,
  readSettingsFile,
  type SettingsFile,
} from '../desired/settings-file.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { Failure } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { diagnosticsText } from '../render/diagnostics.ts';
import { styleFor } from '../render/style.ts';
import { isOwnVariable } from '../secrets/environment.ts';
import { unseenIn, withoutLineEnds } from '../secrets/secret-text.ts';
import {
  type Account,
  type AccountDefaults,
  type Accounts,
  type Credentials,
  NOTHING_SENT,
} from './accounts.ts';

/** What follows from a value that is missing. */
const ACCOUNT_HELD_BACK = 'Until it has a value, the recordings of this account are held back.';

/**
 * The accounts that the settings file lists. It is the operator's own, so its references may name any variable and any
 * file. They are followed only where something may be sent, but for the customer IDs that tell whose a state is.
 */
export class ListedAccounts implements Accounts {
  readonly list: readonly Account[];
  readonly files: readonly string[];
  readonly #byAppId = new Map<string, Account>();
  readonly #file: SettingsFile;
  readonly #io: Io;
  /** Nothing else can read them any more. */
  readonly #variables = new Map<string, string>();
  readonly #credentials = new Map<Account, Credentials>();

  /** @param file the settings file as the user would type it */
  constructor(bytes: Uint8Array, file: string, defaults: AccountDefaults, io: Io) {
    this.#io = io;
    this.#file = readSettingsFile(bytes, file);
    const { accounts } = this.#file;
    this.list = accounts.map((entry) => accountOf(entry, defaults));
    for (const account of this.list)
      for (const appId of account.appIds ?? []) this.#byAppId.set(appId, account);
    const sources = accounts.flatMap(({ customerId, customerSecret }) => [
      customerId.source,
      customerSecret.source,
    ]);
    const named = sources.flatMap((source) => ('fromFile' in source ? [source.fromFile] : []));
    this.files = [resolve(io.cwd, file), ...named.map((path) => this.#path(path))];
    this.#takeVariables(sources.flatMap((source) => ('fromEnv' in source ? [source.fromEnv] : [])));
  }

  get file(): string {
    return this.#file.file;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#file.diagnostics;
  }

  get variables(): ReadonlySet<string> {
    return new Set(this.#variables.keys());
  }

  of(appId: string): Account | undefined {
    return this.#byAppId.get(appId);
  }

  nameOf(appId: string): string | undefined {
    return this.of(appId)?.name;
  }

  async mustBeSound(color: boolean): Promise<void> {
    if (!this.#file.broken) return;
    await this.#io.err(`${diagnosticsText(this.diagnostics, styleFor(color))}\n`);
    throw new Failure(`${this.file} has errors, so it is not known which accounts there are`, {
      hint: NOTHING_SENT,
    });
  }

  async follow(): Promise<void> {
    for (const account of this.list)
      this.#credentials.set(account, await this.#credentialsOf(this.#entryOf(account)));
  }

  async identify(): Promise<void> {
    for (const account of this.list) {
      const customerId = await this.#valueOf('customerId', this.#entryOf(account).customerId, []);
      this.#credentials.set(account, { ...(customerId === undefined ? {} : { customerId }), missing: [] });
    }
  }

  credentials(account: Account): Credentials {
    return this.#credentials.get(account) ?? { missing: [] };
  }

  unserved(appId: string): Unserved | undefined {
    if (this.#file.broken) return undefined;
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
          summary: `no account in ${this.file} lists this App ID`,
          detail: `List it under appIds of its account: ${this.list.map(({ name }) => name).join(', ')}.`,
        };
  }

  /** Takes variables out of what others can read. */
  #takeVariables(names: readonly string[]): void {
    const { env } = this.#io;
    // Our own are never read by others, and other settings may be among them.
    const taken = new Set(names.filter((name) => !isOwnVariable(name)));
    for (const name of names) this.#variables.set(name, (Object.hasOwn(env, name) && env[name]) || '');
    if (taken.size > 0) this.#io.conceal([...taken]);
  }

  #entryOf({ name }: Account): AccountEntry {
    return this.#file.accounts.find((entry) => entry.name === name) as AccountEntry;
  }

  /** A path in the settings file counts from its folder. */
  #path(written: string): string {
    return resolve(this.#io.cwd, dirname(this.file), written);
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
