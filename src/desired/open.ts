import { concealByLines } from './concealment.ts';
import { decode } from './decode.ts';
import { Findings } from './findings.ts';
import { isComment, isEmpty, type ParsedDocument, parse } from './parse.ts';
import { SourceText } from './source-text.ts';

export interface Opened {
  findings: Findings;
  /** Documents in which something is written. */
  parsed: ParsedDocument[];
  /** The whole file is unusable. */
  broken: boolean;
}

/** The bytes of a file of YAML to its documents, with what is wrong with the file as such. */
export function open(bytes: Uint8Array, file: string): Opened {
  const { text, problem } = decode(bytes);
  const findings = new Findings(new SourceText(file, text));
  if (problem) {
    concealByLines(findings.source);
    findings.add(problem.code, problem.span, problem.summary, problem.detail);
    return { findings, parsed: [], broken: true };
  }
  const { documents, broken } = parse(findings);
  if (broken) concealByLines(findings.source);
  const parsed = documents.filter(({ document, sound }) => !sound || !isEmpty(document));
  if (parsed.length === 0 && !broken && !isComment(text))
    findings.add('empty-file', { start: 0, end: 0 }, 'the file holds no document', 'It may be half written.');
  const last = parsed.at(-1);
  for (const entry of last ? documents.slice(0, documents.indexOf(last)) : []) {
    const [start, , end] = entry.document.range;
    // A document that is commented out does not count.
    if (entry.sound && isEmpty(entry.document) && !isComment(text.slice(entry.start, end)))
      findings.add('empty-document', { start, end: start }, 'an empty document');
  }
  return { findings, parsed, broken };
}
