import type { Io } from '../model/ports.ts';
import { schema as recordingSchema } from '../schema.ts';
import { EDITOR_HELP } from './editor-help.ts';
import type { RawOptions } from './settings.ts';

/** The JSON Schema of recording files, as a file has it. */
export function schemaText(): string {
  return `${JSON.stringify(recordingSchema, null, 2)}\n`;
}

/** `reelstate schema`: prints the JSON Schema of recording files; how to point an editor at it goes to standard error. */
export async function schema(_raw: RawOptions, io: Io): Promise<number> {
  await io.out(schemaText());
  await io.err(EDITOR_HELP);
  return 0;
}
