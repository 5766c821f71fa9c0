import type { Diagnostic, Severity } from '../model/diagnostic.ts';
import { CODES, type Code } from './codes.ts';
import { diagnosticAt } from './diagnostic-at.ts';
import type { SourceText, Span } from './source-text.ts';

/** Problems of one file that are shown; the rest is only counted. */
export const MAX_SHOWN = 50;

interface Finding {
  code: Code;
  severity: Severity;
  span: Span;
  summary: string;
  detail?: string;
}

/**
 * Collects the problems of one file. Diagnostics are made at the end, when every secret's place is known, so that a
 * source line never shows a secret that was found later.
 */
export class Findings {
  readonly source: SourceText;
  readonly #shown: Finding[] = [];
  #hidden: { count: number; severity: Severity; span: Span } | undefined;
  #errors = 0;
  /** Places of which nothing more is said. */
  readonly #alone = new Set<string>();

  constructor(source: SourceText) {
    this.source = source;
  }

  /** Errors so far, the hidden ones too. */
  get errors(): number {
    return this.#errors;
  }

  /** Reports what makes anything else that is said of the very same place a consequence of it. */
  addAlone(code: Code, span: Span, summary: string, detail?: string): void {
    this.add(code, span, summary, detail);
    this.#alone.add(`${span.start} ${span.end}`);
  }

  /** @param summary one line; never the value of a secret field */
  add(code: Code, span: Span, summary: string, detail?: string): void {
    if (this.#alone.has(`${span.start} ${span.end}`)) return;
    const { severity } = CODES[code];
    if (severity === 'error') this.#errors += 1;
    if (this.#shown.length < MAX_SHOWN) this.#shown.push({ code, severity, span, summary, detail });
    else if (!this.#hidden) this.#hidden = { count: 1, severity, span };
    else {
      this.#hidden.count += 1;
      if (severity === 'error') this.#hidden.severity = severity;
    }
  }

  /** In the order of the file. */
  diagnostics(): Diagnostic[] {
    const findings = [...this.#shown].sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
    if (this.#hidden) {
      const { count, severity, span } = this.#hidden;
      findings.push({ code: 'too-many-problems', severity, span, summary: `${count} more in this file` });
    }
    return findings.map((finding) => toDiagnostic(this.source, finding));
  }
}

function toDiagnostic(source: SourceText, { code, severity, span, summary, detail }: Finding): Diagnostic {
  const range = source.range(span);
  const line = source.shownLine(range.start);
  const mark = { range, ...(line === undefined ? {} : { source: line }) };
  return { ...diagnosticAt(mark, code, summary, detail), severity };
}
