import { hash as digest } from 'node:crypto';
import type { Identity } from '../model/recording.ts';
import type { CheckedBlocks, CheckedDocument, CheckedFile, Mark } from './checked.ts';
import { readingNow } from './reading.ts';

/*
 * What reading a file gave last time, as far as it is needed to see that nothing has changed: which recording it is,
 * and against what it was compared. Kept of files in which nothing is wrong and nothing is secret or looked up
 * elsewhere. An outline counts for the very same bytes under the same name; what else the file says is read out of
 * the bytes when somebody asks. So an outline never changes what comes out.
 */

/** What a document is about. */
export interface Head {
  name: string;
  line: number;
  suspended: boolean;
  identity: Identity;
}

/** Something that was written down, by its SHA-256. */
interface Digested {
  readonly digest: string;
}

/** A file's bytes, or what gives them. */
type Bytes = Uint8Array | (() => Uint8Array);

interface Outline extends Head {
  /** SHA-256 of the file, or another ID of its content. */
  hash: string;
  /** SHA-256 of what was known of the recording, as it was written down, when it was the same as the file says. */
  settled: string;
  /** Its line as it was read, for as long as it says the same. */
  asRead: string | undefined;
}

/** Parts of a line, with tabs between; a file that has a tab or line feed in one of them is read in full each time. */
const PARTS = 13;

/** The outlines of one folder's files: those of last time, and those of what has been read since. */
export class Outlines {
  readonly #before = new Map<string, string>();
  readonly #now = new Map<string, Outline>();
  /** What was found settled, so that it need not be taken down again. */
  readonly #settled = new Map<string, Digested>();
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
   * @param bytes or what gives them, should anybody ask for more than what the file is about
   */
  recallById(id: string, file: string, bytes: Bytes): CheckedFile | undefined {
    const known = this.#now.get(file) ?? outlineIn(this.#before.get(file));
    if (known?.hash !== id) return undefined;
    this.#now.set(file, known);
    return remembering(outlined(known, file, bytes), id);
  }

