/*
 * The reading of YAML: the library, the schema and all rules. It is loaded when it is first needed, because that costs
 * more than everything else a run does in which no file has changed.
 */

type Reading = typeof import('./read.ts');

let loaded: Reading | undefined;

/** Loads it, where that is still to be done. */
export async function reading(): Promise<Reading> {
  loaded ??= await import('./read.ts');
  return loaded;
}

/** For synchronous callers. @throws where `reading` was not awaited before: a defect */
export function readingNow(): Reading {
  if (!loaded) throw new Error('the reading of files is not loaded');
  return loaded;
}
