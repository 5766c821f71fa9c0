import { dirname, relative, resolve, sep } from 'node:path';
import { isRtmpUrl, NOT_RTMP } from '../agora/rtmp-url.ts';
import { expiredWords, expiringWords, MIN_STS_SECONDS, STS_AT_LEAST } from '../agora/sts.ts';
import { SENSITIVE, type Sealed } from '../model/recording.ts';
import { isOwnVariable } from '../secrets/environment.ts';
import { unseenIn, withoutLineEnds } from '../secrets/secret-text.ts';
import { maskRtmpUrl, unresolved } from '../secrets/vault.ts';
import { isAllowedProgram, isInReach, programPath, variableOutside } from './bounds.ts';
import type { CommandSource, SecretSource } from './checked.ts';
import { otherForm } from './encrypted.ts';
import { label, type Report } from './look.ts';
import { isUnfilled } from './placeholder.ts';
import { printable, quoted } from './printable.ts';
import type { FileBytes, Surroundings } from './surroundings.ts';

/** The consequence of a value that is not available. */
export const HELD_BACK = 'Until it has a value, apply holds this recording back.';

type FileSource = Extract<SecretSource, { fromFile: string }>;

/** Reporters for problems with a reference. */
export interface Finds {
  report: Report;
  /** Its value is not at hand here, which is no mistake of the file. */
  missing: Report;
}

/** The references of one document: followed within their bounds, what they lead to looked at and sealed. */
export class Secrets {
  readonly #file: string;
  readonly #surroundings: Surroundings;
  readonly #finds: Finds;

  /** @param file the document's, as the user would type it */
  constructor(file: string, surroundings: Surroundings, finds: Finds) {
    this.#file = file;
    this.#surroundings = surroundings;
    this.#finds = finds;
  }

