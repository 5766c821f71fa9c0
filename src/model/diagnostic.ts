/** A place in a file. Lines and columns count from 1; a column counts UTF-16 code units, as editors do. */
export interface Position {
  line: number;
  column: number;
}

/** A stretch of a file; `end` is just behind its last character. */
export interface Range {
  /** The path as the user would type it: relative to the working directory where that is possible. */
  filename: string;
  start: Position;
  end: Position;
}

export type Severity = 'error' | 'warning';

/** The order in which people read: by file, then line, then column. */
export function byPlace(
  { range: a }: Pick<Diagnostic, 'range'>,
  { range: b }: Pick<Diagnostic, 'range'>,
): number {
  return byText(a.filename, b.filename) || a.start.line - b.start.line || a.start.column - b.start.column;
}

/** By code units: the same everywhere, whatever the locale. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * One finding about what a user wrote. A value, never thrown: every problem of every file is collected,
 * printing comes last. Neither `summary` nor `detail` ever holds the value of a secret field.
 */
export interface Diagnostic {
  severity: Severity;
  /** A kebab-case word from the table of codes (desired/codes.ts). */
  code: string;
  /** One line: what is wrong. */
  summary: string;
  /** The way out, or what the service would do. */
  detail?: string;
  range: Range;
  /** The text of the range's first line with every secret already masked; for people, left out of JSON. */
  source?: string;
}
