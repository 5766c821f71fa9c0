import { describe, expect, test } from 'vitest';
import {
  call,
  callUrl,
  control,
  FakeClock,
  http,
  INDIVIDUAL,
  type Json,
  look,
  MIX,
  simulator,
  WEB,
} from './support.ts';

const S3 = { vendor: 1, region: 8, bucket: 'b', accessKey: 'AK', secretKey: 'SK' };
const REGION = { uid: '1', x_axis: 0.1, y_axis: 0.1, width: 0.1, height: 0.1 };

describe('update and updateLayout override', () => {
  test('a red background turns black when the next layout does not name it', async () => {
    const at = await simulator();
    await call(at, 'updateLayout', MIX, { mixedVideoLayout: 1, backgroundColor: '#FF0000' });
    expect((await look(at, MIX)).layout).toEqual({ mixedVideoLayout: 1, backgroundColor: '#FF0000' });
    const answer = await call(at, 'updateLayout', MIX, { maxResolutionUid: '7', mixedVideoLayout: 2 });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.json).toEqual({
      cname: MIX.cname,
      uid: MIX.uid,
      resourceId: MIX.resourceId,
      sid: MIX.sid,
    });
    expect((await look(at, MIX)).layout).toEqual({
      mixedVideoLayout: 2,
      backgroundColor: '#000000',
      maxResolutionUid: '7',
    });
  });

  test('regions are completed to their defaults', async () => {
    const at = await simulator();
    const layoutConfig = [REGION, { ...REGION, uid: '', alpha: 0.5, render_mode: 1 }];
    await call(at, 'updateLayout', MIX, { mixedVideoLayout: 3, layoutConfig });
    const { uid: _none, ...anyone } = REGION;
    expect((await look(at, MIX)).layout.layoutConfig).toEqual([
      { ...REGION, alpha: 1, render_mode: 0 },
      { ...anyone, alpha: 0.5, render_mode: 1 },
    ]);
  });

  test('subscription lists are replaced whole, and only where streamSubscribe is sent', async () => {
    const at = await simulator();
    const both = {
      audioUidList: { subscribeAudioUids: ['#allstream#'] },
      videoUidList: { unSubscribeVideoUids: ['444', '555'] },
    };
    expect((await look(at, MIX)).subscriptions).toBeNull();
    await call(at, 'update', MIX, { streamSubscribe: both });
    expect((await look(at, MIX)).subscriptions).toEqual(both);
    await call(at, 'update', MIX, { storageConfig: S3 });
    expect((await look(at, MIX)).subscriptions).toEqual(both);
    const video = { videoUidList: { subscribeVideoUids: ['1'] } };
    await call(at, 'update', MIX, { streamSubscribe: video });
    expect((await look(at, MIX)).subscriptions).toEqual(video);
    await call(at, 'update', MIX, { streamSubscribe: {} });
    expect((await look(at, MIX)).subscriptions).toBeNull();
  });

  test('onhold, rtmp and storage stay where they are not sent', async () => {
    const at = await simulator();
    const rtmpPublishConfig = { outputs: [{ rtmpUrl: 'rtmp://cdn.example.com/live/key' }] };
    await call(at, 'update', WEB, { webRecordingConfig: { onhold: true }, rtmpPublishConfig });
    await call(at, 'update', WEB, { storageConfig: S3 });
    expect(await look(at, WEB)).toMatchObject({
      onhold: true,
      rtmpSet: true,
      storageSet: true,
      layout: null,
    });
    await call(at, 'update', WEB, { webRecordingConfig: {} });
    expect(await look(at, WEB)).toMatchObject({ onhold: false, updates: { update: 3, updateLayout: 0 } });
  });

  test('a refused call changes nothing, also where its other half is right', async () => {
    const at = await simulator();
    const answer = await call(at, 'update', WEB, {
      webRecordingConfig: { onhold: true },
      rtmpPublishConfig: { outputs: [{ rtmpUrl: 'http://cdn.example.com/live' }] },
    });
    expect(answer.json.reason).toContain('rtmpPublishConfig.outputs[0].rtmpUrl');
    expect(await look(at, WEB)).toMatchObject({ onhold: false, updates: { update: 0 } });
  });
});

