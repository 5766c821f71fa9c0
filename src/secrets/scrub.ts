import { CONTROL } from '../agora/answers.ts';
import { SENSITIVE } from '../model/recording.ts';

/*
 * Words that are not ours, such as a reason that the service gives, may quote a secret: as it stands, in one of the
 * forms in which programs hand texts on, or cut off.
 */

/** Shorter values would tear holes into ordinary words; no service's keys are that short. */
const SHORTEST = 6;

/** The first or last characters of a secret from so many on are taken for a quotation that was cut off. */
const SHORTEST_CUT = 8;

/** A word of the language is no such quotation, although a secret may begin with one. */
const ORDINARY = /^[A-Z]?[a-z]{1,14}$/;

/** What to take out of words, and what to put in its place. */
export interface Scrubbed {
  value: string;
  shown: string;
  /** Parts of the value that are secret by themselves, where the value is shown in part. */
  parts: readonly string[];
}

/** Takes secrets out of words. Made once for a set of them. */
export class Scrubber {
  /** The longest first, because one secret may be the beginning of another. */
  readonly #quotable: (readonly [quoted: string, shown: string])[];
  /** Of these the beginning or the end alone is taken out, too. */
  readonly #cut: string[];

  constructor(secrets: Iterable<Scrubbed>) {
    const quotable: (readonly [string, string])[] = [];
    const cut = new Set<string>();
    for (const { value, shown, parts } of secrets) {
      const isWhole = shown === SENSITIVE;
      for (const form of plainForms(value)) quotable.push([form, shown]);
      const hidden = [...(isWhole ? [value] : []), ...parts].filter(({ length }) => length >= SHORTEST);
      for (const part of hidden) {
        for (const form of plainForms(part)) quotable.push([form, SENSITIVE]);
        for (const form of encodedForms(part)) quotable.push([form, SENSITIVE]);
        for (const form of [...plainForms(part), ...encodedForms(part)]) cut.add(form);
      }
      for (const form of isWhole ? [] : encodedForms(value)) quotable.push([form, SENSITIVE]);
    }
    this.#quotable = [...new Map(quotable.map((each) => [each[0], each])).values()]
      .filter(([quoted]) => quoted.length >= SHORTEST)
      .sort(([a], [b]) => b.length - a.length);
    this.#cut = [...cut].filter(({ length }) => length > SHORTEST_CUT);
  }

  scrub(text: string): string {
    if (text.length < SHORTEST) return text;
    let clean = text;
    // A function, because a replacement text gives a meaning to "$&".
    for (const [quoted, shown] of this.#quotable) clean = clean.replaceAll(quoted, () => shown);
    return this.#withoutCut(clean);
  }

  /** Nearly always there is none, which two looks into the text's own pieces tell for each secret. */
  #withoutCut(text: string): string {
    const pieces = new Set<string>();
    for (let at = 0; at + SHORTEST_CUT <= text.length; at++) pieces.add(text.slice(at, at + SHORTEST_CUT));
    let clean = text;
    for (const form of this.#cut) {
      if (pieces.has(form.slice(0, SHORTEST_CUT))) clean = withoutBeginning(clean, form);
      if (pieces.has(form.slice(-SHORTEST_CUT))) clean = withoutEnd(clean, form);
    }
    return clean;
  }
}

function withoutBeginning(text: string, form: string): string {
  let clean = text;
  for (let at = 0; ; at += SENSITIVE.length) {
    at = clean.indexOf(form.slice(0, SHORTEST_CUT), at);
    if (at === -1) return clean;
    let length = SHORTEST_CUT;
    while (length < form.length && clean[at + length] === form[length]) length++;
    if (!ORDINARY.test(form.slice(0, length)))
      clean = `${clean.slice(0, at)}${SENSITIVE}${clean.slice(at + length)}`;
  }
}

function withoutEnd(text: string, form: string): string {
  let clean = text;
  for (let at = 0; ; at += SENSITIVE.length) {
    const found = clean.indexOf(form.slice(-SHORTEST_CUT), at);
    if (found === -1) return clean;
    const end = found + SHORTEST_CUT;
    let length = SHORTEST_CUT;
    while (length < form.length && clean[end - length - 1] === form[form.length - length - 1]) length++;
    at = end - length;
    if (!ORDINARY.test(form.slice(-length))) clean = `${clean.slice(0, at)}${SENSITIVE}${clean.slice(end)}`;
  }
}

/** As it stands, in JSON, in an address, and on one line: a reason is printed on one. */
function plainForms(value: string): string[] {
  // Half a surrogate pair cannot stand in an address.
  const inAddress = encodeURIComponent(Buffer.from(value, 'utf8').toString('utf8'));
  return [
    ...new Set([
      value,
      JSON.stringify(value).slice(1, -1),
      inAddress,
      inAddress.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      inAddress.replaceAll('%20', '+'),
      value.replace(CONTROL, ' '),
    ]),
  ];
}

/** Base64, wherever in what was encoded the value began, and hexadecimal. */
function encodedForms(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const hex = bytes.toString('hex');
  const whole = bytes.toString('base64');
  const forms = [hex, hex.toUpperCase(), whole, whole.replace(/=+$/, ''), bytes.toString('base64url')];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and the last character may hold bits of what stands beside the value.
    const from = before === 0 ? 0 : before + 1;
    const to = (before + bytes.length) % 3 === 0 ? text.length : text.length - 1;
    const inner = text.slice(from, to);
    forms.push(inner, inner.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [...new Set(forms)];
}
