import type { Diagnostic } from '../model/diagnostic.ts';
import { isObject } from '../model/json.ts';
import type { SharedBlock } from '../model/recording.ts';
import { unquoted } from './diagnostic-at.ts';
import { TreeLook } from './look.ts';
import { open } from './open.ts';
import { checkShape } from './shape.ts';
import type { SourceText } from './source-text.ts';
import { type Tree, TreeBuilder } from './tree.ts';
import {
  fields,
  sharedLayout,
  sharedRtmp,
  sharedStorage,
  sharedSubscriptions,
} from './validator.generated.js';

/*
 * Files that blocks take fields from. Such a file is checked by itself once, however many recordings use it.
 */

/** The bytes of such a file, and how it is spoken of. */
export interface SharedBytes {
  bytes: Uint8Array;
  /** As the user would type it. */
  file: string;
  /** Whether its lines may be quoted. */
  isQuoted: boolean;
}

/** What it holds. */
export interface SharedFile {
  source: SourceText;
  isQuoted: boolean;
  /** undefined: nothing of it can be used. */
  fields: Readonly<Record<string, unknown>> | undefined;
  places: Tree['places'] | undefined;
  /** JSON Pointers in terms of the recording. */
  unsound: readonly string[];
  diagnostics: readonly Diagnostic[];
}

const SHAPES = {
  subscriptions: sharedSubscriptions,
  layout: sharedLayout,
  rtmp: sharedRtmp,
  storage: sharedStorage,
};

/** What was read of the very same bytes: hundreds of recordings use one file. */
const READ = new WeakMap<Uint8Array, Map<string, SharedFile>>();

/** Reads such a file as one for a block. What is wrong is among its diagnostics. */
export function readSharedFile({ bytes, file, isQuoted }: SharedBytes, block: SharedBlock): SharedFile {
  const id = `${block} ${isQuoted} ${file}`;
  const read = READ.get(bytes) ?? new Map<string, SharedFile>();
  READ.set(bytes, read);
  const before = read.get(id);
  if (before) return before;
  const { findings, parsed, broken } = open(bytes, file);
  const [first, second] = parsed;
  const [start] = second?.document.range ?? [0];
  if (second)
    findings.add('document-not-mapping', { start, end: start }, 'the file holds more than one document');
  else if (!first && !broken && findings.errors === 0)
    findings.add('empty-file', { start: 0, end: 0 }, 'the file holds no fields', 'It may be half written.');
  const tree = first?.sound ? new TreeBuilder(findings, block).build(first) : undefined;
  const unsound = tree?.whole
    ? checkShape(SHAPES[block], `/${block}`, tree, new TreeLook(findings, tree)).map(
        (pointer) => `/${block}${pointer}`,
      )
    : [];
  const isUsable = tree?.whole && isObject(tree.value) && !broken;
  const shared: SharedFile = {
    ...{ source: findings.source, isQuoted, unsound, places: tree?.places },
    fields: isUsable ? (tree.value as Record<string, unknown>) : undefined,
    diagnostics: findings.diagnostics().map((each) => (isQuoted ? each : unquoted(each))),
  };
  read.set(id, shared);
  return shared;
}

/** The fields of such a file, whichever block they are for; undefined where it is no YAML with fields. */
export function fieldsOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const { findings, parsed, broken } = open(bytes, '');
  const [first, second] = parsed;
  if (!first?.sound || second || broken) return undefined;
  const { value, whole, refused } = new TreeBuilder(findings).build(first);
  return whole && !refused && isObject(value) ? value : undefined;
}

/** Whether a document has nothing but fields of a block. */
export function isOfBlock(value: unknown, block: SharedBlock): boolean {
  const names = isObject(value) ? Object.keys(value).filter((field) => !field.startsWith('x-')) : [];
  const isOwn = (field: string) => field !== 'fromFile' && field !== 'seats';
  return names.some(isOwn) && names.every((field) => fields[`/${block}`]?.includes(field));
}
