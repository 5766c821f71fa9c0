import type { Diagnostic } from '../model/diagnostic.ts';
import { isObject } from '../model/json.ts';
import type { Identity, Labels, SharedBlock } from '../model/recording.ts';
import {
  type CheckedBlocks,
  type CheckedDocument,
  type CheckedFile,
  checkedDocument,
  type Marks,
  type OwnPlace,
  QUOTED_COLUMNS,
  type RecordingIds,
  type RefusedDocument,
  type Share,
  type Stretch,
} from './checked.ts';
import { Findings } from './findings.ts';
import { readIdentity, readKind, readKnown } from './identity.ts';
import { checkLabels } from './labels.ts';
import { readLayout } from './layout.ts';
import { type Look, TreeLook } from './look.ts';
import { marksOf } from './marks.ts';
import { checkAgainstIdentity } from './mode-rules.ts';
import { readName } from './name.ts';
import { open } from './open.ts';
import type { ParsedDocument } from './parse.ts';
import type { Place } from './places.ts';
import { blocksIn, idsIn, refuse } from './refused.ts';
import { readRtmp } from './rtmp.ts';
import { type Objection, readRunFile } from './run-file.ts';
import type { IdentityFields, RecordingFile } from './schema.generated.ts';
import { checkShape } from './shape.ts';
import { isOfBlock } from './shared-file.ts';
import { type IsSound, soundness } from './soundness.ts';
import type { SourceText, Span } from './source-text.ts';
import { readStorage } from './storage.ts';
import { readSubscriptions } from './subscriptions.ts';
import { type Tree, TreeBuilder } from './tree.ts';
import { checkFilledIn } from './unfilled.ts';
import { validateRecording, validateRunFile } from './validator.generated.js';

export { readLayoutFile, readShare } from './shared.ts';
export { fieldsOf, isOfBlock } from './shared-file.ts';

/*
 * Stage A: the bytes of one file to checked documents. Pure, and of nothing but the bytes and the name, so the
 * outcome can be kept for as long as these stay the same. Never throws.
 */

/**
 * Reads a file of recordings. A file that is no YAML gives no document at all; a document that breaks a rule is
 * left out alone; warnings leave nothing out.
 * @param file its path as the user would type it
 */
export function readRecordingFile(bytes: Uint8Array, file: string): CheckedFile {
  const { findings, parsed, broken } = open(bytes, file);
  const builder = new TreeBuilder(findings);
  const several = parsed.length > 1;
  // A document that is refused for its first line gets no further diagnostics.
  let silent: TreeBuilder | undefined;
  const documents: CheckedDocument[] = [];
  const refused: RefusedDocument[] = [];
  for (const document of parsed) {
    let read: CheckedDocument | RefusedDocument | undefined;
    if (document.sound) read = readDocument(builder.build(document), several, findings, bytes);
    else if (!broken) {
      silent ??= new TreeBuilder(new Findings(findings.source));
      read = refuse(silent.build(document), several, findings);
    }
    if (!read) continue;
    if ('refused' in read) refused.push(read);
    else documents.push(read);
  }
  const diagnostics = findings.diagnostics();
  if (broken) return { file, documents: [], diagnostics };
  return refused.length === 0 ? { file, documents, diagnostics } : { file, documents, refused, diagnostics };
}

/** The places in a file of one document, which is read for them once more. */
function marksIn(bytes: Uint8Array, file: string, blocks: CheckedBlocks): Marks {
  const { findings, parsed } = open(bytes, file);
  const tree = new TreeBuilder(findings).build(parsed[0] as ParsedDocument);
  return marksOf(blocks, findings.source, new TreeLook(findings, tree));
}

/**
 * Reads the file that a `recording.fromFile` names: JSON or YAML with fields of `recording`, among others.
 * @param known what stands beside `fromFile`
 * @returns `claimed`: which recording it is about, as far as that can be read where there is an error
 */
