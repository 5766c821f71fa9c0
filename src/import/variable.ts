import type { BlockName } from '../model/recording.ts';

/** A secret of the JSON: the file has only the name of the variable that shall hold it. */
export interface ImportedSecret {
  /** Of the environment variable. */
  variable: string;
  value: string;
  /** Where it stands in the JSON. */
  path: string;
  /** The block of the recording file that refers to it. */
  block: BlockName;
}

/** Variables of reelstate and its libraries are never values in a recording file. */
const RESERVED = /^(AGORA_|REELSTATE_|PG)/;

/** "town-hall" → "TOWN_HALL": a text as the name of an environment variable. */
export function variableName(text: string): string {
  const name = text.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  return /^[0-9]/.test(name) || RESERVED.test(name) ? `_${name}` : name;
}
