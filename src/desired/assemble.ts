import type { Diagnostic } from '../model/diagnostic.ts';
import type { DesiredSet } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { Mark } from './checked.ts';
import type { Code } from './codes.ts';
import { quoted } from './printable.ts';
import { diagnosticAt, type ResolvedDocument, type ResolvedFile } from './resolve.ts';

/** What the search for files has found wrong, and how many it has found. */
export interface Search {
  diagnostics: Diagnostic[];
  /** Files and folders that could not be read. */
  broken: string[];
  files: number;
}

/**
 * All files together: names and recordings must be unique across them; where they are not, both places are in
 * error and neither document is used. The outcome does not depend on the order of `files`.
 */
export function assemble(files: readonly ResolvedFile[], search: Search): DesiredSet {
  const sorted = [...files].sort((a, b) => byText(a.file, b.file));
  const documents = sorted.flatMap((file) => file.documents);
  const twice = new Map<ResolvedDocument, Diagnostic>();
  collide(documents, twice, 'duplicate-name', ({ recording }) => recording.name);
  collide(
    documents,
    twice,
    'duplicate-recording',
    ({ recording: { identity } }) => identity && recordingKey(identity),
  );
  const diagnostics = [
    ...search.diagnostics,
    ...sorted.flatMap((file) => file.diagnostics),
    ...twice.values(),
  ];
  const broken = [
    ...search.broken,
    ...sorted.filter((file) => file.broken).map(({ file }) => file),
    ...[...twice.keys()].map(({ recording }) => recording.file),
  ];
  return {
    recordings: documents.filter((document) => !twice.has(document)).map(({ recording }) => recording),
    diagnostics: once(diagnostics).sort(byPlace),
    broken: [...new Set(broken)].sort(byText),
    files: search.files,
  };
}

function collide(
  documents: readonly ResolvedDocument[],
  twice: Map<ResolvedDocument, Diagnostic>,
  code: Code & ('duplicate-name' | 'duplicate-recording'),
  keyOf: (document: ResolvedDocument) => string | undefined,
): void {
  const groups = new Map<string, ResolvedDocument[]>();
  for (const document of documents) {
    const key = keyOf(document);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(document);
    else groups.set(key, [document]);
  }
  for (const [first, ...others] of groups.values()) {
    if (!first || others.length === 0) continue;
    for (const document of [first, ...others]) {
      const other = document === first ? (others[0] as ResolvedDocument) : first;
      if (!twice.has(document)) twice.set(document, collision(document, other, code));
    }
  }
}

function collision({ recording, marks }: ResolvedDocument, other: ResolvedDocument, code: Code): Diagnostic {
  const named = code === 'duplicate-name';
  const mark: Mark = named ? marks.name : marks.recording;
  const { start, filename } = (named ? other.marks.name : other.marks.recording).range;
  const what = named ? `the name ${quoted(recording.name)} is used` : 'this recording is described';
  const detail = named
    ? 'Rename one of the two.'
    : 'appId, resourceId and sid are the same. Keep one of the two.';
  return diagnosticAt(mark, code, `${what} in ${filename}:${start.line} as well`, detail);
}

/** Two documents may name one identity file: what is wrong in it is said once. */
function once(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()];
}

function byPlace({ range: a }: Diagnostic, { range: b }: Diagnostic): number {
  return byText(a.filename, b.filename) || a.start.line - b.start.line || a.start.column - b.start.column;
}

/** By code units: the same everywhere, whatever the locale. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
