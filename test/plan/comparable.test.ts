import { describe, expect, test } from 'vitest';
import { changesOf } from '../../src/plan/changes.ts';
import { isEquivalent } from '../../src/plan/comparable.ts';

describe('what was applied by an older version', () => {
  const storageConfig = { vendor: 5, bucket: 'b' };
  const now = { storageConfig: { ...storageConfig, region: 0 } };

  test('to a vendor without regions is the same without region as with 0', () => {
    expect(isEquivalent('update', { storageConfig }, now)).toBe(true);
    expect(changesOf('update', { storageConfig }, now, {})).toEqual([]);
  });

  test('with another number is a change', () => {
    expect(isEquivalent('update', { storageConfig: { ...storageConfig, region: 3 } }, now)).toBe(false);
  });
});

test('each spelling of a list is another list to the service', () => {
  const lists = (name: string) => ({ streamSubscribe: { audioUidList: { [name]: ['1'] } } });
  const [capital, small] = [lists('unSubscribeAudioUids'), lists('unsubscribeAudioUids')];
  expect(isEquivalent('update', capital, small)).toBe(false);
  expect(changesOf('update', capital, small, { subscriptions: small.streamSubscribe })).toMatchObject([
    {
      path: '/subscriptions/audioUidList/unSubscribeAudioUids',
      before: ['1'],
      after: null,
      reason: 'changed',
    },
    {
      path: '/subscriptions/audioUidList/unsubscribeAudioUids',
      before: null,
      after: ['1'],
      reason: 'changed',
    },
  ]);
});