describe('the spelling of the unsubscribe lists', () => {
  const small = {
    audioUidList: { unsubscribeAudioUids: ['5'] },
    videoUidList: { subscribeVideoUids: ['6'] },
  };
  const capital = { audioUidList: { unSubscribeAudioUids: ['5'] } };

  test('a small s is ignored without an error', async () => {
    const at = await simulator();
    expect((await call(at, 'update', MIX, { streamSubscribe: small })).status).toBe(200);
    expect((await look(at, MIX)).subscriptions).toEqual({ videoUidList: { subscribeVideoUids: ['6'] } });
  });

  test('which one counts can be swapped', async () => {
    const at = await simulator({ unsubscribeSpelling: 'unsubscribe' });
    await call(at, 'update', MIX, { streamSubscribe: small });
    expect((await look(at, MIX)).subscriptions.audioUidList).toEqual({ unSubscribeAudioUids: ['5'] });
    await call(at, 'update', MIX, { streamSubscribe: capital });
    expect((await look(at, MIX)).subscriptions).toBeNull();
  });
});

function uids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index + 1));
}

function audio(list: unknown): Json {
  return { streamSubscribe: { audioUidList: { subscribeAudioUids: list } } };
}

function custom(...layoutConfig: unknown[]): Json {
  return { mixedVideoLayout: 3, layoutConfig };
}

function storage(fields: object): Json {
  return { storageConfig: { ...S3, ...fields } };
}

/** Unix seconds of the fake clock, plus hours. */
function hoursAhead(hours: number): number {
  return new FakeClock().now() / 1000 + hours * 3600;
}

const STS = { stsToken: 'token', stsExpiration: hoursAhead(5) };

describe('what is taken', () => {
  test.each<[string, 'update' | 'updateLayout', typeof MIX, Json]>([
    ['32 UIDs', 'update', INDIVIDUAL, audio(uids(32))],
    ['all streams', 'update', MIX, audio(['#allstream#'])],
    ['an empty request', 'update', MIX, {}],
    ['17 regions', 'updateLayout', MIX, custom(...uids(17).map((uid) => ({ ...REGION, uid })))],
    ['a region to the edge', 'updateLayout', MIX, custom({ x_axis: 0.7, y_axis: 0, width: 0.3, height: 1 })],
    ['a small colour', 'updateLayout', MIX, { backgroundColor: '#ff00aa' }],
    ['S3 28', 'update', MIX, storage({ region: 28 })],
    ['Azure without region', 'update', MIX, { storageConfig: { ...S3, vendor: 5, region: undefined } }],
    [
      'S3-compatible',
      'update',
      MIX,
      storage({ vendor: 11, region: 0, extensionParams: { endpoint: 'e.com' } }),
    ],
    ['an STS token', 'update', MIX, storage(STS)],
    ['a prefix of 128', 'update', MIX, storage({ fileNamePrefix: ['a'.repeat(63), 'b'.repeat(63)] })],
    ['no outputs', 'update', WEB, { rtmpPublishConfig: { outputs: [] } }],
    ['rtmps', 'update', WEB, { rtmpPublishConfig: { outputs: [{ rtmpUrl: 'rtmps://host/a/b' }] } }],
  ])('%s', async (_what, endpoint, recording, clientRequest) => {
    const at = await simulator();
    expect((await call(at, endpoint, recording, clientRequest)).json).not.toHaveProperty('reason');
  });
});

