import { describe, expect, it } from 'vitest';
import { LATE } from '../../src/agora/answers.ts';
import type { Answered, Intent, JournalEvent, Outcome, State } from '../../src/model/journal.ts';
import { isUnsure, lateUntil } from '../../src/model/late.ts';
import type { KnownRecording } from '../../src/model/plan.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import { emptyState, fold, sentAgo } from '../../src/state/fold.ts';
import { identity } from '../support/engine.ts';

const KEY = recordingKey(identity(1));
const at = (seq: number) => Date.UTC(2026, 0, 1, 0, 0, seq);

/** A journal that is folded while it is written; each event a second after the last. */
function journal() {
  const state = emptyState();
  const add = (event: JournalEvent, when = at(state.serial + 1)): number => {
    const seq = state.serial + 1;
    fold(state, { seq, at: new Date(when).toISOString(), ...event });
    return seq;
  };
  return { state, add, known: () => state.known.get(KEY) as KnownRecording };
}

function intent(mark: string, endpoint: 'update' | 'updateLayout' = 'updateLayout', n = 1): Intent {
  return {
    event: 'intent',
    key: recordingKey(identity(n)),
    name: `rec-${n}`,
    file: `recordings/${n}.yaml`,
    identity: identity(n),
    endpoint,
    reason: 'changed',
    request:
      endpoint === 'update' ? { webRecordingConfig: { onhold: mark === 'on' } } : { backgroundColor: mark },
  };
}

function answer(of: number, outcome: Outcome, extra: Partial<Answered> = {}): Answered {
  return { event: 'answer', key: KEY, endpoint: 'updateLayout', of, outcome, ...extra };
}

const colors = (list: { request: { backgroundColor?: string } }[]) =>
  list.map(({ request }) => request.backgroundColor);

