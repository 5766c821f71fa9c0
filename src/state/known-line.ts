import type { KnownRecording } from '../model/plan.ts';
import { decodeLine, soundText } from './lines.ts';

/** How `encodeLine` begins a known recording, where nothing in these fields is escaped. */
const HEAD = /^\{"key":"([^"\\]*)","name":"([^"\\]*)","file":"([^"\\]*)","identity":\{/;

/**
 * What is known of a recording, from its line of a snapshot. The line is checked; what the requests were is read out
 * of it only when somebody asks, because of ten thousand recordings most are not asked about.
 * @returns undefined where the line is not what was written
 */
export function readKnownLine(line: string): KnownRecording | undefined {
  const text = soundText(line);
  if (text === undefined) return undefined;
  // Out of the line, not of the text: parts of a text keep all of it, and the line is kept anyway.
  const [, key, name, file] = HEAD.exec(line) ?? [];
  // Quotes within a text are escaped, so this is the field.
  if (key === undefined || name === undefined || file === undefined || text.includes('"ended":'))
    return JSON.parse(text) as KnownRecording;
  let rest: KnownRecording | undefined;
  const read = () => {
    rest ??= decodeLine(line) as KnownRecording;
    return rest;
  };
  // In the order in which they are written.
  return {
    key,
    name,
    file,
    get identity() {
      return read().identity;
    },
    set identity(identity) {
      read().identity = identity;
    },
    get update() {
      return read().update;
    },
    get updateLayout() {
      return read().updateLayout;
    },
  };
}