  /** Where a path leads that the file names. @param file in which it is written; left out: the document's */
  path(written: string, file = this.#file): string {
    return resolve(this.#surroundings.cwd, dirname(file), written);
  }

  command({ fromCommand, writtenIn = this.#file }: CommandSource): Sealed {
    const { bounds, cwd, vault } = this.#surroundings;
    const [written = '', ...args] = fromCommand;
    const program = printable(written);
    const path = programPath(written, writtenIn, cwd);
    const place = '/storage/credentials';
    if (bounds && !isAllowedProgram(path, cwd, bounds)) {
      const way =
        'Programs are narrowed here to those that --allow-command names, each as the file names it.';
      this.outside(place, `the program ${quoted(written)} is not allowed here`, way);
    } else if (bounds?.untrusted)
      this.#finds.missing(
        'reference-not-followed',
        place,
        `the program ${quoted(written)} is not run: --untrusted`,
      );
    return vault.seal(JSON.stringify([path, ...args]), `command:${program}`, program);
  }

  checkExpiry(expiration: number | undefined): void {
    const { now } = this.#surroundings;
    if (expiration === undefined || now === undefined || expiration - now >= MIN_STS_SECONDS) return;
    const place = '/storage/stsExpiration';
    if (expiration <= now) {
      this.#finds.missing('sts-expired', place, expiredWords(expiration), STS_WAY);
      return;
    }
    this.#finds.report('sts-expires-soon', place, expiringWords(expiration - now), STS_AT_LEAST);
  }

  async rtmpUrl(source: SecretSource, pointer: string): Promise<Sealed> {
    return this.#seal(source, pointer, (value) => {
      const unseen = unseenIn(value);
      if (unseen) this.#finds.report('secret-character', pointer, `the address has ${unseen}`, UNSEEN_WAY);
      // A literal was checked in stage A.
      else if (!('literal' in source) && (isUnfilled(value) || /^["']/.test(value)))
        this.#wrapped(value, pointer);
      else if (!('literal' in source) && !isRtmpUrl(value))
        this.#finds.report('rtmp-url-format', pointer, NOT_RTMP);
      return maskRtmpUrl(value);
    });
  }

  /** A key or a token: none holds white space, whatever was meant by it. */
  key(source: SecretSource, pointer: string): Promise<Sealed> {
    return this.#seal(source, pointer, (value) => {
      const unseen = unseenIn(value);
      if (unseen)
        this.#finds.report(
          'secret-character',
          pointer,
          `${pointer.slice('/storage/'.length)} has ${unseen}`,
          UNSEEN_WAY,
        );
      else if (!('literal' in source)) this.#wrapped(value, pointer);
      return SENSITIVE;
    });
  }

  /** What a value is wrapped in where it was put down for another program, which would take it off. */
  #wrapped(value: string, pointer: string): void {
    const name = label(pointer);
    if (isUnfilled(value))
      this.#finds.report(
        'secret-placeholder',
        pointer,
        `${name} leads to a placeholder that was never filled in`,
        'Fill it in where the value is kept; the value itself is not shown here.',
      );
    else if (/^(["']).+\1$/s.test(value))
      this.#finds.report(
        'secret-character',
        pointer,
        `${name} is in quotes, which would be sent`,
        'Take them off where the value is kept: docker --env-file and the like keep them.',
      );
  }

  /**
   * Follows a reference; where it leads to nothing, says so and seals nothing. Never takes an empty value.
   * @param look sees the value, says what is wrong with it, and gives what people may see of it
   */
  async #seal(source: SecretSource, pointer: string, look: (value: string) => string): Promise<Sealed> {
    const { vault, bounds } = this.#surroundings;
    if ('literal' in source) return vault.seal(source.literal, 'literal', look(source.literal));
    const isVariable = 'fromEnv' in source;
    const reference = isVariable ? `env:${source.fromEnv}` : `file:${this.#pathFromHere(source)}`;
    if (bounds?.untrusted && !(isVariable && variableOutside(source.fromEnv, bounds))) {
      if (isVariable) this.#notFollowed(pointer, `the variable ${source.fromEnv}`);
      else
        this.passOver(
          this.path(source.fromFile, source.writtenIn),
          pointer,
          `the file ${quoted(source.fromFile)}`,
        );
      return unresolved(reference);
    }
    const value = isVariable ? this.#variable(source.fromEnv, pointer) : await this.#text(source, pointer);
    return value === undefined ? unresolved(reference) : vault.seal(value, reference, look(value));
  }

  #variable(name: string, pointer: string): string | undefined {
    const { env, bounds } = this.#surroundings;
    const outside = variableOutside(name, bounds);
    if (outside) {
      const way =
        isOwnVariable(name) || bounds?.accountVariables?.has(name)
          ? 'Put the value into a variable of another name.'
          : 'Variables are narrowed here to those that --allow-env names.';
      this.outside(pointer, outside, way);
      return undefined;
    }
    // What every object has, such as "constructor", is no variable.
    const found = Object.hasOwn(env, name) ? env[name] : undefined;
    const value = withoutLineEnds(found ?? '');
    if (value !== '') return value;
    const state = found === undefined ? 'is not set' : 'is empty';
    this.#finds.missing('environment-unset', pointer, `the environment variable ${name} ${state}`);
    return undefined;
  }

  /** The same file is called the same, wherever it is written. */
  #pathFromHere({ fromFile, writtenIn }: FileSource): string {
    if (writtenIn === undefined) return fromFile;
    const folder = resolve(this.#surroundings.cwd, dirname(this.#file));
    return relative(folder, this.path(fromFile, writtenIn)).split(sep).join('/');
  }

  async #text({ fromFile: written, writtenIn }: FileSource, pointer: string): Promise<string | undefined> {
    const bytes = await this.#surroundings.readFile(this.path(written, writtenIn));
    if (isOutside(bytes)) {
      this.outside(pointer, `the file ${quoted(written)} is out of bounds: ${bytes.error}`);
      return undefined;
    }
    const found = secretText(bytes);
    if ('value' in found) return found.value;
    this.#finds.missing('secret-file-unreadable', pointer, `the file ${quoted(written)} ${found.error}`);
    return undefined;
  }

  /** Reports a file that is not read (--untrusted), not even to resolve links. */
  passOver(path: string, pointer: string, what: string): void {
    const { bounds } = this.#surroundings;
    if (bounds && !isInReach(path, bounds.files)) this.outside(pointer, `${what} is out of bounds`);
    else this.#notFollowed(pointer, what);
  }

  #notFollowed(pointer: string, what: string): void {
    this.#finds.missing('reference-not-followed', pointer, `${what} is not read: --untrusted`);
  }

  outside(pointer: string, summary: string, way: string = OUTSIDE_WAY): void {
    this.#finds.report('reference-out-of-bounds', pointer, summary, way);
  }
}

const OUTSIDE_WAY =
  'A file may be in the folder that holds --dir, in /run/secrets, in the credentials folder of systemd, or in one that --secrets-dir names.';
const UNSEEN_WAY = 'Take it out where the value is kept; the value itself is not shown here.';
const STS_WAY = `Put a new token and its stsExpiration there. ${HELD_BACK}`;

export function isOutside(bytes: FileBytes): bytes is { error: string; outOfBounds: true } {
  return !(bytes instanceof Uint8Array) && bytes !== 'missing' && bytes.outOfBounds === true;
}

/** A secret file's text without the line ends at its end, or what is wrong with the file. */
export function secretText(bytes: FileBytes): { value: string } | { error: string } {
  if (bytes === 'missing') return { error: 'does not exist' };
  if (!(bytes instanceof Uint8Array)) return { error: `cannot be read: ${bytes.error}` };
  const other = otherForm(bytes);
  if (other) return { error: `has no value: ${other.summary}` };
  let value: string;
  try {
    // What a Windows editor puts in front is no part of it either, and the decoder leaves it out.
    value = withoutLineEnds(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { error: 'is not UTF-8 text' };
  }
  return value === '' ? { error: 'is empty' } : { value };
}
