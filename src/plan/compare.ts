import { mapSealed } from '../agora/requests.ts';
import type { Known } from '../model/known.ts';
import { KnownMap } from '../model/known-map.ts';
import type { Comparison, KnownEndpoint, Plan, RecordingPlan } from '../model/plan.ts';
import type { Blocks, DesiredRecording, DesiredSet, Identity } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { makePlan, type PlanOptions, planRecording } from './plan.ts';

/*
 * Plans against something other than the state: another commit, or what a daemon elsewhere has applied. They are for
 * reading only: they are made without the state and the secrets.
 */

/** Calls that fall due by time are no part of a comparison. */
const NO_TIME = 0;

const NOTHING_KNOWN = new KnownMap();

/**
 * What applying one set after another would send.
 * @param comparison says where the first is from. What it could not give is not known to be new
 * @param options `now` is when the comparison is made
 */
export function planBetween(
  from: DesiredSet,
  to: DesiredSet,
  comparison: Comparison,
  options: PlanOptions,
): Plan {
  const known = asIfApplied(identified(from, assumedIdentity));
  const plan = compare(identified(to, assumedIdentity), known, options);
  const note = `not known to be new: not all of ${comparison.from} could be compared`;
  const recordings = plan.recordings.map((one) =>
    !comparison.complete && one.action === 'create' ? withNote(one, note) : one,
  );
  return { ...plan, recordings, comparison };
}

/**
 * What is to be sent where this is known elsewhere. Secrets are the same where they come from the same place: values
 * and fingerprints never leave the daemon.
 */
export function planAgainst(desired: DesiredSet, known: Known, options: PlanOptions): Plan {
  const byName = new Map([...known.values()].map((recording) => [recording.name, recording]));
  const set = identified(desired, ({ name }) => byName.get(name)?.identity);
  const recordings = set.recordings.map((recording) =>
    changed(recording, {
      blocks: mapSealed(recording.blocks, (secret) => ({ ...secret, sealed: null })) as Blocks,
    }),
  );
  const plan = compare({ ...set, recordings }, known, options);
  const written = new Set(desired.recordings.filter(hasWrittenSecret).map(({ name }) => name));
  const note =
    'a secret is written out in the file: whether it is another than what was applied is not seen here';
  return {
    ...plan,
    recordings: plan.recordings.map((one) => (written.has(one.name) ? withNote(one, note) : one)),
  };
}

/** A copy. What not every plan has as a property of its own is named. */
function withNote(recording: RecordingPlan, note: string): RecordingPlan {
  const { sid, mode, whole, notes } = recording;
  const which = sid === undefined || mode === undefined ? {} : { sid, mode };
  return { ...recording, ...which, whole, notes: [...notes, note] };
}

/** A copy. The blocks are named because not every recording has them as a property of its own. */
function changed(recording: DesiredRecording, change: Partial<DesiredRecording>): DesiredRecording {
  return { ...recording, blocks: recording.blocks, ...change };
}

function compare(desired: DesiredSet, known: Known, options: PlanOptions): Plan {
  // That secrets are not at hand here says nothing about where they will be needed.
  const recordings = desired.recordings.map((recording) => changed(recording, { unresolved: [] }));
  const plan = makePlan({ ...desired, recordings }, known, { ...options, now: NO_TIME });
  return { ...plan, timestamp: new Date(options.now).toISOString() };
}

/** The state that would result if everything had been applied. */
function asIfApplied({ recordings }: DesiredSet): Known {
  const known = new KnownMap();
  for (const recording of recordings) {
    const { key, name, file, identity, whole } = planRecording(recording, NOTHING_KNOWN, [], {
      now: NO_TIME,
    });
    if (!key || !identity) continue;
    const endpoint = <T>(request: T | undefined): KnownEndpoint<T> =>
      request ? { applied: { request, at: NO_TIME, seq: 0 }, unknown: [] } : { unknown: [] };
    const { update, updateLayout } = whole;
    known.set(key, {
      key,
      name,
      file,
      identity,
      update: endpoint(update),
      updateLayout: endpoint(updateLayout),
    });
  }
  return known;
}

/** Recordings that wait for a file that a backend writes can be compared all the same, as long as one can tell them apart. */
function identified(
  set: DesiredSet,
  identityOf: (recording: DesiredRecording) => Identity | undefined,
): DesiredSet {
  const recordings = set.recordings.map((recording) => {
    const identity = recording.identity ?? identityOf(recording);
    return identity ? changed(recording, { identity }) : recording;
  });
  // Two that would be one are left waiting.
  const count = new Map<string, number>();
  for (const { identity } of recordings)
    if (identity) count.set(recordingKey(identity), (count.get(recordingKey(identity)) ?? 0) + 1);
  return {
    ...set,
    recordings: recordings.map((recording, index) =>
      recording.identity && count.get(recordingKey(recording.identity)) !== 1
        ? (set.recordings[index] as DesiredRecording)
        : recording,
    ),
  };
}

/** A stand-in for an identity that is not known yet. */
function assumedIdentity({ name, waitingFor, blocks }: DesiredRecording): Identity {
  const unknown = `(in ${waitingFor})`;
  const mode = blocks.onhold !== undefined || blocks.rtmp ? 'web' : 'mix';
  return { appId: unknown, cname: unknown, uid: unknown, resourceId: name, sid: unknown, mode };
}

function hasWrittenSecret({ blocks }: DesiredRecording): boolean {
  let found = false;
  mapSealed(blocks, (secret) => {
    found ||= secret.reference === 'literal';
    return secret;
  });
  return found;
}
