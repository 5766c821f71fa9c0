import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { shownPath } from '../desired/paths.ts';
import type { Io } from '../model/ports.ts';
import { printable } from '../render/style.ts';
import { type RawOptions, type Settings, textOf } from './settings.ts';

/** What the folder with the state is called where no flag says so. */
const USUAL = '.reelstate';

/**
 * Warns where there is no state, but one exists where another working directory would have found it: without it every
 * recording counts as new.
 */
export async function tellOfOtherState(settings: Settings, raw: RawOptions, io: Io): Promise<void> {
  const other = await otherState(settings, raw, io);
  if (other !== undefined) await io.err(`reelstate: warning: ${printable(other)}\n`);
}

/** The same in words; undefined where there is nothing to warn of. */
export async function otherState(
  { state, dir }: Settings,
  raw: RawOptions,
  io: Io,
): Promise<string | undefined> {
  if (textOf('state', raw, io) !== undefined || (await isFolder(state))) return undefined;
  const recordings = resolve(io.cwd, dir);
  const places = [...above(io.cwd), recordings, dirname(recordings)];
  for (const place of places) {
    const found = join(place, USUAL);
    if (found === state || !(await isFolder(found))) continue;
    const shown = shownPath(found, io.cwd);
    return `there is no state in ${shownPath(state, io.cwd)}, so nothing counts as applied; there is one in ${shown}. Run it from the folder that holds it, or with --state ${shown}`;
  }
  return undefined;
}

function above(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...above(parent)];
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
