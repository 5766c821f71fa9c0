import { Composer, type Document, type ParsedNode, Parser } from 'yaml';
import { curlyQuoteIn } from './look-alikes.ts';
import type { Span } from './source-text.ts';
import { unclosed } from './unclosed.ts';
import { NOT_FILLED_IN, UNQUOTED_PLACEHOLDER } from './unfilled.ts';

/*
 * Finds the errors of a document that is no YAML. The library reads on behind an error, and most of what it then finds
 * follows from the first. So each field is read by itself, then each field within one that is wrong, as far as that
 * leads: a mistake is told once, at the innermost field that holds it, and hides none in another field.
 */

export interface SyntaxProblem {
  span: Span;
  summary: string;
  detail?: string;
}

/** What the library has found. */
type YamlError = Pick<Document['errors'][0], 'code' | 'message' | 'pos'>;

/** The options for every call of the library. */
export const YAML_OPTIONS = {
  version: '1.2',
  merge: true,
  // Found by the walk over the tree instead, in linear time and with both places.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/** The way out of the commonest slip. */
export const ALL_STREAMS_IN_QUOTES = 'In YAML # begins a comment: write it in quotes, "#allstream#".';

/** UTF-16 code units of a document that is looked at field by field: each is read once for every level that it is in. */
const MAX_EXAMINED = 64 * 1024;

/** A line with what is needed of it. */
interface Line extends Span {
  /** Spaces before its text; Infinity where a tab is among them, which belongs to the field above. */
  indent: number;
  text: string;
}

/** Every mistake of a document that stands for itself. @param first what the library found first, in the whole text */
export function syntaxProblems(whole: string, { start, end }: Span, first: YamlError): SyntaxProblem[] {
  const text = whole.slice(start, end);
  const span = { start: 0, end: text.length };
  const error = movedError(-start, first);
  const found =
    text.length > MAX_EXAMINED ? [problemOf(text, span, error)] : eachField(text, linesOf(text, span));
  const problems = found.length > 0 ? found : problemsOf(text, span, [error]);
  return withOneTab(text, span, problems).map(({ span: local, ...rest }) => {
    const [from, to] = movedBy(start, [local.start, local.end]);
    return { span: { start: from, end: to }, ...rest };
  });
}

function movedError(distance: number, { code, message, pos }: YamlError): YamlError {
  return { code, message, pos: movedBy(distance, pos) };
}

function movedBy(distance: number, [from, to]: readonly [number, number]): [number, number] {
  return [from + distance, to + distance];
}

function linesOf(text: string, { start, end }: Span): Line[] {
  const lines: Line[] = [];
  for (let at = start; at < end; ) {
    const next = text.indexOf('\n', at);
    const stop = next === -1 || next >= end ? end : next + 1;
    const line = text.slice(at, stop);
    const white = /^[ \t]*/.exec(line)?.[0] ?? '';
    lines.push({ start: at, end: stop, indent: white.includes('\t') ? Infinity : white.length, text: line });
    at = stop;
  }
  return lines;
}

function hasContent({ text }: Line): boolean {
  return /^\s*[^\s#]/.test(text);
}

/** The errors of each field that begins as far left as the first. */
function eachField(text: string, lines: readonly Line[]): SyntaxProblem[] {
  const base = lines.find(hasContent)?.indent ?? 0;
  const groups: Line[][] = [];
  for (const line of lines) {
    const group = groups.at(-1);
    if (!group || (hasContent(line) && line.indent <= base && !goesOn(line, group))) groups.push([line]);
    else group.push(line);
  }
  return groups.flatMap((group) => inField(text, group));
}

/** Whether a line that begins as far left belongs to the field above: a bracket that closes, loose text, an entry of its list. */
function goesOn({ text }: Line, [head]: readonly Line[]): boolean {
  if (/^\s*[\]}]/.test(text)) return true;
  // No field begins in it, so whatever it is follows from what is above.
  if (!/:(\s|$)|^\s*(-(\s|$)|\?\s|---|\.\.\.|%)/.test(text)) return true;
  return /^\s*-(\s|$)/.test(text) && head !== undefined && /:\s*(#.*)?$/.test(head.text);
}

function inField(text: string, lines: readonly Line[]): SyntaxProblem[] {
  const [head, ...rest] = lines;
  if (!head) return [];
  const span = { start: head.start, end: (lines.at(-1) as Line).end };
  const errors = errorsIn(text, span);
  if (errors.length === 0) return [];
  const inner = rest.some(hasContent) ? within(text, head, rest) : [];
  return inner.length > 0 ? inner : problemsOf(text, span, errors);
}

/** Looks into a field that holds others, and into an entry of a list, which is one that begins behind its dash. */
function within(text: string, head: Line, rest: readonly Line[]): SyntaxProblem[] {
  const entry = /^( *)-( +\S)/.exec(head.text);
  if (entry && head.indent !== Infinity) {
    const at = head.start + head.indent;
    const bare = `${text.slice(0, at)} ${text.slice(at + 1)}`;
    return eachField(bare, linesOf(bare, { start: head.start, end: (rest.at(-1) as Line).end }));
  }
  return /:\s*(#.*)?$/.test(head.text) && errorsIn(text, head).length === 0 ? eachField(text, rest) : [];
}

function errorsIn(text: string, { start, end }: Span): YamlError[] {
  const composer = new Composer<ParsedNode>(YAML_OPTIONS);
  const parser = new Parser();
  const documents: Document.Parsed<ParsedNode>[] = [];
  const part = text.slice(start, end);
  for (const token of parser.parse(part)) documents.push(...composer.next(token));
  documents.push(...composer.end(false, part.length));
  return documents.flatMap(({ errors }) => errors.map((error) => movedError(start, error)));
}

/** Mistakes behind which the library reads on as if there was none. */
const HARMLESS = ['BAD_DQ_ESCAPE', 'BAD_SCALAR_START'];

/** What is wrong with a piece that is not looked into further: quotes and brackets that are never closed, and errors. */
function problemsOf(text: string, span: Span, errors: readonly YamlError[]): SyntaxProblem[] {
  const [first] = errors;
  if (!first) return [];
  const at = first.pos[0];
  const told = errors.filter((error) => error === first || HARMLESS.includes(error.code));
  const { quotes, brackets } = unclosed(text, span, at);
  const placeholder = /^\$\{[^{}\n]*\}/.exec(text.slice(Math.max(0, at - 1)));
  if (placeholder && quotes.length === 0) {
    const place = { start: at - 1, end: at - 1 + placeholder[0].length };
    return [{ span: place, summary: UNQUOTED_PLACEHOLDER, detail: NOT_FILLED_IN }];
  }
  const open = [...quotes, ...(startsAllStreams(text, at) ? [] : brackets)];
  // Behind what is never closed much is read in another way than it was meant, and behind a quote everything.
  const isOwn = ({ code, pos }: YamlError) =>
    pos[0] < Math.min(...(HARMLESS.includes(code) ? quotes : open), Number.POSITIVE_INFINITY);
  return [
    ...told.filter(isOwn).map((error) => problemOf(text, span, error)),
    ...open.map((one) => neverClosed(text, one)),
  ];
}

const CLOSING: Record<string, string> = { '[': ']', '{': '}' };

function neverClosed(text: string, at: number): SyntaxProblem {
  const opening = text.charAt(at);
  const curly = curlyQuoteIn(text.slice(at).split('\n', 1)[0] ?? '');
  const span = { start: at, end: at + 1 };
  const closing = CLOSING[opening];
  return closing === undefined
    ? {
        span,
        summary: `missing closing quote: this ${opening} is never closed in its field`,
        detail: curly
          ? `${curly} does not close it. Use straight quotes.`
          : 'Put the same quote behind the text.',
      }
    : isCommentedOut(text, at, closing)
      ? {
          span,
          summary: `a # behind this ${opening} begins a comment, and hides its ${closing}`,
          detail: 'Put a text that begins with # in quotes.',
        }
      : {
          span,
          summary: `a ${closing} is missing: this ${opening} is never closed`,
          detail: `Put ${closing} behind its last entry, and indent the lines within.`,
        };
}

/** Whether a bracket is closed in its own line, but for a comment: colours begin with #. */
function isCommentedOut(text: string, at: number, closing: string): boolean {
  const line = text.slice(at).split('\n', 1)[0] as string;
  return / #[^ ].*$/.exec(line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '""'))?.[0].includes(closing) === true;
}

function problemOf(text: string, span: Span, { code, message, pos }: YamlError): SyntaxProblem {
  const [at] = pos;
  if (!HARMLESS.includes(code)) {
    const tab = /^ *\t[ \t]*/.exec(text.slice(text.lastIndexOf('\n', at - 1) + 1))?.[0];
    const start = text.lastIndexOf('\n', at - 1) + 1 + (tab?.indexOf('\t') ?? 0);
    if (tab) return { span: { start, end: start + 1 }, summary: TAB };
  }
  const curly = curlyQuoteIn(text.charAt(at));
  const { summary, detail } = curly ? wording(code, message) : (slip(text, at) ?? wording(code, message));
  const better = startsAllStreams(text, at)
    ? ALL_STREAMS_IN_QUOTES
    : curly
      ? `${curly} is no quote to YAML. Use straight quotes.`
      : detail;
  return { span: clamp(text, span, pos), summary, ...(better === undefined ? {} : { detail: better }) };
}

/** Slips that are known by the line in which they stand, as people's editors and templates make them. */
function slip(text: string, at: number): { summary: string; detail: string } | undefined {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const line = text.slice(start).split('\n', 1)[0] as string;
  if (/\{\{|\{%|<%/.test(line))
    return {
      summary: 'this line belongs to a template',
      detail: 'Files are taken as they stand: render the template before reelstate reads the file.',
    };
  if (/^\s*```/.test(line))
    return { summary: '``` belongs to Markdown, not to the file', detail: 'Remove this line.' };
  if (/^\s*[\w-]+:[^\s/]/.test(line) && at - start <= line.search(/\S/))
    return { summary: 'a space is missing behind the colon', detail: 'Write the value after ": ".' };
  const bullet = /^\s*([\u2010-\u2015\u2022\u2043\u2212\u00b7*])\s/.exec(line)?.[1];
  if (bullet)
    return {
      summary: `${bullet} (U+${bullet.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}) begins no entry of a list`,
      detail: 'Each entry begins with "- ": a plain hyphen and a space.',
    };
  if (line.includes('\uff0c'))
    return {
      summary: 'a full-width comma (U+FF0C) stands here, which separates nothing',
      detail: 'Write a plain comma and a space.',
    };
  return /'[^']*'\w/.test(line.slice(0, at - start + 1))
    ? {
        summary: "this ' ends the text",
        detail: "Write '' for ' within 'single' quotes, or use double ones.",
      }
    : undefined;
}

/** The library points one behind the end for what is missing there; people look at the last thing written. */
function clamp(text: string, { start, end }: Span, [from, to]: [number, number]): Span {
  const last = start + text.slice(start, end).trimEnd().length;
  const at = Math.min(from, last);
  return { start: at, end: Math.max(at, Math.min(to, last)) };
}

const TAB = 'a tab is used for indentation';

/** An editor that indents with tabs does so in every line: it is told at the first. */
function withOneTab(text: string, span: Span, problems: readonly SyntaxProblem[]): SyntaxProblem[] {
  const first = problems.findIndex(({ summary }) => summary === TAB);
  if (first === -1) return [...problems];
  const lines = linesOf(text, span).filter((line) => line.indent === Infinity && hasContent(line));
  const more = lines.length > 1 ? ` ${lines.length} lines of this document begin with one.` : '';
  return problems
    .filter(({ summary }, index) => summary !== TAB || index === first)
    .map((problem) =>
      problem.summary === TAB ? { ...problem, detail: `Indent with spaces.${more}` } : problem,
    );
}

/** Messages of our own: the library's may quote the text, and with it a secret. */
function wording(code: string, message: string): { summary: string; detail?: string } {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { summary: TAB };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        summary: 'a second field begins inside this value',
        detail: 'Check the indentation, and put a text that contains ": " in quotes.',
      };
    case 'MULTILINE_IMPLICIT_KEY':
    case 'KEY_OVER_1024_CHARS':
      return {
        summary: 'a field name goes over several lines',
        detail: 'Is a colon or a quote missing above?',
      };
    case 'MISSING_CHAR':
    case 'BAD_INDENT': {
      const bracket = /end with a ([\]}])$/.exec(message)?.[1];
      if (bracket)
        return { summary: `a ${bracket} is missing`, detail: 'Or this line is not indented enough.' };
      // These messages are fixed texts of the library.
      return { summary: message.charAt(0).toLowerCase() + message.slice(1).replaceAll('"', '') };
    }
    case 'BAD_SCALAR_START':
      return { summary: 'a text cannot begin with this character', detail: 'Put it in quotes.' };
    case 'BAD_DQ_ESCAPE':
      return {
        summary: 'an unknown escape sequence in a quoted text',
        detail: "Double the backslash, or use 'single' quotes.",
      };
    case 'BAD_DIRECTIVE':
      return { summary: 'a directive that cannot be read', detail: 'Remove the line that begins with %.' };
    default:
      return {
        summary: 'something stands here that does not belong',
        detail: 'Check indentation, quotes and brackets.',
      };
  }
}

/** Whether the line of this place, or the one before, has an #allstream# without quotes. */
function startsAllStreams(text: string, at: number): boolean {
  const end = text.indexOf('\n', at);
  const lines = text
    .slice(0, end === -1 ? text.length : end)
    .split('\n')
    .slice(-2);
  return lines.some((line) => /(^|[^"'])#allstream#($|[^"'])/.test(line));
}
