import { padded } from '../columns.ts';
import { count } from '../style.ts';
import { findingsOf } from './findings.ts';
import { alike, type SheetEntry, sheetLine } from './svg-sheet.ts';
import { drawing, type TextOptions } from './terminal.ts';
import { clip, plain, wrap } from './words.ts';

/** A small drawing needs so many columns to be told from another. */
const CELL = 38;
const GAP = 3;

/** A contact sheet for the terminal: small drawings in as many columns as there is room for. */
export function sheetText(
  entries: readonly SheetEntry[],
  omitted: readonly string[],
  { columns, style }: TextOptions,
): string {
  const across = Math.max(1, Math.floor((columns + GAP) / (CELL + GAP)));
  const width = Math.max(24, Math.floor((columns + GAP) / across) - GAP);
  const likeness = alike(entries);
  const cells = entries.map((entry, index) => {
    const { name, placement } = entry;
    const fitted = (text: string) => padded(clip(plain(text), width), width);
    return [
      style.bold(fitted(name)),
      style.dim(fitted(sheetLine(entry, likeness[index] ?? 1))),
      ...drawing(placement, findingsOf(placement), width, style, ({ label }) => label),
    ];
  });
  const rows: string[] = [];
  for (let start = 0; start < cells.length; start += across) {
    const row = cells.slice(start, start + across);
    const height = Math.max(...row.map((cell) => cell.length));
    for (let line = 0; line < height; line += 1)
      rows.push(
        row
          .map((cell) => cell[line] ?? ' '.repeat(width))
          .join(' '.repeat(GAP))
          .trimEnd(),
      );
    rows.push('');
  }
  const left =
    omitted.length === 0 ? [] : wrap(`Without a mixed layout: ${omitted.map(plain).join(', ')}`, columns);
  return [...rows, ...left, `${count(entries.length, 'layout')}.`].join('\n');
}
