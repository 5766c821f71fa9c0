import {
  ENDPOINT_VENDOR,
  MAX_PREFIX_LENGTH,
  SSE_VENDORS,
  STS_VENDORS,
  TAG_VENDORS,
  VENDORS,
  type Vendor,
} from '../agora/tables.ts';
import type { CheckedBlocks, SecretSource } from './checked.ts';
import { type Look, label } from './look.ts';
import { placeholderIn } from './placeholder.ts';
import { quoted } from './printable.ts';
import type { Secret, SecretReference, StorageBlock } from './schema.generated.ts';
import { isMapping } from './shape.ts';
import type { IsSound } from './soundness.ts';
import { suggest } from './suggest.ts';

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
  const region = vendor && sound('region') ? readRegion(block, vendor, look) : undefined;
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

function findVendor(value: string | number, look: Look): Vendor | undefined {
  const name = String(value).toLowerCase();
  const vendor = VENDORS.find((one) =>
    typeof value === 'number' ? one.number === value : one.name.toLowerCase() === name,
  );
  if (!vendor) {
    const names = VENDORS.map((one) => one.name);
    const near = typeof value === 'string' ? suggest(value, names) : undefined;
    const known = VENDORS.map((one) => `${one.name} (${one.number})`).join(', ');
    look.report(
      'vendor-unknown',
      `${BASE}/vendor`,
      `${quoted(value)} is no storage vendor`,
      near ? `Did you mean ${near}?` : `Known: ${known}.`,
    );
  }
  return vendor;
}

function readRegion({ region }: StorageBlock, vendor: Vendor, look: Look): number | undefined {
  const { regions, title, number } = vendor;
  const place = `${BASE}/region`;
  if (number === ENDPOINT_VENDOR) {
    if (region !== undefined && region !== 0)
      look.report('region-unknown', place, `for ${title} the region is always 0`, 'Leave it out.');
    return 0;
  }
  if (!regions) {
    if (typeof region === 'string')
      look.report(
        'region-unknown',
        place,
        `${title} has no named regions here`,
        'The region has no effect: leave it out.',
      );
    return typeof region === 'number' ? region : undefined;
  }
  if (region === undefined) {
    look.reportField('region-missing', BASE, `${title} needs a region`, 'Add region, by name or by number.');
    return undefined;
  }
  const names = Object.keys(regions);
  const name = names.find((one) =>
    typeof region === 'number' ? regions[one] === region : one.toLowerCase() === region.toLowerCase(),
  );
  if (name !== undefined) return regions[name];
  const near = typeof region === 'string' ? suggest(region, names) : undefined;
  look.report(
    'region-unknown',
    place,
    `${quoted(region)} is no region of ${title}`,
    near ? `Did you mean ${near}?` : `Known: ${names.map((one) => `${one} (${regions[one]})`).join(', ')}.`,
  );
  return undefined;
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
  if (missing.length > 0)
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
  if (number === ENDPOINT_VENDOR && isMapping(extensionParams) && endpoint === undefined)
    look.reportField('endpoint-missing', BASE, `${title} needs extensionParams.endpoint`);
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