describe('what is refused, and the field that the reason names', () => {
  const cases: [string, 'update' | 'updateLayout', typeof MIX, Json, string][] = [
    ['33 UIDs', 'update', MIX, audio(uids(33)), 'subscribeAudioUids must hold at most 32'],
    ['no UIDs', 'update', MIX, audio([]), 'subscribeAudioUids must not be empty'],
    ['a UID as a number', 'update', MIX, audio([5]), 'subscribeAudioUids[0] must be a string'],
    ['UID 0', 'update', MIX, audio(['0']), 'subscribeAudioUids[0]'],
    ['a UID of 33 bits', 'update', MIX, audio(['4294967296']), 'subscribeAudioUids[0]'],
    ['all streams and one', 'update', MIX, audio(['#allstream#', '5']), '#allstream# alone'],
    [
      'both lists',
      'update',
      MIX,
      {
        streamSubscribe: { videoUidList: { subscribeVideoUids: ['1'], unSubscribeVideoUids: ['2'] } },
      },
      'videoUidList: subscribeVideoUids and unSubscribeVideoUids',
    ],
    ['an unknown list', 'update', MIX, { streamSubscribe: { audioUids: {} } }, 'streamSubscribe.audioUids'],
    ['an unknown section', 'update', MIX, { streamsubscribe: {} }, 'clientRequest.streamsubscribe'],
    ['null', 'update', MIX, { streamSubscribe: null }, 'streamSubscribe must be an object'],
    ['__proto__', 'update', MIX, JSON.parse('{"__proto__":{}}'), '__proto__'],
    [
      'onhold in mix',
      'update',
      MIX,
      { webRecordingConfig: { onhold: true } },
      'webRecordingConfig is not for mode mix',
    ],
    [
      'rtmp in individual',
      'update',
      INDIVIDUAL,
      { rtmpPublishConfig: { outputs: [] } },
      'rtmpPublishConfig is not',
    ],
    ['lists in web', 'update', WEB, audio(['1']), 'streamSubscribe is not for mode web'],
    [
      'onhold as text',
      'update',
      WEB,
      { webRecordingConfig: { onhold: 'true' } },
      'webRecordingConfig.onhold',
    ],
    [
      'rtmp over http',
      'update',
      WEB,
      { rtmpPublishConfig: { outputs: [{ rtmpUrl: 'http://h' }] } },
      'rtmpUrl',
    ],
    [
      'rtmp as text',
      'update',
      WEB,
      { rtmpPublishConfig: { outputs: ['rtmp://h'] } },
      'outputs[0] must be an object',
    ],
    ['a layout for individual', 'updateLayout', INDIVIDUAL, {}, 'updateLayout is not for mode individual'],
    [
      'a layout by name',
      'updateLayout',
      MIX,
      { mixedVideoLayout: 'custom' },
      'mixedVideoLayout must be a number',
    ],
    ['layout 4', 'updateLayout', MIX, { mixedVideoLayout: 4 }, 'mixedVideoLayout'],
    ['custom without regions', 'updateLayout', MIX, { mixedVideoLayout: 3 }, 'layoutConfig is missing'],
    ['custom with no regions', 'updateLayout', MIX, custom(), 'layoutConfig must not be empty'],
    ['regions without custom', 'updateLayout', MIX, { layoutConfig: [REGION] }, 'layoutConfig is only for'],
    [
      'a large window in floating',
      'updateLayout',
      MIX,
      { maxResolutionUid: '1' },
      'maxResolutionUid is only for',
    ],
    [
      '18 regions',
      'updateLayout',
      MIX,
      custom(...Array(18).fill(REGION)),
      'layoutConfig must hold at most 17',
    ],
    [
      'off the right edge',
      'updateLayout',
      MIX,
      custom({ ...REGION, x_axis: 0.95 }),
      'layoutConfig[0]: x_axis + width',
    ],
    [
      'off the lower edge',
      'updateLayout',
      MIX,
      custom({ ...REGION, height: 0.95 }),
      'layoutConfig[0]: y_axis + height',
    ],
    [
      'a negative coordinate',
      'updateLayout',
      MIX,
      custom({ ...REGION, y_axis: -0.1 }),
      'layoutConfig[0].y_axis',
    ],
    [
      'a width as text',
      'updateLayout',
      MIX,
      custom({ ...REGION, width: '0.1' }),
      'layoutConfig[0].width must be a number',
    ],
    [
      'no height',
      'updateLayout',
      MIX,
      custom({ ...REGION, height: undefined }),
      'layoutConfig[0].height is missing',
    ],
    ['a mistyped field', 'updateLayout', MIX, custom({ ...REGION, xaxis: 0 }), 'layoutConfig[0].xaxis'],
    ['alpha 2', 'updateLayout', MIX, custom({ ...REGION, alpha: 2 }), 'layoutConfig[0].alpha'],
    [
      'fit by name',
      'updateLayout',
      MIX,
      custom({ ...REGION, render_mode: 'fit' }),
      'layoutConfig[0].render_mode',
    ],
    ['a colour by name', 'updateLayout', MIX, { backgroundColor: 'red' }, 'backgroundColor'],
    ['a file as image', 'updateLayout', MIX, { backgroundImage: 'file:///a.jpg' }, 'backgroundImage'],
    [
      'no uid',
      'updateLayout',
      MIX,
      { backgroundConfig: [{ image_url: 'http://h/a.jpg' }] },
      'backgroundConfig[0].uid',
    ],
    ['vendor by name', 'update', MIX, storage({ vendor: 's3' }), 'storageConfig.vendor must be a number'],
    ['vendor 9', 'update', MIX, storage({ vendor: 9 }), 'storageConfig.vendor'],
    ['S3 27', 'update', MIX, storage({ region: 27 }), 'storageConfig.region'],
    ['no secret key', 'update', MIX, storage({ secretKey: undefined }), 'storageConfig.secretKey is missing'],
    ['an unknown field', 'update', MIX, storage({ path: 'a' }), 'storageConfig.path'],
    ['an underscore', 'update', MIX, storage({ fileNamePrefix: ['a_b'] }), 'fileNamePrefix[0]'],
    [
      'a long prefix',
      'update',
      MIX,
      storage({ fileNamePrefix: ['a'.repeat(64), 'b'.repeat(63)] }),
      'fileNamePrefix',
    ],
    ['a token for Google', 'update', MIX, storage({ vendor: 6, ...STS }), 'stsToken is only for'],
    ['a token without its end', 'update', MIX, storage({ stsToken: 't' }), 'stsExpiration is missing'],
    ['a short token', 'update', MIX, storage({ ...STS, stsExpiration: hoursAhead(3.9) }), 'stsExpiration'],
    [
      'sse for Alibaba',
      'update',
      MIX,
      storage({ vendor: 2, extensionParams: { sse: 'kms' } }),
      'extensionParams.sse',
    ],
    [
      'a tag for Google',
      'update',
      MIX,
      storage({ vendor: 6, extensionParams: { tag: 't' } }),
      'extensionParams.tag',
    ],
    ['no endpoint', 'update', MIX, storage({ vendor: 11, region: 0 }), 'extensionParams is missing'],
  ];

  test.each(cases)('%s', async (_what, endpoint, recording, clientRequest, reason) => {
    const at = await simulator();
    const before = await look(at, recording, true);
    const answer = await call(at, endpoint, recording, clientRequest);
    expect(answer.status).toBe(400);
    expect(answer.json.code).toBe(2);
    expect(answer.json.reason).toContain(reason);
    expect(await look(at, recording, true)).toEqual(before);
  });

  test('lists against streamTypes', async () => {
    const at = await simulator({
      recordings: [
        { ...MIX, streamTypes: 1 },
        { ...INDIVIDUAL, streamTypes: 0 },
      ],
    });
    const video = { streamSubscribe: { videoUidList: { subscribeVideoUids: ['1'] } } };
    expect((await call(at, 'update', MIX, audio(['1']))).json.reason).toContain('streamTypes 1');
    expect((await call(at, 'update', MIX, video)).status).toBe(200);
    expect((await call(at, 'update', INDIVIDUAL, video)).json.reason).toContain('streamTypes 0');
    expect((await call(at, 'update', INDIVIDUAL, audio(['1']))).status).toBe(200);
  });

  test('no reason repeats a value', async () => {
    const at = await simulator();
    const answer = await call(at, 'update', MIX, storage({ accessKey: ['hush'], secretKey: 'hush' }));
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('hush');
  });
});

