import { parse } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { REGIONS } from '../agora/domains.ts';
import { readEndpoint } from '../agora/endpoint.ts';
import type { UnsubscribeSpelling } from '../agora/requests.ts';
import { usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { stateAddress } from '../state/open.ts';
import { type AccountDefaults, type Accounts, readAccounts } from './accounts.ts';
import { variableOf } from './variable.ts';

/** What commander hands over: strings and flags, nothing checked, nothing defaulted. */
export interface RawOptions {
  [name: string]: unknown;
}

export type OutputForm = 'text' | 'json' | 'markdown' | 'html' | 'svg' | 'png';
/** The forms that every command knows; `plan` has a page besides. */
const FORMS: readonly OutputForm[] = ['text', 'json', 'markdown'];
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What every command knows: from the flags, then the environment, then the defaults. */
export interface Flags extends AccountDefaults {
  dir: string;
  /** The state's address; of a folder its absolute path. */
  state: string;
  rateScope: 'account' | 'app';
  /** Undefined: as the file has it. */
  unsubscribeSpelling: UnsubscribeSpelling | undefined;
  output: OutputForm;
  color: boolean;
  /** Whether what has been read may be kept for the next run, in the user's cache folder. */
  cache: boolean;
  logLevel: LogLevel;
}

/** The same with the accounts of the settings file, which say for each what the flags say for all. */
export interface Settings extends Flags {
  accounts: Accounts;
}

/** Reads one setting as text: the flag `--some-name`, else REELSTATE_SOME_NAME. An empty variable counts as absent. */
export function textOf(name: string, raw: RawOptions, io: Io): string | undefined {
  const flag = raw[name];
  // A shell turns "$UNSET" into an empty text, which would mean the working directory.
  if (flag === '') throw usage(`${flagOf(name)}: must not be empty`);
  if (typeof flag === 'string') return flag;
  return io.env[variableOf(name)] || undefined;
}

/** Values of a flag that may be given several times, else of its variable, where commas separate them. */
export function listOf(name: string, raw: RawOptions, io: Io): string[] | undefined {
  const given = raw[name];
  if (Array.isArray(given)) {
    if (given.includes('')) throw usage(`${flagOf(name)}: must not be empty`);
    return given as string[];
  }
  const values = io.env[variableOf(name)]?.split(',').map((each) => each.trim());
  const named = values?.filter((each) => each !== '');
  return named?.length ? named : undefined;
}

/** What a setting is called on the command line. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** @throws Failure (64) for a value that is not one of `values` */
export function choice<const T extends string, Fallback extends T | undefined>(
  name: string,
  raw: RawOptions,
  io: Io,
  values: readonly T[],
  fallback: Fallback,
): T | Fallback {
  const text = textOf(name, raw, io);
  if (text === undefined) return fallback;
  if ((values as readonly string[]).includes(text)) return text as T;
  throw usage(`${flagOf(name)} ${JSON.stringify(text)}: must be one of ${values.join(', ')}`);
}

/**
 * Whether a flag is set, on the command line or by its variable ("1", "true", "yes"). A word that is not understood must
 * not be taken for a no: what was asked for may be a bound.
 * @throws Failure (64) for such a one
 */
export function isSet(name: string, raw: RawOptions, io: Io): boolean {
  const given = raw[name];
  if (typeof given === 'boolean') return given;
  const said = io.env[variableOf(name)] ?? '';
  if (/^(1|true|yes)$/i.test(said)) return true;
  if (/^(0|false|no|)$/i.test(said)) return false;
  throw usage(`${variableOf(name)} ${JSON.stringify(said)}: must be 1 or 0`);
}

/** A duration such as "30s", "10m", "500ms" or "1h"; plain "0" too. @returns milliseconds */
export function duration(name: string, raw: RawOptions, io: Io, fallback: number): number {
  const text = textOf(name, raw, io);
  if (text === undefined) return fallback;
  const match = DURATION.exec(text);
  if (text === '0') return 0;
  if (!match)
    throw usage(`${flagOf(name)} ${JSON.stringify(text)}: must be a duration such as 30s, 10m, 1h or 2d`);
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Whether all is to be sent once more. The variable is that of a daemon beside it, too: a duration there is no word to this. */
export function isResync(raw: RawOptions, io: Io): boolean {
  const isOfDaemon = DURATION.test(io.env[variableOf('resync')] ?? '');
  return raw.resync === true || (!isOfDaemon && isSet('resync', raw, io));
}

/** How long calls stay in the history, in milliseconds. */
export function keepHistoryOf(raw: RawOptions, io: Io): number {
  return duration('keepHistory', raw, io, 30 * UNITS.d);
}

/**
 * The flags, and the accounts of the settings file: from here on nothing else reads the variables that it names, so it
 * is read once.
 * @param forms what --output may be
 * @throws Failure as `readFlags` does, and where the settings file cannot be read
 */
export async function readSettings(
  raw: RawOptions,
  io: Io,
  forms: readonly OutputForm[] = FORMS,
): Promise<Settings> {
  const flags = readFlags(raw, io, forms);
  const accounts = await readAccounts(textOf('config', raw, io), isSet('untrusted', raw, io), flags, io);
  return { ...flags, accounts };
}

/**
 * @param forms what --output may be
 * @throws Failure (64) naming the flag and what it takes
 */
export function readFlags(raw: RawOptions, io: Io, forms: readonly OutputForm[] = FORMS): Flags {
  const outputFlag = raw.json === true || (raw.output === undefined && isSet('json', {}, io));
  const region = textOf('region', raw, io);
  if (region !== undefined && !Object.hasOwn(REGIONS, region))
    throw usage(`--region ${JSON.stringify(region)}: must be one of ${Object.keys(REGIONS).join(', ')}`);
  return {
    dir: textOf('dir', raw, io) ?? 'recordings',
    state: stateAddress(textOf('state', raw, io) ?? '.reelstate', io.cwd),
    endpoints: endpointsOf(raw, io),
    rate: rateOf(textOf('rate', raw, io)),
    rateScope: choice('rateScope', raw, io, ['account', 'app'], 'account'),
    region,
    unsubscribeSpelling: choice('unsubscribeSpelling', raw, io, ['unSubscribe', 'unsubscribe'], undefined),
    output: outputFlag ? 'json' : choice('output', raw, io, forms, 'text'),
    color: colorOf(raw, io),
    cache: raw.cache !== false && !isSet('noCache', {}, io),
    logLevel: choice('logLevel', raw, io, LOG_LEVELS, 'info'),
  };
}

/** Colour on a terminal, unless it was asked to leave it (NO_COLOR, as no-color.org has it: set and not empty). */
function colorOf(raw: RawOptions, io: Io): boolean {
  if (raw.color === false || io.env.NO_COLOR || isSet('noColor', {}, io)) return false;
  return io.outIsTerminal && io.env.TERM !== 'dumb';
}

function rateOf(text: string | undefined): number {
  if (text === undefined) return 10;
  const rate = Number(text);
  if (text.trim() === '' || !Number.isFinite(rate) || rate <= 0 || rate > 1_000)
    throw usage(
      `--rate ${JSON.stringify(text)}: must be a number of requests a second, above 0 and at most 1000`,
    );
  return rate;
}

/** `--endpoint` as often as it was given, else its variable; each may name several. */
function endpointsOf(raw: RawOptions, io: Io): string[] {
  const given = [raw.endpoint].flat().flatMap((endpoint) => textOf('endpoint', { endpoint }, io) ?? []);
  return [...new Set(given.flatMap((text) => text.split(/[\s,]+/).filter(Boolean)).map(endpointOf))];
}

function endpointOf(text: string): string {
  const read = readEndpoint(text, 'AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET');
  if ('wrong' in read) throw usage(`--endpoint${read.wrong}`);
  return read.endpoint;
}

/** @throws Failure (64) for names that are neither in the files nor in the state */
export function checkNames(names: readonly string[], available: readonly string[]): void {
  for (const name of names) {
    if (available.includes(name)) continue;
    const near = available
      .map((other) => ({ other, far: distance(name, other) }))
      .filter(({ far }) => far <= Math.max(2, name.length / 3))
      .sort((a, b) => a.far - b.far)[0];
    const meant = available.includes(parse(name).name) ? parse(name).name : near?.other;
    throw usage(
      `no recording is called ${JSON.stringify(name)}`,
      meant !== undefined
        ? `Did you mean ${meant}?`
        : /\.json$/.test(name)
          ? 'A plan in a file is for reelstate apply, and the file has to be there.'
          : /\.ya?ml$|\//.test(name)
            ? 'Recordings go by their names, not by their files.'
            : 'See reelstate status for the recordings in the state folder, and the files.',
    );
  }
}
