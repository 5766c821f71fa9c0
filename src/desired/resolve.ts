import { dirname, resolve } from 'node:path';
import { expiredWords, expiringWords, MIN_STS_SECONDS, STS_AT_LEAST } from '../agora/sts.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { isOwnVariable } from '../model/environment.ts';
import type { Blocks, DesiredRecording, Identity, Sealed, Storage } from '../model/recording.ts';
import { SENSITIVE } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { unseenIn, withoutLineEnds } from '../model/secret-text.ts';
import { maskRtmpUrl, unresolved, type Vault } from '../state/vault.ts';
import { type Bounds, isAllowedProgram, isInReach, programPath, variableOutside } from './bounds.ts';
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
export type FileBytes = Uint8Array | 'missing' | { error: string; tooLarge?: true; outOfBounds?: true };

/** What references lead to. */
export interface Surroundings {
  /** Relative file names count from here. */
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Never rejects. Of a file that is out of bounds it says so, and gives nothing of it. */
  readFile(absolutePath: string): Promise<FileBytes>;
  /** What references may lead to; left out, everything but reelstate's own variables. */
  bounds?: Bounds;
  /** Whether lines of a file may be quoted; left out, of every file. */
  mayQuote?(absolutePath: string): boolean | Promise<boolean>;
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
    const at = credentialsPlace(blocks.storage);
    const program = at === undefined ? {} : { credentialsAt: this.#mark(at) };
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
    const place = '/recording/fromFile';
    const path = this.#path(recording.fromFile);
    const shown = shownPath(path, this.#surroundings.cwd);
    if (this.#surroundings.bounds?.untrusted) {
      this.#passOver(path, place, `the file ${quoted(shown)}`);
      return { waitingFor: shown };
    }
    const bytes = await this.#surroundings.readFile(path);
    if (bytes === 'missing') return { waitingFor: shown };
    if (isOutside(bytes)) {
      this.#outside(place, `${quoted(shown)} is out of bounds: ${bytes.error}`);
      return {};
    }
    if (!(bytes instanceof Uint8Array)) {
      const summary = `${quoted(shown)} cannot be read: ${bytes.error}`;
      this.#report('identity-file-unreadable', place, summary);
      return {};
    }
    const { identity, claimed, diagnostics } = (await reading()).readIdentityFile(bytes, shown);
    const mayQuote = (await this.#surroundings.mayQuote?.(path)) ?? true;
    this.diagnostics.push(...(mayQuote ? diagnostics : diagnostics.map(unquoted)));
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
      if (accessKey) blocks.storage.accessKey = await this.#key(accessKey, '/storage/accessKey');
      if (secretKey) blocks.storage.secretKey = await this.#key(secretKey, '/storage/secretKey');
      if (stsToken) blocks.storage.stsToken = await this.#key(stsToken, '/storage/stsToken');
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
      if (storage[field]) await this.#key(storage[field], `/storage/${field}`);
    this.#checkExpiry(storage.stsExpiration);
  }

  #sealCommand({ fromCommand }: CommandSource): Sealed {
    const { bounds, cwd, vault } = this.#surroundings;
    const [written = '', ...args] = fromCommand;
    const program = printable(written);
    const path = programPath(written, this.#document.file, cwd);
    const place = '/storage/credentials';
    if (bounds && !isAllowedProgram(path, cwd, bounds)) {
      const way =
        'Programs are narrowed here to those that --allow-command names, each as the file names it.';
      this.#outside(place, `the program ${quoted(written)} is not allowed here`, way);
    } else if (bounds?.untrusted)
      this.#missing(
        'reference-not-followed',
        place,
        `the program ${quoted(written)} is not run: --untrusted`,
      );
    return vault.seal(JSON.stringify([path, ...args]), `command:${program}`, program);
  }

  #checkExpiry(expiration: number | undefined): void {
    const { now } = this.#surroundings;
    if (expiration === undefined || now === undefined || expiration - now >= MIN_STS_SECONDS) return;
    const place = '/storage/stsExpiration';
    if (expiration <= now) {
      this.#missing('sts-expired', place, expiredWords(expiration), STS_WAY);
      return;
    }
    this.#report('sts-expires-soon', place, expiringWords(expiration - now), STS_AT_LEAST);
  }