describe('a call in the state', () => {
  it('is of unknown outcome until it is answered', () => {
    const { add, known } = journal();
    add(intent('red'));
    expect(known()).toMatchObject({ key: KEY, name: 'rec-1', identity: identity(1) });
    expect(known().updateLayout).toEqual({
      unknown: [{ request: { backgroundColor: 'red' }, at: at(1), seq: 1 }],
    });
    expect(known().update).toEqual({ unknown: [] });
  });

  it('applied: it is what is in force, as of the answer, and nothing is unknown any more', () => {
    const { add, known } = journal();
    add(answer(add(intent('red')), 'unknown', { message: 'reset' }));
    add(answer(add(intent('blue')), 'applied', { status: 200 }));
    expect(known().updateLayout).toEqual({
      applied: { request: { backgroundColor: 'blue' }, at: at(4), seq: 3 },
      unknown: [],
      late: [{ request: { backgroundColor: 'red' }, at: at(1), seq: 1, until: at(1) + LATE.afterDeparture }],
      last: { outcome: 'applied', status: 200, at: at(4) },
    });
  });

  it('without an answer it may take effect for a minute: what is applied meanwhile is sure only after that', () => {
    const { add, known } = journal();
    // Killed before an answer, given up without one, and what overtakes both.
    add(intent('red'));
    add(answer(add(intent('green')), 'unknown'));
    add(answer(add(intent('blue')), 'applied'));
    const until = at(2) + LATE.afterDeparture;
    expect(lateUntil(known().updateLayout, { backgroundColor: 'blue' })).toBe(until);
    expect(isUnsure(known().updateLayout)).toBe(true);
    // Sent once more too early, it settles nothing; afterwards it does.
    add(answer(add(intent('blue')), 'applied'));
    expect(lateUntil(known().updateLayout, { backgroundColor: 'blue' })).toBe(until);
    add(answer(add(intent('blue'), until), 'applied'), until + 10);
    expect(known().updateLayout.late).toBeUndefined();
    expect(isUnsure(known().updateLayout)).toBe(false);
  });

  it('one that asks for the same as what is applied does no harm, until something else is applied', () => {
    const { add, known } = journal();
    add(answer(add(intent('red')), 'unknown'));
    add(answer(add(intent('red')), 'applied'));
    expect(isUnsure(known().updateLayout)).toBe(false);
    add(answer(add(intent('blue')), 'applied'));
    expect(isUnsure(known().updateLayout)).toBe(true);
  });

  it('given up long after it left it may take effect for half a minute more', () => {
    const { add, known } = journal();
    const of = add(intent('red'));
    add(answer(of, 'unknown'), at(1) + 120_000);
    add(answer(add(intent('blue'), at(1) + 121_000), 'applied'), at(1) + 121_000);
    expect(lateUntil(known().updateLayout, {})).toBe(at(1) + 120_000 + LATE.afterGivingUp);
  });

  it('what was applied and is only doubted was answered: it comes no later', () => {
    const { add, known } = journal();
    add(answer(add(intent('red')), 'applied'));
    add({ event: 'doubt', key: KEY, endpoint: 'updateLayout' });
    add(answer(add(intent('blue')), 'applied'));
    expect(known().updateLayout.late).toBeUndefined();
  });

  it('outlives that its recording is forgotten: what a file asks for that claims it again is sure only after that', () => {
    const { state, add, known } = journal();
    add(answer(add(intent('red')), 'unknown'));
    add(answer(add(intent('blue')), 'applied'));
    add({ event: 'forget', key: KEY });
    expect(state.known.size).toBe(0);
    add(answer(add(intent('blue')), 'applied'));
    expect(lateUntil(known().updateLayout, { backgroundColor: 'blue' })).toBe(at(1) + LATE.afterDeparture);
    expect(isUnsure(known().update)).toBe(false);
    expect(state.orphaned.get(KEY)?.updateLayout).toEqual([]);
  });

  it.each([
    ['unknown', true],
    ['refused', false],
  ] as const)('%s, and forgotten while it is under way', (outcome, isLate) => {
    const { add, known } = journal();
    const of = add(intent('red'));
    add({ event: 'forget', key: KEY });
    add(answer(of, outcome));
    add(answer(add(intent('blue')), 'applied'));
    expect(isUnsure(known().updateLayout)).toBe(isLate);
  });

  it('is not remembered for longer than it may take', () => {
    const { state, add } = journal();
    add(answer(add(intent('red')), 'unknown'));
    add({ event: 'forget', key: KEY });
    expect(state.orphaned.size).toBe(1);
    add({ event: 'forget', key: 'another' }, at(1) + LATE.afterDeparture);
    expect(state.orphaned.size).toBe(0);
  });

  it('is waited for no longer than it may take, also where the clock was set back since', () => {
    const { add, known } = journal();
    add(answer(add(intent('red')), 'unknown'));
    const back = at(1) - 3_600_000;
    add(answer(add(intent('blue'), back), 'applied'), back);
    expect(lateUntil(known().updateLayout, {})).toBe(back + LATE.afterDeparture);
    add(answer(add(intent('blue'), back + LATE.afterDeparture), 'applied'));
    expect(isUnsure(known().updateLayout)).toBe(false);
  });

  it.each(['refused', 'deferred'] as const)('%s: it is as if it had not been sent', (outcome) => {
    const { add, known } = journal();
    add(answer(add(intent('red')), 'applied'));
    add(answer(add(intent('blue')), outcome, { status: 400, message: 'no' }));
    expect(known().updateLayout.applied?.request.backgroundColor).toBe('red');
    expect(known().updateLayout.unknown).toEqual([]);
    expect(known().updateLayout.last).toEqual({ outcome, status: 400, message: 'no', at: at(4) });
  });

  it('unknown: it may be in force beside what was applied, oldest first', () => {
    const { add, known } = journal();
    add(answer(add(intent('red')), 'applied'));
    add(answer(add(intent('blue')), 'unknown'));
    add(answer(add(intent('green')), 'unknown'));
    expect(known().updateLayout.applied?.request.backgroundColor).toBe('red');
    expect(colors(known().updateLayout.unknown)).toEqual(['blue', 'green']);
  });

  it('repetitions of one call are one candidate, the newest of them', () => {
    const { add, known } = journal();
    add(answer(add(intent('blue')), 'unknown'));
    add(answer(add(intent('blue')), 'unknown'));
    expect(known().updateLayout.unknown.map(({ seq }) => seq)).toEqual([3]);
  });

  it('a refused repetition takes back itself alone: the first attempt may still have taken effect', () => {
    const { add, known } = journal();
    const first = add(intent('blue'));
    add(answer(first, 'unknown'));
    add(answer(add(intent('blue')), 'refused'));
    expect(known().updateLayout.unknown.map(({ seq }) => seq)).toEqual([first]);
  });

  it('endpoints do not mix', () => {
    const { add, known } = journal();
    const layout = add(intent('red'));
    const update = add(intent('on', 'update'));
    add(answer(layout, 'applied'));
    expect(known().update.unknown.map(({ seq }) => seq)).toEqual([update]);
    expect(known().update.last).toBeUndefined();
    add(answer(update, 'applied', { endpoint: 'update' }));
    expect(known().update.applied?.request).toEqual({ webRecordingConfig: { onhold: true } });
  });

  it('an answer to nothing that is known changes nothing', () => {
    const { state, add, known } = journal();
    add({ ...answer(1, 'applied'), key: 'another' });
    expect(state.known.size).toBe(0);
    add(intent('red'));
    add(answer(99, 'applied'));
    expect(known().updateLayout.applied).toBeUndefined();
    expect(known().updateLayout.unknown).toHaveLength(1);
  });
});

