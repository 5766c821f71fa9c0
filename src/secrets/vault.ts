import { createHmac } from 'node:crypto';
import { SENSITIVE, type Sealed } from '../model/recording.ts';
import { Scrubber } from './scrub.ts';

/**
 * Holds the values of one run's secrets, by fingerprint. Nothing else in the program keeps a value: desired
 * recordings, plans and the state hold `Sealed` ones, and only the sender asks for the value.
 */
export class Vault {
  readonly #key: Uint8Array;
  readonly #values = new Map<string, string>();
  /** Replacements for secrets, for texts of other programs that may quote one. */
  readonly #shown = new Map<string, string>();
  /** Of the values so far. */
  #scrubber: Scrubber | undefined;

  /** @param key at least 32 random bytes: the state directory's key, so that fingerprints compare across runs. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /**
   * Stores a value and returns its sealed form.
   * @param reference "literal", "env:NAME", "file:PATH" or "command:PROGRAM"
   * @param shown what people may see of the value
   */
  seal(value: string, reference: string, shown: string = SENSITIVE): Sealed {
    const sealed = this.fingerprint(value);
    this.#values.set(sealed, value);
    if (this.#shown.get(value) !== shown) this.#scrubber = undefined;
    this.#shown.set(value, shown);
    return { sealed, reference, shown };
  }

  /** What a value's seal would be, without keeping it. */
  fingerprint(value: string): string {
    return `hmac-sha256:${createHmac('sha256', this.#key).update(value).digest('hex')}`;
  }

  /** Takes the values of this run's secrets out of words that are not ours, such as a reason that the service gives. */
  scrub(text: string): string {
    this.#scrubber ??= new Scrubber(
      [...this.#shown].map(([value, shown]) => ({ value, shown, parts: secretParts(value, shown) })),
    );
    return this.#scrubber.scrub(text);
  }

  /** The value behind a seal of this run; undefined for one of an earlier run or an unresolved reference. */
  reveal(secret: Sealed): string | undefined {
    return secret.sealed === null ? undefined : this.#values.get(secret.sealed);
  }
}

/** Of a value that is shown in part, such as an RTMP URL, what is not shown: whole and in its parts, any of which may be quoted alone. */
function secretParts(value: string, shown: string): string[] {
  const visible = shown.split(SENSITIVE);
  if (visible.every((text) => text === '')) return [];
  const pattern = visible.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('(.*)');
  const hidden = new RegExp(`^${pattern}$`, 's').exec(value)?.slice(1) ?? [];
  const parts = hidden.flatMap((text) => [text, ...text.split(/[/?#&:]/)]);
  // Of a parameter the value alone, too; its name is no secret.
  return [...parts, ...parts.map((part) => part.slice(part.indexOf('=') + 1))];
}

/** A secret whose value is not at hand. */
export function unresolved(reference: string, shown: string = SENSITIVE): Sealed {
  return { sealed: null, reference, shown };
}

/**
 * An RTMP URL as people may see it: scheme, host and application stay, the stream key and everything behind
 * it (further path, query, fragment) and any user information are replaced. With a single path segment that
 * segment is taken for the key. What is no plain URL is hidden altogether.
 */
export function maskRtmpUrl(url: string): string {
  const match = /^(rtmps?:\/\/)([^/\\?#\s]*)(\/[^\\?#\s]*)?([?#].*)?$/is.exec(url);
  if (!match) return SENSITIVE;
  const [, scheme, authority = '', path = '', rest = ''] = match;
  // A password with a slash, question mark or hash in it is cut there, and its beginning would pass for a port.
  if (`${path}${rest}`.includes('@')) return `${scheme}${SENSITIVE}`;
  const host = authority.includes('@')
    ? `${SENSITIVE}@${authority.slice(authority.lastIndexOf('@') + 1)}`
    : authority;
  const segments = path.split('/').filter((segment) => segment !== '');
  // An application is a plain word; anything else may carry a secret of its own.
  const app = segments.length >= 2 && /^[\w.-]+$/.test(segments[0] as string) ? `/${segments[0]}` : '';
  const hidden = segments.length > 0 || rest !== '' ? `/${SENSITIVE}` : '';
  return `${scheme}${host}${app}${hidden}`;
}
