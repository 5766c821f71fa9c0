import { Assembly, type Search } from '../../src/desired/assemble.ts';
import type { ResolvedFile } from '../../src/desired/resolve.ts';
import type { DesiredSet } from '../../src/model/recording.ts';

/** What these files ask for together. */
export function assemble(files: readonly ResolvedFile[], search: Search): DesiredSet {
  const assembly = new Assembly();
  for (const file of files) assembly.put(file);
  return assembly.set(search);
}
