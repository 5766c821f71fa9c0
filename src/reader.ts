import { parentPort } from 'node:worker_threads';
import type { CheckedFile, WholeDocument } from './desired/checked.ts';
import { readRecordingFile } from './desired/read.ts';
import { type Head, headOf } from './desired/read-cache.ts';

/*
 * The other thread: reads files for desired/threads.ts, which starts it.
 */

/** Some files to be read. In few pieces, because each costs something to hand over. */
export interface Portion {
  number: number;
  /** Their names. */
  files: string[];
  /** Their bytes, one after another. */
  bytes: Uint8Array;
  /** Where in these each file ends. */
  ends: number[];
}

/** What came of a portion, in the same order. Everything that is not plain goes whole. */
export interface ReadPortion {
  number: number;
  files: Handed[];
}

export type Handed = { head: Head; blocks: string } | WholeFile;

/** A file whose documents hold all of their values. */
export type WholeFile = Omit<CheckedFile, 'documents'> & { documents: WholeDocument[] };

function hand(bytes: Uint8Array, file: string): Handed {
  const checked = readRecordingFile(bytes, file);
  const head = headOf(checked);
  if (head) return { head, blocks: JSON.stringify(checked.documents[0]?.blocks()) };
  const documents = checked.documents.map((document) => ({
    ...{ ...document, blocks: document.blocks(), marks: document.marks() },
  }));
  return { ...checked, documents };
}

// A thread begins with the process's variables, which the YAML library is not to see (process-io.ts).
process.env = {};

parentPort?.on('message', ({ number, files, bytes, ends }: Portion) => {
  const handed = files.map((file, index) => hand(bytes.subarray(ends[index - 1] ?? 0, ends[index]), file));
  parentPort?.postMessage({ number, files: handed } satisfies ReadPortion);
});
