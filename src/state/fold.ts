import { LATE } from '../agora/answers.ts';
import { SECTION_OF } from '../agora/requests.ts';
import type { Answered, Intent, JournalEntry, State } from '../model/journal.ts';
import type { Binding, KnownTable } from '../model/known.ts';
import { KnownMap } from '../model/known-map.ts';
import type { KnownEndpoint, KnownRecording, LateCall, Remembered, Unsure } from '../model/plan.ts';
import type { BlockName, Endpoint, UpdateRequest } from '../model/recording.ts';
import { appIdIn } from '../model/recording-key.ts';

/** Departures are remembered for so long, in milliseconds: longer than a call can be on its way. */
const SENT_KEPT = 60_000;

/** Of which nothing is known. @param known where what is known is going to be */
export function emptyState(known: KnownTable = new KnownMap()): State {
  return { serial: 0, known, sent: [], orphaned: new Map() };
}

/**
 * How long ago an earlier process sent what still counts, in milliseconds: for the allowance of a new one. A call
 * without an answer may have arrived just now.
 * @param isOwn of which App IDs: those that share the allowance
 */
export function sentAgo({ sent }: State, now: number, isOwn: (appId: string) => boolean): number[] {
  return sent
    .filter(({ at, appId }) => now - at < SENT_KEPT && (appId === undefined || isOwn(appId)))
    .map(({ at, answered }) => (answered ? now - at : 0));
}

/** Adds one entry to the state, in place. Entries up to the state's serial are in it already and change nothing. */
export function fold(state: State, entry: JournalEntry): void {
  if (entry.seq <= state.serial) return;
  state.serial = entry.seq;
  const { known } = state;
  const { key } = entry;
  const at = Date.parse(entry.at);
  switch (entry.event) {
    case 'intent': {
      state.sent = recent(state.sent, at);
      state.sent.push({ seq: entry.seq, at, answered: false, appId: appIdIn(key) });
      const recording = recordingOf(state, entry);
      adopt(state, recording, entry.endpoint);
      intend(recording, entry, at);
      known.set(key, recording);
      known.bind(key, bindingIn(entry));
      break;
    }
    case 'answer': {
      const sent = state.sent.findLast(({ seq }) => seq === entry.of);
      if (sent) Object.assign(sent, { at, answered: true });
      const recording = known.get(key);
      if (!recording) {
        answerOrphaned(state, entry, at);
        break;
      }
      answer(recording[entry.endpoint], entry, at);
      if (entry.outcome === 'applied') delete recording.ended;
      known.set(key, recording);
      break;
    }
    case 'withdraw': {
      state.sent = state.sent.filter(({ seq }) => seq !== entry.of);
      const recording = known.get(key);
      if (!recording) break;
      const endpoint = recording[entry.endpoint] as KnownEndpoint<unknown>;
      endpoint.unknown = endpoint.unknown.filter(({ seq }) => seq !== entry.of);
      // A recording to which nothing was ever sent is not in the state.
      const isSent = [recording.update, recording.updateLayout].some(
        ({ applied, unknown, late, last }) => applied || last || late || unknown.length > 0,
      );
      if (isSent) known.set(key, recording);
      else known.delete(key);
      break;
    }
    case 'forget':
      orphan(state, key, at);
      known.delete(key);
      break;
    case 'release':
      change(state, key, (recording) => release(recording.update, entry.blocks));
      break;
    case 'ended':
      change(state, key, (recording) => {
        recording.ended = at;
      });
      break;
    case 'doubt':
      change(state, key, (recording) => {
        const { applied, unknown } = recording[entry.endpoint] as KnownEndpoint<unknown>;
        // Still what was applied last, but no longer certain to be in force.
        if (applied && !unknown.some(({ seq }) => seq === applied.seq)) unknown.push(applied);
      });
      break;
    case 'rename':
      change(state, key, (recording) => Object.assign(recording, { name: entry.name, file: entry.file }));
      break;
    case 'bind':
      known.bind(key, bindingIn(entry));
  }
}

function change({ known }: State, key: string, act: (recording: KnownRecording) => void): void {
  const recording = known.get(key);
  if (!recording) return;
  act(recording);
  known.set(key, recording);
}

function bindingIn({ target, account }: Partial<Binding>): Partial<Binding> {
  return { ...(target === undefined ? {} : { target }), ...(account === undefined ? {} : { account }) };
}

function release(update: KnownRecording['update'], blocks: readonly BlockName[]): void {
  for (const sent of [update.applied, ...update.unknown, ...(update.late ?? [])])
    if (sent) sent.request = without(sent.request, blocks);
  // Requests without any section left are dropped.
  update.unknown = update.unknown.filter(({ request }) => Object.keys(request).length > 0);
  keepLate(
    update,
    (update.late ?? []).filter(({ request }) => Object.keys(request).length > 0),
  );
  if (update.applied && Object.keys(update.applied.request).length === 0) delete update.applied;
}

/** More than a hundred accounts send while calls are remembered: then the clock was set back, and the first is not the oldest. */
const MOST_SENT = 60_000;

/** The list itself without its front, where the oldest are: for each of a hundred thousand calls, all would take too long. */
function recent(sent: State['sent'], now: number): State['sent'] {
  const isRecent = ({ at }: { at: number }) => now - at < SENT_KEPT;
  const first = sent.findIndex(isRecent);
  sent.splice(0, first === -1 ? sent.length : first);
  return sent.length > MOST_SENT ? sent.filter(isRecent) : sent;
}

