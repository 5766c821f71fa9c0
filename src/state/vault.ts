import { createHmac } from 'node:crypto';
import type { Sealed } from '../model/recording.ts';

/** What stands for a secret wherever one would be shown. */
export const SENSITIVE = '(sensitive)';

/** Shorter values would tear holes into ordinary words; no service's keys are that short. */
const SHORTEST_SCRUBBED = 6;

/**
 * Holds the values of one run's secrets, by fingerprint. Nothing else in the program keeps a value: desired
 * recordings, plans and the state hold `Sealed` ones, and only the sender asks for the value.
 */
export class Vault {
  readonly #key: Uint8Array;
  readonly #values = new Map<string, string>();
  /** What to show instead of what, where somebody else's words may quote a secret. */
  readonly #shown = new Map<string, string>();

  /** @param key at least 32 random bytes: the state directory's key, so that fingerprints compare across runs. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /**
   * Takes a value in and gives what may be kept of it.
   * @param reference "literal", "env:NAME", "file:PATH" or "command:PROGRAM"
   * @param shown what people may see of the value
   */
  seal(value: string, reference: string, shown: string = SENSITIVE): Sealed {
    const sealed = `hmac-sha256:${createHmac('sha256', this.#key).update(value).digest('hex')}`;
    this.#values.set(sealed, value);
    this.#shown.set(value, shown);
    return { sealed, reference, shown };
  }

  /** Takes the values of this run's secrets out of words that are not ours, such as a reason that the service gives. */
  scrub(text: string): string {
    let clean = text;
    for (const [value, shown] of this.#shown) {
      if (value.length < SHORTEST_SCRUBBED) continue;
      clean = clean.replaceAll(value, shown);
      // Of an RTMP URL only the end is secret, and it may be quoted alone.
      const common = shown.endsWith(SENSITIVE) ? shown.length - SENSITIVE.length : 0;
      const secretPart = common > 0 && value.startsWith(shown.slice(0, common)) ? value.slice(common) : '';
      if (secretPart.length >= SHORTEST_SCRUBBED) clean = clean.replaceAll(secretPart, SENSITIVE);
    }
    return clean;
  }

  /** The value behind a seal of this run; undefined for one of an earlier run or an unresolved reference. */
  reveal(secret: Sealed): string | undefined {
    return secret.sealed === null ? undefined : this.#values.get(secret.sealed);
  }
}

/** A secret whose value is not at hand. */
export function unresolved(reference: string, shown: string = SENSITIVE): Sealed {
  return { sealed: null, reference, shown };
}

/**
 * An RTMP URL as people may see it: scheme, host and application stay, the stream key and everything behind
 * it (further path, query, fragment) and any user information are replaced. With a single path segment that
 * segment is taken for the key.
 */
export function maskRtmpUrl(url: string): string {
  const match = /^(rtmps?:\/\/)([^/?#\s]*)(\/[^?#\s]*)?([?#].*)?$/is.exec(url);
  if (!match) return SENSITIVE;
  const [, scheme, authority = '', path = '', rest = ''] = match;
  const host = authority.includes('@')
    ? `${SENSITIVE}@${authority.slice(authority.lastIndexOf('@') + 1)}`
    : authority;
  const segments = path.split('/').filter((segment) => segment !== '');
  const app = segments.length >= 2 ? `/${segments[0]}` : '';
  const hidden = segments.length > 0 || rest !== '' ? `/${SENSITIVE}` : '';
  return `${scheme}${host}${app}${hidden}`;
}
