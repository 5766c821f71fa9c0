import { ENDPOINT_VENDOR, VENDORS, type Vendor } from '../agora/tables.ts';
import type { Look } from './look.ts';
import { quoted } from './printable.ts';
import { suggest } from './suggest.ts';

const PLACE = '/storage/region';

/** The way out where a number stands in quotes. */
export const WITHOUT_QUOTES = 'Write it without quotes.';

/**
 * A vendor's region as a number.
 * @returns undefined where something is wrong with it, and said
 */
export function readRegion(
  region: string | number | undefined,
  vendor: Vendor,
  look: Look,
): number | undefined {
  const { regions, title, unlisted = [] } = vendor;
  if (!regions) return readNoRegion(region, vendor, look);
  if (region === undefined) {
    look.reportField(
      'region-missing',
      '/storage',
      `${title} needs a region`,
      'Add region, by name or by number.',
    );
    return undefined;
  }
  const name = findName(region, regions);
  if (name === undefined) {
    look.report(
      'region-unknown',
      PLACE,
      `${quoted(region)} is no region of ${title}`,
      wayOut(region, vendor, regions),
    );
    return undefined;
  }
  const number = regions[name] as number;
  if (unlisted !== 'all' && unlisted.includes(number))
    look.report(
      'region-not-listed',
      PLACE,
      `${title}'s region ${name} (${number}) is no longer listed`,
      'The newest reference of the service does not have it: it may be refused.',
    );
  return number;
}

/** The vendor has none: 0 is to be sent. */
function readNoRegion(region: string | number | undefined, { number, title }: Vendor, look: Look): 0 {
  if (region === undefined || region === 0) return 0;
  if (typeof region === 'number' && number !== ENDPOINT_VENDOR) {
    look.report(
      'region-not-used',
      PLACE,
      `${title} has no regions: 0 is sent, not ${region}`,
      'Leave it out.',
    );
    return 0;
  }
  const isZero = region === '0';
  look.report(
    'region-unknown',
    PLACE,
    typeof region === 'number' || isZero
      ? `for ${title} the region is always 0`
      : `${title} has no named regions here`,
    isZero ? WITHOUT_QUOTES : 'Leave it out: 0 is sent.',
  );
  return 0;
}

function findName(region: string | number, regions: NonNullable<Vendor['regions']>): string | undefined {
  return Object.keys(regions).find((name) =>
    typeof region === 'number' ? regions[name] === region : name.toLowerCase() === region.toLowerCase(),
  );
}

function wayOut(
  region: string | number,
  { number }: Vendor,
  regions: NonNullable<Vendor['regions']>,
): string {
  const names = Object.keys(regions);
  const known = `Known: ${names.map((name) => `${name} (${regions[name]})`).join(', ')}.`;
  if (typeof region === 'number') return known;
  if (/^\d+$/.test(region) && findName(Number(region), regions) !== undefined) return WITHOUT_QUOTES;
  const others = VENDORS.filter(
    (one) => one.number !== number && one.regions && findName(region, one.regions),
  );
  if (others.length > 0)
    return `${quoted(region)} is a region of ${others.map(({ title }) => title).join(' and ')}. ${known}`;
  const near = slip(region, names);
  return near ? `Did you mean ${near}?` : known;
}

/** The words that names of regions consist of, of any vendor. */
const WORDS = new Set(VENDORS.flatMap(({ regions = {} }) => Object.keys(regions).flatMap(wordsOf)));

/**
 * The region that a typing error was meant to be. Another number, or another word that occurs in names of regions, is
 * another place, which may exist: a suggestion could send files there.
 */
function slip(region: string, names: readonly string[]): string | undefined {
  const written = wordsOf(region);
  const kin = names.filter((name) => {
    const words = wordsOf(name);
    return (
      numbers(words) === numbers(written) && written.every((word) => !WORDS.has(word) || words.includes(word))
    );
  });
  return suggest(written.join('_'), kin);
}

/** "ap-southeast-1" → AP, SOUTHEAST, 1 */
function wordsOf(name: string): string[] {
  return name
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter(Boolean);
}

function numbers(words: readonly string[]): string {
  return words
    .join(' ')
    .replace(/[^0-9]+/g, ' ')
    .trim();
}
