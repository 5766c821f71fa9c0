import { columnsOf } from '../columns.ts';

/** Characters of C0, C1 and those that turn the direction of text or are not seen: none may reach a terminal or a picture. */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ufffe\uffff]/g;

/** Text from a file as it may be shown: every control, direction or lone surrogate character becomes U+FFFD. */
export function plain(text: string): string {
  return text.replace(UNSEEN, '\ufffd');
}

/** Text for the inside of an SVG or HTML element, or of a double-quoted attribute. */
export function escapeMarkup(text: string): string {
  return plain(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** At most so many columns; a longer text loses its end to an ellipsis. */
export function clip(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let clipped = '';
  let taken = 1;
  for (const character of text) {
    taken += columnsOf(character);
    if (taken > columns) break;
    clipped += character;
  }
  return columns < 1 ? '' : `${clipped}\u2026`;
}

/** A fraction as the file has it: at most six decimals, no trailing zeros. */
export function fraction(value: number): string {
  return String(Number(value.toFixed(6)));
}

/** A fraction that is the service's own and not in any file: three decimals are plenty. */
export function roughFraction(value: number): string {
  return String(Number(value.toFixed(3)));
}

export function percent(share: number): string {
  const points = share * 100;
  return points > 0 && points < 1 ? 'less than 1 %' : `${Math.round(points)} %`;
}

/**
 * A URL in few characters: host and file name. Path, query and user information, where signatures and keys may
 * be, are left out.
 */
export function shortUrl(url: string): string {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)([^?#]*)/i.exec(url);
  if (!match) return plain(url.replace(/[?#].*$/s, ''));
  const host = (match[1] ?? '').replace(/^.*@/s, '');
  const segments = (match[2] ?? '').split('/').filter((segment) => segment !== '');
  const file = segments.at(-1);
  if (file === undefined) return plain(host);
  return plain(`${host}/${segments.length > 1 ? '\u2026/' : ''}${file}`);
}

/** Breaks a text at its spaces into lines of at most so many columns. A word that is longer loses its end. */
export function wrap(words: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > columns) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? clip(word, columns) : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** A label where there is little room: "2" for "uid 2", "1st" for "1st to join", "host" for "host (2)". */
export function shortLabel(label: string): string {
  return label
    .replace(/^uid /, '')
    .replace(/ to join$/, '')
    .replace(/ \(\w+\)$/, '');
}

const JOINER = /^(\d+)(\w\w) to join$/;

/** Labels of regions in a row, three and more that join one after another as "2nd to 5th to join". */
export function listLabels(labels: readonly string[]): string {
  const runs: string[][] = [];
  for (const label of labels) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last !== undefined && follows(label, last)) run.push(label);
    else runs.push([label]);
  }
  return runs
    .flatMap((run) => (run.length < 3 ? run : [`${run[0]?.replace(' to join', '')} to ${run.at(-1)}`]))
    .join(', ');
}

function follows(label: string, last: string): boolean {
  const [, number] = JOINER.exec(label) ?? [];
  const [, previous] = JOINER.exec(last) ?? [];
  return number !== undefined && previous !== undefined && Number(number) === Number(previous) + 1;
}
