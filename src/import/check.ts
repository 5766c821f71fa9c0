import { isMap, isPair, isSeq, parseDocument } from 'yaml';
import type { CheckedFile } from '../desired/checked.ts';
import { readRecordingFile } from '../desired/read.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Problem } from './section.ts';

/** A finding about the written file, in terms of the JSON that it was made from. */
export interface Told extends Problem {
  severity: Diagnostic['severity'];
  code: string;
  /** Field names and positions that lead to it in the written file. */
  at: readonly string[];
}

/**
 * Reads a written file the way every command will. So the rules are the format's own; what is wrong is told at
 * its place in the JSON.
 * @param origins JSON Pointer of the document → path in the JSON
 * @param file what the file is going to be called
 */
export function checkWritten(
  text: string,
  file: string,
  origins: ReadonlyMap<string, string>,
): { checked: CheckedFile; told: Told[] } {
  const checked = readRecordingFile(new TextEncoder().encode(text), file);
  if (checked.diagnostics.length === 0) return { checked, told: [] };
  const lines = text.split('\n');
  const root = parseDocument(text).contents;
  const told = checked.diagnostics.map(({ severity, code, summary, detail, range: { start } }) => {
    const before = lines.slice(0, start.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
    const at = pathAt(root, before + start.column - 1);
    const path = originOf(at, origins);
    return { severity, code, at, path, summary, ...(detail === undefined ? {} : { detail }) };
  });
  return { checked, told };
}

/** Field names and positions that lead to the innermost node around an offset. */
function pathAt(node: unknown, offset: number): string[] {
  if (isMap(node))
    for (const pair of node.items) {
      if (!isPair(pair) || !(covers(pair.key, offset) || covers(pair.value, offset))) continue;
      return [String(pair.key), ...pathAt(pair.value, offset)];
    }
  if (isSeq(node)) {
    const index = node.items.findIndex((item) => covers(item, offset));
    if (index !== -1) return [String(index), ...pathAt(node.items[index], offset)];
  }
  return [];
}

function covers(node: unknown, offset: number): boolean {
  const range = (node as { range?: [number, number, number] | null } | null)?.range;
  return range ? range[0] <= offset && offset < Math.max(range[1], range[0] + 1) : false;
}

function originOf(path: readonly string[], origins: ReadonlyMap<string, string>): string {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(`/${path.slice(0, length).join('/')}`);
    if (origin !== undefined) return origin + path.slice(length).map(step).join('');
  }
  return path.map(step).join('').replace(/^\./, '');
}

function step(part: string): string {
  return /^\d+$/.test(part) ? `[${part}]` : `.${part}`;
}
