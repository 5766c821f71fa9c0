import { describe, expect, test } from 'vitest';
import { FakeClock, type Got, http, type Json, simulator } from './support.ts';

/*
 * The requests that Agora's own client libraries send (agora-rest-client-go and agora-rest-client-nodejs): their
 * headers, their URLs, and their bodies with the fields that their types always or never write.
 */

const GO = {
  'user-agent': 'agora-rest-client-go/0.3.0',
  'content-type': 'application/json;charset=utf-8',
};
const NODE = {
  accept: 'application/json',
  date: 'Thu, 01 Jan 2026 00:00:00 GMT',
  'user-agent': 'agora-rest-client-nodejs/0.1.0',
  'content-type': 'application/json',
};
const STORAGE = { vendor: 2, region: 3, bucket: 'b', accessKey: 'AK', secretKey: 'SK' };

const OPTIONAL_RECORDING = {
  channelType: 1,
  streamTypes: 2,
  maxIdleTime: 30,
  audioProfile: 2,
  transcodingConfig: { width: 640, height: 480, fps: 15, bitrate: 800, backgroundColor: '#000000' },
  subscribeAudioUids: ['#allstream#'],
  subscribeVideoUids: ['#allstream#'],
  subscribeUidGroup: 0,
};

interface Script {
  headers: Record<string, string>;
  mode: 'individual' | 'mix' | 'web';
  acquire: Json;
  start: Json;
  updates: [endpoint: string, clientRequest: Json][];
  stop: Json;
}

/** Runs the calls of a client one after the other and gives their answers. */
async function run(script: Script): Promise<Record<string, Got[]>> {
  const at = await simulator({ recordings: [], rate: 10 });
  const base = `${at.url}/v1/apps/0f1e2d3c/cloud_recording`;
  const answers: Record<string, Got[]> = {};
  const send = async (endpoint: string, path: string, clientRequest?: Json) => {
    const body = { cname: 'room', uid: '527841', clientRequest };
    const method = clientRequest === undefined ? 'GET' : 'POST';
    const sent = { method, headers: script.headers, ...(clientRequest !== undefined && { body }) };
    const answer = await http(`${base}${path}`, sent);
    answers[endpoint] = [...(answers[endpoint] ?? []), answer];
    return answer;
  };
  const { json: resource } = await send('acquire', '/acquire', script.acquire);
  const at2 = `/resourceid/${resource.resourceId}`;
  const { json: started } = await send('start', `${at2}/mode/${script.mode}/start`, script.start);
  const call = (endpoint: string, request?: Json) =>
    send(endpoint, `${at2}/sid/${started.sid}/mode/${script.mode}/${endpoint}`, request);
  await call('query');
  for (const [endpoint, request] of script.updates) await call(endpoint, request);
  await call('stop', script.stop);
  return answers;
}

function expectIds(answers: Record<string, Got[]>): void {
  for (const [endpoint, each] of Object.entries(answers)) {
    for (const answer of each) {
      expect(answer.status, `${endpoint}: ${answer.text}`).toBe(200);
      expect(answer.json).toMatchObject({ cname: 'room', uid: '527841', resourceId: expect.any(String) });
      if (endpoint !== 'acquire') expect(answer.json.sid).toMatch(/^[0-9a-f]{32}$/);
    }
  }
}

const ALL = {
  streamSubscribe: {
    audioUidList: { subscribeAudioUids: ['#allstream#'] },
    videoUidList: { subscribeVideoUids: ['#allstream#'] },
  },
};

