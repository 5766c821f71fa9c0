import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { DesiredRecording, SharedBlock } from '../model/recording.ts';
import type { Bounds } from './bounds.ts';
import { diagnosticAt } from './diagnostic-at.ts';
import { readFile, sharedReach } from './disk.ts';
import { isRecordingFileName, wholeFile } from './find.ts';
import { shownPath } from './paths.ts';
import { reading } from './reading.ts';
import type { FileBytes } from './surroundings.ts';

const BLOCKS: readonly SharedBlock[] = ['layout', 'storage', 'rtmp', 'subscriptions'];

/** What lies around recording files, where they came from: on disk, or in a commit. */
export interface Neighbourhood {
  /** Whether it was read, as a recording file or for a block, also of a recording that has an error. */
  isRead: (path: string) => boolean;
  /** The names in a folder; none where there is no such folder. */
  namesIn: (folder: string) => Promise<readonly string[]>;
  readShared: (path: string) => Promise<FileBytes>;
}

export function onDisk(bounds: Bounds): Omit<Neighbourhood, 'isRead'> {
  return {
    namesIn: (folder) => readdir(folder).catch(() => []),
    readShared: (path) => readFile(path, false, sharedReach(bounds)),
  };
}

/**
 * A warning for each file that holds the fields of a block, lies in a folder where one lies that recordings use, and is
 * used by none. Other folders are not looked at: nothing tells what they are for.
 */
export async function unusedFiles(
  recordings: readonly DesiredRecording[],
  { isRead, namesIn, readShared }: Neighbourhood,
  cwd: string,
): Promise<Diagnostic[]> {
  const used = recordings.flatMap(({ shares = {} }) => Object.values(shares));
  const folders = [...new Set(used.map((file) => dirname(resolve(cwd, file))))].sort();
  if (folders.length === 0) return [];
  const { fieldsOf, isOfBlock } = await reading();
  const found: Diagnostic[] = [];
  for (const folder of folders)
    for (const name of [...(await namesIn(folder))].sort()) {
      const path = join(folder, name);
      if (!isRecordingFileName(name) || isRead(path)) continue;
      const bytes = await readShared(path);
      const fields = bytes instanceof Uint8Array ? fieldsOf(bytes) : undefined;
      const block = BLOCKS.find((each) => isOfBlock(fields, each));
      if (block)
        found.push(
          diagnosticAt(
            wholeFile(shownPath(path, cwd)),
            'shared-file-unused',
            'no recording uses this file',
            `It holds fields of ${block}. Remove it, or name it in a recording: ${block}: { fromFile: PATH }.`,
          ),
        );
    }
  return found;
}
