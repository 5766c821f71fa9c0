import type { Diagnostic } from '../model/diagnostic.ts';
import type { Mark } from './checked.ts';
import { CODES, type Code } from './codes.ts';
import { printable } from './printable.ts';

/** A diagnostic at a place that an earlier stage has kept. */
export function diagnosticAt(
  { range, source, uses }: Mark,
  code: Code,
  summary: string,
  detail?: string,
): Diagnostic {
  return {
    severity: CODES[code].severity,
    code,
    summary: printable(summary),
    ...(detail === undefined ? {} : { detail: printable(detail) }),
    range,
    ...(uses === undefined ? {} : { uses }),
    ...(source === undefined ? {} : { source }),
  };
}

/** The same without its source line. */
export function unquoted<T extends { source?: string }>({ source: _, ...rest }: T): Omit<T, 'source'> {
  return rest;
}
