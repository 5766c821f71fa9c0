import type { Blocks, DesiredRecording, Identity } from '../model/recording.ts';
import type { CheckedDocument, CheckedFile, Marks, RefusedDocument } from './checked.ts';

/*
 * Documents in which nothing has to be followed, as most are: what they say is taken from stage A as it stands.
 */

export interface ResolvedDocument {
  recording: DesiredRecording;
  /** May parse the file. */
  marks: () => Marks;
}

/** A document in which nothing has to be followed. */
export function selfContained(document: CheckedDocument): ResolvedDocument {
  const recording: DesiredRecording = {
    name: document.name,
    file: document.file,
    line: document.line,
    identity: document.recording as Identity,
    suspended: document.suspended,
    blocks: document.blocks as () => Blocks,
    unresolved: NOTHING,
  };
  if (document.labels) recording.labels = document.labels;
  if (document.canvas) recording.canvas = document.canvas;
  if (document.content !== undefined) recording.content = document.content;
  return { recording, marks: document.marks };
}

/** Whether what a file asks for may change although its bytes do not: by its references, and by time. */
export function mayChange({ documents, refused = [] }: CheckedFile): boolean {
  return documents.some((one) => leadsElsewhere(one)) || refused.some((one) => leadsElsewhere(one));
}

/** Whether there is anything in a document that has to be followed. */
export function leadsElsewhere(document: CheckedDocument | RefusedDocument): boolean {
  if ('isSelfContained' in document) return false;
  const { recording, shares } = document;
  if (shares) return true;
  const { rtmp, storage } = 'refused' in document ? document.blocks : document.blocks();
  return (recording && 'fromFile' in recording) || rtmp !== undefined || storage !== undefined;
}

/** The same for all: ten thousand empty lists are not little. */
export const NOTHING: readonly never[] = Object.freeze([]);
