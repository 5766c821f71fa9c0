import type { Code } from './codes.ts';
import type { Findings } from './findings.ts';
import type { Span } from './source-text.ts';
import type { Tree } from './tree.ts';

/** Says what is wrong at a place of a document, given by JSON Pointer. `summary` never holds a secret. */
export type Report = (code: Code, pointer: string, summary: string, detail?: string) => void;

/** What the rules ask: they speak of pointers, this knows the places. */
export interface Look {
  /** Something is wrong with the value there. */
  readonly report: Report;
  /** Something is wrong with a value only because it stands there: where that is an alias, the alias is pointed at. */
  readonly reportUse: Report;
  /** Something is wrong with the field as such: its name is pointed at. */
  readonly reportField: Report;
  /** Whether the document has the value there only through an alias. */
  isAliased(pointer: string): boolean;
  /** A number as it is written; undefined where the value is none. */
  numberText(pointer: string): string | undefined;
}

/** A document of one file as the rules see it. */
export class TreeLook implements Look {
  readonly #findings: Findings;
  readonly #tree: Tree;

  constructor(findings: Findings, tree: Tree) {
    this.#findings = findings;
    this.#tree = tree;
  }

  readonly report: Report = (code, pointer, summary, detail) => {
    this.#findings.add(code, this.valueSpan(pointer), summary, detail);
  };

  readonly reportUse: Report = (code, pointer, summary, detail) => {
    const span = this.#tree.places.get(pointer)?.alias ?? this.valueSpan(pointer);
    this.#findings.add(code, span, summary, detail);
  };

  isAliased(pointer: string): boolean {
    return this.#tree.places.get(pointer)?.alias !== undefined;
  }

  readonly reportField: Report = (code, pointer, summary, detail) => {
    this.#findings.add(code, this.fieldSpan(pointer), summary, detail);
  };

  numberText(pointer: string): string | undefined {
    return this.#tree.places.get(pointer)?.text;
  }

  valueSpan(pointer: string): Span {
    return this.#tree.places.get(pointer)?.value ?? this.fieldSpan(pointer);
  }

  fieldSpan(pointer: string): Span {
    const place = this.#tree.places.get(pointer);
    if (place?.key) return place.key;
    const start = place?.value.start ?? this.#tree.places.get('')?.value.start ?? 0;
    return { start, end: start };
  }
}

/** A field as people call it: the last part of a pointer, list entries as `list[0]`. */
export function label(pointer: string): string {
  const parts = pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = parts.pop() ?? '';
  if (parts.length === 0) return 'the document';
  return /^\d+$/.test(last) ? `${parts.pop()}[${last}]` : last;
}
