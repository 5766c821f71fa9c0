import type { Converted } from '../import/convert.ts';
import type { LeftOut, Problem } from '../import/section.ts';
import type { BlockName } from '../model/recording.ts';
import { printable } from '../render/style.ts';

/** `START.json: clientRequest.storageConfig.region: what is wrong`, and the way out below. */
export function problemText(file: string, { path, summary, detail }: Problem): string {
  const where = path.startsWith('--') ? path : `${file}: ${path}`;
  return printable(`${where}: ${summary}`) + (detail ? `\n  ${printable(detail)}` : '');
}

/**
 * What a person should know beside the file: variables to set, and what is not in it. Names and places only, never
 * a value.
 * @param input.written the files that were written, or what stands for many of them
 * @param input.spoiled blocks that are not in it, because of what is wrong with them
 */
export function importNotes(input: {
  file: string;
  written: readonly string[];
  secrets: Converted['secrets'];
  leftOut: readonly LeftOut[];
  notes: Converted['notes'];
  spoiled: readonly BlockName[];
  env: Readonly<Record<string, string | undefined>>;
}): string[] {
  const { file, written, secrets, leftOut, notes, spoiled, env } = input;
  const lines = written.map((place) => `Written: ${place}`);
  if (spoiled.length > 0)
    lines.push(
      `Not in the file, because of what is wrong with it: ${spoiled.join(', ')}. What start did stays.`,
    );
  if (notes.length > 0) {
    lines.push(`Taken otherwise than it stands in ${file}:`);
    for (const { path, note } of notes) lines.push(`  ${path}: ${note}`);
  }
  if (secrets.length > 0) {
    lines.push(`Set these variables for plan and apply; their values are in ${file}:`);
    const width = Math.max(...secrets.map(({ variable }) => variable.length));
    for (const { variable, value, path } of secrets) {
      const set = env[variable];
      const differs = set !== undefined && set !== value ? ' (now set to something else)' : '';
      lines.push(`  ${variable.padEnd(width)}  ${path}${differs}`);
    }
  }
  const startOnly = leftOut.filter(({ reason }) => reason === undefined);
  if (startOnly.length > 0) {
    lines.push('Not in the file, because update and updateLayout do not take it:');
    for (const [parent, names] of byParent(startOnly))
      lines.push(`  ${parent ? `${parent}: ` : ''}${[...names].join(', ')}`);
  }
  const useless = leftOut.filter(({ reason }) => reason !== undefined);
  if (useless.length > 0) {
    lines.push('Not in the file, because the service does not look at it:');
    for (const { parent, name, reason } of useless)
      lines.push(`  ${parent ? `${parent}.` : ''}${name}: ${reason}`);
  }
  return lines;
}

/** Names by what holds them, each once: the entries of a list are as one. */
function byParent(fields: readonly LeftOut[]): Map<string, Set<string>> {
  const entries = new Map<string, Set<string>>();
  for (const { parent } of fields)
    entries.set(listOf(parent), (entries.get(listOf(parent)) ?? new Set()).add(parent));
  const groups = new Map<string, Set<string>>();
  for (const { parent, name } of fields) {
    const holder = entries.get(listOf(parent))?.size === 1 ? parent : listOf(parent);
    groups.set(holder, (groups.get(holder) ?? new Set()).add(name));
  }
  return groups;
}

/** "a.layoutConfig[2]" → "a.layoutConfig[]" */
function listOf(path: string): string {
  return path.replace(/\[\d+\]/g, '[]');
}
