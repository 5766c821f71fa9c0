import settingsJson from '../../schemas/reelstate.schema.json' with { type: 'json' };
import type { Io } from '../model/ports.ts';
import { schema as recordingSchema } from '../schema.ts';
import { EDITOR_HELP } from './editor-help.ts';
import type { RawOptions } from './settings.ts';

/** The JSON Schema of recording files, as a file has it. */
export function schemaText(): string {
  return `${JSON.stringify(recordingSchema, null, 2)}\n`;
}

/** `reelstate schema`: prints a JSON Schema; how to point an editor at that of recording files goes to standard error. */
export async function schema(raw: RawOptions, io: Io): Promise<number> {
  if (raw.settings === true) {
    await io.out(`${JSON.stringify(settingsJson, null, 2)}\n`);
    return 0;
  }
  await io.out(schemaText());
  await io.err(EDITOR_HELP);
  return 0;
}
