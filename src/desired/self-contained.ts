import type { Blocks, DesiredRecording, Identity } from '../model/recording.ts';
import type { CheckedDocument, Marks } from './checked.ts';

/*
 * Documents in which nothing has to be followed, as most are: what they say is taken from stage A as it stands.
 */

export interface ResolvedDocument {
  recording: DesiredRecording;
  /** May parse the file. */
  marks: () => Marks;
}

/** A document in which nothing has to be followed. */
export function selfContained({
  name,
  file,
  line,
  recording,
  suspended,
  content,
  blocks,
  marks,
}: CheckedDocument): ResolvedDocument {
  const which = { name, file, line, identity: recording as Identity, suspended };
  const read = content === undefined ? {} : { content };
  return {
    recording: { ...which, ...read, blocks: blocks as () => Blocks, unresolved: NOTHING },
    marks,
  };
}

/** The same for all: ten thousand empty lists are not little. */
export const NOTHING: readonly never[] = Object.freeze([]);