describe("Agora's client libraries run their calls", () => {
  test.each([['Go', GO] as const, ['Node', NODE] as const])(
    '%s, composite recording',
    async (_name, headers) => {
      const answers = await run({
        headers,
        mode: 'mix',
        acquire: headers === GO ? { scene: 0, resourceExpiredHour: 24 } : { resourceExpiredHour: 1 },
        start: {
          token: 'token',
          recordingConfig: OPTIONAL_RECORDING,
          recordingFileConfig: { avFileType: ['hls'] },
          storageConfig: STORAGE,
        },
        updates: [
          ['update', ALL],
          ['updateLayout', { mixedVideoLayout: 1, backgroundColor: '#FF0000' }],
          [
            'updateLayout',
            {
              mixedVideoLayout: 3,
              // The Go library writes every field of a region, an unset UID as an empty string.
              layoutConfig: [
                { uid: '', x_axis: 0.1, y_axis: 0.2, width: 0.9, height: 0.8, alpha: 1, render_mode: 0 },
              ],
            },
          ],
        ],
        stop: { async_stop: false },
      });
      expectIds(answers);
      // Both libraries choose the type of the answer by fileListMode; for HLS alone the list is a string.
      expect(answers.query?.[0]?.json.serverResponse).toMatchObject({
        status: 5,
        fileListMode: 'string',
        fileList: expect.stringContaining('.m3u8'),
        sliceStartTime: new FakeClock().now(),
      });
      expect(answers.stop?.[0]?.json.serverResponse).toMatchObject({ uploadingStatus: 'uploaded' });
    },
  );

  test('composite recording as HLS and MP4 lists files as JSON', async () => {
    const answers = await run({
      headers: GO,
      mode: 'mix',
      acquire: { scene: 0 },
      start: { storageConfig: STORAGE, recordingFileConfig: { avFileType: ['hls', 'mp4'] } },
      updates: [],
      stop: { async_stop: true },
    });
    expectIds(answers);
    const { fileListMode, fileList } = answers.query?.[0]?.json.serverResponse ?? {};
    expect(fileListMode).toBe('json');
    expect(fileList).toHaveLength(2);
    expect(fileList[0]).toMatchObject({ trackType: 'audio_and_video', uid: '0', mixedAllUser: true });
  });

  test('individual recording', async () => {
    const answers = await run({
      headers: NODE,
      mode: 'individual',
      acquire: { scene: 0, excludeResourceIds: [], regionAffinity: 0 },
      start: {
        token: 'token',
        recordingConfig: { ...OPTIONAL_RECORDING, transcodingConfig: undefined },
        snapshotConfig: { captureInterval: 5, fileType: ['jpg'] },
        recordingFileConfig: { avFileType: ['hls'] },
        storageConfig: { ...STORAGE, extensionParams: { sse: '', tag: '' } },
      },
      updates: [['update', ALL]],
      stop: { async_stop: true },
    });
    expectIds(answers);
    expect(answers.query?.[0]?.json.serverResponse.fileListMode).toBe('json');
  });

  test('web page recording with a stream to a CDN', async () => {
    const service = (serviceName: string, serviceParam: Json) => ({
      serviceName,
      errorHandlePolicy: 'error_abort',
      serviceParam,
    });
    const web = {
      url: 'https://example.com/',
      VideoBitrate: 2000,
      audioProfile: 2,
      videoWidth: 1280,
      videoHeight: 720,
      maxRecordingHour: 1,
      onhold: false,
      readyTimeout: 0,
    };
    const outputs = [{ rtmpUrl: 'rtmp://yyy.yyy.yyy.yyy:1935/live/test' }];
    const answers = await run({
      headers: GO,
      mode: 'web',
      acquire: { scene: 1, resourceExpiredHour: 24 },
      start: {
        recordingFileConfig: { avFileType: ['hls', 'mp4'] },
        storageConfig: STORAGE,
        extensionServiceConfig: {
          errorHandlePolicy: 'error_abort',
          extensionServices: [
            service('web_recorder_service', web),
            service('rtmp_publish_service', { outputs }),
          ],
        },
      },
      updates: [['update', { webRecordingConfig: { onhold: false }, rtmpPublishConfig: { outputs } }]],
      stop: { async_stop: false },
    });
    expectIds(answers);
    expect(answers.query?.[0]?.json.serverResponse.extensionServiceState).toMatchObject([
      { serviceName: 'web_recorder_service', payload: { onhold: false, fileList: expect.any(Array) } },
      { serviceName: 'rtmp_publish_service', payload: { outputs: [{ status: 'publishing' }] } },
    ]);
  });
});

describe('acquire and start', () => {
  const acquire = async (url: string, clientRequest: Json = {}) =>
    http(`${url}/v1/apps/a/cloud_recording/acquire`, {
      method: 'POST',
      body: { cname: 'room', uid: '1', clientRequest },
    });
  const start = async (url: string, resourceId: string, more: Json = {}, mode = 'mix') =>
    http(`${url}/v1/apps/a/cloud_recording/resourceid/${resourceId}/mode/${mode}/start`, {
      method: 'POST',
      body: { cname: 'room', uid: '1', clientRequest: { storageConfig: STORAGE }, ...more },
    });

  test('a resource starts one recording, for the channel and user that acquired it', async () => {
    const at = await simulator();
    const { resourceId } = (await acquire(at.url)).json;
    expect((await start(at.url, 'unknown')).json.code).toBe(432);
    expect((await start(at.url, resourceId, { uid: '2' })).json.code).toBe(432);
    expect((await start(at.url, resourceId, {}, 'web')).json.reason).toContain('scene');
    expect((await start(at.url, resourceId, { clientRequest: {} })).json.reason).toContain('storageConfig');
    expect((await start(at.url, resourceId)).status).toBe(200);
    expect((await start(at.url, resourceId)).json.code).toBe(7);
  });

  test('a resource expires after five minutes', async () => {
    const clock = new FakeClock();
    const at = await simulator({ clock });
    const first = (await acquire(at.url)).json.resourceId;
    const second = (await acquire(at.url)).json.resourceId;
    clock.advance(300_000);
    expect((await start(at.url, first)).status).toBe(200);
    clock.advance(1);
    expect((await start(at.url, second)).status).toBe(433);
  });

  test('what acquire does not take', async () => {
    const at = await simulator();
    const refused = (await acquire(at.url, { resourceExpiredHour: 721 })).json;
    expect(refused).toMatchObject({ code: 2, reason: expect.stringContaining('resourceExpiredHour') });
  });

  test('the state begins with what start asked for', async () => {
    const at = await simulator({ recordings: [] });
    const { resourceId } = (await acquire(at.url)).json;
    const recordingConfig = {
      streamTypes: 1,
      unSubscribeVideoUids: ['9'],
      transcodingConfig: { width: 640, mixedVideoLayout: 2, maxResolutionUid: '4' },
    };
    await start(at.url, resourceId, { clientRequest: { storageConfig: STORAGE, recordingConfig } });
    const [recording] = (await http(`${at.url}/_sim/recordings`)).json;
    expect(recording).toMatchObject({
      streamTypes: 1,
      subscriptions: { videoUidList: { unSubscribeVideoUids: ['9'] } },
      layout: { mixedVideoLayout: 2, maxResolutionUid: '4', backgroundColor: '#000000' },
      storage: { bucket: 'b', secretKey: '(sensitive)' },
    });
  });
});
