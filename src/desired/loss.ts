import { DEFAULTS } from '../agora/defaults.ts';
import { isObject } from '../model/json.ts';
import type { KnownRecording } from '../model/plan.ts';
import type { Blocks, Identity } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { CheckedBlocks, CheckedDocument, CheckedFile, Share } from './checked.ts';

/*
 * Whether a reading of a file takes something away from what stood before: a document, a block, a field, a region, a
 * UID. That is what the beginning of a file looks like while its writer pauses, and what resets a recording. Compared
 * are values, not text; one value in the place of another takes nothing away.
 */

/** The accepted content of one document. */
export interface Standing {
  name: string;
  recording: Identity | { fromFile: string };
  suspended: boolean;
  blocks: () => CheckedBlocks | Blocks;
  /** Blocks that take fields from files, which are looked at by themselves. */
  shares?: readonly Share[];
}

/** The accepted content from the last requests of a recording, which are or may be in force. */
export function standingOf({ name, identity, update, updateLayout }: KnownRecording): Standing {
  const sent = update.unknown.at(-1)?.request ?? update.applied?.request;
  const layout = updateLayout.unknown.at(-1)?.request ?? updateLayout.applied?.request;
  const blocks: Blocks = {
    ...(sent?.streamSubscribe ? { subscriptions: sent.streamSubscribe } : {}),
    ...(sent?.webRecordingConfig ? { onhold: sent.webRecordingConfig.onhold } : {}),
    ...(sent?.rtmpPublishConfig ? { rtmp: sent.rtmpPublishConfig } : {}),
    ...(sent?.storageConfig ? { storage: sent.storageConfig } : {}),
    ...(layout ? { layout } : {}),
  };
  return { name, recording: identity, suspended: false, blocks: () => blocks };
}

/** The accepted content once a reading is accepted: a document with an error keeps its content before. */
export function standing(before: readonly Standing[], file: CheckedFile): readonly Standing[] {
  if (isUnreadable(file)) return before;
  if (!file.refused) return file.documents;
  const kept = before.filter((one) => !counterpart(one, before, file) && mayBeRefused(one, file));
  return [...file.documents, ...kept];
}

/** Whether a reading of a file removes something of the accepted content. A document with an error removes nothing. */
export function takesAway(before: readonly Standing[], file: CheckedFile): boolean {
  if (isUnreadable(file)) return false;
  return before.some((one) => {
    const now = counterpart(one, before, file);
    if (!now) return !mayBeRefused(one, file);
    return (
      (one.suspended && !now.suspended) || losesBlock(one.blocks(), now.blocks()) || losesShare(one, now)
    );
  });
}

/**
 * Whether a file of which nothing stood before may be the beginning of a longer one whose list goes on: it names
 * regions, UIDs or outputs, and its last line is indented. A block that is over ends at the margin, or is followed by
 * something there; blocks and fields that are yet to come do no harm.
 */
export function mayGoOn({ documents }: CheckedFile, bytes: Uint8Array): boolean {
  const hasList = documents.some(({ blocks, shares }) => {
    const { subscriptions, layout, rtmp } = blocks();
    // What stands beside fromFile may go on as well.
    return shares || subscriptions || rtmp || layout?.layoutConfig || layout?.backgroundConfig;
  });
  return hasList && endsIndented(bytes);
}

/** Blank lines and comments aside. */
function endsIndented(bytes: Uint8Array): boolean {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split('\n');
  return /^\s/.test(lines.findLast((line) => /^\s*[^\s#]/.test(line)) ?? '');
}

/** Whether nothing of the file can be used, so that its content before stays. */
function isUnreadable({ documents, refused, diagnostics }: CheckedFile): boolean {
  return documents.length === 0 && !refused && diagnostics.some(({ severity }) => severity === 'error');
}

/** The document that says now what another one said: by its name, by its recording, or because there is no other. */
function counterpart(
  one: Standing,
  before: readonly Standing[],
  { documents, refused }: CheckedFile,
): CheckedDocument | undefined {
  const key = keyOf(one);
  return (
    documents.find(({ name }) => name === one.name) ??
    documents.find((document) => keyOf(document) === key) ??
    (before.length === 1 && documents.length === 1 && !refused ? documents[0] : undefined)
  );
}

function keyOf({ recording }: Pick<Standing, 'recording'>): string {
  return 'fromFile' in recording ? recording.fromFile : recordingKey(recording);
}

/** Whether the document is there, with an error in it. One whose name cannot be read may be any. */
function mayBeRefused({ name }: Standing, { refused = [] }: CheckedFile): boolean {
  return refused.some((document) => document.name === undefined || document.name === name);
}

/** Of a block that begins to take fields from a file what was lost cannot be told: it is in `blocks` no more. */
function losesShare({ shares = [] }: Standing, now: Standing): boolean {
  return shares.some(({ block, own }) => {
    const other = now.shares?.find((share) => share.block === block);
    if (other) return loses(own, other.own);
    return (now.blocks() as Record<string, unknown>)[block] === undefined;
  });
}

function losesBlock(before: CheckedBlocks | Blocks, now: CheckedBlocks | Blocks): boolean {
  const { subscriptions, layout = {}, onhold, rtmp, storage } = before;
  // Without the block every stream is recorded; without one of its lists that medium is not.
  if (subscriptions && !now.subscriptions && !Object.values(subscriptions).every(isEveryStream)) return true;
  if (loses(layout, now.layout ?? {}, DEFAULTS.layout)) return true;
  const lists = now.subscriptions && subscriptions;
  return loses({ subscriptions: lists, onhold, rtmp, storage }, now, { onhold: DEFAULTS.onhold });
}

function isEveryStream(medium: object): boolean {
  return Object.entries(medium).every(
    ([list, uids]) => !list.startsWith('un') && JSON.stringify(uids) === JSON.stringify(DEFAULTS.uids),
  );
}

/** One value each, however it is written. */
const SECRETS = ['accessKey', 'secretKey', 'stsToken', 'rtmpUrl', 'credentials'];

/** What the items of a list are at, where they do not say it. */
const DEFAULTS_IN: Readonly<Record<string, object>> = {
  layoutConfig: DEFAULTS.region,
  backgroundConfig: DEFAULTS.backgroundConfig,
};

/** Whether a field is gone that was not at its default, or an item of a list, or a seat is empty where a user sat. */
export function loses(before: object, now: object, defaults: object = {}): boolean {
  return Object.entries(before).some(([field, value]) => {
    if (value === undefined) return false;
    const present = (now as Record<string, unknown>)[field];
    if (present === undefined || present === null)
      return value !== ((defaults as Record<string, unknown>)[field] ?? null);
    if (SECRETS.includes(field)) return false;
    if (Array.isArray(value) && Array.isArray(present)) return losesItem(value, present, DEFAULTS_IN[field]);
    return isObject(value) && isObject(present) && loses(value, present);
  });
}

/** Items are the same by their `uid`, or `seat`; the others, in their order. */
function losesItem(before: readonly unknown[], now: readonly unknown[], defaults: object | undefined) {
  if (now.length < before.length) return true;
  const left = [...now];
  const others: object[] = [];
  for (const item of before.filter(isObject)) {
    const at = left.findIndex((one) => uidOf(one) !== undefined && uidOf(one) === uidOf(item));
    if (at < 0) others.push(item);
    else if (loses(item, left.splice(at, 1)[0] as object, defaults)) return true;
  }
  return others.some((item, index) => loses(item, left[index] as object, { ...defaults, uid: uidOf(item) }));
}

function uidOf(item: unknown): unknown {
  return isObject(item) ? (item.uid ?? item.seat) : undefined;
}
