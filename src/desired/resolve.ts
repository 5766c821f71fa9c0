import type { Diagnostic } from '../model/diagnostic.ts';
import type { Blocks, DesiredRecording, Identity, Storage } from '../model/recording.ts';
import { appIdIn, recordingKey } from '../model/recording-key.ts';
import type { Bounds } from './bounds.ts';
import type {
  CheckedBlocks,
  CheckedDocument,
  CheckedFile,
  DraftBlocks,
  Mark,
  Marks,
  RefusedDocument,
} from './checked.ts';
import type { Code } from './codes.ts';
import { diagnosticAt, unquoted } from './diagnostic-at.ts';
import { checkAgainstIdentity } from './mode-rules.ts';
import { shownPath } from './paths.ts';
import { quoted } from './printable.ts';
import { reading } from './reading.ts';
import { HELD_BACK, isOutside, Secrets } from './secrets.ts';
import { NOTHING, type ResolvedDocument, selfContained } from './self-contained.ts';
import { followShares } from './shares.ts';
import type { Surroundings } from './surroundings.ts';

/*
 * Stage B: checked documents to desired recordings. References are followed here, through what is handed in.
 */

/** The claims of a document that is not used because of an error. It is no recording. */
export interface Claim {
  /** Where it can be read. */
  name?: string;
  /** As the user would type it. */
  file: string;
  /** Where the document starts in the file. */
  line: number;
  /** Key of its recording, where that is known. */
  key?: string;
  marks: ResolvedDocument['marks'];
}

export interface ResolvedFile {
  file: string;
  documents: ResolvedDocument[];
  /** Of the documents that are left out. */
  claims: readonly Claim[];
  /** Of both stages, and of identity files. */
  diagnostics: Diagnostic[];
  /** The file has an error, so known recordings from it must be left as they are. */
  broken: boolean;
}

/** A file in which nothing has to be followed, and nothing is to be said; undefined for any other. */
export function resolveNow(
  { file, documents, diagnostics }: CheckedFile,
  bounds?: Bounds,
): ResolvedFile | undefined {
  const [document, second] = documents;
  if (!document || !isSelfContained(document, bounds) || second || diagnostics.length > 0) return undefined;
  return { file, documents: [selfContained(document)], claims: NOTHING, diagnostics, broken: false };
}

export async function resolveFile(checked: CheckedFile, surroundings: Surroundings): Promise<ResolvedFile> {
  const diagnostics = [...checked.diagnostics];
  const documents: ResolvedDocument[] = [];
  const claims: Claim[] = [];
  for (const document of [...checked.documents, ...(checked.refused ?? [])]) {
    if (isSelfContained(document, surroundings.bounds)) {
      documents.push(selfContained(document));
      continue;
    }
    // What else it says may have to be read now.
    if ('isSelfContained' in document) await reading();
    const resolution = new Resolution(document, surroundings);
    const resolved = await resolution.run();
    diagnostics.push(...resolution.diagnostics);
    const marks = () => resolution.marks;
    if ('blocks' in resolved) documents.push({ recording: resolved, marks });
    else claims.push({ ...resolved, marks });
  }
  return { file: checked.file, documents, claims, diagnostics, broken: hasError(diagnostics) };
}

/** Whether two resolutions of a file came to the same. */
export function saysTheSame(one: ResolvedFile, other: ResolvedFile): boolean {
  const told = ({ documents, ...rest }: ResolvedFile) =>
    JSON.stringify([rest, documents.map(({ recording, marks }) => [recording, recording.blocks(), marks()])]);
  return told(one) === told(other);
}

/** Whether a document holds all that there is to know, and its App ID an account. */
function isSelfContained(
  document: CheckedDocument | RefusedDocument,
  bounds: Bounds | undefined,
): document is CheckedDocument {
  if (!('isSelfContained' in document) || document.isSelfContained !== true) return false;
  return !bounds?.appId?.((document.recording as Identity).appId);
}

