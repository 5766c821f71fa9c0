import type { DesiredSet } from '../../src/model/recording.ts';

/** A set with all that its recordings hold, to be compared: two functions are never equal. */
export function told(set: DesiredSet) {
  return { ...set, recordings: set.recordings.map((one) => ({ ...one, blocks: one.blocks() })) };
}