  async #rtmpUrl(source: SecretSource, pointer: string): Promise<Sealed> {
    return this.#seal(source, pointer, (value) => {
      const unseen = unseenIn(value);
      if (unseen) this.#report('secret-character', pointer, `the address has ${unseen}`, UNSEEN_WAY);
      // A literal was looked at before.
      else if (!('literal' in source) && !isRtmpUrl(value))
        this.#report('rtmp-url-format', pointer, NOT_RTMP);
      return maskRtmpUrl(value);
    });
  }

  /** A key or a token: none holds white space, whatever was meant by it. */
  #key(source: SecretSource, pointer: string): Promise<Sealed> {
    return this.#seal(source, pointer, (value) => {
      const unseen = unseenIn(value);
      if (unseen)
        this.#report(
          'secret-character',
          pointer,
          `${pointer.slice('/storage/'.length)} has ${unseen}`,
          UNSEEN_WAY,
        );
      return SENSITIVE;
    });
  }

  /**
   * Follows a reference; where it leads to nothing, says so and seals nothing. Never takes an empty value.
   * @param look sees the value, says what is wrong with it, and gives what people may see of it
   */
  async #seal(source: SecretSource, pointer: string, look: (value: string) => string): Promise<Sealed> {
    const { vault, bounds } = this.#surroundings;
    if ('literal' in source) return vault.seal(source.literal, 'literal', look(source.literal));
    const isVariable = 'fromEnv' in source;
    const reference = isVariable ? `env:${source.fromEnv}` : `file:${source.fromFile}`;
    if (bounds?.untrusted && !(isVariable && variableOutside(source.fromEnv, bounds))) {
      if (isVariable) this.#notFollowed(pointer, `the variable ${source.fromEnv}`);
      else this.#passOver(this.#path(source.fromFile), pointer, `the file ${quoted(source.fromFile)}`);
      return unresolved(reference);
    }
    const value = isVariable
      ? this.#variable(source.fromEnv, pointer)
      : await this.#file(source.fromFile, pointer);
    return value === undefined ? unresolved(reference) : vault.seal(value, reference, look(value));
  }

  #variable(name: string, pointer: string): string | undefined {
    const { env, bounds } = this.#surroundings;
    const outside = variableOutside(name, bounds);
    if (outside) {
      const way = isOwnVariable(name)
        ? 'Put the value into a variable of another name.'
        : 'Variables are narrowed here to those that --allow-env names.';
      this.#outside(pointer, outside, way);
      return undefined;
    }
    const value = withoutLineEnds(env[name] ?? '');
    if (value !== '') return value;
    const state = env[name] === undefined ? 'is not set' : 'is empty';
    this.#missing('environment-unset', pointer, `the environment variable ${name} ${state}`);
    return undefined;
  }

  async #file(written: string, pointer: string): Promise<string | undefined> {
    const bytes = await this.#surroundings.readFile(this.#path(written));
    if (isOutside(bytes)) {
      this.#outside(pointer, `the file ${quoted(written)} is out of bounds: ${bytes.error}`);
      return undefined;
    }
    const found = secretText(bytes);
    if ('value' in found) return found.value;
    this.#missing('secret-file-unreadable', pointer, `the file ${quoted(written)} ${found.error}`);
    return undefined;
  }

  /** Of a file that is not looked at, not even for the links that lead to it. */
  #passOver(path: string, pointer: string, what: string): void {
    const { bounds } = this.#surroundings;
    if (bounds && !isInReach(path, bounds.files)) this.#outside(pointer, `${what} is out of bounds`);
    else this.#notFollowed(pointer, what);
  }

  #notFollowed(pointer: string, what: string): void {
    this.#missing('reference-not-followed', pointer, `${what} is not read: --untrusted`);
  }

  #outside(pointer: string, summary: string, way: string = OUTSIDE_WAY): void {
    this.#report('reference-out-of-bounds', pointer, summary, way);
  }

  #missing(code: Code, pointer: string, summary: string, detail: string = HELD_BACK): void {
    this.#unresolved.push(diagnosticAt(this.#mark(pointer), code, summary, detail));
  }
}

const OUTSIDE_WAY =
  'A file may be in the folder that holds --dir, in /run/secrets, in the credentials folder of systemd, or in one that --secrets-dir names.';
const UNSEEN_WAY = 'Take it out where the value is kept; the value itself is not shown here.';
const STS_WAY = `Put a new token and its stsExpiration there. ${HELD_BACK}`;

/** Where there is something to be said of credentials that run out. */
function credentialsPlace(storage: Storage | undefined): string | undefined {
  if (storage?.credentials) return '/storage/credentials';
  return storage?.stsExpiration === undefined ? undefined : '/storage/stsExpiration';
}

function isOutside(bytes: FileBytes): bytes is { error: string; outOfBounds: true } {
  return !(bytes instanceof Uint8Array) && bytes !== 'missing' && bytes.outOfBounds === true;
}

/** The same without the line that it points at. */
export function unquoted<T extends { source?: string }>({ source: _, ...rest }: T): Omit<T, 'source'> {
  return rest;
}

/** A secret file's text without the line ends at its end, or what is wrong with the file. */
function secretText(bytes: FileBytes): { value: string } | { error: string } {
  if (bytes === 'missing') return { error: 'does not exist' };
  if (!(bytes instanceof Uint8Array)) return { error: `cannot be read: ${bytes.error}` };
  let value: string;
  try {
    // What a Windows editor puts in front is no part of it either, and the decoder leaves it out.
    value = withoutLineEnds(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { error: 'is not UTF-8 text' };
  }
  return value === '' ? { error: 'is empty' } : { value };
}
