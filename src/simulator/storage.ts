import {
  filledText,
  type JsonObject,
  list,
  object,
  optional,
  Refused,
  required,
  text,
  whole,
} from './fields.ts';

/** `storageConfig` as it was received. */
export type StoredConfig = JsonObject;

function upTo(last: number, ...more: number[]): ReadonlySet<number> {
  return new Set([...Array.from({ length: last + 1 }, (_, region) => region), ...more]);
}

/**
 * Vendor → its regions by number; null where the number has no effect. REST, update: storageConfig.vendor and
 * region; 18, 19 of vendor 1 and vendor 11 (S3-compatible) from the newest REST reference and the release notes of 2025.
 */
const REGIONS: ReadonlyMap<number, ReadonlySet<number> | null> = new Map([
  [1, upTo(25, 28)],
  [2, upTo(27)],
  [3, upTo(19)],
  [4, upTo(9)],
  [5, null],
  [6, null],
  [7, upTo(15)],
  [8, upTo(7)],
  [11, upTo(0)],
]);

const S3 = 1;
const ALIBABA = 2;
const S3_COMPATIBLE = 11;
/** REST, update: stsToken is supported for Amazon S3, Alibaba Cloud and Tencent Cloud. */
const STS_VENDORS = [1, 2, 3];
/** REST, update: the minimum validity period of stsToken is 4 hours. */
const LEAST_STS_SECONDS = 4 * 3600;
/** REST, update: fileNamePrefix, slashes included. */
const LONGEST_PREFIX = 128;

const STORAGE_FIELDS = [
  'vendor',
  'region',
  'bucket',
  'accessKey',
  'secretKey',
  'stsToken',
  'stsExpiration',
  'fileNamePrefix',
  'extensionParams',
];

function readVendor(read: JsonObject, at: string): number {
  const vendor = required(read, 'vendor', at, (it, where) => whole(it, where, 1, S3_COMPATIBLE));
  const regions = REGIONS.get(vendor);
  if (regions === undefined) throw new Refused(`${at}.vendor is not a known vendor`);
  const number = (it: unknown, where: string) => whole(it, where, 0, Number.MAX_SAFE_INTEGER);
  if (regions === null) {
    optional(read, 'region', at, number);
  } else if (!regions.has(required(read, 'region', at, number))) {
    throw new Refused(`${at}.region is not a region of vendor ${vendor}`);
  }
  return vendor;
}

function readSts(read: JsonObject, at: string, vendor: number, nowSeconds: number): void {
  const token = optional(read, 'stsToken', at, filledText);
  const number = (it: unknown, where: string) => whole(it, where, 0, Number.MAX_SAFE_INTEGER);
  const expires = optional(read, 'stsExpiration', at, number);
  if (token === undefined && expires === undefined) return;
  if (!STS_VENDORS.includes(vendor)) throw new Refused(`${at}.stsToken is only for vendors 1, 2 and 3`);
  if (token === undefined) throw new Refused(`${at}.stsToken is missing`);
  if (expires === undefined) throw new Refused(`${at}.stsExpiration is missing`);
  if (expires < nowSeconds + LEAST_STS_SECONDS) {
    throw new Refused(`${at}.stsExpiration must be at least 4 hours ahead, in Unix seconds`);
  }
}

function prefixPart(value: unknown, at: string): string {
  const read = text(value, at);
  if (!/^[A-Za-z0-9]+$/.test(read)) throw new Refused(`${at} must hold letters and digits only`);
  return read;
}

function readPrefix(value: unknown, at: string): void {
  const parts = list(value, at, 0, LONGEST_PREFIX, prefixPart);
  const length = parts.reduce((sum, part) => sum + part.length + 1, 0);
  if (length > LONGEST_PREFIX) throw new Refused(`${at} must not exceed ${LONGEST_PREFIX} characters`);
}

function readExtension(value: unknown, at: string, vendor: number): void {
  const read = object(value, at, ['sse', 'tag', 'endpoint']);
  const sse = optional(read, 'sse', at, text);
  // Agora's Go client writes both fields even where one is unset, as an empty string.
  if (sse) {
    if (sse !== 'kms' && sse !== 'aes256') throw new Refused(`${at}.sse must be kms or aes256`);
    if (vendor !== S3) throw new Refused(`${at}.sse is only for vendor 1`);
  }
  if (optional(read, 'tag', at, text) && vendor !== S3 && vendor !== ALIBABA) {
    throw new Refused(`${at}.tag is only for vendors 1 and 2`);
  }
  if (optional(read, 'endpoint', at, text) && vendor !== S3_COMPATIBLE) {
    throw new Refused(`${at}.endpoint is only for vendor 11`);
  }
}

/**
 * `storageConfig` of start and update, kept as it came.
 * @param nowSeconds the wall clock, Unix seconds: an stsToken must still be valid for four hours
 * @throws Refused
 */
export function readStorage(value: unknown, at: string, nowSeconds: number): StoredConfig {
  const read = object(value, at, STORAGE_FIELDS);
  const vendor = readVendor(read, at);
  required(read, 'bucket', at, filledText);
  required(read, 'accessKey', at, filledText);
  required(read, 'secretKey', at, filledText);
  readSts(read, at, vendor, nowSeconds);
  optional(read, 'fileNamePrefix', at, readPrefix);
  optional(read, 'extensionParams', at, (it, where) => readExtension(it, where, vendor));
  if (vendor === S3_COMPATIBLE) {
    const params = required(read, 'extensionParams', at, (it, where) => object(it, where));
    required(params, 'endpoint', `${at}.extensionParams`, filledText);
  }
  return read;
}
