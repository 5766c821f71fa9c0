import { Composer, type Document, isScalar, Lexer, type ParsedNode, Parser } from 'yaml';
import type { Findings } from './findings.ts';
import { asMeant, lookAlikesIn } from './look-alikes.ts';
import { syntaxProblems, YAML_OPTIONS } from './syntax.ts';

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

/** Text to YAML documents. `broken`: the text as a whole is no YAML, or looks like what it is not. */
export function parse(findings: Findings): { documents: ParsedDocument[]; broken: boolean } {
  const { text } = findings.source;
  const documents = compose(findings, text);
  if (!documents) return { documents: [], broken: true };
  const lookAlikes = lookAlikesIn(text, documents);
  if (lookAlikes.length === 0) return report(findings, documents, text);
  for (const { span, summary, detail } of lookAlikes)
    findings.add('look-alike-character', span, summary, detail);
  // Further errors are looked for in the corrected text.
  const meant = asMeant(text, lookAlikes);
  const again = meant === undefined ? undefined : compose(findings, meant);
  return { documents: again ? report(findings, again, meant as string).documents : [], broken: true };
}

function report(
  findings: Findings,
  documents: readonly Document.Parsed<ParsedNode>[],
  text: string,
): { documents: ParsedDocument[]; broken: boolean } {
  let broken = false;
  let start = 0;
  const parsed = documents.map((document) => {
    const entry = { document, start, sound: reportDocument(findings, document, start, text) };
    if (document.errors.length > 0) broken = true;
    start = document.range[2];
    return entry;
  });
  return { documents: parsed, broken };
}

/** What the library's parseAllDocuments does, but for the look at the depth; undefined: reported, nothing to read. */
function compose(findings: Findings, text: string): Document.Parsed<ParsedNode>[] | undefined {
  const parser = new Parser();
  const composer = new Composer<ParsedNode>(YAML_OPTIONS);
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

function reportDocument(
  findings: Findings,
  document: Document.Parsed<ParsedNode>,
  start: number,
  text: string,
): boolean {
  const before = findings.errors;
  const [first] = document.errors;
  if (first) {
    const conflict = /^(<{7}|={7}|>{7})( .*)?$/m.exec(text.slice(start, document.range[2]));
    if (conflict) {
      const at = start + conflict.index;
      findings.add('yaml-syntax', { start: at, end: at + 7 }, 'a merge conflict is not resolved here');
      return false;
    }
    const span = { start, end: document.range[2] };
    for (const { span: place, summary, detail } of syntaxProblems(text, span, first))
      findings.add('yaml-syntax', place, summary, detail);
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
      findings.add(
        'yaml-syntax',
        { start: problem.pos[0], end: problem.pos[1] },
        'an unknown directive',
        'Remove this line.',
      );
  return findings.errors === before;
}

/** Whether nothing at all is written in the document. */
export function isEmpty({ contents }: Document.Parsed<ParsedNode>): boolean {
  return (
    !contents ||
    (isScalar(contents) && contents.value === null && !contents.source && !contents.tag && !contents.anchor)
  );
}

/** Whether comments are written in a text, and nothing else. */
export function isComment(text: string): boolean {
  return text.includes('#') && text.split('\n').every((line) => /^(---|\.\.\.)?\s*(#.*)?$/.test(line));
}
