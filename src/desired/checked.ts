import type { Diagnostic, Range, Use } from '../model/diagnostic.ts';
import type { Blocks, Canvas, Identity, Labels, SharedBlock, Storage } from '../model/recording.ts';

/*
 * What stage A makes of one file, from its bytes and name alone: it can be kept for as long as these do not
 * change. References are not followed yet.
 */

/**
 * Where a secret's value comes from. A literal is the value itself: never print or store one. `writtenIn`: the file that
 * says so, where it is not the recording's; paths count from there.
 */
export type SecretSource =
  | { literal: string }
  | { fromEnv: string }
  | { fromFile: string; writtenIn?: string };

/** The program whose output stands for storage keys, and its arguments, which may be secret. */
export interface CommandSource {
  fromCommand: string[];
  /** As of a secret. */
  writtenIn?: string;
}

type CheckedStorage = Omit<Storage, 'accessKey' | 'secretKey' | 'stsToken' | 'credentials'> & {
  accessKey?: SecretSource;
  secretKey?: SecretSource;
  stsToken?: SecretSource;
  credentials?: CommandSource;
};

/** The blocks in their normal form, with every secret as a reference to be followed. */
export type CheckedBlocks = Omit<Blocks, 'rtmp' | 'storage'> & {
  rtmp?: { outputs: { rtmpUrl: SecretSource }[] };
  storage?: CheckedStorage;
};

/** Blocks as far as later stages look at them in a document that is not used. References are those to be followed. */
export interface DraftBlocks {
  subscriptions?: { audioUidList?: object | true; videoUidList?: object | true };
  layout?: object | true;
  onhold?: boolean;
  rtmp?: { outputs: { rtmpUrl?: SecretSource }[] };
  storage?: {
    accessKey?: SecretSource;
    secretKey?: SecretSource;
    stsToken?: SecretSource;
    stsExpiration?: number;
    credentials?: CommandSource;
  };
}

/** A place that a later stage may have to speak of, with its source line, already masked. */
export interface Mark {
  range: Range;
  source?: string;
  /** In a file that blocks take fields from: where the recording names it. */
  uses?: readonly Use[];
}

/** By JSON Pointer: fields by their names, secrets and fields of `recording` by their values, '' for the document. */
export type Marks = Record<string, Mark>;

/** A stretch of a file: its first line and column, and those just behind its end. Many are kept, so each is small. */
export type Stretch = readonly [line: number, column: number, endLine: number, endColumn: number];

/** Where a value of a document stands. */
export interface OwnPlace {
  /** The field's name; undefined for list entries. */
  key?: Stretch;
  value: Stretch;
  /** The alias through which the document has it. */
  alias?: Stretch;
  /** A number's own text. */
  text?: string;
}

/** A block that takes fields from a file. They are put together when that file is read. */
export interface Share {
  block: SharedBlock;
  fromFile: string;
  /** What stands beside it, as it is written. */
  own: Readonly<Record<string, unknown>>;
  /** JSON Pointers of what of it has not the shape that its type promises. */
  unsound: readonly string[];
  /** The document's file, as the user would type it. */
  file: string;
  /** By JSON Pointer: the block itself, and all that is in it. */
  places: Readonly<Record<string, OwnPlace>>;
  /** The lines of these places, already masked. */
  lines: Readonly<Record<number, string>>;
}

/** A place in the document itself. */
export function ownMark({ file, lines }: Pick<Share, 'file' | 'lines'>, stretch: Stretch): Mark {
  const [line, column, endLine, endColumn] = stretch;
  const source = column > QUOTED_COLUMNS ? undefined : lines[line];
  return {
    range: { filename: file, start: { line, column }, end: { line: endLine, column: endColumn } },
    ...(source === undefined ? {} : { source }),
  };
}

/** Lines are quoted for places within so many columns. */
export const QUOTED_COLUMNS = 200;

/** The file that says which recording it is, and what is known without it. */
export interface RunFileReference {
  fromFile: string;
  /** What stands beside it, as far as it is sound. */
  known?: Partial<Identity>;
}

/** A document that holds no error of its own. */
export interface CheckedDocument {
  name: string;
  /** As the user would type it. */
  file: string;
  /** Where the document starts, from 1. */
  line: number;
  recording: Identity | RunFileReference;
  suspended: boolean;
  labels?: Labels;
  canvas?: Canvas;
  /** Those that take nothing from a file. May parse the file. */
  blocks: () => CheckedBlocks;
  /** The others. */
  shares?: readonly Share[];
  /** ID of the bytes that it was read from, where the caller tracks content by ID. */
  content?: string;
  /** It holds no secret and no reference. */
  isSelfContained?: true;
  /** May parse the file. */
  marks: () => Marks;
}

/** A checked document that holds all of its values: functions cannot be handed from thread to thread. */
export type WholeDocument = Omit<CheckedDocument, 'blocks' | 'marks'> & {
  blocks: CheckedBlocks;
  marks: Marks;
};

export function checkedDocument({ blocks, marks, ...rest }: WholeDocument): CheckedDocument {
  return { ...rest, blocks: () => blocks, marks: () => marks };
}

/** What makes a recording the one it is. */
export type RecordingIds = Pick<Identity, 'appId' | 'resourceId' | 'sid'>;

/** A document that holds an error: it is not used, but its name and recording stay reserved. */
export interface RefusedDocument {
  refused: true;
  /** Where it can be read. */
  name?: string;
  /** As the user would type it. */
  file: string;
  /** Where the document starts, from 1. */
  line: number;
  /** As far as it can be read. */
  recording?: RecordingIds | RunFileReference;
  blocks: DraftBlocks;
  /** Blocks that take fields from a file; of a document whose shape was not checked, none. */
  shares?: readonly Share[];
  marks: Marks;
}

export interface CheckedFile {
  file: string;
  /** In the order of the file; documents with errors are left out. */
  documents: CheckedDocument[];
  /** Those with errors, of a file that is YAML. */
  refused?: RefusedDocument[];
  diagnostics: Diagnostic[];
}
