import { isObject } from '../model/json.ts';
import type { BlockName } from '../model/recording.ts';
import type { JsonObject } from './start-json.ts';

/** Something that is wrong in the JSON. */
export interface Problem {
  /** "clientRequest.storageConfig.bucket", or a flag such as "--sid". */
  path: string;
  summary: string;
  detail?: string;
  /** The block of the recording file that it spoils; absent where it concerns none. */
  block?: BlockName;
}

/** A field that does not go into the file. */
export interface LeftOut {
  /** Path of the object that holds it; empty for the outermost. */
  parent: string;
  name: string;
  /** Absent: `update` and `updateLayout` have no such field. */
  reason?: string;
  block?: BlockName;
}

/** A field that is read as what it must mean, not as it is written. */
export interface Note {
  path: string;
  note: string;
  block?: BlockName;
}

/** Findings of the conversion beside the fields. */
export interface Findings {
  problems: Problem[];
  leftOut: LeftOut[];
  notes: Note[];
  /** The block that fields are converted for at the moment. */
  block?: BlockName | undefined;
}

/**
 * Where sections and fields have their place in the body of `start` (Agora Cloud Recording REST, start), by the name of
 * the object that holds them.
 */
const HOMES: Readonly<Record<string, string>> = {
  recordingConfig: 'clientRequest',
  storageConfig: 'clientRequest',
  extensionServiceConfig: 'clientRequest',
  transcodingConfig: 'recordingConfig',
  streamTypes: 'recordingConfig',
  subscribeAudioUids: 'recordingConfig',
  subscribeVideoUids: 'recordingConfig',
  unSubscribeAudioUids: 'recordingConfig',
  unSubscribeVideoUids: 'recordingConfig',
  unsubscribeAudioUids: 'recordingConfig',
  unsubscribeVideoUids: 'recordingConfig',
  mixedVideoLayout: 'transcodingConfig',
  layoutConfig: 'transcodingConfig',
  backgroundConfig: 'transcodingConfig',
  backgroundColor: 'transcodingConfig',
  backgroundImage: 'transcodingConfig',
  defaultUserBackgroundImage: 'transcodingConfig',
  maxResolutionUid: 'transcodingConfig',
  fileNamePrefix: 'storageConfig',
  extensionParams: 'storageConfig',
  extensionServices: 'extensionServiceConfig',
};

/** The effect of a section that the service does not find. */
const WITHOUT: Readonly<Record<string, string>> = {
  transcodingConfig: 'so the recording runs with the default layout',
  mixedVideoLayout: 'so the recording runs with the default layout',
  layoutConfig: 'so the recording runs without these regions',
  backgroundConfig: 'so the recording runs without these backgrounds',
  storageConfig: 'so the recording does not store there',
};

/**
 * Why a field has no effect where it stands; undefined where that is its place, or it is of no concern.
 * @param holder name of the object that holds it
 */
export function misplaced(name: string, holder: string): string | undefined {
  const home = Object.hasOwn(HOMES, name) ? HOMES[name] : undefined;
  if (home === undefined || home === holder) return undefined;
  const effect =
    WITHOUT[name] ?? (/ubscribe/.test(name) ? 'so the recording subscribes as if it was not there' : '');
  return `it belongs inside ${home}; here the service does not look at it${effect && `, ${effect}`}`;
}

/** What other calls than `start` are given in their clientRequest (Agora Cloud Recording REST, acquire and update). */
const OF_OTHER_CALLS: Readonly<Record<string, string>> = {
  scene: 'acquire',
  resourceExpiredHour: 'acquire',
  excludeResourceIds: 'acquire',
  regionAffinity: 'acquire',
  startParameter: 'acquire',
  streamSubscribe: 'update: its content stands under subscriptions in a recording file',
  webRecordingConfig: 'update: its onhold stands at the top of a recording file',
  rtmpPublishConfig: 'update: its content stands under rtmp in a recording file',
};

/** Why a field at the top of a clientRequest is none of `start`'s. @param isStart whether others are */
function ofOtherCall(name: string, isStart: boolean): string | undefined {
  if (Object.hasOwn(OF_OTHER_CALLS, name)) return `it belongs to ${OF_OTHER_CALLS[name]}`;
  return !isStart && HOMES[name] === 'transcodingConfig'
    ? 'it belongs to updateLayout: its content stands under layout in a recording file; for start it belongs inside recordingConfig.transcodingConfig'
    : undefined;
}

/** A JSON number as a text, as environment variables and form fields give it. */
const DIGITS = /^-?(0|[1-9]\d*)(\.\d+)?$/;

/** One object of the JSON: every field is either taken, or counted among those left out. null counts as absent. */
export class Section {
  /** Path of this object, empty for the outermost. */
  readonly path: string;
  readonly #value: JsonObject;
  readonly #findings: Findings;
  readonly #taken = new Set<string>();

  constructor(value: JsonObject, path: string, findings: Findings) {
    this.#value = value;
    this.path = path;
    this.#findings = findings;
  }

  pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  take(name: string): unknown {
    this.#taken.add(name);
    return Object.hasOwn(this.#value, name) ? (this.#value[name] ?? undefined) : undefined;
  }

  /** The fields of these names that are there, in this order. */
  pick(names: readonly string[]): JsonObject {
    return Object.fromEntries(
      names.map((name) => [name, this.take(name)] as const).filter(([, value]) => value !== undefined),
    );
  }

  /** An inner object; undefined where it is absent, or is something else, which is a problem. */
  section(name: string): Section | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (isObject(value)) return new Section(value, this.pathOf(name), this.#findings);
    this.problem(name, 'must be a JSON object');
    return undefined;
  }

  /** A list of objects; what is none of these is a problem. */
  sections(name: string): Section[] | undefined {
    const there = this.take(name);
    // Of a list of objects an empty one says as little as a text.
    const value = isObject(there) && Object.keys(there).length === 0 ? there : this.list(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) {
      this.problem(name, 'must be a list');
      return undefined;
    }
    return value.flatMap((item, index) => {
      const path = `${this.pathOf(name)}[${index}]`;
      if (isObject(item)) return [new Section(item, path, this.#findings)];
      this.problem(`${name}[${index}]`, 'must be a JSON object');
      return [];
    });
  }

  /** A list; what PHP makes of one that it took for an object is taken for it. Anything else as it is. */
  list(name: string): unknown {
    const value = this.take(name);
    if (!isObject(value)) return value;
    const keys = Object.keys(value);
    // Keys that are whole numbers come in their order, whatever the order in the text.
    if (!keys.every((key) => /^\d+$/.test(key))) return value;
    const last = keys.length - 1;
    const which =
      last > 0 && keys[last] === String(last)
        ? `keys 0 to ${last}`
        : `key${last > 0 ? 's' : ''} ${keys.join(', ')}`;
    this.note(name, `an object with ${last < 0 ? 'no fields' : `the ${which}`} is taken as a list`);
    return Object.values(value);
  }

  /** A number; a text of digits is taken for one. Anything else as it is, for the reader of the file to judge. */
  number(name: string): unknown {
    const value = this.take(name);
    if (typeof value !== 'string' || !DIGITS.test(value)) return value;
    this.note(
      name,
      `${JSON.stringify(value)} is taken as the number ${Number(value)}. Write it without quotes.`,
    );
    return Number(value);
  }

  /** Whole numbers from 1 to `most`, in quotes, too; where one of them is none, all are left out. */
  wholes<Name extends string>(names: readonly Name[], most: number): Record<Name, number> | undefined {
    const found = names.map((name) => {
      const value = this.isThere(name) ? this.#value[name] : undefined;
      const isText = typeof value === 'string' && DIGITS.test(value);
      return [name, isText ? Number(value) : value] as const;
    });
    const isWhole = (value: unknown) =>
      Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
    if (!found.every(([, value]) => isWhole(value))) return undefined;
    for (const name of names) this.take(name);
    return Object.fromEntries(found) as Record<Name, number>;
  }

  /** true or false, in quotes, too. */
  flag(name: string): unknown {
    const value = this.take(name);
    if (value !== 'true' && value !== 'false') return value;
    this.note(name, `"${value}" is taken as ${value}. Write it without quotes.`);
    return value === 'true';
  }

  /** A field that may be absent; an empty text counts as that. */
  filled(name: string): unknown {
    const value = this.take(name);
    if (value !== '') return value;
    this.note(name, 'left out, because it is empty');
    return undefined;
  }

  /** A text that is not empty; undefined where it is absent, or is something else, which is a problem. */
  text(name: string): string | undefined {
    const value = this.take(name);
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    this.problem(name, 'must be a text that is not empty');
    return undefined;
  }

  problem(name: string, summary: string): void {
    this.#findings.problems.push({ path: this.pathOf(name), summary, ...this.#of() });
  }

  note(name: string, note: string): void {
    this.#findings.notes.push({ path: this.pathOf(name), note, ...this.#of() });
  }

  #of(): { block?: BlockName } {
    const { block } = this.#findings;
    return block === undefined ? {} : { block };
  }

  isThere(name: string): boolean {
    return Object.hasOwn(this.#value, name) && this.#value[name] !== null;
  }

  isTaken(name: string): boolean {
    return this.#taken.has(name);
  }

  /** Takes a field and counts it among those left out, if it is there. */
  leaveOut(name: string, reason: string): void {
    if (this.take(name) !== undefined)
      this.#findings.leftOut.push({ parent: this.path, name, reason, ...this.#of() });
  }

  /** Whatever has not been taken is left out; what stands at a wrong place with where it belongs. */
  finish(): void {
    const holder = /(\w*)(?:\[\d+\])?$/.exec(this.path)?.[1] || 'clientRequest';
    for (const [name, value] of Object.entries(this.#value)) {
      if (this.#taken.has(name) || value === null) continue;
      const other =
        holder === 'clientRequest' ? ofOtherCall(name, this.isThere('recordingConfig')) : undefined;
      const reason = other ?? misplaced(name, holder);
      const why = reason === undefined ? {} : { reason };
      this.#findings.leftOut.push({ parent: this.path, name, ...why, ...this.#of() });
    }
  }
}
