import type { Blocks, DesiredRecording, Identity, Labels } from '../model/recording.ts';
import type { CheckedDocument, Mark } from './checked.ts';

/*
 * Documents in which nothing has to be followed, as most are: what they say is taken from stage A as it stands.
 */

export interface ResolvedDocument {
  recording: DesiredRecording;
  /** The places of what must be unique. */
  marks: { name: Mark; recording: Mark };
}

/** The places of what must be unique. */
export function marksOf({ marks }: Pick<CheckedDocument, 'marks'>): ResolvedDocument['marks'] {
  const start = marks[''] as Mark;
  return { name: marks['/name'] ?? start, recording: marks['/recording'] ?? start };
}

/** A document in which nothing has to be followed. Its blocks are read from the document only on access. */
export class SelfContained implements ResolvedDocument {
  readonly recording: DesiredRecording;
  readonly #document: CheckedDocument;

  constructor(document: CheckedDocument) {
    this.recording = new DesiredOnDemand(document);
    this.#document = document;
  }

  get marks(): ResolvedDocument['marks'] {
    return marksOf(this.#document);
  }
}

class DesiredOnDemand implements DesiredRecording {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly identity: Identity;
  readonly suspended: boolean;
  readonly labels?: Labels;
  readonly content?: string;
  readonly unresolved = NOTHING;
  readonly #document: CheckedDocument;

  constructor(document: CheckedDocument) {
    this.name = document.name;
    this.file = document.file;
    this.line = document.line;
    this.identity = document.recording as Identity;
    this.suspended = document.suspended;
    if (document.labels) this.labels = document.labels;
    if (document.content !== undefined) this.content = document.content;
    this.#document = document;
  }

  get blocks(): Blocks {
    return this.#document.blocks as Blocks;
  }
}

/** The same for all: ten thousand empty lists are not little. */
export const NOTHING: readonly never[] = Object.freeze([]);
