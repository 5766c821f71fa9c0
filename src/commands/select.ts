import { usage } from '../model/failure.ts';
import { MAX_LABEL_LENGTH, readSelector, type Selector } from '../model/labels.ts';
import type { Io } from '../model/ports.ts';
import { listOf, type RawOptions } from './settings.ts';

/**
 * The conditions of `--select`, as the user typed them; of several in REELSTATE_SELECT commas stand between them.
 * @throws Failure (64) for what is no condition
 */
export function selectOf(raw: RawOptions, io: Io): string[] {
  const texts = listOf('select', raw, io) ?? [];
  for (const text of texts)
    if (!readSelector(text))
      throw usage(`--select ${JSON.stringify(text)}: must be KEY=VALUE or KEY!=VALUE`, wayOut(text));
  return texts;
}

/** The conditions in texts that `selectOf` has checked, or a saved plan's shape. */
export function selectorsOf(texts: readonly string[] | undefined): Selector[] {
  return (texts ?? []).flatMap((text) => readSelector(text) ?? []);
}

function wayOut(text: string): string {
  if (text.includes('==')) return `One = is enough: --select ${text.replace('==', '=')}`;
  if (/^[^,]+=[^,]+,./.test(text)) return 'Give --select once for each condition: all of them must hold.';
  if (!text.includes('=')) return 'KEY and VALUE are a label of recording files: labels: { KEY: VALUE }.';
  return `Keys and values of labels are 1 to ${MAX_LABEL_LENGTH} letters, digits, -, _ and . each.`;
}

/** Says that no recording is selected: that is no mistake, because labels come and go. */
export async function tellNothingSelected(texts: readonly string[], io: Io): Promise<void> {
  await io.err(
    `No recording is selected by ${texts.map((text) => `--select ${text}`).join(' ')}: reelstate status shows the labels.\n`,
  );
}
