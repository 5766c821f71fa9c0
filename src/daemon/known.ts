import { mapSealed } from '../agora/requests.ts';
import type { State } from '../model/journal.ts';
import type { KnownEndpoint, KnownRecording } from '../model/plan.ts';

/** What `/api/known` answers: enough to plan against. */
export interface KnownAnswer {
  format_version: '1.0';
  serial: number;
  recordings: KnownRecording[];
}

/**
 * The state for planning on another machine: a secret is its reference and nothing of its value, not even a
 * fingerprint.
 */
export function knownJson({ serial, known }: State): KnownAnswer {
  return { format_version: '1.0', serial, recordings: [...known.values()].map(recordingJson) };
}

function recordingJson(recording: KnownRecording): KnownRecording {
  const { key, name, file, identity, ended, update, updateLayout } = recording;
  return {
    ...{ key, name, file, identity, ...(ended === undefined ? {} : { ended }) },
    update: withoutSeals(update),
    updateLayout: withoutSeals(updateLayout),
  };
}

function withoutSeals<T>({ applied, unknown, late }: KnownEndpoint<T>): KnownEndpoint<T> {
  const strip = (value: unknown) => mapSealed(value, (secret) => ({ ...secret, sealed: null }));
  return {
    ...(applied ? { applied: strip(applied) } : {}),
    unknown: strip(unknown),
    ...(late ? { late: strip(late) } : {}),
  } as KnownEndpoint<T>;
}
