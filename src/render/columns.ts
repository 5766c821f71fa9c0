import { eastAsianWidth } from 'get-east-asian-width';
import { printable } from './style.ts';

/** What a terminal puts onto the character before it, or does not show: accents, joiners, variation selectors. */
const WITHOUT_WIDTH = /[\p{Nonspacing_Mark}\p{Enclosing_Mark}\p{Format}]/u;

/**
 * How many columns of a terminal a text takes: a Chinese character takes two, an accent of its own none. An emoji that
 * is joined of several counts as all of these, as many terminals show it: to know such ones, Intl.Segmenter takes 13 ms
 * to load, a fifth of what a small command does.
 */
export function columnsOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text)
    if (!WITHOUT_WIDTH.test(character)) columns += eastAsianWidth(character.codePointAt(0) as number);
  return columns;
}

/** The text with spaces behind it up to so many columns. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** How wide a column of names is to be; of a hundred thousand, too. */
export function nameColumn(names: Iterable<{ name: string }>): number {
  let columns = 0;
  for (const { name } of names) columns = Math.max(columns, columnsOf(printable(name)));
  return Math.min(LONGEST_NAME, columns);
}

/** Longer names overflow their column. */
const LONGEST_NAME = 40;
