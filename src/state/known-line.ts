import type { KnownRecording } from '../model/plan.ts';
import type { Identity } from '../model/recording.ts';
import { decodeLine, isSound } from './lines.ts';

/** How `encodeLine` begins a known recording, where nothing in these fields is escaped. */
const HEAD = /^\{"key":"([^"\\]*)","name":"([^"\\]*)","file":"([^"\\]*)","identity":\{/;

/**
 * What is known of a recording, from its line of a snapshot. The line is checked; what the requests were is read out
 * of it only when somebody asks, because of ten thousand recordings most are not asked about.
 * @returns undefined where the line is not what was written
 */
export function readKnownLine(line: string): KnownRecording | undefined {
  if (!isSound(line)) return undefined;
  const [, key, name, file] = HEAD.exec(line) ?? [];
  // Quotes within a text are escaped, so this is the field.
  if (key === undefined || name === undefined || file === undefined || line.includes('"ended":'))
    return decodeLine(line) as KnownRecording;
  return new KnownOnDemand(line, key, name, file);
}

/** Parts of the line are kept as such: they keep the line, which is kept anyway. */
class KnownOnDemand implements KnownRecording {
  readonly key: string;
  name: string;
  file: string;
  ended?: number;
  readonly #line: string;
  /** For as long as somebody else holds it, or from a change on: then the line no longer says what is known. */
  #rest: WeakRef<KnownRecording> | KnownRecording | undefined;

  constructor(line: string, key: string, name: string, file: string) {
    this.#line = line;
    this.key = key;
    this.name = name;
    this.file = file;
  }

  get identity(): Identity {
    return this.#read().identity;
  }

  set identity(identity: Identity) {
    this.keep();
    this.#read().identity = identity;
  }

  get update(): KnownRecording['update'] {
    return this.#read().update;
  }

  get updateLayout(): KnownRecording['updateLayout'] {
    return this.#read().updateLayout;
  }

  /** In the order in which they are written. */
  toJSON(): KnownRecording {
    const { key, name, file, identity, ended, update, updateLayout } = this;
    return { key, name, file, identity, update, updateLayout, ...(ended === undefined ? {} : { ended }) };
  }

  /** Before a change: from now on the line is not read again. */
  keep(): void {
    this.#rest = this.#read();
  }

  #read(): KnownRecording {
    const before = this.#rest instanceof WeakRef ? this.#rest.deref() : this.#rest;
    if (before) return before;
    const rest = decodeLine(this.#line) as KnownRecording;
    this.#rest = new WeakRef(rest);
    return rest;
  }
}

/** To be called before anything of a recording is changed. */
export function keepForChange(recording: KnownRecording | undefined): void {
  if (recording instanceof KnownOnDemand) recording.keep();
}
