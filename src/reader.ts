import { parentPort } from 'node:worker_threads';
import type { CheckedFile } from './desired/checked.ts';
import { type Head, headOf } from './desired/outlines.ts';
import { readRecordingFile } from './desired/read.ts';

/*
 * The other thread: reads files for desired/threads.ts, which starts it.
 */

/** Some files to be read, or what came of it: in the same order. */
export interface Portion<File> {
  number: number;
  files: File[];
}

export interface Unread {
  file: string;
  bytes: Uint8Array;
}

/** In as few pieces as possible, because each costs something to hand over. Everything that is not plain goes whole. */
export type Handed = { head: Head; blocks: string } | CheckedFile;

function hand({ file, bytes }: Unread): Handed {
  const checked = readRecordingFile(bytes, file);
  const head = headOf(checked);
  return head ? { head, blocks: JSON.stringify(checked.documents[0]?.blocks) } : checked;
}

parentPort?.on('message', ({ number, files }: Portion<Unread>) => {
  parentPort?.postMessage({ number, files: files.map(hand) } satisfies Portion<Handed>);
});