describe('the envelope and what is around it', () => {
  const body = { cname: MIX.cname, uid: MIX.uid, clientRequest: {} };

  test.each<[string, Json, number, string]>([
    ['another cname', { ...body, cname: 'other' }, 432, 'cname'],
    ['another uid', { ...body, uid: '1' }, 432, 'uid'],
    ['uid as a number', { ...body, uid: 527841 }, 400, 'body.uid must be a string'],
    ['uid 0', { ...body, uid: '0' }, 400, 'body.uid'],
    ['no clientRequest', { cname: MIX.cname, uid: MIX.uid }, 400, 'body.clientRequest is missing'],
    ['an unknown field', { ...body, mode: 'mix' }, 400, 'body.mode'],
    ['an array', [body], 400, 'body must be an object'],
  ])('%s', async (_what, sent, status, reason) => {
    const at = await simulator();
    const answer = await http(callUrl(at, 'update', MIX), { method: 'POST', body: sent });
    expect(answer.status).toBe(status);
    expect(answer.json.reason).toContain(reason);
  });

  test('text that is not JSON, another content type, too much', async () => {
    const at = await simulator();
    const url = callUrl(at, 'update', MIX);
    const post = { method: 'POST', body };
    expect((await http(url, { method: 'POST', raw: '{' })).json).toMatchObject({ code: 8 });
    expect((await http(url, { ...post, headers: { 'content-type': 'text/plain' } })).json.code).toBe(8);
    const raw = `"${'x'.repeat(1024 * 1024)}"`;
    expect((await http(url, { method: 'POST', raw })).status).toBe(413);
    expect((await look(at, MIX)).updates.update).toBe(0);
  });

  test('a recording that is not there, or not under that resource ID', async () => {
    const at = await simulator();
    for (const stranger of [
      { ...MIX, sid: 'x' },
      { ...MIX, resourceId: 'x' },
    ]) {
      const answer = await call(at, 'query', stranger);
      expect(answer.status).toBe(404);
      expect(answer.json).toMatchObject({ code: 404, reason: 'failed to find worker' });
    }
  });

  test('ids that do not belong together', async () => {
    const at = await simulator();
    expect((await call(at, 'query', { ...MIX, appId: 'app2' })).status).toBe(432);
    expect((await call(at, 'query', { ...MIX, mode: 'web' })).json).toMatchObject({ code: 2 });
  });

  test.each([
    ['GET', '/'],
    ['GET', '/v1/apps/app1/cloud_recording/acquire'],
    ['POST', '/v1/apps/app1/cloud_recording/resourceid/r/sid/s/mode/mix/query'],
    ['POST', '/v1/apps/app1/cloud_recording/resourceid/r/sid/s/mode/mix/updatelayout'],
    ['POST', '/v1/apps/app1/cloud_recording/resourceid/r/sid/s/mode/mixed/update'],
    ['POST', '/v1/apps/app1/cloud_recording/resourceid/r/sid/s/mode/mix/update/'],
  ])('%s %s is no route', async (method, path) => {
    const at = await simulator();
    const answer = await http(`${at.url}${path}`, { method });
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ message: 'no Route matched with those values' });
  });
});

