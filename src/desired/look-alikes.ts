import { type Document, type ParsedNode, type Scalar, visit } from 'yaml';
import type { Span } from './source-text.ts';

/*
 * Characters that look like a space, like nothing at all or like a quote to people, and are plain text to YAML. They
 * come from web pages, word processors and files that were put together, and make a file wrong that looks right.
 */

/** A character that stands where a space, nothing or a quote was meant. */
export interface LookAlike {
  span: Span;
  summary: string;
  detail: string;
  /** What was meant, where it is as long: with it in place the rest of the file can be read. */
  meant?: readonly Meant[];
}

interface Meant {
  span: Span;
  text: string;
}

/** Wide as a space. */
const SPACE = '\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000';
/** Invisible. */
const UNSEEN = '\\u00ad\\u180e\\u200b-\\u200f\\u2060-\\u2064\\ufeff';
/** Never meant, wherever in a text: joiners and soft hyphens are. */
const NEVER = '\\u200b\\u2060\\ufeff';
const DOUBLE = '\\u201c-\\u201f\\u00ab\\u00bb\\uff02';
const SINGLE = '\\u2018-\\u201b\\uff07';

const ANY = new RegExp(`[${SPACE}${UNSEEN}${DOUBLE}${SINGLE}\\uff1a]`);
const AT_LINE_START = new RegExp(`^[ \\t]*([${SPACE}${UNSEEN}]+)(?=.)`);
const AT_START = new RegExp(`^[ \\t]*([${SPACE}${UNSEEN}]+)`);
const AT_END = new RegExp(`[${SPACE}${UNSEEN}]+$`);
const BEHIND_SIGN = new RegExp(`(^[-?]|:)([${SPACE}${UNSEEN}]+)`);
const BEFORE_COMMENT = new RegExp(`([${SPACE}${UNSEEN}]+)#`);
const HIDDEN = new RegExp(`[${NEVER}]`);
const WIDE_COLON = /^[\w-]+[ \t]*(\uff1a)/;
const QUOTE_START = new RegExp(`^[${DOUBLE}${SINGLE}]`);
const QUOTE_END = new RegExp(`[${DOUBLE}]$`);
const ANY_QUOTE_END = new RegExp(`[${DOUBLE}${SINGLE}]$`);
/** Where a value begins, in a line that is no YAML. */
const QUOTED_VALUE = new RegExp(`^([^#"']*(?:[:,[{]|- ?)[ \\t]+)([${DOUBLE}${SINGLE}])`);

const NAMES: Record<string, string> = {
  '\u00a0': 'no-break space',
  '\u00ad': 'soft hyphen',
  '\u200b': 'zero-width space',
  '\u200c': 'zero-width non-joiner',
  '\u200d': 'zero-width joiner',
  '\u200e': 'left-to-right mark',
  '\u200f': 'right-to-left mark',
  '\u202f': 'narrow no-break space',
  '\u2060': 'word joiner',
  '\u3000': 'ideographic space',
  '\ufeff': 'byte-order mark',
};

/** Finds the look-alikes that change what the file means. @param documents what the text was read as */
export function lookAlikesIn(text: string, documents: readonly Document.Parsed<ParsedNode>[]): LookAlike[] {
  // Nearly every file ends here.
  if (!ANY.test(text)) return [];
  const found = new Map<number, LookAlike>();
  const take = (one: LookAlike | undefined) => {
    if (one && !found.has(one.span.start)) found.set(one.span.start, one);
  };
  for (const document of documents) {
    if (document.errors.length > 0) for (const one of inLines(text, document.range)) take(one);
    visit(document.contents, {
      Scalar: (_key, node) => {
        for (const one of inScalar(text, node as Scalar.Parsed)) take(one);
      },
    });
  }
  // A closing quote is reported with its opening one.
  const ends = new Set(
    [...found.values()].flatMap(({ meant = [] }) => meant.slice(1).map(({ span }) => span.start)),
  );
  return [...found.values()]
    .filter(({ span }) => !ends.has(span.start))
    .sort((a, b) => a.span.start - b.span.start);
}

/** The text with what was meant in the places; undefined where that is of another length. */
export function asMeant(text: string, lookAlikes: readonly LookAlike[]): string | undefined {
  if (lookAlikes.some(({ meant }) => !meant)) return undefined;
  const all = lookAlikes.flatMap(({ meant = [] }) => meant).sort((a, b) => a.span.start - b.span.start);
  let whole = '';
  let at = 0;
  for (const { span, text: meant } of all) {
    if (span.start < at) continue;
    whole += text.slice(at, span.start) + meant;
    at = span.end;
  }
  return whole + text.slice(at);
}

/** In a document that is no YAML: where lines and values begin. */
function inLines(text: string, [from, , to]: Document.Parsed['range']): LookAlike[] {
  const found: LookAlike[] = [];
  let at = from;
  for (const line of text.slice(from, to).split('\n')) {
    const start = AT_LINE_START.exec(line);
    if (start) found.push(atLineStart(start[1] as string, at + start[0].length));
    const quote = QUOTED_VALUE.exec(line);
    if (quote) found.push(unquoted(line, quote, at));
    at += line.length + 1;
  }
  return found;
}

