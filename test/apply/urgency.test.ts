import { describe, expect, it } from 'vitest';
import { OBSERVATION, URGENCY, urgencyOf } from '../../src/apply/urgency.ts';
import type { Call, CallReason } from '../../src/model/plan.ts';

const EVERYTHING = {
  streamSubscribe: {},
  webRecordingConfig: { onhold: true },
  rtmpPublishConfig: { outputs: [] },
  storageConfig: { vendor: 1, bucket: 'b' },
};

function call(paths: string[], reason: CallReason = 'changed', request: object = EVERYTHING): Call {
  const changes = paths.map((path) => ({
    path,
    before: null,
    after: null,
    reason: 'changed',
    subject: path,
  }));
  return { endpoint: 'update', reason, changes, request } as Call;
}

describe('the urgency of a call', () => {
  it('is that of what it changes', () => {
    expect(urgencyOf(call(['/onhold']))).toBe(URGENCY.onhold);
    expect(urgencyOf(call(['/rtmp/outputs/0/rtmpUrl']))).toBe(URGENCY.rtmp);
    expect(urgencyOf(call(['/subscriptions/audioUidList']))).toBe(URGENCY.subscriptions);
    expect(urgencyOf(call(['/layout/layoutConfig/0/width']))).toBe(URGENCY.layout);
    expect(urgencyOf(call(['/storage/bucket']))).toBe(URGENCY.storage);
  });

  it('is that of the most urgent of several', () => {
    expect(urgencyOf(call(['/storage/bucket', '/onhold', '/subscriptions']))).toBe(URGENCY.onhold);
    expect(urgencyOf(call(['/storage/bucket', '/subscriptions']))).toBe(URGENCY.subscriptions);
  });

  it('is that of everything it holds where it is not known what is in force', () => {
    expect(urgencyOf(call([], 'outcome-unknown'))).toBe(URGENCY.onhold);
    expect(urgencyOf(call([], 'outcome-unknown', { storageConfig: {} }))).toBe(URGENCY.storage);
    const layout = { ...call([], 'outcome-unknown'), endpoint: 'updateLayout', request: {} } as Call;
    expect(urgencyOf(layout)).toBe(URGENCY.layout);
  });

  it('is that of its reason where nothing has changed', () => {
    expect(urgencyOf(call(['/onhold'], 'resync'))).toBe(URGENCY.resync);
    expect(urgencyOf(call(['/storage/stsToken'], 'credentials-expiring'))).toBe(URGENCY.credentials);
  });

  it('of what holds a show up comes first, looking around comes last', () => {
    const { onhold, credentials, rtmp, subscriptions, layout, storage, resync } = URGENCY;
    const order = [onhold, credentials, rtmp, subscriptions, layout, storage, resync, OBSERVATION];
    expect([...order].sort((a, b) => b - a)).toEqual(order);
    expect(new Set(order).size).toBe(order.length);
  });
});
