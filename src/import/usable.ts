import type { CheckedFile } from '../desired/checked.ts';
import type { BlockName } from '../model/recording.ts';
import { checkWritten, type Told } from './check.ts';
import type { Converted } from './convert.ts';
import type { Problem } from './section.ts';
import { recordingFileText } from './text.ts';

/** The recording file that can be written, and all that is wrong with what cannot. */
export interface Usable {
  text: string;
  checked: CheckedFile;
  /** Blocks that are not in it, because of what is wrong with them. */
  spoiled: BlockName[];
  problems: Problem[];
  warnings: Told[];
}

const BLOCKS: readonly BlockName[] = ['subscriptions', 'layout', 'onhold', 'rtmp', 'storage'];

/** What is missing because it was refused at its own place in the JSON is not worth a second line. */
const FOLLOWS = new Set([
  'missing-field',
  'storage-keys-missing',
  'sts-incomplete',
  'custom-without-regions',
  'region-missing',
  'endpoint-missing',
]);

/**
 * Keeps what a recording file can express: a block with an error is left out as a whole, because the rest of it would
 * ask for something else than `start` did. The result has no errors when a command reads it.
 * @returns only the problems, where which recording it is cannot be said
 */
export function usable(
  converted: Converted,
  schema: string,
  file: string,
): Usable | Pick<Usable, 'problems'> {
  const { document, origins } = converted;
  const problems: Problem[] = [...converted.problems];
  const spoiled = new Set(converted.problems.flatMap(({ block }) => block ?? []));
  const refused = new Set(spoiled);
  // Each round takes something away, or is the last.
  for (;;) {
    const text = recordingFileText(document, schema);
    const { checked, told } = checkWritten(text, file, origins);
    const errors = told.filter(({ severity }) => severity === 'error');
    let isNamed = true;
    for (const error of errors) {
      const block = BLOCKS.find((each) => each === error.at[0]);
      const isNews = !problems.some(({ path, summary }) => path === error.path && summary === error.summary);
      if (isNews && !(block && refused.has(block) && FOLLOWS.has(error.code))) problems.push(error);
      if (block) spoiled.add(block);
      else if (error.at.join('/') === 'recording/streamTypes')
        delete (document.recording as Record<string, unknown>).streamTypes;
      else if (error.code !== 'too-many-problems') isNamed = false;
    }
    if (!isNamed) return { problems };
    const gone = [...spoiled].filter((block) => block in document);
    if (errors.length === 0 && gone.length === 0)
      return {
        ...{ text, checked, problems, spoiled: [...spoiled] },
        warnings: told.filter(({ severity }) => severity === 'warning'),
      };
    for (const block of gone) delete document[block];
    converted.secrets = converted.secrets.filter(({ block }) => !spoiled.has(block));
  }
}

/** Leaves out, and says nothing of, whatever belongs to other blocks than these. */
export function restrict(converted: Converted, only: ReadonlySet<BlockName>): void {
  const isWanted = ({ block }: { block?: BlockName }) => block === undefined || only.has(block);
  for (const block of BLOCKS) if (!only.has(block)) delete converted.document[block];
  if (!only.has('layout')) delete converted.document.canvas;
  converted.secrets = converted.secrets.filter(isWanted);
  converted.problems = converted.problems.filter(isWanted);
  converted.leftOut = converted.leftOut.filter(isWanted);
  converted.notes = converted.notes.filter(isWanted);
}

/** @returns undefined where one of the names is no block */
export function blocksNamed(names: readonly string[]): ReadonlySet<BlockName> | undefined {
  const found = names.flatMap((name) => BLOCKS.find((block) => block === name) ?? []);
  return found.length === names.length ? new Set(found) : undefined;
}
