import {
  ENDPOINT_VENDOR,
  MAX_PREFIX_LENGTH,
  SSE_VENDORS,
  STS_VENDORS,
  TAG_VENDORS,
  VENDORS,
  type Vendor,
} from '../agora/tables.ts';
import { isObject } from '../model/json.ts';
import type { CheckedBlocks, SecretSource } from './checked.ts';
import { type Look, label } from './look.ts';
import { placeholderIn } from './placeholder.ts';
import { quoted } from './printable.ts';
import { readRegion, WITHOUT_QUOTES } from './region.ts';
import type { Secret, SecretReference, StorageBlock } from './schema.generated.ts';
import type { IsSound } from './soundness.ts';
import { suggest } from './suggest.ts';
import { formatHint } from './type-hint.ts';
import { checkFilledIn, checkPlainName } from './unfilled.ts';
import { isLevelTooMany } from './unknown-field.ts';

type CheckedStorage = NonNullable<CheckedBlocks['storage']>;

const BASE = '/storage';

/** Whether a field of the block is as its type says. */
type Sound = (field: string) => boolean;

/**
 * The rules of `storage`, and its normal form: numbers for names, secrets as sources.
 * @param block with the fields that its type promises only where they are sound
 * @returns undefined where anything is not
 */
export function readStorage(block: StorageBlock, look: Look, isSound: IsSound): CheckedStorage | undefined {
  const sound: Sound = (field) => isSound(`${BASE}/${field}`);
  const vendor = sound('vendor') ? findVendor(block.vendor, look) : undefined;
  const region = vendor && sound('region') ? readRegion(block.region, vendor, look) : undefined;
  if (!vendor && sound('region')) checkQuotes(block.region, look);
  if (sound('bucket')) checkPlainName(block.bucket, `${BASE}/bucket`, look);
  if (sound('extensionParams/endpoint')) checkEndpoint(block.extensionParams?.endpoint, look);
  checkKeys(block, sound, look);
  if (sound('accessKey')) checkAccessKey(block.accessKey, look);
  if (sound('fileNamePrefix')) checkPrefix(block.fileNamePrefix ?? [], look);
  if (vendor) checkVendor(block, vendor, sound, look);
  if (!isSound(BASE)) return undefined;
  const extension = block.extensionParams ?? {};
  return {
    vendor: vendor?.number ?? 0,
    ...(region === undefined ? {} : { region }),
    bucket: block.bucket,
    ...(block.accessKey === undefined ? {} : { accessKey: secretSource(block.accessKey) }),
    ...(block.secretKey === undefined ? {} : { secretKey: secretSource(block.secretKey) }),
    ...(block.stsToken === undefined ? {} : { stsToken: secretSource(block.stsToken) }),
    ...(block.stsExpiration === undefined ? {} : { stsExpiration: block.stsExpiration }),
    ...(block.fileNamePrefix?.length ? { fileNamePrefix: [...block.fileNamePrefix] } : {}),
    ...(Object.keys(extension).length > 0 ? { extensionParams: { ...extension } } : {}),
    ...(block.credentials ? { credentials: { fromCommand: [...block.credentials.fromCommand] } } : {}),
  };
}

/** A secret as the file writes it: the schema has seen to it that a reference names one thing. */
export function secretSource(secret: Secret | SecretReference): SecretSource {
  if (typeof secret === 'string') return { literal: secret };
  return secret.fromEnv !== undefined ? { fromEnv: secret.fromEnv } : { fromFile: secret.fromFile as string };
}

/** The vendor that is meant, if any: also where it is not written as it should be, so that its region is looked at. */
function findVendor(value: string | number, look: Look): Vendor | undefined {
  const vendor = vendorOf(value);
  if (vendor) {
    if (vendor.unlisted === 'all')
      look.report(
        'vendor-not-listed',
        `${BASE}/vendor`,
        `${vendor.title} (${vendor.number}) is no longer listed`,
        'The newest reference of the service does not have it: it may be refused.',
      );
    return vendor;
  }
  const meant = typeof value === 'string' && /^\d+$/.test(value) ? vendorOf(Number(value)) : undefined;
  const names = VENDORS.map((one) => one.name);
  const near = typeof value === 'string' ? suggest(value, names) : undefined;
  const known = VENDORS.map((one) => `${one.name} (${one.number})`).join(', ');
  look.report(
    'vendor-unknown',
    `${BASE}/vendor`,
    `${quoted(value)} is no storage vendor`,
    meant
      ? WITHOUT_QUOTES
      : near
        ? `Did you mean ${near}?`
        : (formatHint('vendor', value) ?? `Known: ${known}.`),
  );
  return meant;
}

