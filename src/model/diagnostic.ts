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

/** The same text for what is the same finding, whatever its severity. */
export function findingId({ code, summary, range }: Pick<Diagnostic, 'code' | 'summary' | 'range'>): string {
  return JSON.stringify([code, summary, range]);
}

/** By code units: the same everywhere, whatever the locale. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Where a recording names a file that it takes fields from. */
export interface Use extends Position {
  filename: string;
}

/** One diagnostic for one mistake in a file that several take fields from. The order is kept. */
export function gathered(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (!diagnostics.some(({ uses }) => uses)) return diagnostics;
  const found = new Map<string, Diagnostic & { uses: Use[] }>();
  return diagnostics.flatMap((diagnostic) => {
    const { uses, ...rest } = diagnostic;
    if (!uses) return [diagnostic];
    const id = JSON.stringify(rest);
    const same = found.get(id);
    if (same) same.uses.push(...uses);
    else found.set(id, { ...rest, uses: [...uses] });
    return same ? [] : [found.get(id) as Diagnostic];
  });
}

/** "used by 300 recordings, first recordings/a.yaml:12:3"; undefined where nothing else uses the place. */
export function usedBy({ uses }: Pick<Diagnostic, 'uses'>): string | undefined {
  if (!uses?.length) return undefined;
  // A block that names the same file twice is one recording all the same.
  const places = [...new Set(uses.map(({ filename, line, column }) => `${filename}:${line}:${column}`))];
  const [first] = [...uses].sort((a, b) => byText(a.filename, b.filename) || a.line - b.line) as [Use];
  const where = `${first.filename}:${first.line}:${first.column}`;
  return places.length === 1 ? `used by ${where}` : `used by ${places.length} recordings, first ${where}`;
}

/** The way out, and who else is concerned. */
export function detailOf(diagnostic: Pick<Diagnostic, 'detail' | 'uses'>): string | undefined {
  const used = usedBy(diagnostic);
  if (used === undefined) return diagnostic.detail;
  const sentence = `${used[0]?.toUpperCase()}${used.slice(1)}.`;
  return diagnostic.detail === undefined ? sentence : `${diagnostic.detail} ${sentence}`;
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
  /** Of a file that others take fields from: where these name it. One place for each of them. */
  uses?: readonly Use[];
  /** The text of the range's first line with every secret already masked; for people, left out of JSON. */
  source?: string;
}