export function readIdentityFile(
  bytes: Uint8Array,
  file: string,
  known: Partial<Identity> = {},
): { identity?: Identity; claimed?: RecordingIds; objections: Objection[]; diagnostics: Diagnostic[] } {
  const { findings, parsed, broken } = open(bytes, file);
  const [first, second] = parsed;
  if (second) {
    const start = second.document.range[0];
    findings.add('document-not-mapping', { start, end: start }, 'the file holds more than one document');
  }
  let identity: Identity | undefined;
  let claimed: RecordingIds | undefined;
  let objections: Objection[] = [];
  if (first?.sound) {
    const tree = new TreeBuilder(findings).build(first);
    const look = new TreeLook(findings, tree);
    const isSound = soundness(tree.whole ? checkShape(validateRunFile, '/recording', tree, look) : []);
    if (tree.whole && isObject(tree.value))
      ({ identity, objections } = readRunFile(
        file,
        tree.value as Partial<IdentityFields>,
        known,
        look,
        isSound,
      ));
    if (!broken && isObject(tree.value)) claimed = idsIn({ ...known, ...tree.value });
  }
  const rest = { objections, diagnostics: findings.diagnostics() };
  if (findings.errors === 0 && identity) return { identity, ...rest };
  return claimed ? { claimed, ...rest } : rest;
}

/** @param bytes of the whole file */
function readDocument(
  tree: Tree,
  several: boolean,
  findings: Findings,
  bytes: Uint8Array,
): CheckedDocument | RefusedDocument | undefined {
  if (!tree.whole) return refuse(tree, several, findings);
  const before = findings.errors;
  const look = new TreeLook(findings, tree);
  if (SHARED_BLOCKS.some((block) => isOfBlock(tree.value, block))) {
    const place = findings.source.filename;
    look.reportField(
      'shared-file-among-recordings',
      '',
      'this holds the fields of a block, and no recording',
      `Files that recordings take blocks from stand outside of their folder, as in ../layouts/${place.slice(place.lastIndexOf('/') + 1)}, or in a folder whose name begins with a dot.`,
    );
    return undefined;
  }
  const unsound = checkShape(validateRecording, '', tree, look);
  const isSound = soundness(unsound);
  if (!isObject(tree.value)) return undefined;
  const written = tree.value as unknown as RecordingFile;
  const name = isSound('/name') ? readName(written.name, findings.source.filename, several, look) : '';
  const recording = isObject(written.recording) ? readWhich(written.recording, look, isSound) : undefined;
  if (isObject(written.labels)) checkLabels(written.labels, look);
  const shares = sharesIn(tree.value, isSound, unsound, findings, tree);
  for (const { block, fromFile } of shares) checkFilledIn(fromFile, `/${block}/fromFile`, look);
  const blocks = readBlocks(withoutShares(written), isSound, look);
  const kind = kindOf(written.recording, isSound);
  if (kind)
    checkAgainstIdentity(
      kind,
      isSound('') ? blocks : blocksIn(withoutShares(tree.value), isSound),
      look.reportField,
    );
  if (findings.errors > before || tree.refused || !recording)
    return refuse(tree, several, findings, isSound, shares);
  const { line } = findings.source.position(look.fieldSpan('').start);
  const file = findings.source.filename;
  const suspended = written.suspend ?? false;
  const labels = (written.labels ?? {}) as Labels;
  const labelled = Object.keys(labels).length > 0 ? { labels } : {};
  const canvas = written.canvas && { canvas: written.canvas };
  const document = { name, file, line, recording, suspended, ...labelled, ...canvas };
  if (several || 'fromFile' in recording || blocks.rtmp || blocks.storage || shares.length > 0)
    return checkedDocument({
      ...{ ...document, blocks, marks: marksOf(blocks, findings.source, look, recording) },
      ...(shares.length > 0 ? { shares } : {}),
    });
  // Its places are needed only where several documents claim the same: then the file is read once more.
  const marks = () => marksIn(bytes, file, blocks);
  return { ...document, isSelfContained: true, blocks: () => blocks, marks };
}

function readWhich(
  written: RecordingFile['recording'],
  look: Look,
  isSound: IsSound,
): CheckedDocument['recording'] | undefined {
  if (!('fromFile' in written)) return readIdentity(written, '/recording', look, isSound);
  const known = readKnown(written, '/recording', look, isSound, undefined);
  if (isSound('/recording/fromFile')) checkFilledIn(written.fromFile, '/recording/fromFile', look);
  if (!isSound('/recording')) return undefined;
  return { fromFile: written.fromFile, ...(Object.keys(known).length > 0 ? { known } : {}) };
}

