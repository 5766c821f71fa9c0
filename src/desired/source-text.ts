import type { Position, Range } from '../model/diagnostic.ts';
import { SENSITIVE } from '../model/recording.ts';
import { printable } from './printable.ts';

/** A stretch of a text, in UTF-16 code units from its start; `end` is just behind it. */
export interface Span {
  start: number;
  end: number;
}

/** What is shown of a line behind the column that is spoken of. */
const SHOWN_BEHIND = 100;
/** A line is not quoted for a column beyond this: the caret would be too far right to find. */
const SHOWN_BEFORE = 400;

/** A file's text with the places of its lines and of its secrets. */
export class SourceText {
  readonly filename: string;
  readonly text: string;
  readonly #lineStarts: number[] = [0];
  /** By line, counted from 1. */
  readonly #secrets = new Map<number, Span[]>();
  readonly #known = new Set<string>();
  /** What is still to be concealed before a line is shown. */
  #unconcealed: (() => void)[] = [];

  constructor(filename: string, text: string) {
    this.filename = filename;
    this.text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1))
      this.#lineStarts.push(at + 1);
  }

  /** From now on this stretch is shown as "(sensitive)". */
  conceal(span: Span): void {
    const id = `${span.start}-${span.end}`;
    if (span.end <= span.start || this.#known.has(id)) return;
    this.#known.add(id);
    const last = this.position(span.end - 1).line;
    for (let line = this.position(span.start).line; line <= last; line++) {
      const spans = this.#secrets.get(line);
      if (spans) spans.push(span);
      else this.#secrets.set(line, [span]);
    }
  }

  /**
   * The same, when a line is shown for the first time: of most files none ever is.
   * @param conceal calls `conceal` for each stretch
   */
  concealBeforeShown(conceal: () => void): void {
    this.#unconcealed.push(conceal);
  }

  position(offset: number): Position {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] as number) + 1 };
  }

  range({ start, end }: Span): Range {
    return { filename: this.filename, start: this.position(start), end: this.position(end) };
  }

  /** Offsets at which lines start. */
  get lineStarts(): readonly number[] {
    return this.#lineStarts;
  }

  /** The text of a line (from 1), without its end. */
  line(number: number): string {
    const start = this.#lineStarts[number - 1];
    if (start === undefined) return '';
    return this.text.slice(start, this.#lineStarts[number] ?? this.text.length).replace(/\r?\n$/, '');
  }

  /**
   * A line as people may see it: secrets masked, controls replaced, cut some way behind the column. Columns up
   * to the one named stay where they are. undefined where the column is too far out to be shown.
   */
  shownLine({ line, column }: Position): string | undefined {
    if (column > SHOWN_BEFORE) return undefined;
    const whole = this.line(line);
    const cut = whole.length > column + SHOWN_BEHIND;
    const shown = this.#masked(cut ? whole.slice(0, column + SHOWN_BEHIND) : whole, line);
    return printable(shown.replaceAll('\t', ' ')) + (cut ? '…' : '');
  }

  #masked(text: string, line: number): string {
    for (const conceal of this.#unconcealed.splice(0)) conceal();
    const offset = this.#lineStarts[line - 1] as number;
    const spans = [...(this.#secrets.get(line) ?? [])].map(({ start, end }) => ({
      start: start - offset,
      end: end - offset,
    }));
    // An RTMP address carries its stream key, in whatever field it stands.
    for (const match of text.matchAll(/rtmps?:\/\/[^\s"',}\]]*/gi))
      spans.push({ start: match.index, end: match.index + match[0].length });
    // Any other address may carry a user and password.
    for (const match of text.matchAll(/(?<=:\/\/)[^\s"',}\]/@]+(?=@)/g))
      spans.push({ start: match.index, end: match.index + match[0].length });
    if (spans.length === 0) return text;
    const characters = text.split('');
    let tail = characters.length;
    for (const { start, end } of spans) {
      if (end <= 0 || start >= characters.length) continue;
      const from = Math.max(0, start);
      const to = Math.min(characters.length, end);
      characters.fill('*', from, to);
      // At the end of a line even the length can be kept back.
      if (text.slice(to).trim() === '') tail = Math.min(tail, from);
    }
    return tail < text.length ? characters.slice(0, tail).join('') + SENSITIVE : characters.join('');
  }
}