function vendorOf(value: string | number): Vendor | undefined {
  return VENDORS.find((one) =>
    typeof value === 'number' ? one.number === value : one.name.toLowerCase() === value.toLowerCase(),
  );
}

function checkKeys(block: StorageBlock, sound: Sound, look: Look): void {
  const written = (['accessKey', 'secretKey', 'stsToken', 'stsExpiration'] as const).filter(
    (key) => block[key] !== undefined,
  );
  if (block.credentials !== undefined) {
    for (const key of written.filter(sound))
      look.reportField('credentials-beside-keys', `${BASE}/${key}`, `${key} cannot stand beside credentials`);
    return;
  }
  const missing = (['accessKey', 'secretKey'] as const).filter((key) => block[key] === undefined);
  // Where a whole section was pasted, they are a level further in.
  if (missing.length > 0 && !Object.keys(block).some((field) => isLevelTooMany(field, BASE)))
    look.reportField(
      'storage-keys-missing',
      BASE,
      `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing in storage`,
      'Add accessKey and secretKey, or credentials: {fromCommand: [...]}.',
    );
  if ((block.stsToken === undefined) !== (block.stsExpiration === undefined)) {
    const [there, missed] =
      block.stsExpiration === undefined ? ['stsToken', 'stsExpiration'] : ['stsExpiration', 'stsToken'];
    if (sound(there))
      look.reportField('sts-incomplete', `${BASE}/${there}`, `${there} needs ${missed} beside it`);
  }
}

/** Of the keys only this one may be written out, and so be left as a template has it. */
function checkAccessKey(accessKey: StorageBlock['accessKey'], look: Look): void {
  const found = typeof accessKey === 'string' ? placeholderIn(accessKey) : undefined;
  if (found === undefined) return;
  const way = `Write {fromEnv: ${found === true ? 'NAME' : found}} in its place.`;
  look.report('secret-placeholder', `${BASE}/accessKey`, 'accessKey is a placeholder', way);
}

function checkVendor(block: StorageBlock, { number, title }: Vendor, sound: Sound, look: Look): void {
  if (block.stsToken && sound('stsToken') && !STS_VENDORS.includes(number))
    look.reportField('sts-against-vendor', `${BASE}/stsToken`, `${title} takes no stsToken`);
  const { sse, tag, endpoint } = block.extensionParams ?? {};
  const check = (field: string, value: string | undefined, vendors: readonly number[]) => {
    if (value !== undefined && sound(`extensionParams/${field}`) && !vendors.includes(number))
      look.reportField(
        'extension-against-vendor',
        `${BASE}/extensionParams/${field}`,
        `${title} takes no ${field}`,
      );
  };
  check('sse', sse, SSE_VENDORS);
  check('tag', tag, TAG_VENDORS);
  check('endpoint', endpoint, [ENDPOINT_VENDOR]);
  const { extensionParams = {} } = block;
  if (number === ENDPOINT_VENDOR && isObject(extensionParams) && endpoint === undefined)
    look.reportField('endpoint-missing', BASE, `${title} needs extensionParams.endpoint`);
}

/** What can be said of a region whose vendor is not known. */
function checkQuotes(region: string | number | undefined, look: Look): void {
  if (typeof region === 'string' && /^\d+$/.test(region))
    look.report('region-unknown', `${BASE}/region`, `${quoted(region)} is no region`, WITHOUT_QUOTES);
}

/** A domain name, or an address, and if need be a port (Agora Cloud Recording REST v1, extensionParams.endpoint). */
const ENDPOINT = /^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

function checkEndpoint(endpoint: string | undefined, look: Look): void {
  const place = `${BASE}/extensionParams/endpoint`;
  // An empty one has been told.
  if (!endpoint) return;
  if (placeholderIn(endpoint)) checkFilledIn(endpoint, place, look);
  else if (!ENDPOINT.test(endpoint)) {
    // Without a name and a password, should there be one.
    const host =
      /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?:\/\/)?(?:[^/?#]*@)?([^/?#]*)/.exec(endpoint.trim())?.[1] ?? '';
    look.report(
      'endpoint-format',
      place,
      'the endpoint is no plain domain name',
      ENDPOINT.test(host)
        ? `Without scheme and path: ${host}.`
        : 'Write the domain name alone, without scheme and path.',
    );
  }
}

function checkPrefix(parts: readonly string[], look: Look): void {
  const length = parts.reduce((sum, part) => sum + part.length + 1, 0);
  const place = `${BASE}/fileNamePrefix`;
  if (length > MAX_PREFIX_LENGTH)
    look.report(
      'file-name-prefix-too-long',
      place,
      `${label(place)} has ${length} characters with its slashes, at most ${MAX_PREFIX_LENGTH} are allowed`,
    );
}