/** What the blocks depend on, where the document itself says it. */
function kindOf(
  written: RecordingFile['recording'],
  isSound: IsSound,
): Pick<Identity, 'mode' | 'streamTypes'> | undefined {
  if (!isObject(written)) return undefined;
  // Among fields that are still missing, or in another file, the mode may be one.
  if (written.mode === undefined && ('fromFile' in written || !isSound('/recording'))) return undefined;
  return readKind(written, '/recording', isSound);
}

/** Blocks that take fields from a file, as far as the document says which. */
function sharesIn(
  written: Readonly<Record<string, unknown>>,
  isSound: IsSound,
  unsound: readonly string[],
  { source }: Findings,
  { places }: Tree,
): Share[] {
  const stretch = (span: Span): Stretch => {
    const { start, end } = source.range(span);
    return [start.line, start.column, end.line, end.column];
  };
  const own = ({ key, value, alias, text }: Place): OwnPlace => ({
    ...(key ? { key: stretch(key) } : {}),
    value: stretch(value),
    ...(alias ? { alias: stretch(alias) } : {}),
    ...(text === undefined ? {} : { text }),
  });
  return SHARED_BLOCKS.flatMap((block) => {
    const fields = written[block];
    const base = `/${block}`;
    if (!takesFromFile(fields) || !isSound(`${base}/fromFile`)) return [];
    const found: [string, OwnPlace][] = [[base, own(places.get(base) as Place)]];
    for (const [pointer, each] of places.within(base)) found.push([pointer, own(each)]);
    const { fromFile, ...beside } = fields;
    return [
      {
        ...{ block, fromFile, own: beside, file: source.filename, places: Object.fromEntries(found) },
        lines: linesOf(source, found),
        unsound: unsound.filter((pointer) => pointer === base || pointer.startsWith(`${base}/`)),
      },
    ];
  });
}

/** Each line once: hundreds of thousands of places are kept. */
function linesOf(source: SourceText, places: readonly [string, OwnPlace][]): Record<number, string> {
  const lines: Record<number, string> = {};
  for (const [, { key, value, alias }] of places)
    for (const [line] of [key, value, alias].filter((each) => each !== undefined)) {
      const shown = lines[line] ?? source.shownLine({ line, column: QUOTED_COLUMNS });
      if (shown !== undefined) lines[line] = shown;
    }
  return lines;
}

const SHARED_BLOCKS = ['subscriptions', 'layout', 'rtmp', 'storage'] as const satisfies SharedBlock[];

function takesFromFile(block: unknown): block is { fromFile: string; [field: string]: unknown } {
  return isObject(block) && typeof block.fromFile === 'string' && block.fromFile !== '';
}

/** The rules for the others are looked at when their files are read; where it is not clear which, not at all. */
function withoutShares<T extends object>(written: T): T {
  const isShared = ([name, block]: [string, unknown]) =>
    SHARED_BLOCKS.some((each) => each === name) && isObject(block) && block.fromFile !== undefined;
  return Object.fromEntries(Object.entries(written).filter((entry) => !isShared(entry))) as T;
}

/** @returns those in which everything is sound */
function readBlocks(written: RecordingFile, isSound: IsSound, look: Look): CheckedBlocks {
  const blocks: CheckedBlocks = {};
  const lists = isObject(written.subscriptions)
    ? readSubscriptions(written.subscriptions, look, isSound)
    : undefined;
  if (lists) blocks.subscriptions = lists;
  const layout = isObject(written.layout) ? readLayout(written.layout, look, isSound) : undefined;
  if (layout) Object.assign(blocks, layout);
  if (written.onhold !== undefined && isSound('/onhold')) blocks.onhold = written.onhold;
  const rtmp = isObject(written.rtmp) ? readRtmp(written.rtmp, look, isSound) : undefined;
  if (rtmp) blocks.rtmp = rtmp;
  const storage = isObject(written.storage) ? readStorage(written.storage, look, isSound) : undefined;
  if (storage) blocks.storage = storage;
  return blocks;
}
