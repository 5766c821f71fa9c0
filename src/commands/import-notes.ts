import type { Converted } from '../import/convert.ts';
import type { LeftOut, Problem } from '../import/section.ts';
import { printable } from '../render/style.ts';

/** `START.json: clientRequest.storageConfig.region: what is wrong`, and the way out below. */
export function problemText(file: string, { path, summary, detail }: Problem): string {
  const where = path.startsWith('--') ? path : `${file}: ${path}`;
  return printable(`${where}: ${summary}`) + (detail ? `\n  ${printable(detail)}` : '');
}

/**
 * What a person should know beside the file: variables to set, and what is not in it. Names and places only, never
 * a value.
 * @param input.place the written file, if it went to one
 */
export function importNotes(input: {
  file: string;
  place: string | undefined;
  converted: Converted;
  env: Readonly<Record<string, string | undefined>>;
}): string[] {
  const { file, place, converted, env } = input;
  const { secrets, leftOut } = converted;
  const lines = place ? [`Written: ${place}`] : [];
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
      lines.push(`  ${parent ? `${parent}: ` : ''}${names.join(', ')}`);
  }
  const useless = leftOut.filter(({ reason }) => reason !== undefined);
  if (useless.length > 0) {
    lines.push('Not in the file, because the service does not look at it:');
    for (const { parent, name, reason } of useless)
      lines.push(`  ${parent ? `${parent}.` : ''}${name}: ${reason}`);
  }
  return lines;
}

function byParent(fields: readonly LeftOut[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { parent, name } of fields) groups.set(parent, [...(groups.get(parent) ?? []), name]);
  return groups;
}
