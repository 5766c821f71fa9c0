/*
 * The text of a secret as its reference gives it. A line end at its end comes from how it was put there (`echo`, an
 * editor), never from the service that issued it; any other white space or control character is a mistake that a
 * service notices only when it uploads.
 */

/** A value without the line ends at its end. */
export function withoutLineEnds(value: string): string {
  return value.replace(/[\r\n]+$/, '');
}

/** A variable that holds a secret of reelstate's own; undefined where it is not set, or empty. */
export function secretIn(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  return withoutLineEnds(env[name] ?? '') || undefined;
}

const UNSEEN = /[\s\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}]/u;
const ALL_UNSEEN = /^[\s\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}]*$/u;

const NAMES: Readonly<Record<string, string>> = {
  ' ': 'a space',
  '\t': 'a tab',
  '\n': 'a line end',
  '\r': 'a carriage return',
  '\u0000': 'a NUL',
  '\u00a0': 'a no-break space',
  '\u200b': 'a zero-width space',
  '\ufeff': 'a byte order mark',
};

/** The character that no key, token or address holds, with where it stands: "a tab at its end". undefined: there is none. */
export function unseenIn(value: string): string | undefined {
  const found = UNSEEN.exec(value);
  if (!found) return undefined;
  const [character] = found;
  const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  const name = NAMES[character] ?? `the character U+${code}`;
  const isAtEnd = ALL_UNSEEN.test(value.slice(found.index));
  const where = found.index === 0 ? 'at its beginning' : isAtEnd ? 'at its end' : 'in it';
  return `${name} ${where}`;
}