  /**
   * Takes down what reading a file has given, and gives it back.
   * @param id of its content, where others know it by one
   */
  learn(bytes: Uint8Array, checked: CheckedFile, id = sha256(bytes)): CheckedFile {
    // Known already, and read because somebody asked for more.
    if (this.#now.get(checked.file)?.hash === id) return remembering(checked, id);
    this.#changed = true;
    this.#settled.delete(checked.file);
    const head = headOf(checked);
    if (head) this.#now.set(checked.file, { ...head, hash: id, settled: '', asRead: undefined });
    else this.#now.delete(checked.file);
    return remembering(checked, id);
  }

  /**
   * Whether the file was the same as what is known says, when both were as they are now.
   * @param content of what is asked about: the file itself may have been read anew meanwhile
   * @param written what is known of the recording, as it was written down
   */
  isSettled(file: string, content: string | undefined, written: Digested | undefined): boolean {
    const outline = this.#now.get(file);
    if (!outline?.settled || outline.hash !== content || written === undefined) return false;
    if (this.#settled.get(file) === written) return true;
    if (outline.settled !== written.digest) return false;
    this.#settled.set(file, written);
    return true;
  }

  /** Remembers that there is nothing to do between this content of the file and what is known. */
  settle(file: string, content: string | undefined, written: Digested | undefined): void {
    const outline = this.#now.get(file);
    if (!outline || outline.hash !== content || written === undefined) return;
    if (this.#settled.get(file) === written) return;
    const settled = written.digest;
    if (outline.settled === settled) return;
    outline.settled = settled;
    outline.asRead = undefined;
    this.#changed = true;
  }

  /** Files outlined. */
  get size(): number {
    return this.#now.size;
  }

  /** What is to be kept; undefined where that has not changed. */
  text(): string | undefined {
    if (!this.#changed && this.#now.size === this.#before.size) return undefined;
    return [...this.#now].map(([file, outline]) => `${outline.asRead ?? lineOf(file, outline)}\n`).join('');
  }
}

/**
 * A file of which no more is known yet than what it is about.
 * @param blocks the JSON of the blocks, where somebody has read them already
 */
export function outlined(head: Head, file: string, bytes: Bytes, blocks?: string): CheckedFile {
  return { file, documents: [new OutlinedDocument(head, file, bytes, blocks)], diagnostics: [] };
}

/** Says of what the documents are that content goes by one ID; a file of several is never outlined. */
function remembering(checked: CheckedFile, id: string): CheckedFile {
  const [document] = checked.documents;
  if (document) document.content = id;
  return checked;
}

class OutlinedDocument implements CheckedDocument {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly recording: Identity;
  readonly suspended: boolean;
  readonly isSelfContained = true;
  content?: string;
  readonly #bytes: Bytes;
  /** The blocks' JSON: a sixth of what they are as objects, and far sooner read than the file. */
  #blocks: string | undefined;
  /** What was read, for as long as somebody else holds it: ten thousand of them are asked for one after another. */
  #parsed: WeakRef<CheckedBlocks> | undefined;
  #marks: Record<string, Mark> | undefined;

  constructor(
    { name, line, identity, suspended }: Head,
    file: string,
    bytes: Bytes,
    blocks: string | undefined,
  ) {
    this.name = name;
    this.file = file;
    this.line = line;
    this.recording = identity;
    this.suspended = suspended;
    this.#bytes = bytes;
    this.#blocks = blocks;
  }

  get blocks(): CheckedBlocks {
    const before = this.#parsed?.deref();
    if (before) return before;
    this.#blocks ??= JSON.stringify(this.#read().blocks);
    const blocks = JSON.parse(this.#blocks) as CheckedBlocks;
    this.#parsed = new WeakRef(blocks);
    return blocks;
  }

  /** Asked for only where several claim the same, and then again and again. */
  get marks(): Record<string, Mark> {
    this.#marks ??= this.#read().marks;
    return this.#marks;
  }

  #read(): CheckedDocument {
    const bytes = typeof this.#bytes === 'function' ? this.#bytes() : this.#bytes;
    return readingNow().readRecordingFile(bytes, this.file).documents[0] as CheckedDocument;
  }
}

/** The same file, of which only what it is about stays at hand; one that cannot be outlined as it is. */
export function inOutline(checked: CheckedFile, bytes: Uint8Array): CheckedFile {
  if (checked.documents[0] instanceof OutlinedDocument) return checked;
  const [document] = checked.documents;
  const head = headOf(checked);
  if (!document || !head) return checked;
  const outline = outlined(head, checked.file, bytes, JSON.stringify(document.blocks));
  return document.content === undefined ? outline : remembering(outline, document.content);
}

/** What a file is about that can be outlined; undefined: it has to be read in full each time. */
export function headOf({ file, documents, diagnostics }: CheckedFile): Head | undefined {
  const [document, second] = documents;
  if (!document || second || diagnostics.length > 0) return undefined;
  const { name, line, suspended, recording } = document;
  if ('fromFile' in recording || leadsElsewhere(document)) return undefined;
  const head = { name, line, suspended, identity: recording };
  const text = lineOf(file, { ...head, hash: '', settled: '', asRead: undefined });
  return text.split('\t').length === PARTS && !text.includes('\n') ? head : undefined;
}

function leadsElsewhere(document: CheckedDocument): boolean {
  if (document.isSelfContained) return false;
  return document.blocks.rtmp !== undefined || document.blocks.storage !== undefined;
}

function lineOf(file: string, { hash, line, suspended, name, identity, settled }: Outline): string {
  const { appId, cname, uid, resourceId, sid, mode, streamTypes = '' } = identity;
  return [
    file,
    hash,
    settled,
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
  ].join('\t');
}

function outlineIn(text: string | undefined): Outline | undefined {
  if (text === undefined) return undefined;
  const [, hash = '', settled = '', line, suspended, name = '', ...which] = text.split('\t');
  const [appId = '', cname = '', uid = '', resourceId = '', sid = '', mode, streamTypes] = which;
  return {
    asRead: text,
    hash,
    settled,
    line: Number(line),
    suspended: suspended === 'true',
    name,
    identity: {
      ...{ appId, cname, uid, resourceId, sid, mode: mode as Identity['mode'] },
      ...(streamTypes ? { streamTypes: Number(streamTypes) as 0 | 1 | 2 } : {}),
    },
  };
}

function sha256(content: Uint8Array | string): string {
  return digest('sha256', content, 'base64');
}
