import { describe, expect, it } from 'vitest';
import {
  callsOf,
  heldBack,
  NO_CREDENTIALS,
  setCondition,
  standingOf,
  type Watched,
} from '../../src/daemon/conditions.ts';
import type { Call, RecordingPlan } from '../../src/model/plan.ts';
import { canonicalText } from '../../src/plan/comparable.ts';
import { call, identity } from '../support/engine.ts';

const watched = (extra: Partial<Watched> = {}): Watched => ({
  name: 'a',
  file: 'recordings/a.yaml',
  condition: { type: 'Ready', reason: 'Applied', message: 'as its file says', since: 0 },
  ...extra,
});

const planOf = (calls: Call[]): RecordingPlan =>
  ({
    calls,
    whole: { update: { webRecordingConfig: { onhold: true } } },
    identity: identity(1),
  }) as unknown as RecordingPlan;

/** What was refused of a call, as it is remembered. */
const refusal = ({ endpoint, request }: Call, reason: string) =>
  new Map([
    [
      endpoint,
      {
        identity: JSON.stringify(identity(1)),
        request: canonicalText(endpoint, request),
        reason,
        message: 'no',
      },
    ],
  ]);

describe('the calls that a recording needs', () => {
  const [update, layout] = [call('update', '1'), call('updateLayout', '#111111')];

  it('are those of its plan, without what was refused just so', () => {
    const plan = planOf([update, layout]);
    expect(callsOf(watched({ plan }), plan)).toEqual([update, layout]);
    expect(callsOf(watched({ plan, refused: refusal(update, 'Refused') }), plan)).toEqual([layout]);
    const other = planOf([call('update', '2'), layout]);
    expect(callsOf(watched({ plan: other, refused: refusal(update, 'Refused') }), other)).toHaveLength(2);
  });

  it('are none where its credentials cannot be had, unless these would only be renewed', () => {
    const plan = planOf([update, layout]);
    expect(callsOf(watched({ plan, refused: refusal(update, NO_CREDENTIALS) }), plan)).toEqual([]);
    const renewal = planOf([call('update', '1', 'credentials-expiring'), layout]);
    expect(callsOf(watched({ plan: renewal, refused: refusal(update, NO_CREDENTIALS) }), renewal)).toEqual([
      layout,
    ]);
  });

  it('are what is owed besides, each endpoint once', () => {
    const plan = planOf([layout]);
    const owing = watched({ plan, owed: new Set(['update', 'updateLayout']) });
    expect(callsOf(owing, plan).map(({ endpoint, reason }) => [endpoint, reason])).toEqual([
      ['updateLayout', 'changed'],
      ['update', 'resync'],
    ]);
  });

  it('do not read the file of a recording that needs nothing', () => {
    const plan = Object.defineProperty(planOf([]), 'whole', {
      get: () => {
        throw new Error('it was read');
      },
    });
    expect(callsOf(watched({ plan }), plan)).toEqual([]);
  });
});

describe('what a plan means for the condition', () => {
  const layout = call('updateLayout', '#111111');
  const renewal = call('update', '1', 'credentials-expiring');
  const later = { ...call('update', '1', 'outcome-unknown'), notBefore: 5_000 } as Call;
  const refused = refusal(layout, 'Refused');

  it.each([
    [[], [], {}, false, 'Ready Applied'],
    [[], [], {}, true, undefined],
    [[layout], [layout], {}, true, 'Reconciling Applying'],
    [[renewal], [renewal], {}, false, 'Reconciling RenewingCredentials'],
    [[later], [later], {}, false, 'Reconciling OutcomeUnknown'],
    [[later, layout], [later, layout], {}, false, 'Reconciling Applying'],
    // Only owed: the state is sent once more.
    [[], [layout], {}, false, undefined],
    [[layout], [], { refused }, false, 'Stalled Refused'],
    [[], [], { refused }, false, 'Ready Applied'],
  ] as const)(
    'is told by its calls and those to be sent (%#)',
    (planned, calls, extra, isSending, expected) => {
      const standing = standingOf(extra, { calls: planned, notes: [] }, calls, isSending);
      expect(standing && `${standing[0]} ${standing[1]}`).toBe(expected);
    },
  );

  const unresolved = [{ summary: 'A is not set' }];
  it.each([
    [{ notes: ['waiting for a file'] }, 'Reconciling Waiting: waiting for a file'],
    [{ key: 'k', action: 'suspended' }, 'Ready Suspended: left alone, as its file asks'],
    [{ key: 'k', action: 'update', unresolved, ended: 1 }, 'Stalled SecretUnresolved: A is not set'],
    [
      { key: 'k', action: 'update', ended: 1 },
      'Stalled Ended: the recording has ended; it is taken up again with a new sid',
    ],
    [{ key: 'k', action: 'update' }, undefined],
  ])('is another where nothing may be sent (%#)', (plan, expected) => {
    const held = heldBack({ notes: [], unresolved: [], ...plan } as unknown as RecordingPlan);
    expect(held && `${held[0]} ${held[1]}: ${held[2]}`).toBe(expected);
  });
});

it('since when counts from the condition, not from its reason', () => {
  const one = watched();
  setCondition(one, 'Stalled', 'Refused', 'no', 5);
  setCondition(one, 'Stalled', 'Invalid', 'broken', 7);
  expect(one.condition).toEqual({ type: 'Stalled', reason: 'Invalid', message: 'broken', since: 5 });
  setCondition(one, 'Ready', 'Applied', 'as its file says', 9);
  expect(one.condition.since).toBe(9);
});
