import { Composer, type Document, isScalar, Lexer, type ParsedNode, Parser } from 'yaml';
import type { Findings } from './findings.ts';

/**
 * Levels of brackets and indentation that are followed. The format needs six; past some hundred the parser's
 * recursion ends the whole process, so this is looked at before anything is composed.
 */
export const MAX_DEPTH = 64;

/** A YAML document, and whether it is whole. */
export interface ParsedDocument {
  document: Document.Parsed<ParsedNode>;
  /** Where the document's first line starts, its directives included. */
  start: number;
  sound: boolean;
}

const OPTIONS = {
  version: '1.2',
  merge: true,
  // Found by the walk over the tree instead, in linear time and with both places.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/**
 * Text to YAML documents. Of a document's syntax errors only the first is reported: those behind it follow from
 * it more often than not. `broken`: the text as a whole is no YAML.
 */
export function parse(findings: Findings): { documents: ParsedDocument[]; broken: boolean } {
  const documents = compose(findings);
  if (!documents) return { documents: [], broken: true };
  let broken = false;
  let start = 0;
  const parsed = documents.map((document) => {
    const entry = { document, start, sound: reportDocument(findings, document, start) };
    if (document.errors.length > 0) broken = true;
    start = document.range[2];
    return entry;
  });
  return { documents: parsed, broken };
}

/** What the library's parseAllDocuments does, but for the look at the depth; undefined: reported, nothing to read. */
function compose(findings: Findings): Document.Parsed<ParsedNode>[] | undefined {
  const { text } = findings.source;
  const parser = new Parser();
  const composer = new Composer<ParsedNode>(OPTIONS);
  const documents: Document.Parsed<ParsedNode>[] = [];
  try {
    for (const lexeme of new Lexer().lex(text)) {
      for (const token of parser.next(lexeme)) documents.push(...composer.next(token));
      if (parser.stack.length > MAX_DEPTH) {
        const span = { start: Math.max(0, parser.offset - lexeme.length), end: parser.offset };
        findings.add('nested-too-deep', span, `more than ${MAX_DEPTH} levels are nested here`);
        return undefined;
      }
    }
    for (const token of parser.end()) documents.push(...composer.next(token));
    documents.push(...composer.end(false, text.length));
    return documents;
  } catch {
    // A defect of the parser must not end a run over many files.
    findings.add('yaml-syntax', { start: 0, end: 0 }, 'the file cannot be parsed as YAML');
    return undefined;
  }
}

function reportDocument(findings: Findings, document: Document.Parsed<ParsedNode>, start: number): boolean {
  const before = findings.errors;
  const { text } = findings.source;
  const [first] = document.errors;
  if (first) {
    const conflict = /^(<{7}|={7}|>{7})( .*)?$/m.exec(text.slice(start, document.range[2]));
    if (conflict) {
      const at = start + conflict.index;
      findings.add('yaml-syntax', { start: at, end: at + 7 }, 'a merge conflict is not resolved here');
      return false;
    }
    const { summary, detail } = wording(first.code, first.message);
    const quotes = startsAllStreams(text, first.pos[0]) ? ALL_STREAMS_IN_QUOTES : undefined;
    findings.add('yaml-syntax', clamp(text, first.pos), summary, quotes ?? detail);
    return false;
  }
  const head = text.slice(start, document.contents?.range[0] ?? document.range[0]);
  const directive = /^%YAML[ \t]+(\S+)/m.exec(head);
  if (directive && directive[1] !== '1.2') {
    const span = { start: start + directive.index, end: start + directive.index + directive[0].length };
    findings.add(
      'yaml-version',
      span,
      'files are read as YAML 1.2, not as another version',
      'Remove this line.',
    );
  }
  for (const problem of document.warnings)
    if (problem.code === 'BAD_DIRECTIVE' && !directive)
      findings.add('yaml-syntax', clamp(text, problem.pos), 'an unknown directive', 'Remove this line.');
  return findings.errors === before;
}

/** The library points one behind the end for what is missing there; people look at the last thing written. */
function clamp(text: string, [from, to]: [number, number]): { start: number; end: number } {
  const last = text.trimEnd().length;
  const start = Math.min(from, last);
  return { start, end: Math.max(start, Math.min(to, last)) };
}

/** Our own words, because the library's may quote the text, and with it a secret. */
function wording(code: string, message: string): { summary: string; detail?: string } {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { summary: 'a tab is used for indentation', detail: 'Indent with spaces.' };
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

/** Whether nothing at all is written in the document. */
export function isEmpty({ contents }: Document.Parsed<ParsedNode>): boolean {
  return (
    !contents ||
    (isScalar(contents) && contents.value === null && !contents.source && !contents.tag && !contents.anchor)
  );
}

/** The way out of the commonest slip. */
export const ALL_STREAMS_IN_QUOTES = 'In YAML # begins a comment: write it in quotes, "#allstream#".';

/** Whether the line of this place, or the one before, has an #allstream# without quotes. */
function startsAllStreams(text: string, at: number): boolean {
  const end = text.indexOf('\n', at);
  const lines = text
    .slice(0, end === -1 ? text.length : end)
    .split('\n')
    .slice(-2);
  return lines.some((line) => /(^|[^"'])#allstream#($|[^"'])/.test(line));
}
