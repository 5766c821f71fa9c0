import { readEndpoint } from '../agora/endpoint.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { isObject } from '../model/json.ts';
import type { Mark, SecretSource } from './checked.ts';
import { TreeLook } from './look.ts';
import { open } from './open.ts';
import type { ParsedDocument } from './parse.ts';
import { quoted } from './printable.ts';
import type { AccountSettings, SettingsFile as Written } from './settings.generated.ts';
import { checkShape } from './shape.ts';
import { type IsSound, soundness } from './soundness.ts';
import type { SourceText } from './source-text.ts';
import { TreeBuilder } from './tree.ts';
import { checkPlainName } from './unfilled.ts';
import { validateSettings } from './validator.generated.js';

/*
 * The settings file: bytes to accounts. References are not followed here.
 */

/** A value of an account's, and where it stands in the settings file. */
export interface AccountValue {
  source: SecretSource;
  mark: Mark;
}

/** One account, as the settings file has it. */
export interface AccountEntry {
  name: string;
  /** Those that no other account lists. */
  appIds: readonly string[];
  customerId: AccountValue;
  customerSecret: AccountValue;
  /** Requests a second. */
  rate?: number;
  endpoint?: string;
  region?: string;
}

export interface SettingsFile {
  /** As the user would type it. */
  file: string;
  /** Without those that hold an error. */
  accounts: AccountEntry[];
  /** App IDs that are listed more than once, and where: "reelstate.yaml:4:9 (acme)". */
  disputed: ReadonlyMap<string, readonly string[]>;
  diagnostics: Diagnostic[];
  /** Something is wrong besides App IDs that are listed more than once, so it is not known which accounts there are. */
  broken: boolean;
}

/**
 * Reads a settings file. A mistake of the user is a diagnostic.
 * @param file its path as the user would type it
 */
export function readSettingsFile(bytes: Uint8Array, file: string): SettingsFile {
  const { findings, parsed, broken } = open(bytes, file);
  const [first, second] = parsed;
  if (second) {
    const start = second.document.range[0];
    findings.add('document-not-mapping', { start, end: start }, 'the file holds more than one document');
  }
  const none = new Map<string, string[]>();
  if (!first && !broken && findings.errors === 0)
    findings.add('empty-file', { start: 0, end: 0 }, 'the file holds no document', NO_ACCOUNTS);
  if (!first?.sound || broken)
    return { file, accounts: [], disputed: none, diagnostics: findings.diagnostics(), broken: true };
  const tree = new TreeBuilder(findings).build(first as ParsedDocument);
  const look = new TreeLook(findings, tree);
  const isSound = soundness(tree.whole ? checkShape(validateSettings, '/settings', tree, look) : ['']);
  const written = isObject(tree.value) ? (tree.value as Partial<Written>) : {};
  const entries = isObject(written.accounts) ? Object.entries(written.accounts) : [];
  if (isSound('/accounts') && written.accounts && entries.length === 0)
    look.report('list-empty', '/accounts', 'accounts is empty', NO_ACCOUNTS);
  const reader = new AccountReader(look, findings.source, isSound);
  const accounts = entries.flatMap(([name, account]) => reader.read(name, account) ?? []);
  const before = findings.errors;
  const disputed = reader.reportDisputed();
  return {
    file,
    accounts: accounts.map(({ appIds, ...rest }) => ({
      ...rest,
      appIds: appIds.filter((appId) => !disputed.has(appId)),
    })),
    disputed,
    diagnostics: findings.diagnostics(),
    broken: before > 0,
  };
}

const NO_ACCOUNTS =
  'Without a settings file AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET stand for the one account.';

/** What an account is called: it stands in metrics and logs. */
const ACCOUNT_NAME = /^[A-Za-z0-9._-]{1,63}$/;

class AccountReader {
  readonly #look: TreeLook;
  readonly #source: SourceText;
  readonly #isSound: IsSound;
  /** Where App IDs are listed: pointers, and the accounts. */
  readonly #listed = new Map<string, { pointer: string; account: string }[]>();

  constructor(look: TreeLook, source: SourceText, isSound: IsSound) {
    this.#look = look;
    this.#source = source;
    this.#isSound = isSound;
  }

  /** @returns undefined where anything of it is not sound; it lists its App IDs all the same */
  read(name: string, account: AccountSettings | undefined): AccountEntry | undefined {
    const base = `/accounts/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!ACCOUNT_NAME.test(name))
      this.#look.reportField(
        'account-name-format',
        base,
        `${quoted(name)} cannot be the name of an account`,
        'It is 1 to 63 letters, digits, -, _ and .',
      );
    if (!isObject(account)) return undefined;
    const { customerId, customerSecret, rate, region } = account;
    const appIds = this.#appIds(name, account.appIds, `${base}/appIds`);
    const endpoint = this.#endpoint(account.endpoint, `${base}/endpoint`);
    if (typeof customerId === 'string') checkPlainName(customerId, `${base}/customerId`, this.#look);
    if (!this.#isSound(base)) return undefined;
    return {
      name,
      appIds,
      customerId: this.#value(customerId as AccountSettings['customerId'], `${base}/customerId`),
      customerSecret: this.#value(
        customerSecret as AccountSettings['customerSecret'],
        `${base}/customerSecret`,
      ),
      ...(rate === undefined ? {} : { rate }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(region === undefined ? {} : { region }),
    };
  }

  #appIds(account: string, written: unknown, base: string): string[] {
    if (!Array.isArray(written)) return [];
    const found: string[] = [];
    for (const [index, appId] of written.entries()) {
      const pointer = `${base}/${index}`;
      if (typeof appId !== 'string' || !this.#isSound(pointer)) continue;
      checkPlainName(appId, pointer, this.#look);
      const listed = this.#listed.get(appId) ?? [];
      if (listed.length === 0) found.push(appId);
      this.#listed.set(appId, [...listed, { pointer, account }]);
    }
    return found;
  }

  #endpoint(written: unknown, pointer: string): string | undefined {
    if (typeof written !== 'string' || !this.#isSound(pointer)) return undefined;
    const read = readEndpoint(written, 'customerId and customerSecret');
    if ('endpoint' in read) return read.endpoint;
    this.#look.report('account-endpoint', pointer, `endpoint${read.wrong}`);
    return undefined;
  }

  #value(written: AccountSettings['customerId'], pointer: string): AccountValue {
    const source = typeof written === 'string' ? { literal: written } : (written as SecretSource);
    const range = this.#source.range(this.#look.valueSpan(pointer));
    const line = this.#source.shownLine(range.start);
    return { source, mark: { range, ...(line === undefined ? {} : { source: line }) } };
  }

  /** Every place of an App ID that has several: it is not known whose it is. */
  reportDisputed(): Map<string, string[]> {
    const disputed = new Map<string, string[]>();
    for (const [appId, places] of this.#listed) {
      if (places.length < 2) continue;
      const shown = places.map(({ pointer, account }) => {
        const { line, column } = this.#source.position(this.#look.valueSpan(pointer).start);
        return `${this.#source.filename}:${line}:${column} (${account})`;
      });
      disputed.set(appId, shown);
      for (const [index, { pointer }] of places.entries())
        this.#look.report(
          'app-id-twice',
          pointer,
          `this App ID is listed in ${shown[index === 0 ? 1 : 0]} as well`,
          'A recording belongs to the account that lists its App ID: keep one of the two. Until then its recordings are held back.',
        );
    }
    return disputed;
  }
}
