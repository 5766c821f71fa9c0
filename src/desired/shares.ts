import type { Diagnostic, Range } from '../model/diagnostic.ts';
import type { SharedBlock } from '../model/recording.ts';
import { type CheckedBlocks, type DraftBlocks, type Marks, ownMark, type Share } from './checked.ts';
import { diagnosticAt } from './diagnostic-at.ts';
import { shownPath } from './paths.ts';
import { quoted } from './printable.ts';
import { reading } from './reading.ts';
import { isOutside } from './secrets.ts';
import type { FileBytes, Surroundings } from './surroundings.ts';

/** The blocks of a document that take fields from files, once these were read. */
export interface FollowedShares {
  /** All of them; undefined where a mistake is in any. */
  blocks: CheckedBlocks | undefined;
  /** The same as far as others look at them. */
  drafts: DraftBlocks;
  /** The files, as the user would type them. */
  files: Partial<Record<SharedBlock, string>>;
  marks: Marks;
  diagnostics: Diagnostic[];
}

/** Puts blocks together with the files that they take fields from. @param pathOf where a path leads that the document names */
export async function followShares(
  shares: readonly Share[],
  pathOf: (written: string) => string,
  { cwd, readShared, readFile, mayQuote }: Surroundings,
): Promise<FollowedShares> {
  const found: FollowedShares = { blocks: {}, drafts: {}, files: {}, marks: {}, diagnostics: [] };
  for (const share of shares) {
    const { block, places } = share;
    const field = places[`/${block}`];
    if (field) found.marks[`/${block}`] = ownMark(share, field.key ?? field.value);
    Object.assign(found.drafts, { [block]: {} });
    const path = pathOf(share.fromFile);
    const file = shownPath(path, cwd);
    const bytes = await (readShared ?? readFile)(path);
    if (!(bytes instanceof Uint8Array)) {
      found.diagnostics.push(unread(share, file, bytes));
      found.blocks = undefined;
      continue;
    }
    const { readShare } = await reading();
    const isQuoted = (await mayQuote?.(path)) ?? true;
    const { blocks, draft, marks, diagnostics } = readShare(share, { bytes, file, isQuoted });
    found.diagnostics.push(...diagnostics);
    found.files[block] = file;
    Object.assign(found.marks, marks);
    Object.assign(found.drafts, draft);
    found.blocks = blocks && found.blocks && { ...found.blocks, ...blocks };
  }
  return found;
}

const WAY =
  'A file that blocks take fields from may be in the folder that holds --dir, or in one that --secrets-dir names.';

/** A file that is gone is one mistake, however many name it; one that is out of bounds was never to be named. */
function unread(share: Share, file: string, bytes: Exclude<FileBytes, Uint8Array>): Diagnostic {
  const { block, places } = share;
  const place = places[`/${block}/fromFile`];
  const named = place ? ownMark(share, place.value) : { range: beginningOf(share.file) };
  if (isOutside(bytes)) {
    const summary = `${quoted(file)} is out of bounds: ${bytes.error}`;
    return diagnosticAt(named, 'reference-out-of-bounds', summary, WAY);
  }
  const { filename, start } = named.range;
  const where = { range: beginningOf(file), uses: [{ filename, ...start }] };
  const code = 'shared-file-unreadable';
  if (bytes !== 'missing') return diagnosticAt(where, code, `the file cannot be read: ${bytes.error}`);
  const way = `A block ${block} takes fields from it. Its path counts from the folder of the recording's file.`;
  return diagnosticAt(where, code, 'the file does not exist', way);
}

function beginningOf(filename: string): Range {
  const start = { line: 1, column: 1 };
  return { filename, start, end: start };
}
