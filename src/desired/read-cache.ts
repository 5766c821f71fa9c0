import { hash as digest } from 'node:crypto';
import type { Canvas, Identity, Labels } from '../model/recording.ts';
import type { CheckedBlocks, CheckedDocument, CheckedFile, Marks } from './checked.ts';
import { readingNow } from './reading.ts';
import { leadsElsewhere } from './self-contained.ts';

/*
 * What reading a file gave last time, as far as it is needed to see that nothing has changed: which recording it is,
 * and against what state it was compared. Kept of files without errors, secrets and references. An entry counts for the
 * very same bytes under the same name; the rest of the file is parsed when it is asked for. So the cache never changes
 * a result.
 */

/** Name, line, identity, labels and canvas of a document. */
export interface Head {
  name: string;
  line: number;
  suspended: boolean;
  labels?: Labels;
  canvas?: Canvas;
  identity: Identity;
}

/** Something that was written down, by its SHA-256. */
interface Digested {
  readonly digest: string;
}

/** A file's bytes, or what gives them. */
type Bytes = Uint8Array | (() => Uint8Array);

interface CacheEntry extends Head {
  /** SHA-256 of the file, or another ID of its content. */
  hash: string;
  /** SHA-256 of the recording's line of the state for which the plan was a no-op. */
  noopFor: string;
  /** Its line as it was read, as long as it is unchanged. */
  asRead: string | undefined;
}

/** Parts of a line, with tabs between; a file that has a tab or line feed in one of them is read in full each time. */
const PARTS = 15;

/** The cache of one folder's files: the entries of last time, and those of the files read since. */
export class ReadCache {
  readonly #before = new Map<string, string>();
  readonly #now = new Map<string, CacheEntry>();
  /** No-ops found in this run, so that they need not be recorded again. */
  readonly #noops = new Map<string, Digested>();
  #changed = false;

  /** @param text what `text()` gave, and nothing else: the caller has seen to it */
  constructor(text = '') {
    for (const line of text.split('\n').slice(0, -1))
      this.#before.set(line.slice(0, line.indexOf('\t')), line);
  }

  /** Stage A of a file that is the same as last time; undefined for any other. */
  recall(bytes: Uint8Array, file: string): CheckedFile | undefined {
    return this.recallById(sha256(bytes), file, bytes);
  }

  /**
   * The same of a file that others know by an ID of its content.
   * @param bytes or what gives them, in case more of the file is asked for
   */
  recallById(id: string, file: string, bytes: Bytes): CheckedFile | undefined {
    const known = this.#now.get(file) ?? entryIn(this.#before.get(file));
    if (known?.hash !== id) return undefined;
    this.#now.set(file, known);
    return lazyFile(known, file, bytes, undefined, id);
  }

