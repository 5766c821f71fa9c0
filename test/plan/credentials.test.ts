import { describe, expect, it } from 'vitest';
import type { Call, KnownEndpoint } from '../../src/model/plan.ts';
import type { Storage, UpdateRequest } from '../../src/model/recording.ts';
import { planToken } from '../../src/plan/credentials.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600;
const at = {
  range: { filename: 'a.yaml', start: { line: 9, column: 3 }, end: { line: 9, column: 9 } },
};

const storageOf = (left: number, bucket = 'b'): Storage => ({
  ...{ vendor: 1, region: 0, bucket },
  stsToken: { sealed: 'hmac-sha256:1', reference: 'env:STS', shown: '(sensitive)' },
  stsExpiration: NOW / 1000 + left,
});
const lists = { streamSubscribe: { audioUidList: { subscribeAudioUids: ['5'] } } };

/** @param applied what the service has, as far as it is known */
function planned(
  update: UpdateRequest,
  applied: UpdateRequest[],
  unknown: UpdateRequest[] = [],
  reason = 'changed',
) {
  const remembered = (request: UpdateRequest) => ({ request, at: 0, seq: 1 });
  const [first] = applied;
  const known: KnownEndpoint<UpdateRequest> = {
    ...(first ? { applied: remembered(first) } : {}),
    unknown: unknown.map(remembered),
  };
  const call = { endpoint: 'update', reason, changes: [], request: update } as Call;
  return planToken({ unresolved: [], credentialsAt: at }, [call], update, known, NOW);
}

describe('a token of the file', () => {
  const applied = (left: number) => [{ storageConfig: storageOf(left) }];

  it('that lives long enough goes with the rest', () => {
    const plan = planned({ ...lists, storageConfig: storageOf(4 * HOUR) }, applied(4 * HOUR));
    expect(plan.calls[0]).not.toHaveProperty('keeps');
    expect([plan.notes, plan.unresolved, plan.warnings]).toEqual([[], [], []]);
  });

  it.each([
    ['has expired', 0, 1],
    ['will before long', 4 * HOUR - 1, 0],
  ])('that %s stays out where its storage is in force', (_, left, warnings) => {
    const plan = planned({ ...lists, storageConfig: storageOf(left) }, applied(left));
    expect(plan.calls).toMatchObject([{ keeps: ['storageConfig'], request: { storageConfig: {} } }]);
    expect([plan.notes.length, plan.unresolved, plan.warnings.length]).toEqual([1, [], warnings]);
  });

  it.each([
    ['is new', []],
    ['is another', [{ storageConfig: storageOf(-1, 'other') }]],
  ])('that has expired holds back where its storage %s', (_, before) => {
    const plan = planned({ ...lists, storageConfig: storageOf(-1) }, before);
    expect(plan.unresolved).toMatchObject([{ code: 'sts-expired', severity: 'warning', ...at }]);
    expect(plan.calls[0]).not.toHaveProperty('keeps');
  });

  it('that has expired holds back where another storage may have taken effect', () => {
    const other = [{ storageConfig: storageOf(-1, 'other') }];
    expect(planned({ ...lists, storageConfig: storageOf(-1) }, applied(-1), other).unresolved).toHaveLength(
      1,
    );
    expect(planned({ ...lists, storageConfig: storageOf(-1) }, applied(-1), applied(-1)).unresolved).toEqual(
      [],
    );
  });

  it('that has expired leaves no call where there is nothing else to send', () => {
    const plan = planned({ storageConfig: storageOf(-1) }, applied(-1));
    expect([plan.calls, plan.unresolved, plan.warnings.length]).toEqual([[], [], 1]);
    const owed = planned({ storageConfig: storageOf(-1) }, applied(-1), applied(-1), 'outcome-unknown');
    expect([owed.calls.length, owed.unresolved.length]).toEqual([1, 1]);
  });

  it('that will expire before long is tried where its storage is new', () => {
    const plan = planned({ ...lists, storageConfig: storageOf(HOUR) }, []);
    expect([plan.calls.length, plan.unresolved, plan.keeps]).toEqual([1, [], undefined]);
  });
});
