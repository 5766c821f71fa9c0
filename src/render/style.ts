import picocolors from 'picocolors';

/** The few colours in use; every one also has a sign or a word, so nothing is said by colour alone. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

export function styleFor(color: boolean): Style {
  return picocolors.createColors(color);
}

/**
 * Text from a file, the command line or the service made safe for a terminal and a log: control characters,
 * and those that turn the direction of writing, are shown as escapes.
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** "1 call", "2 calls" */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** Milliseconds as seconds, to the millisecond: what clocks give has a rest of its own. */
export function seconds(milliseconds: number): number {
  return Number((milliseconds / 1000).toFixed(3));
}