  /**
   * Records what reading a file has given, and returns it.
   * @param id of its content, where others know it by one
   */
  learn(bytes: Uint8Array, checked: CheckedFile, id = sha256(bytes)): CheckedFile {
    // The entry exists already: the file was parsed because more of it was needed.
    if (this.#now.get(checked.file)?.hash === id) return remembering(checked, id);
    this.#changed = true;
    this.#noops.delete(checked.file);
    const head = headOf(checked);
    if (head) this.#now.set(checked.file, entryOf(head, id));
    else this.#now.delete(checked.file);
    return remembering(checked, id);
  }

  /**
   * Whether the plan for this content of the file and this state was a no-op.
   * @param content of what is asked about: the file itself may have been read anew meanwhile
   * @param written the recording's line of the state
   */
  isNoop(file: string, content: string | undefined, written: Digested | undefined): boolean {
    const entry = this.#now.get(file);
    if (!entry?.noopFor || entry.hash !== content || written === undefined) return false;
    if (this.#noops.get(file) === written) return true;
    if (entry.noopFor !== written.digest) return false;
    this.#noops.set(file, written);
    return true;
  }

  /** Remembers that the plan for this content of the file and this state is a no-op. */
  rememberNoop(file: string, content: string | undefined, written: Digested | undefined): void {
    const entry = this.#now.get(file);
    if (!entry || entry.hash !== content || written === undefined) return;
    if (this.#noops.get(file) === written) return;
    const noopFor = written.digest;
    if (entry.noopFor === noopFor) return;
    entry.noopFor = noopFor;
    entry.asRead = undefined;
    this.#changed = true;
  }

  /** Number of files in the cache. */
  get size(): number {
    return this.#now.size;
  }

  /** The text to be stored; undefined where it has not changed. */
  text(): string | undefined {
    if (!this.#changed && this.#now.size === this.#before.size) return undefined;
    return [...this.#now].map(([file, entry]) => `${entry.asRead ?? lineOf(file, entry)}\n`).join('');
  }
}

/**
 * A file of which only the identity has been read; the rest is parsed when it is asked for.
 * @param blocks the JSON of the blocks, where another thread has parsed them already
 * @param content the ID of the content, where there is one
 */
export function lazyFile(
  head: Head,
  file: string,
  bytes: Bytes,
  blocks?: string,
  content?: string,
): CheckedFile {
  const read = () => {
    const all = typeof bytes === 'function' ? bytes() : bytes;
    return readingNow().readRecordingFile(all, file).documents[0] as CheckedDocument;
  };
  // The blocks' JSON is a sixth of what they are as objects, and far sooner read than the file.
  let json = blocks;
  // Held weakly: ten thousand of them are asked for one after another.
  let parsed: WeakRef<CheckedBlocks> | undefined;
  // Needed only where several documents claim the same, and then again and again.
  let marks: Marks | undefined;
  // Field by field: ten thousand of these are all that there is to some runs.
  const document: CheckedDocument = {
    name: head.name,
    file,
    line: head.line,
    recording: head.identity,
    suspended: head.suspended,
    isSelfContained: true,
    blocks: () => {
      const before = parsed?.deref();
      if (before) return before;
      json ??= JSON.stringify(read().blocks());
      const now = JSON.parse(json) as CheckedBlocks;
      parsed = new WeakRef(now);
      return now;
    },
    marks: () => {
      marks ??= read().marks();
      return marks;
    },
  };
  if (head.labels) document.labels = head.labels;
  if (head.canvas) document.canvas = head.canvas;
  if (content !== undefined) document.content = content;
  return { file, documents: [document], diagnostics: [] };
}

/** Sets the content's ID on the document; a file of several documents is never cached. */
function remembering(checked: CheckedFile, id: string): CheckedFile {
  // A copy with one field more would have a shape of its own, which is kept for each of ten thousand.
  const [document] = checked.documents;
  if (document) document.content = id;
  return checked;
}

/** The same file with only its identity in memory; one that cannot be cached is returned as it is. */
export function toLazyFile(checked: CheckedFile, bytes: Uint8Array): CheckedFile {
  const head = headOf(checked);
  return head ? lazyFile(head, checked.file, bytes, JSON.stringify(checked.documents[0]?.blocks())) : checked;
}

/** The identity in a file that can be cached; undefined: it has to be read in full each time. */
export function headOf({ file, documents, diagnostics }: CheckedFile): Head | undefined {
  const [document, second] = documents;
  if (!document || second || diagnostics.length > 0) return undefined;
  const { name, line, suspended, labels, canvas, recording } = document;
  if ('fromFile' in recording || leadsElsewhere(document)) return undefined;
  const besides = { ...(labels && { labels }), ...(canvas && { canvas }) };
  const head = { name, line, suspended, ...besides, identity: recording };
  const text = lineOf(file, entryOf(head, ''));
  return text.split('\t').length === PARTS && !text.includes('\n') ? head : undefined;
}

function lineOf(
  file: string,
  { hash, line, suspended, labels = {}, canvas, name, identity, noopFor }: CacheEntry,
): string {
  const { appId, cname, uid, resourceId, sid, mode, streamTypes = '' } = identity;
  return [
    file,
    hash,
    noopFor,
    line,
    suspended,
    name,
    appId,
    cname,
    uid,
    resourceId,
    sid,
    mode,
    streamTypes,
    // Neither a key nor a value has one of these two characters.
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    canvas ? `${canvas.width}x${canvas.height}` : '',
  ].join('\t');
}

/** Field by field, so that all have one shape: a copy of another object, with fields added, has one of its own each time. */
function entryOf(
  { name, line, suspended, labels, canvas, identity }: Head,
  hash: string,
  noopFor = '',
  asRead?: string,
): CacheEntry {
  const entry: CacheEntry = { hash, noopFor, asRead, name, line, suspended, identity };
  if (labels) entry.labels = labels;
  if (canvas) entry.canvas = canvas;
  return entry;
}

function entryIn(text: string | undefined): CacheEntry | undefined {
  if (text === undefined) return undefined;
  const [, hash = '', noopFor = '', line, suspended, name = '', ...which] = text.split('\t');
  const [appId = '', cname = '', uid = '', resourceId = '', sid = '', mode, streamTypes, labels, canvas] =
    which;
  const [width = 0, height = 0] = (canvas ?? '').split('x').map(Number);
  const identity: Identity = { appId, cname, uid, resourceId, sid, mode: mode as Identity['mode'] };
  if (streamTypes) identity.streamTypes = Number(streamTypes) as 0 | 1 | 2;
  const head: Head = { name, line: Number(line), suspended: suspended === 'true', identity };
  if (labels)
    head.labels = Object.fromEntries(labels.split(',').map((label) => label.split('=') as [string, string]));
  if (canvas) head.canvas = { width, height };
  return entryOf(head, hash, noopFor, text);
}

function sha256(content: Uint8Array | string): string {
  return digest('sha256', content, 'base64');
}
