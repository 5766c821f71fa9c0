import type { BlockName } from '../model/recording.ts';
import { isOwnVariable } from '../secrets/environment.ts';

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

/** "town-hall" → "TOWN_HALL": a text as the name of an environment variable. */
export function variableName(text: string): string {
  const name = text.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  // None that begins like our own may be a value.
  return /^[0-9]/.test(name) || isOwnVariable(`${name}_`) ? `_${name}` : name;
}

/** The variables of one import: a name stands for one value, in however many files. */
export class Variables {
  readonly #values = new Map<string, string>();

  /** The wanted name, or the first with a number behind it that does not stand for another value. */
  nameFor(wanted: string, value: string): string {
    for (let number = 1; ; number++) {
      const name = number === 1 ? wanted : `${wanted}_${number}`;
      const held = this.#values.get(name);
      if (held !== undefined && held !== value) continue;
      this.#values.set(name, value);
      return name;
    }
  }
}
