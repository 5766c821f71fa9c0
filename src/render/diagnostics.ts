import { type Diagnostic, detailOf } from '../model/diagnostic.ts';
import { columnsOf } from './columns.ts';
import { count, printable, type Style } from './style.ts';

/** `file:line:column: severity[code]: summary` */
export function headLine({ severity, code, summary, range }: Diagnostic, style: Style): string {
  const { filename, start } = range;
  const paint = severity === 'error' ? style.red : style.yellow;
  return `${style.bold(`${printable(filename)}:${start.line}:${start.column}:`)} ${paint(`${severity}[${code}]:`)} ${printable(summary)}`;
}

/** The same, the source line with a caret below, and the way out. */
export function diagnosticText(diagnostic: Diagnostic, style: Style): string {
  const { severity, range, source } = diagnostic;
  const detail = detailOf(diagnostic);
  const paint = severity === 'error' ? style.red : style.yellow;
  const { start, end } = range;
  const lines = [headLine(diagnostic, style)];
  if (source !== undefined) {
    const number = String(start.line);
    const before = source.slice(0, start.column - 1);
    const marked = source.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined);
    // How wide a tab is depends on where it stands, so the caret's indent has the same ones.
    const indent = before
      .split('\t')
      .map((part) => ' '.repeat(columnsOf(printable(part))))
      .join('\t');
    const caret = '^'.repeat(Math.max(1, columnsOf(printable(marked.replaceAll('\t', ' ')))));
    lines.push(
      `${style.dim(`${number} |`)} ${source.split('\t').map(printable).join('\t')}`,
      `${style.dim(`${' '.repeat(number.length)} |`)} ${indent}${paint(caret)}`,
    );
  }
  if (detail) lines.push(style.dim(`  ${printable(detail)}`));
  return lines.join('\n');
}

/** All diagnostics, with their number at the end; empty text for none. */
export function diagnosticsText(diagnostics: readonly Diagnostic[], style: Style): string {
  if (diagnostics.length === 0) return '';
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const sums = [
    errors > 0 ? count(errors, 'error') : '',
    warnings > 0 ? count(warnings, 'warning') : '',
  ].filter(Boolean);
  return `${diagnostics.map((diagnostic) => diagnosticText(diagnostic, style)).join('\n\n')}\n\n${sums.join(', ')}\n`;
}
