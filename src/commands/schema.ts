import schemaJson from '../../schemas/recording.schema.json' with { type: 'json' };
import type { Io } from '../model/ports.ts';
import { EDITOR_HELP } from './editor-help.ts';
import type { RawOptions } from './settings.ts';

/** `reelstate schema`: prints the JSON Schema of recording files; how to point an editor at it goes to standard error. */
export async function schema(_raw: RawOptions, io: Io): Promise<number> {
  await io.out(`${JSON.stringify(schemaJson, null, 2)}\n`);
  await io.err(EDITOR_HELP);
  return 0;
}
