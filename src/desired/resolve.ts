import { dirname, resolve } from 'node:path';
import { MIN_STS_SECONDS } from '../agora/tables.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Blocks, DesiredRecording, Identity, Sealed } from '../model/recording.ts';
import { SENSITIVE } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { maskRtmpUrl, unresolved, type Vault } from '../state/vault.ts';
import type {
  CheckedBlocks,
  CheckedDocument,
  CheckedFile,
  CommandSource,
  DraftBlocks,
  Mark,
  RefusedDocument,
  SecretSource,
} from './checked.ts';
import { CODES, type Code } from './codes.ts';
import { otherForm } from './encrypted.ts';
import { checkAgainstIdentity } from './mode-rules.ts';
import { shownPath } from './paths.ts';
import { printable, quoted } from './printable.ts';
import { reading } from './reading.ts';
import { isRtmpUrl, NOT_RTMP } from './rtmp.ts';
import { marksOf, NOTHING, type ResolvedDocument, SelfContained } from './self-contained.ts';

/*
 * Stage B: checked documents to desired recordings. References are followed here, through what is handed in.
 */

/** A file's bytes, or why there are none. */
export type FileBytes = Uint8Array | 'missing' | { error: string; tooLarge?: true };

/** What references lead to. */
export interface Surroundings {
  /** Relative file names count from here. */
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Never rejects. */
  readFile(absolutePath: string): Promise<FileBytes>;
  /** Takes in the values of secrets. */
  vault: Vault;
  /** Seconds since 1970; left out, no expiry is looked at. */
  now?: number;
}

/** What a document claims that is not used for what is wrong in it. It is no recording. */
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
  /** Something in the file is wrong, so what is known of recordings from it must be left as it is. */
  broken: boolean;
}

/** A file in which nothing has to be followed, and nothing is to be said; undefined for any other. */
export function resolveNow({ file, documents, diagnostics }: CheckedFile): ResolvedFile | undefined {
  const [document, second] = documents;
  if (!document?.isSelfContained || second || diagnostics.length > 0) return undefined;
  return { file, documents: [new SelfContained(document)], claims: NOTHING, diagnostics, broken: false };
}

export async function resolveFile(checked: CheckedFile, surroundings: Surroundings): Promise<ResolvedFile> {
  const diagnostics = [...checked.diagnostics];
  const documents: ResolvedDocument[] = [];
  const claims: Claim[] = [];
  for (const document of [...checked.documents, ...(checked.refused ?? [])]) {
    if (isSelfContained(document)) {
      documents.push(new SelfContained(document));
      continue;
    }
    const resolution = new Resolution(document, surroundings);
    const resolved = await resolution.run();
    diagnostics.push(...resolution.diagnostics);
    const marks = marksOf(document);
    if ('blocks' in resolved) documents.push({ recording: resolved, marks });
    else claims.push({ ...resolved, marks });
  }
  return { file: checked.file, documents, claims, diagnostics, broken: hasError(diagnostics) };
}

function isSelfContained(document: CheckedDocument | RefusedDocument): document is CheckedDocument {
  return 'isSelfContained' in document && document.isSelfContained === true;
}