/** The closing quote of a value is the next one of the line. */
function unquoted(line: string, [head, , opening]: RegExpExecArray, at: number): LookAlike {
  const start = at + head.length - 1;
  const closing = new RegExp(`[${DOUBLE}${SINGLE}]`).exec(line.slice(head.length));
  if (!closing) return curly(opening as string, start, [{ at: start, text: ' ' }]);
  const end = at + head.length + closing.index;
  return curly(
    opening as string,
    start,
    [start, end].map((one) => ({ at: one, text: '"' })),
  );
}

function inScalar(text: string, node: Scalar.Parsed): LookAlike[] {
  const [from, to] = node.range;
  const source = text.slice(from, to);
  if (!ANY.test(source)) return [];
  if (node.type !== 'PLAIN') return hidden(source, from);
  const found: LookAlike[] = [];
  let at = from;
  for (const line of source.split('\n')) {
    found.push(...inPlainLine(text, line, at));
    at += line.length + 1;
  }
  return [...found, ...quotes(source, from), ...hidden(source, from)];
}

function inPlainLine(text: string, line: string, at: number): LookAlike[] {
  const found: LookAlike[] = [];
  const start = AT_START.exec(line);
  const isLineStart = text.slice(text.lastIndexOf('\n', at - 1) + 1, at).trim() === '';
  if (start) {
    const run = start[1] as string;
    const end = at + start[0].length;
    found.push(isLineStart ? atLineStart(run, end) : space(run, end, 'this value begins with'));
  }
  const rest = line.slice(start?.[0].length ?? 0);
  const behind = BEHIND_SIGN.exec(rest);
  const base = at + line.length - rest.length;
  if (behind)
    found.push(
      space(
        behind[2] as string,
        base + behind.index + behind[0].length,
        `behind ${behind[1] === ':' ? 'the colon' : behind[1]} stands`,
      ),
    );
  const comment = BEFORE_COMMENT.exec(rest);
  if (comment)
    found.push(space(comment[1] as string, base + comment.index + comment[0].length - 1, 'before # stands'));
  const end = AT_END.exec(rest);
  if (end && end[0].length < rest.length) found.push(space(end[0], at + line.length, 'this value ends with'));
  const colon = WIDE_COLON.exec(rest);
  if (colon) {
    const span = spanBefore(base + colon[0].length, 1);
    const summary = 'a full-width colon (U+FF1A) stands here, which ends no field name';
    found.push({ span, summary, detail: 'Write a plain colon and a space.' });
  }
  return found;
}

/** @param end just behind the run */
function atLineStart(run: string, end: number): LookAlike {
  const first = nameOf(run);
  const summary = `this line begins with ${first}, which does not indent`;
  const isMark = run.includes('\ufeff');
  return {
    span: spanBefore(end, run.length),
    summary: isMark
      ? `this line begins with ${first}, which belongs nowhere but at the beginning of a file`
      : summary,
    detail: isUnseen(run) ? 'Remove it.' : 'Use spaces.',
    ...meantFor(run, end),
  };
}

function space(run: string, end: number, where: string): LookAlike {
  return {
    span: spanBefore(end, run.length),
    summary: `${where} ${nameOf(run)}, which is no space to YAML`,
    detail: isUnseen(run) ? 'Remove it.' : 'Use a space, or none.',
    ...meantFor(run, end),
  };
}

function hidden(source: string, from: number): LookAlike[] {
  const at = source.search(HIDDEN);
  if (at === -1) return [];
  const character = source.charAt(at);
  const summary = `this text holds ${nameOf(character)}, which is not to be seen`;
  return [{ span: { start: from + at, end: from + at + 1 }, summary, detail: 'Remove it.' }];
}

/** A whole text in curly quotes, or what a list has left of one. */
function quotes(source: string, from: number): LookAlike[] {
  const opening = QUOTE_START.exec(source)?.[0];
  const closing = (opening ? ANY_QUOTE_END : QUOTE_END).exec(source)?.[0];
  const last = from + source.length - 1;
  if (opening === undefined) return closing ? [curly(closing, last, [{ at: last, text: ' ' }])] : [];
  const isWhole = closing !== undefined && source.length > 2 && !source.includes('"');
  const meant = isWhole ? [from, last].map((at) => ({ at, text: '"' })) : [{ at: from, text: ' ' }];
  return [curly(opening, from, meant)];
}

function curly(quote: string, start: number, meant: { at: number; text: string }[]): LookAlike {
  return {
    span: { start, end: start + 1 },
    summary: `${quote} (${codeOf(quote)}) is no quote to YAML, but part of the text`,
    detail: 'Use straight quotes: " or \'.',
    meant: meant.map(({ at, text }) => ({ span: { start: at, end: at + 1 }, text })),
  };
}

/** The first curly quote of a text, with its code; undefined where there is none. */
export function curlyQuoteIn(text: string): string | undefined {
  const quote = new RegExp(`[${DOUBLE}${SINGLE}]`).exec(text)?.[0];
  return quote && `${quote} (${codeOf(quote)})`;
}

function spanBefore(end: number, length: number): Span {
  return { start: end - length, end };
}

function meantFor(run: string, end: number): Pick<LookAlike, 'meant'> {
  return isUnseen(run)
    ? {}
    : { meant: [{ span: spanBefore(end, run.length), text: ' '.repeat(run.length) }] };
}

function isUnseen(run: string): boolean {
  return new RegExp(`[${UNSEEN}]`).test(run);
}

function nameOf(run: string): string {
  const character = run.charAt(0);
  const name =
    NAMES[character] ?? (isUnseen(character) ? 'mark that is not to be seen' : 'space of another kind');
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name} (${codeOf(character)})`;
}

function codeOf(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