function hasError(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** The resolution of one document. */
class Resolution {
  readonly diagnostics: Diagnostic[] = [];
  marks: Marks;
  readonly #document: CheckedDocument | RefusedDocument;
  readonly #surroundings: Surroundings;
  readonly #secrets: Secrets;
  readonly #unresolved: Diagnostic[] = [];

  constructor(document: CheckedDocument | RefusedDocument, surroundings: Surroundings) {
    this.#document = document;
    this.marks = 'refused' in document ? document.marks : document.marks();
    this.#surroundings = surroundings;
    this.#secrets = new Secrets(document.file, surroundings, {
      report: (...finding) => this.#report(...finding),
      missing: (...finding) => this.#missing(...finding),
    });
  }

  /** A mere claim: the document is held back, and `diagnostics` say why, unless those of stage A do. */
  async run(): Promise<DesiredRecording | Omit<Claim, 'marks'>> {
    const document = this.#document;
    const path = (written: string) => this.#secrets.path(written);
    const shared = await followShares(document.shares ?? [], path, this.#surroundings);
    const { blocks: joined, drafts, files } = shared;
    this.diagnostics.push(...shared.diagnostics);
    this.marks = { ...this.marks, ...shared.marks };
    const { key, ...which } = await this.#which(drafts);
    if (key !== undefined) this.#checkAccount(appIdIn(key));
    if ('refused' in document) {
      await this.#follow({ ...document.blocks, ...drafts });
      return this.#holdBack(key);
    }
    const { name, file, line, suspended, labels, canvas, content } = document;
    if (!joined) {
      await this.#follow({ ...document.blocks(), ...drafts });
      return this.#holdBack(key);
    }
    const blocks = await this.#blocks({ ...document.blocks(), ...joined });
    if (hasError(this.diagnostics)) return this.#holdBack(key);
    const isShared = document.shares !== undefined;
    // Of blocks that are shared the bytes of this file do not tell.
    // While something is missing the bytes alone do not say what is to be done, either.
    const isTold = content !== undefined && this.#unresolved.length === 0;
    const read = isShared ? { shares: files } : isTold ? { content } : {};
    const at = credentialsPlace(blocks.storage);
    const program = at === undefined ? {} : { credentialsAt: this.#mark(at) };
    return {
      ...{
        name,
        file,
        line,
        ...which,
        suspended,
        ...(labels && { labels }),
        ...(canvas && { canvas }),
        ...program,
        blocks: () => blocks,
        ...read,
      },
      unresolved: this.#unresolved,
    };
  }

  /** Whether an account sends for the App ID. It may stand in a file that is named in its place. */
  #checkAccount(appId: string): void {
    const unserved = this.#surroundings.bounds?.appId?.(appId);
    if (!unserved) return;
    if ('missing' in unserved) {
      this.#unresolved.push(...unserved.missing);
      return;
    }
    const place = ['/recording/appId', '/recording/fromFile'].find((each) => this.marks[each]);
    this.#report('app-id-account', place ?? '', unserved.summary, unserved.detail);
  }

  /** The document as a mere claim. */
  #holdBack(key: string | undefined): Omit<Claim, 'marks'> {
    this.diagnostics.push(...this.#unresolved);
    const { name, file, line } = this.#document;
    return { ...(name === undefined ? {} : { name }), file, line, ...(key === undefined ? {} : { key }) };
  }

  #mark(pointer: string): Mark {
    return (this.marks[pointer] ?? this.marks['']) as Mark;
  }

  #report(code: Code, pointer: string, summary: string, detail?: string): void {
    this.diagnostics.push(diagnosticAt(this.#mark(pointer), code, summary, detail));
  }

  /**
   * @param drafts of blocks that take fields from files
   * @returns besides, the key of the recording, as far as that is known
   */
  async #which(drafts: DraftBlocks): Promise<{ identity?: Identity; waitingFor?: string; key?: string }> {
    const document = this.#document;
    const { recording } = document;
    if (!recording) return {};
    if (!('fromFile' in recording)) {
      const key = recordingKey(recording);
      if ('refused' in document) return { key };
      const identity = document.recording as Identity;
      checkAgainstIdentity(identity, drafts, (...finding) => this.#report(...finding));
      return { identity, key };
    }
    const place = '/recording/fromFile';
    const path = this.#secrets.path(recording.fromFile);
    const shown = shownPath(path, this.#surroundings.cwd);
    if (this.#surroundings.bounds?.untrusted) {
      this.#secrets.passOver(path, place, `the file ${quoted(shown)}`);
      return { waitingFor: shown };
    }
    const bytes = await this.#surroundings.readFile(path);
    if (bytes === 'missing') return { waitingFor: shown };
    if (isOutside(bytes)) {
      this.#secrets.outside(place, `${quoted(shown)} is out of bounds: ${bytes.error}`);
      return {};
    }
    if (!(bytes instanceof Uint8Array)) {
      const summary = `${quoted(shown)} cannot be read: ${bytes.error}`;
      this.#report('identity-file-unreadable', place, summary);
      return {};
    }
    const { readIdentityFile } = await reading();
    const { known } = recording;
    const { identity, claimed, objections, diagnostics } = readIdentityFile(bytes, shown, known);
    const mayQuote = (await this.#surroundings.mayQuote?.(path)) ?? true;
    this.diagnostics.push(...(mayQuote ? diagnostics : diagnostics.map(unquoted)));
    for (const { field, code, summary, detail } of objections)
      this.#report(code, `/recording/${field}`, summary, detail);
    if (!identity) return claimed ? { key: recordingKey(claimed) } : {};
    const blocks = 'refused' in document ? document.blocks : document.blocks();
    checkAgainstIdentity(identity, { ...blocks, ...drafts }, (...finding) => this.#report(...finding));
    return { identity, key: recordingKey(identity) };
  }

  async #blocks({ rtmp, storage, ...plain }: CheckedBlocks): Promise<Blocks> {
    const blocks: Blocks = { ...plain };
    if (rtmp) {
      blocks.rtmp = { outputs: [] };
      for (const [index, { rtmpUrl }] of rtmp.outputs.entries())
        blocks.rtmp.outputs.push({
          rtmpUrl: await this.#secrets.rtmpUrl(rtmpUrl, `/rtmp/outputs/${index}/rtmpUrl`),
        });
    }
    if (storage) {
      const { accessKey, secretKey, stsToken, credentials, ...rest } = storage;
      blocks.storage = { ...rest };
      if (accessKey) blocks.storage.accessKey = await this.#secrets.key(accessKey, '/storage/accessKey');
      if (secretKey) blocks.storage.secretKey = await this.#secrets.key(secretKey, '/storage/secretKey');
      if (stsToken) blocks.storage.stsToken = await this.#secrets.key(stsToken, '/storage/stsToken');
      if (credentials) blocks.storage.credentials = this.#secrets.command(credentials);
      this.#secrets.checkExpiry(storage.stsExpiration);
    }
    return blocks;
  }

  /** Reports the problems of references in a document that is not used. */
  async #follow({ rtmp, storage = {} }: DraftBlocks): Promise<void> {
    for (const [index, { rtmpUrl }] of (rtmp?.outputs ?? []).entries())
      if (rtmpUrl) await this.#secrets.rtmpUrl(rtmpUrl, `/rtmp/outputs/${index}/rtmpUrl`);
    for (const field of ['accessKey', 'secretKey', 'stsToken'] as const)
      if (storage[field]) await this.#secrets.key(storage[field], `/storage/${field}`);
    if (storage.credentials) this.#secrets.command(storage.credentials);
    this.#secrets.checkExpiry(storage.stsExpiration);
  }

  #missing(code: Code, pointer: string, summary: string, detail: string = HELD_BACK): void {
    this.#unresolved.push(diagnosticAt(this.#mark(pointer), code, summary, detail));
  }
}

/** The place for diagnostics about credentials that expire. */
function credentialsPlace(storage: Storage | undefined): string | undefined {
  if (storage?.credentials) return '/storage/credentials';
  return storage?.stsExpiration === undefined ? undefined : '/storage/stsExpiration';
}
