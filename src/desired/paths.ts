import { isAbsolute, relative, sep } from 'node:path';

/** A path as the user would type it: relative to the working directory where that is no detour; forward slashes. */
export function shownPath(absolute: string, cwd: string): string {
  const from = relative(cwd, absolute) || '.';
  const outside = from.startsWith('..') || isAbsolute(from);
  const shown = outside && absolute.length < from.length ? absolute : from;
  return shown.split(sep).join('/');
}
