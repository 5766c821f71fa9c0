/*
 * Seeded numbers without state: the same seed and the same key give the same number, so that a fault depends on
 * which call of a recording it is and not on how calls of different recordings happened to interleave.
 */

/** MurmurHash3's 32-bit finaliser: spreads every bit of the input over the output. */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function hash(seed: number, key: string): number {
  // FNV-1a over the key's code units, started from the seed.
  let hashed = mix(seed) ^ 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hashed = Math.imul(hashed ^ key.charCodeAt(index), 0x01000193);
  }
  return mix(hashed);
}

/** Uniform in [0, 1), from the seed and the key alone. */
export function seeded(seed: number, key: string): number {
  return hash(seed, key) / 2 ** 32;
}

/** As many lower-case hexadecimal digits as asked for, from the seed and the key alone. */
export function seededHex(seed: number, key: string, digits: number): string {
  let text = '';
  for (let part = 0; text.length < digits; part++) {
    text += hash(seed, `${key}/${part}`).toString(16).padStart(8, '0');
  }
  return text.slice(0, digits);
}
