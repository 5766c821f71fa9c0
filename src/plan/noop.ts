import type { Known } from '../model/known.ts';
import type { RecordingPlan } from '../model/plan.ts';
import type { ClientRequests, DesiredRecording, Identity } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { wholeRequests } from './whole.ts';

/** The same for all: ten thousand empty lists are not little. */
export const NOTHING: readonly never[] = Object.freeze([]);

/** The plan of a recording for which there is nothing to do. The requests are computed on access. */
export class NoopPlan implements RecordingPlan {
  readonly name: string;
  readonly file: string;
  readonly key: string;
  readonly identity: Identity;
  readonly action = 'no-op';
  readonly content?: string;
  readonly calls = NOTHING;
  readonly notes = NOTHING;
  readonly released = NOTHING;
  readonly unresolved = NOTHING;
  readonly supersedes: readonly string[];
  readonly #recording: DesiredRecording;
  readonly #known: Known;

  constructor(recording: DesiredRecording, identity: Identity, known: Known, supersedes: readonly string[]) {
    this.name = recording.name;
    this.file = recording.file;
    this.key = known.head(recordingKey(identity))?.key ?? recordingKey(identity);
    this.identity = identity;
    this.supersedes = supersedes;
    if (recording.content !== undefined) this.content = recording.content;
    this.#recording = recording;
    this.#known = known;
  }

  get sid(): string {
    return this.identity.sid;
  }

  get mode(): Identity['mode'] {
    return this.identity.mode;
  }

  get whole(): Partial<ClientRequests> {
    return wholeRequests(this.identity, this.#recording.blocks, this.#known.get(this.key));
  }
}