describe('credentials', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

  test('any that are not empty where none are demanded', async () => {
    const at = await simulator();
    const got = async (headers: Record<string, string>) => call(at, 'query', MIX, {}, { headers });
    expect((await got(basic('a:b'))).status).toBe(200);
    expect((await got({ authorization: '' })).json).toEqual({ message: 'Unauthorized' });
    for (const wrong of [basic(':b'), basic('a:'), basic(':'), { authorization: 'Bearer abc' }]) {
      const answer = await got(wrong);
      expect(answer.status).toBe(401);
      expect(answer.json).toEqual({ message: 'Invalid authentication credentials' });
    }
  });

  test('exactly those that are demanded', async () => {
    const at = await simulator({ credentials: { customerId: 'id', customerSecret: 'se:cret' } });
    const got = async (text: string) => (await call(at, 'query', MIX, {}, { headers: basic(text) })).status;
    expect(await got('id:se:cret')).toBe(200);
    expect(await got('id:secret')).toBe(401);
    expect(await got('ID:se:cret')).toBe(401);
  });

  test('a call that is turned away changes nothing', async () => {
    const at = await simulator();
    await call(at, 'updateLayout', MIX, { mixedVideoLayout: 1 }, { headers: { authorization: '' } });
    expect((await look(at, MIX)).layout.mixedVideoLayout).toBe(0);
  });
});

test('query shows in web mode what is paused and where the stream goes', async () => {
  const at = await simulator();
  const outputs = [{ rtmpUrl: 'rtmp://cdn.example.com/live/key' }];
  await call(at, 'update', WEB, { rtmpPublishConfig: { outputs } });
  const services = async () => (await call(at, 'query', WEB)).json.serverResponse.extensionServiceState;
  expect((await call(at, 'query', WEB)).json.serverResponse.status).toBe(5);
  expect(await services()).toMatchObject([
    { serviceName: 'web_recorder_service', payload: { state: 'inProgress', onhold: false } },
    { serviceName: 'rtmp_publish_service', payload: { outputs: [{ ...outputs[0], status: 'publishing' }] } },
  ]);
  await call(at, 'update', WEB, { webRecordingConfig: { onhold: true } });
  expect(await services()).toMatchObject([
    { payload: { onhold: true } },
    { payload: { outputs: [{ status: 'onhold' }] } },
  ]);
});

test('an ended recording is not found, whether by stop or from outside', async () => {
  const at = await simulator();
  expect((await call(at, 'stop', MIX, { async_stop: false })).json.serverResponse).toMatchObject({
    uploadingStatus: 'uploaded',
  });
  await control(at, 'DELETE', `recordings/${WEB.sid}`);
  expect((await call(at, 'updateLayout', MIX)).status).toBe(404);
  expect((await call(at, 'query', WEB)).json.reason).toBe('failed to find worker');
  expect((await look(at, MIX)).status).toBe('ended');
});