function hasError(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** A diagnostic at a place that an earlier stage has kept. */
export function diagnosticAt(
  { range, source }: Mark,
  code: Code,
  summary: string,
  detail?: string,
): Diagnostic {
  return {
    severity: CODES[code].severity,
    code,
    summary: printable(summary),
    ...(detail === undefined ? {} : { detail: printable(detail) }),
    range,
    ...(source === undefined ? {} : { source }),
  };
}

/** What follows from a value that is not at hand. */
export const HELD_BACK = 'Until it has a value, apply holds this recording back.';

/** One document on its way. */
class Resolution {
  readonly diagnostics: Diagnostic[] = [];
  readonly #document: CheckedDocument | RefusedDocument;
  readonly #surroundings: Surroundings;
  readonly #unresolved: Diagnostic[] = [];

  constructor(document: CheckedDocument | RefusedDocument, surroundings: Surroundings) {
    this.#document = document;
    this.#surroundings = surroundings;
  }

  /** A mere claim: the document is held back, and `diagnostics` say why, unless those of stage A do. */
  async run(): Promise<DesiredRecording | Omit<Claim, 'marks'>> {
    const document = this.#document;
    const { key, ...which } = await this.#which();
    if ('refused' in document) {
      await this.#follow(document.blocks);
      return this.#holdBack(key);
    }
    const { name, file, line, suspended, content } = document;
    const blocks = await this.#blocks(document.blocks);
    if (hasError(this.diagnostics)) return this.#holdBack(key);
    const read = content === undefined ? {} : { content };
    const program = blocks.storage?.credentials ? { credentialsAt: this.#mark('/storage/credentials') } : {};
    return {
      ...{ name, file, line, ...which, suspended, ...program, blocks, ...read },
      unresolved: this.#unresolved,
    };
  }

  /** The document as a mere claim. */
  #holdBack(key: string | undefined): Omit<Claim, 'marks'> {
    this.diagnostics.push(...this.#unresolved);
    const { name, file, line } = this.#document;
    return { ...(name === undefined ? {} : { name }), file, line, ...(key === undefined ? {} : { key }) };
  }

  #mark(pointer: string): Mark {
    return (this.#document.marks[pointer] ?? this.#document.marks['']) as Mark;
  }

  #report(code: Code, pointer: string, summary: string, detail?: string): void {
    this.diagnostics.push(diagnosticAt(this.#mark(pointer), code, summary, detail));
  }

  #path(written: string): string {
    return resolve(this.#surroundings.cwd, dirname(this.#document.file), written);
  }

  /** @returns besides, the key of the recording, as far as that is known */
  async #which(): Promise<{ identity?: Identity; waitingFor?: string; key?: string }> {
    const document = this.#document;
    const { recording } = document;
    if (!recording) return {};
    if (!('fromFile' in recording)) {
      const key = recordingKey(recording);
      return 'refused' in document ? { key } : { identity: document.recording as Identity, key };
    }
    const path = this.#path(recording.fromFile);
    const shown = shownPath(path, this.#surroundings.cwd);
    const bytes = await this.#surroundings.readFile(path);
    if (bytes === 'missing') return { waitingFor: shown };
    if (!(bytes instanceof Uint8Array)) {
      const summary = `${quoted(shown)} cannot be read: ${bytes.error}`;
      this.#report('identity-file-unreadable', '/recording/fromFile', summary);
      return {};
    }
    const { readIdentityFile } = await reading();
    const { known } = recording;
    const { identity, claimed, objections, diagnostics } = readIdentityFile(bytes, shown, known);
    this.diagnostics.push(...diagnostics);
    for (const { field, code, summary, detail } of objections)
      this.#report(code, `/recording/${field}`, summary, detail);
    if (!identity) return claimed ? { key: recordingKey(claimed) } : {};
    checkAgainstIdentity(identity, document.blocks, (...finding) => this.#report(...finding));
    return { identity, key: recordingKey(identity) };
  }

  async #blocks({ rtmp, storage, ...plain }: CheckedBlocks): Promise<Blocks> {
    const blocks: Blocks = { ...plain };
    if (rtmp) {
      blocks.rtmp = { outputs: [] };
      for (const [index, { rtmpUrl }] of rtmp.outputs.entries())
        blocks.rtmp.outputs.push({ rtmpUrl: await this.#rtmpUrl(rtmpUrl, `/rtmp/outputs/${index}/rtmpUrl`) });
    }
    if (storage) {
      const { accessKey, secretKey, stsToken, credentials, ...rest } = storage;
      blocks.storage = { ...rest };
      if (accessKey) blocks.storage.accessKey = await this.#seal(accessKey, '/storage/accessKey');
      if (secretKey) blocks.storage.secretKey = await this.#seal(secretKey, '/storage/secretKey');
      if (stsToken) blocks.storage.stsToken = await this.#seal(stsToken, '/storage/stsToken');
      if (credentials) blocks.storage.credentials = this.#sealCommand(credentials);
      this.#checkExpiry(storage.stsExpiration);
    }
    return blocks;
  }

  /** What there is to be said of the references in a document that is not used. */
  async #follow({ rtmp, storage = {} }: DraftBlocks): Promise<void> {
    for (const [index, { rtmpUrl }] of (rtmp?.outputs ?? []).entries())
      if (rtmpUrl) await this.#rtmpUrl(rtmpUrl, `/rtmp/outputs/${index}/rtmpUrl`);
    for (const field of ['accessKey', 'secretKey', 'stsToken'] as const)
      if (storage[field]) await this.#seal(storage[field], `/storage/${field}`);
    this.#checkExpiry(storage.stsExpiration);
  }

  #sealCommand({ fromCommand }: CommandSource): Sealed {
    const program = printable(fromCommand[0] ?? '');
    return this.#surroundings.vault.seal(JSON.stringify(fromCommand), `command:${program}`, program);
  }

  #checkExpiry(expiration: number | undefined): void {
    const { now } = this.#surroundings;
    if (expiration === undefined || now === undefined || expiration - now >= MIN_STS_SECONDS) return;
    const minutes = Math.floor((expiration - now) / 60);
    const summary = minutes < 0 ? 'the token has expired' : `the token expires in ${minutes} minutes`;
    const detail = 'A token must be valid for at least four hours when it is sent.';
    this.#report('sts-expires-soon', '/storage/stsExpiration', summary, detail);
  }

  async #rtmpUrl(source: SecretSource, pointer: string): Promise<Sealed> {
    return this.#seal(source, pointer, (value) => {
      // A literal was looked at before.
      if (!('literal' in source) && !isRtmpUrl(value)) this.#report('rtmp-url-format', pointer, NOT_RTMP);
      return maskRtmpUrl(value);
    });
  }

  /** Follows a reference; where it leads to nothing, says so and seals nothing. Never takes an empty value. */
  async #seal(
    source: SecretSource,
    pointer: string,
    show: (value: string) => string = () => SENSITIVE,
  ): Promise<Sealed> {
    const { vault, env } = this.#surroundings;
    if ('literal' in source) return vault.seal(source.literal, 'literal', show(source.literal));
    if ('fromEnv' in source) {
      const reference = `env:${source.fromEnv}`;
      const value = env[source.fromEnv];
      if (value) return vault.seal(value, reference, show(value));
      const state = value === undefined ? 'is not set' : 'is empty';
      this.#missing('environment-unset', pointer, `the environment variable ${source.fromEnv} ${state}`);
      return unresolved(reference);
    }
    const reference = `file:${source.fromFile}`;
    const found = secretText(await this.#surroundings.readFile(this.#path(source.fromFile)));
    if ('value' in found) return vault.seal(found.value, reference, show(found.value));
    this.#missing('secret-file-unreadable', pointer, `the file ${quoted(source.fromFile)} ${found.error}`);
    return unresolved(reference);
  }

  #missing(code: Code, pointer: string, summary: string): void {
    this.#unresolved.push(diagnosticAt(this.#mark(pointer), code, summary, HELD_BACK));
  }
}

/** A secret file's text without the newline at its end, or what is wrong with the file. */
function secretText(bytes: FileBytes): { value: string } | { error: string } {
  if (bytes === 'missing') return { error: 'does not exist' };
  if (!(bytes instanceof Uint8Array)) return { error: `cannot be read: ${bytes.error}` };
  const other = otherForm(bytes);
  if (other) return { error: `has no value: ${other.summary}` };
  let value: string;
  try {
    value = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    return { error: 'is not UTF-8 text' };
  }
  return value === '' ? { error: 'is empty' } : { value };
}
