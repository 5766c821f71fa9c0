import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { DesiredRecording, SharedBlock } from '../model/recording.ts';
import type { Bounds } from './bounds.ts';
import { readFile, sharedReach } from './disk.ts';
import { isRecordingFileName, wholeFile } from './find.ts';
import { shownPath } from './paths.ts';
import { reading } from './reading.ts';
import { diagnosticAt } from './resolve.ts';

const BLOCKS: readonly SharedBlock[] = ['layout', 'storage', 'rtmp', 'subscriptions'];

/**
 * A warning for each file that holds the fields of a block, lies in a folder where one lies that recordings use, and is
 * used by none. Other folders are not looked at: nothing tells what they are for.
 * @param isRead whether a file was read, by its name as the user would type it
 */
export async function unusedFiles(
  recordings: readonly DesiredRecording[],
  isRead: (shown: string) => boolean,
  { cwd, bounds }: { cwd: string; bounds: Bounds },
): Promise<Diagnostic[]> {
  const used = recordings.flatMap(({ shares = {} }) => Object.values(shares));
  const folders = [...new Set(used.map((file) => dirname(resolve(cwd, file))))].sort();
  if (folders.length === 0) return [];
  const { fieldsOf, isOfBlock } = await reading();
  const found: Diagnostic[] = [];
  for (const folder of folders)
    for (const name of (await readdir(folder).catch(() => [])).sort()) {
      const path = join(folder, name);
      const shown = shownPath(path, cwd);
      if (!isRecordingFileName(name) || isRead(shown)) continue;
      const bytes = await readFile(path, false, sharedReach(bounds));
      const fields = bytes instanceof Uint8Array ? fieldsOf(bytes) : undefined;
      const block = BLOCKS.find((each) => isOfBlock(fields, each));
      if (block)
        found.push(
          diagnosticAt(
            wholeFile(shown),
            'shared-file-unused',
            'no recording uses this file',
            `It holds fields of ${block}. Remove it, or name it in a recording: ${block}: { fromFile: PATH }.`,
          ),
        );
    }
  return found;
}
