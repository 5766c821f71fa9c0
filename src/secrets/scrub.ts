import { CONTROL } from '../agora/answers.ts';
import { SENSITIVE } from '../model/recording.ts';

/*
 * Texts of other programs, such as a reason that the service gives, may quote a secret: verbatim, encoded or cut off.
 */

/** Shorter values would tear holes into ordinary words; no service's keys are that short. */
const SHORTEST = 6;

/** The first or last characters of a secret from so many on are taken for a quotation that was cut off. */
const SHORTEST_CUT = 8;

/** So many from its middle are, too: parts of this length are found wherever they begin. */
const SHORTEST_MIDDLE = 2 * SHORTEST_CUT - 1;

/** An ordinary word is not taken for such a quotation, although a secret may begin with one. */
const ORDINARY = /^[A-Z]?[a-z]{1,14}$/;

/** A secret to mask, and its replacement. */
export interface Scrubbed {
  value: string;
  shown: string;
  /** Parts of the value that are secret by themselves, where the value is shown in part. */
  parts: readonly string[];
}

/** Masks a set of secrets in texts. Made once for the set. */
export class Scrubber {
  /** The longest first, because one secret may be the beginning of another. */
  readonly #quotable: (readonly [quoted: string, shown: string])[];
  /** Of these parts are taken out, too. */
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
        // However it is escaped, letters and digits stay as they are.
        const runs = part.match(/[A-Za-z0-9]+/g) ?? [];
        for (const form of [...plainForms(part), ...runs, ...encodedForms(part)]) cut.add(form);
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

  /** Nearly always there is none, which a few looks into the text's own pieces tell for each secret. */
  #withoutCut(text: string): string {
    // A message of ordinary words quotes nothing.
    if (!text.split(/\s+/).some((word) => word.length >= SHORTEST_CUT && !ORDINARY.test(bare(word))))
      return text;
    const pieces = new Set<string>();
    for (let at = 0; at + SHORTEST_CUT <= text.length; at++) pieces.add(text.slice(at, at + SHORTEST_CUT));
    /** What is taken out: forms have parts in common, and may be found one over the other. */
    const out = new Uint8Array(text.length);
    for (const form of this.#cut) {
      const last = form.length - SHORTEST_CUT;
      // At these steps every long part of it has a piece.
      for (let at = 0; at <= last; at = at === last ? form.length : Math.min(at + SHORTEST_CUT, last))
        if (pieces.has(form.slice(at, at + SHORTEST_CUT))) takeOut(out, text, form, at);
    }
    let clean = '';
    for (let at = 0; at < text.length; at++)
      if (!out[at]) clean += text[at];
      else if (at === 0 || !out[at - 1]) clean += SENSITIVE;
    return clean;
  }
}

/** A word without what may stand around it in a sentence. */
function bare(word: string): string {
  return word.replace(/^["'(]+|["'),.:;]+$/g, '');
}

/** Marks the longest part of a form, wherever it stands in the text, that holds what the form has at `from`. */
function takeOut(out: Uint8Array, text: string, form: string, from: number): void {
  const piece = form.slice(from, from + SHORTEST_CUT);
  for (let found = text.indexOf(piece); found !== -1; found = text.indexOf(piece, found + 1)) {
    let before = 0;
    while (before < from && text[found - before - 1] === form[from - before - 1]) before++;
    let end = SHORTEST_CUT;
    while (from + end < form.length && text[found + end] === form[from + end]) end++;
    const isAtAnEnd = before === from || from + end === form.length;
    const part = text.slice(found - before, found + end);
    if (part.length >= (isAtAnEnd ? SHORTEST_CUT : SHORTEST_MIDDLE) && !ORDINARY.test(part))
      out.fill(1, found - before, found + end);
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
      // As PHP writes it.
      JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/'),
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
