import { MODES } from '../agora/tables.ts';
import { isObject } from '../model/json.ts';
import type { Identity, Mode } from '../model/recording.ts';
import type {
  CommandSource,
  DraftBlocks,
  RecordingIds,
  RefusedDocument,
  SecretSource,
  Share,
} from './checked.ts';
import { ENVIRONMENT_NAME } from './concealment.ts';
import type { Findings } from './findings.ts';
import { TreeLook } from './look.ts';
import { marksOf } from './marks.ts';
import { isName, nameOfFile } from './name.ts';
import type { IsSound } from './soundness.ts';
import type { Tree } from './tree.ts';

const KEYS = ['accessKey', 'secretKey', 'stsToken'] as const;

/*
 * Documents that hold an error. Their fields are read one by one, because any other field may hold the error.
 */

/**
 * What a document that is not used says of itself; undefined where it has no fields.
 * @param isSound left out: its shape was not checked
 * @param shares blocks that take fields from a file
 */
export function refuse(
  tree: Tree,
  several: boolean,
  findings: Findings,
  isSound: IsSound = () => false,
  shares: readonly Share[] = [],
): RefusedDocument | undefined {
  if (!isObject(tree.value)) return undefined;
  const { source } = findings;
  const look = new TreeLook(findings, tree);
  const { line } = source.position(look.fieldSpan('').start);
  const file = source.filename;
  // Where parts are out of reach, the name may be among them.
  const nameless = tree.value.name === undefined && tree.whole && !several;
  const name = nameless ? nameOfFile(file) : tree.value.name;
  const recording = whichIn(tree.value.recording, look);
  const blocks = withoutShared(blocksIn(tree.value, isSound), shares);
  return {
    refused: true,
    ...(isName(name) ? { name } : {}),
    file,
    line,
    ...(recording ? { recording } : {}),
    blocks,
    ...(shares.length > 0 ? { shares } : {}),
    marks: marksOf(blocks, source, look, recording),
  };
}

function whichIn(written: unknown, look: TreeLook): RefusedDocument['recording'] {
  if (!isObject(written)) return undefined;
  const { fromFile } = written;
  if (fromFile === undefined) return idsIn(written);
  return isText(fromFile) ? { fromFile, known: knownIn(written, look) } : undefined;
}

/** What stands beside `fromFile`, as far as it can be used. */
function knownIn(
  { appId, cname, uid, mode, streamTypes }: Record<string, unknown>,
  look: TreeLook,
): Partial<Identity> {
  const number = typeof uid === 'number' ? look.numberText('/recording/uid') : undefined;
  const known = { appId, cname, uid: number ?? uid };
  const texts = Object.entries(known).filter(([, value]) => isText(value));
  return {
    ...(Object.fromEntries(texts) as Partial<Identity>),
    ...(MODES.includes(mode as Mode) ? { mode: mode as Mode } : {}),
    ...([0, 1, 2].includes(streamTypes as number) ? { streamTypes: streamTypes as 0 | 1 | 2 } : {}),
  };
}

/** Which recording some fields are about. */
export function idsIn(written: unknown): RecordingIds | undefined {
  if (!isObject(written)) return undefined;
  const { appId, resourceId, sid } = written;
  return isText(appId) && isText(resourceId) && isText(sid) ? { appId, resourceId, sid } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Blocks that take fields from a file are looked at when that is read. */
function withoutShared(blocks: DraftBlocks, shares: readonly Share[]): DraftBlocks {
  const shared = shares.map(({ block }) => block as string);
  return Object.fromEntries(Object.entries(blocks).filter(([block]) => !shared.includes(block)));
}

/** The blocks as far as others look at them. */
export function blocksIn(
  { subscriptions, layout, onhold, rtmp, storage }: Record<string, unknown>,
  isSound: IsSound,
): DraftBlocks {
  return {
    // Whether a medium has a list counts only where both are as they should be.
    ...(isObject(subscriptions)
      ? { subscriptions: isSound('/subscriptions') ? mediaIn(subscriptions) : {} }
      : {}),
    ...(isObject(layout) ? { layout: true } : {}),
    ...(typeof onhold === 'boolean' ? { onhold: true } : {}),
    ...(isObject(rtmp) ? { rtmp: { outputs: outputsIn(rtmp) } } : {}),
    ...(isObject(storage) ? { storage: keysIn(storage) } : {}),
  };
}

function mediaIn({ audioUidList, videoUidList }: Record<string, unknown>): DraftBlocks['subscriptions'] {
  return {
    ...(audioUidList === undefined ? {} : { audioUidList: true }),
    ...(videoUidList === undefined ? {} : { videoUidList: true }),
  };
}

function outputsIn({ outputs }: Record<string, unknown>): NonNullable<DraftBlocks['rtmp']>['outputs'] {
  if (!Array.isArray(outputs)) return [];
  return outputs.map((output) => {
    const rtmpUrl = isObject(output) ? referenceIn(output.rtmpUrl) : undefined;
    return rtmpUrl ? { rtmpUrl } : {};
  });
}

function keysIn(storage: Record<string, unknown>): NonNullable<DraftBlocks['storage']> {
  // Keys beside it are to be taken out.
  if (storage.credentials !== undefined) {
    const credentials = commandIn(storage.credentials);
    return credentials ? { credentials } : {};
  }
  const [accessKey, secretKey, stsToken] = KEYS.map((key) => referenceIn(storage[key]));
  const { stsExpiration } = storage;
  return {
    ...(accessKey ? { accessKey } : {}),
    ...(secretKey ? { secretKey } : {}),
    ...(stsToken ? { stsToken } : {}),
    ...(Number.isInteger(stsExpiration) && (stsExpiration as number) > 0
      ? { stsExpiration: stsExpiration as number }
      : {}),
  };
}

function commandIn(written: unknown): CommandSource | undefined {
  const command = isObject(written) ? written.fromCommand : undefined;
  return Array.isArray(command) && command.length > 0 && command.every(isText)
    ? { fromCommand: command }
    : undefined;
}

/** A reference that names one thing. */
function referenceIn(written: unknown): SecretSource | undefined {
  if (!isObject(written)) return undefined;
  const { fromEnv, fromFile } = written;
  if (fromFile === undefined)
    return isText(fromEnv) && ENVIRONMENT_NAME.test(fromEnv) ? { fromEnv } : undefined;
  return fromEnv === undefined && isText(fromFile) ? { fromFile } : undefined;
}
