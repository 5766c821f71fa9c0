import type { KnownRecording } from '../model/plan.ts';
import type { Identity } from '../model/recording.ts';
import { DamagedStateError, decodeLine, isSoundIn, MEND } from './lines.ts';

/** A line of a snapshot, as it can be read again. */
interface Line {
  readonly text: string;
}

/**
 * What is known of a recording, from its line of a snapshot. The line is checked; the requests are parsed on access
 * only, because most of ten thousand recordings are not asked about.
 * @param file in which the line goes from `start` to `end`, without its line feed
 * @returns undefined where the line is not what was written
 */
export function readKnownLine(
  file: Buffer,
  start: number,
  end: number,
  line: Line,
): KnownRecording | undefined {
  if (!isSoundIn(file, start, end)) return undefined;
  const head = ENDED.test(file.toString('latin1', end - AT_THE_END, end)) ? undefined : headIn(file, start);
  return head ? new KnownOnDemand(line, head) : (decodeLine(line.text) as KnownRecording);
}

/** The last field, where it is there at all. */
const ENDED = /,"ended":\d+,"crc":"\w+"\}$/;
const AT_THE_END = 60;

type Head = Pick<KnownRecording, 'key' | 'name' | 'file'>;

/** How `encodeLine` begins a known recording; undefined where something in these fields is escaped. */
function headIn(file: Buffer, start: number): Head | undefined {
  let at = start;
  const field = (before: string): string | undefined => {
    const from = at + before.length;
    if (file.toString('latin1', at, from) !== before) return undefined;
    at = file.indexOf(QUOTE, from);
    const text = file.toString('utf8', from, at);
    return text.includes('\\') ? undefined : text;
  };
  const key = field('{"key":"');
  const name = key === undefined ? undefined : field('","name":"');
  const shown = name === undefined ? undefined : field('","file":"');
  if (key === undefined || name === undefined || shown === undefined) return undefined;
  return field('","identity":{') === undefined ? undefined : { key, name, file: shown };
}

const QUOTE = 34;

class KnownOnDemand implements KnownRecording {
  readonly key: string;
  name: string;
  file: string;
  ended?: number;
  readonly #line: Line;
  /** Held weakly until a change; from then on strongly, because the line is outdated. */
  #rest: WeakRef<KnownRecording> | KnownRecording | undefined;

  constructor(line: Line, { key, name, file }: Head) {
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
    const rest = decodeLine(this.#line.text) as KnownRecording | undefined;
    // It was sound when it was first read, so it was changed since.
    if (!rest)
      throw new DamagedStateError(`the state of ${this.name} was changed under this process. ${MEND}`);
    this.#rest = new WeakRef(rest);
    return rest;
  }
}

/** To be called before anything of a recording is changed. */
export function keepForChange(recording: KnownRecording | undefined): void {
  if (recording instanceof KnownOnDemand) recording.keep();
}