describe('a recording in the state', () => {
  it('has the name and file of its last call or renaming', () => {
    const { add, known } = journal();
    add(intent('red'));
    add({ event: 'rename', key: KEY, name: 'new', file: 'recordings/new.yaml' });
    expect(known()).toMatchObject({ name: 'new', file: 'recordings/new.yaml' });
    add(intent('blue'));
    expect(known().name).toBe('rec-1');
  });

  it('is forgotten with all that was known of it, and begins anew', () => {
    const { state, add, known } = journal();
    add(answer(add(intent('red')), 'applied'));
    add(intent('x', 'updateLayout', 2));
    add({ event: 'forget', key: KEY });
    expect([...state.known.heads()].map((head) => head.key)).toEqual([recordingKey(identity(2))]);
    add(intent('blue'));
    expect(known().updateLayout.applied).toBeUndefined();
  });

  it('has ended until a call of it succeeds again', () => {
    const { add, known } = journal();
    const sent = add(intent('red'));
    const ended = add({ event: 'ended', key: KEY });
    expect(known().ended).toBe(at(ended));
    add(answer(sent, 'refused'));
    expect(known().ended).toBe(at(ended));
    add(answer(add(intent('red')), 'applied'));
    expect(known()).not.toHaveProperty('ended');
  });

  it('releases blocks from what was applied and from what may have been', () => {
    const { add, known } = journal();
    const both = { webRecordingConfig: { onhold: true }, rtmpPublishConfig: { outputs: [] } };
    const sent = { ...intent('on', 'update'), request: both };
    add(answer(add(sent), 'applied', { endpoint: 'update' }));
    add(sent);
    add({ event: 'release', key: KEY, blocks: ['rtmp'] });
    const kept = { webRecordingConfig: { onhold: true } };
    expect(known().update.applied?.request).toEqual(kept);
    expect(known().update.unknown.map(({ request }) => request)).toEqual([kept]);
  });

  it('in doubt: what was applied may be gone, once however often it is doubted', () => {
    const { add, known } = journal();
    const sent = add(intent('red'));
    add(answer(sent, 'applied'));
    for (let n = 0; n < 2; n++) add({ event: 'doubt', key: KEY, endpoint: 'updateLayout' });
    expect(known().updateLayout.applied?.request.backgroundColor).toBe('red');
    expect(known().updateLayout.unknown.map(({ seq }) => seq)).toEqual([sent]);
    add({ event: 'doubt', key: KEY, endpoint: 'update' });
    expect(known().update).toEqual({ unknown: [] });
  });

  it.each<JournalEvent>([
    { event: 'forget', key: 'another' },
    { event: 'ended', key: 'another' },
    { event: 'release', key: 'another', blocks: ['rtmp'] },
    { event: 'rename', key: 'another', name: 'x', file: 'x' },
    { event: 'doubt', key: 'another', endpoint: 'update' },
  ])('news of an unknown recording makes none: $event', (event) => {
    const { state, add } = journal();
    add(intent('red'));
    const before = structuredClone([...state.known.values()]);
    add(event);
    expect([...state.known.values()]).toEqual(before);
    expect(state.serial).toBe(2);
  });
});

describe('the state as a whole', () => {
  it('takes every entry once: a journal read twice means the same', () => {
    const entries = [
      intent('red'),
      answer(1, 'unknown'),
      intent('blue'),
      { event: 'ended', key: KEY } as const,
    ].map((event, i) => ({ seq: i + 1, at: new Date(at(i + 1)).toISOString(), ...event }));
    const foldAll = (state: State) => {
      for (const entry of entries) fold(state, entry);
      return state;
    };
    const once = foldAll(emptyState());
    const before = structuredClone([...once.known.values()]);
    expect([...foldAll(once).known.values()]).toEqual(before);
    expect(once.serial).toBe(4);
  });

  it('remembers the calls of the last minute, and counts one without an answer as just now', () => {
    const { state, add } = journal();
    // The entries of this journal are a second apart.
    for (let n = 0; n < 130; n++) add(intent('red'));
    expect(state.sent).toHaveLength(60);
    expect(state.sent.at(-1)).toEqual({ seq: 130, at: at(130), answered: false, appId: 'app' });
    add({
      event: 'answer',
      key: [...state.known.heads()][0]?.key as string,
      endpoint: 'update',
      of: 130,
      outcome: 'applied',
    });
    expect(sentAgo(state, at(131) + 500, () => true).slice(-2)).toEqual([0, 500]);
  });
});
