import { describe, expect, it } from 'vitest';
import { body, desiredRequests, isSealed, mapSealed, wireRequest } from '../../src/agora/requests.ts';
import type { BlockName, Blocks, Sealed } from '../../src/model/recording.ts';
import { identity } from '../support/engine.ts';

const secret = (name: string): Sealed => ({
  sealed: `hmac-sha256:${name}`,
  reference: `env:${name}`,
  shown: '(sensitive)',
});
const of = (blocks: Blocks, managed: BlockName[], streamTypes?: 0 | 1 | 2) =>
  desiredRequests(
    { ...identity(1), ...(streamTypes === undefined ? {} : { streamTypes }) },
    blocks,
    new Set(managed),
  );

describe('the whole desired state', () => {
  it('is nothing where nothing is managed', () => {
    expect(of({}, [])).toEqual({});
  });

  it('puts every block where its endpoint carries it', () => {
    const storage = { vendor: 1, bucket: 'b', accessKey: secret('A'), secretKey: secret('S') };
    const rtmp = { outputs: [{ rtmpUrl: secret('U') }] };
    const requests = of({ onhold: true, rtmp, storage, layout: { mixedVideoLayout: 1 } }, [
      'onhold',
      'rtmp',
      'storage',
      'layout',
    ]);
    expect(requests).toEqual({
      update: { webRecordingConfig: { onhold: true }, rtmpPublishConfig: rtmp, storageConfig: storage },
      updateLayout: { mixedVideoLayout: 1, backgroundColor: '#000000' },
    });
  });

  it('a block that is managed and no longer set goes to its default', () => {
    expect(of({}, ['subscriptions', 'layout', 'onhold'])).toEqual({
      update: {
        streamSubscribe: {
          audioUidList: { subscribeAudioUids: ['#allstream#'] },
          videoUidList: { subscribeVideoUids: ['#allstream#'] },
        },
        webRecordingConfig: { onhold: false },
      },
      updateLayout: { mixedVideoLayout: 0, backgroundColor: '#000000' },
    });
    expect(of({}, ['subscriptions'], 0).update?.streamSubscribe).not.toHaveProperty('videoUidList');
  });

  it('a block without a default is left out when it is no longer set', () => {
    expect(of({}, ['rtmp', 'storage'])).toEqual({});
  });

  it('onhold: false is set, not absent', () => {
    expect(of({ onhold: false }, ['onhold']).update).toEqual({ webRecordingConfig: { onhold: false } });
  });
});

describe('a request on the wire', () => {
  const lists = {
    streamSubscribe: {
      audioUidList: { unSubscribeAudioUids: ['1'] },
      videoUidList: { unSubscribeVideoUids: ['2'], subscribeVideoUids: undefined },
    },
  };

  it('spells the unsubscribe lists with the capital S unless told otherwise', () => {
    const wire = (spelling?: 'unsubscribe') =>
      JSON.stringify(wireRequest('update', lists, () => '', spelling));
    expect(wire()).toContain('"unSubscribeAudioUids":["1"]');
    expect(wire('unsubscribe')).toBe(
      '{"streamSubscribe":{"audioUidList":{"unsubscribeAudioUids":["1"]},"videoUidList":{"unsubscribeVideoUids":["2"]}}}',
    );
  });

  it('holds secrets as they are told, and changes nothing of what it was made from', () => {
    const request = {
      rtmpPublishConfig: { outputs: [{ rtmpUrl: secret('U') }] },
      storageConfig: { vendor: 1, bucket: 'b', accessKey: secret('A'), secretKey: secret('S') },
    };
    const before = structuredClone(request);
    const wire = wireRequest('update', request, ({ reference }) => `<${reference}>`);
    expect(wire).toEqual({
      rtmpPublishConfig: { outputs: [{ rtmpUrl: '<env:U>' }] },
      storageConfig: { vendor: 1, bucket: 'b', accessKey: '<env:A>', secretKey: '<env:S>' },
    });
    expect(request).toEqual(before);
  });

  it('a program for the credentials never goes out', () => {
    const request = {
      storageConfig: { vendor: 1, bucket: 'b', credentials: secret('C'), accessKey: secret('A') },
    };
    expect(wireRequest('update', request, () => 'x')).toEqual({
      storageConfig: { vendor: 1, bucket: 'b', accessKey: 'x' },
    });
  });

  it("is wrapped with the recording client's name and channel", () => {
    expect(body(identity(7), { a: 1 })).toEqual({
      cname: 'channel-7',
      uid: '527841',
      clientRequest: { a: 1 },
    });
  });
});

describe('sealed values', () => {
  it('are known by their form', () => {
    expect(isSealed(secret('A'))).toBe(true);
    expect(isSealed({ sealed: null, reference: 'env:A', shown: '' })).toBe(true);
    for (const other of [null, undefined, 'x', 5, [], {}, { sealed: 'x' }, { reference: 'x' }])
      expect(isSealed(other)).toBe(false);
  });

  it('are replaced at any depth, everything else stays', () => {
    const value = { a: [secret('A'), { b: secret('B'), c: null, d: false, e: 'x' }], f: 5 };
    expect(mapSealed(value, ({ reference }) => reference)).toEqual({
      a: ['env:A', { b: 'env:B', c: null, d: false, e: 'x' }],
      f: 5,
    });
  });
});
