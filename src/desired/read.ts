import type { Diagnostic } from '../model/diagnostic.ts';
import { isObject } from '../model/json.ts';
import type { Identity, Labels } from '../model/recording.ts';
import {
  type CheckedBlocks,
  type CheckedDocument,
  type CheckedFile,
  checkedDocument,
  type Marks,
  type RecordingIds,
  type RefusedDocument,
} from './checked.ts';
import { concealByLines } from './concealment.ts';
import { decode } from './decode.ts';
import { Findings } from './findings.ts';
import { readIdentity, readKind, readKnown } from './identity.ts';
import { checkLabels } from './labels.ts';
import { readLayout } from './layout.ts';
import { Look } from './look.ts';
import { marksOf } from './marks.ts';
import { checkAgainstIdentity } from './mode-rules.ts';
import { readName } from './name.ts';
import { isComment, isEmpty, type ParsedDocument, parse } from './parse.ts';
import { blocksIn, idsIn, refuse } from './refused.ts';
import { readRtmp } from './rtmp.ts';
import { type Objection, readRunFile } from './run-file.ts';
import type { IdentityFields, RecordingFile } from './schema.generated.ts';
import { checkShape } from './shape.ts';
import { type IsSound, soundness } from './soundness.ts';
import { SourceText } from './source-text.ts';
import { readStorage } from './storage.ts';
import { readSubscriptions } from './subscriptions.ts';
import { type Tree, TreeBuilder } from './tree.ts';
import { checkFilledIn } from './unfilled.ts';
import { validateRecording, validateRunFile } from './validator.generated.js';

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
  return marksOf(blocks, findings.source, new Look(findings, tree));
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
    const look = new Look(findings, tree);
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

interface Opened {
  findings: Findings;
  /** Documents in which something is written. */
  parsed: ParsedDocument[];
  /** The whole file is unusable. */
  broken: boolean;
}

function open(bytes: Uint8Array, file: string): Opened {
  const { text, problem } = decode(bytes);
  const findings = new Findings(new SourceText(file, text));
  if (problem) {
    concealByLines(findings.source);
    findings.add(problem.code, problem.span, problem.summary, problem.detail);
    return { findings, parsed: [], broken: true };
  }
  const { documents, broken } = parse(findings);
  if (broken) concealByLines(findings.source);
  const parsed = documents.filter(({ document, sound }) => !sound || !isEmpty(document));
  if (parsed.length === 0 && !broken && !isComment(text))
    findings.add('empty-file', { start: 0, end: 0 }, 'the file holds no document', 'It may be half written.');
  const last = parsed.at(-1);
  for (const entry of last ? documents.slice(0, documents.indexOf(last)) : []) {
    const [start, , end] = entry.document.range;
    // A document that is commented out does not count.
    if (entry.sound && isEmpty(entry.document) && !isComment(text.slice(entry.start, end)))
      findings.add('empty-document', { start, end: start }, 'an empty document');
  }
  return { findings, parsed, broken };
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
  const look = new Look(findings, tree);
  const isSound = soundness(checkShape(validateRecording, '', tree, look));
  if (!isObject(tree.value)) return undefined;
  const written = tree.value as unknown as RecordingFile;
  const name = isSound('/name') ? readName(written.name, findings.source.filename, several, look) : '';
  const recording = isObject(written.recording) ? readWhich(written.recording, look, isSound) : undefined;
  if (isObject(written.labels)) checkLabels(written.labels, look);
  const blocks = readBlocks(written, isSound, look);
  const kind = kindOf(written.recording, isSound);
  if (kind)
    checkAgainstIdentity(kind, isSound('') ? blocks : blocksIn(tree.value, isSound), look.reportField);
  if (findings.errors > before || tree.refused || !recording) return refuse(tree, several, findings, isSound);
  const { line } = findings.source.position(look.fieldSpan('').start);
  const file = findings.source.filename;
  const suspended = written.suspend ?? false;
  const labels = (written.labels ?? {}) as Labels;
  const labelled = Object.keys(labels).length > 0 ? { labels } : {};
  const canvas = written.canvas && { canvas: written.canvas };
  const document = { name, file, line, recording, suspended, ...labelled, ...canvas };
  if (several || 'fromFile' in recording || blocks.rtmp || blocks.storage)
    return checkedDocument({ ...document, blocks, marks: marksOf(blocks, findings.source, look, recording) });
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

/** @returns those in which everything is sound */
function readBlocks(written: RecordingFile, isSound: IsSound, look: Look): CheckedBlocks {
  const blocks: CheckedBlocks = {};
  const lists = isObject(written.subscriptions)
    ? readSubscriptions(written.subscriptions, look, isSound)
    : undefined;
  if (lists) blocks.subscriptions = lists;
  const layout = isObject(written.layout) ? readLayout(written.layout, look, isSound) : undefined;
  if (layout) blocks.layout = layout;
  if (written.onhold !== undefined && isSound('/onhold')) blocks.onhold = written.onhold;
  const rtmp = isObject(written.rtmp) ? readRtmp(written.rtmp, look, isSound) : undefined;
  if (rtmp) blocks.rtmp = rtmp;
  const storage = isObject(written.storage) ? readStorage(written.storage, look, isSound) : undefined;
  if (storage) blocks.storage = storage;
  return blocks;
}