function recordingOf(state: State, { key, name, file, identity }: Intent): KnownRecording {
  const recording = state.known.get(key) ?? {
    key,
    name,
    file,
    identity,
    update: { unknown: [] },
    updateLayout: { unknown: [] },
  };
  return Object.assign(recording, { name, file, identity });
}

/** What was left of the endpoint when its recording was forgotten is to be reckoned with again. */
function adopt({ orphaned }: State, recording: KnownRecording, endpoint: Endpoint): void {
  const calls = orphaned.get(recording.key);
  if (!calls || calls[endpoint].length === 0) return;
  keepLate(recording[endpoint] as KnownEndpoint<unknown>, calls[endpoint]);
  calls[endpoint] = [];
}

/** Of what is forgotten the calls that may still take effect. */
function orphan(state: State, key: string, at: number): void {
  forgetLate(state, at);
  const { known, orphaned } = state;
  const recording = known.get(key);
  if (!recording) return;
  const left = (endpoint: KnownEndpoint<unknown>) =>
    [...(endpoint.late ?? []), ...notAnswered(endpoint).map(withLimit)].filter(({ until }) => until > at);
  const [update, updateLayout] = [left(recording.update), left(recording.updateLayout)];
  if (update.length + updateLayout.length > 0) orphaned.set(key, { update, updateLayout });
}

/** Lets go of orphaned calls that cannot take effect any more. @returns the keys of their recordings */
export function forgetLate({ orphaned }: State, now: number): string[] {
  const over = [...orphaned]
    .filter(([, { update, updateLayout }]) => [...update, ...updateLayout].every(({ until }) => until <= now))
    .map(([key]) => key);
  for (const key of over) orphaned.delete(key);
  return over;
}

/** The answer to a call that was under way when its recording was forgotten. */
function answerOrphaned({ orphaned }: State, { key, endpoint, of, outcome }: Answered, at: number): void {
  const calls = orphaned.get(key);
  if (!calls) return;
  if (outcome !== 'unknown') calls[endpoint] = calls[endpoint].filter(({ seq }) => seq !== of);
  else for (const call of calls[endpoint]) if (call.seq === of) call.until = givenUpUntil(call, at);
}

function intend(
  recording: KnownRecording,
  { endpoint, request, seq, commit }: Intent & { seq: number },
  at: number,
): void {
  (recording[endpoint] as KnownEndpoint<typeof request>).unknown.push({
    request,
    at,
    seq,
    ...(commit ? { commit } : {}),
  });
}

function answer(known: KnownEndpoint<unknown>, { of, outcome, status, message }: Answered, at: number): void {
  known.last = { outcome, at, ...(status === undefined ? {} : { status }), ...(message ? { message } : {}) };
  const sent = known.unknown.find(({ seq }) => seq === of);
  if (outcome === 'applied' && sent) {
    keepLate(known, overtaken(known, sent));
    const { until: _, ...applied } = sent;
    known.applied = { ...applied, at };
    known.unknown = [];
  } else if (outcome === 'refused' || outcome === 'deferred') {
    known.unknown = known.unknown.filter(({ seq }) => seq !== of);
  } else if (sent) {
    sent.until = givenUpUntil(sent, at);
    // Repetitions of one call make one candidate. Only now: had the repetition been refused, the first would still stand.
    const same = JSON.stringify(sent.request);
    known.unknown = known.unknown.filter((other) => other === sent || JSON.stringify(other.request) !== same);
  }
}

/**
 * Calls that could still take effect when this one left. One that asks for the same is kept as well: it may outlive
 * what comes next.
 */
function overtaken(known: KnownEndpoint<unknown>, sent: Unsure<unknown>): LateCall[] {
  const given = notAnswered(known).filter((other) => other !== sent);
  return (
    [...(known.late ?? []), ...given.map(withLimit)]
      .filter(({ until }) => until > sent.at)
      // No call has longer than this: its time was taken from a clock that has been set back since.
      .map((call) => ({ ...call, until: Math.min(call.until, sent.at + LATE.afterDeparture) }))
  );
}

/** A doubted request that was applied is no late call: it was answered. */
function notAnswered({ unknown, applied }: KnownEndpoint<unknown>): Unsure<unknown>[] {
  return unknown.filter(({ seq }) => seq !== applied?.seq);
}

function withLimit(call: Unsure<unknown>): LateCall {
  return { ...call, until: call.until ?? call.at + LATE.afterDeparture };
}

/** @param at when it was given up, milliseconds since 1970 */
function givenUpUntil(call: Remembered<unknown>, at: number): number {
  return Math.max(call.at + LATE.afterDeparture, at + LATE.afterGivingUp);
}

/** Absent where there is none: of ten thousand recordings hardly one has any. */
function keepLate(known: KnownEndpoint<unknown>, late: LateCall[]): void {
  if (late.length > 0) known.late = late;
  else delete known.late;
}

function without(request: UpdateRequest, blocks: readonly string[]): UpdateRequest {
  const dropped = blocks.map((block) => SECTION_OF[block as keyof typeof SECTION_OF] as string);
  return Object.fromEntries(Object.entries(request).filter(([section]) => !dropped.includes(section)));
}
