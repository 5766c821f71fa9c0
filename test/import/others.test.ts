import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readRecordingFile } from '../../src/desired/read.ts';
import { main } from '../../src/main.ts';
import { folder } from '../support/cli.ts';
import { runHere as run } from '../support/here.ts';
import { fakeIo } from '../support/io.ts';

/*
 * Bodies of start as other people's programs write them: what can be said is written, and all that cannot is told in
 * one run.
 */

const WHO = { appId: 'a', resourceId: 'R', sid: 'S', cname: 'c', uid: '900' };
const KEYS = { bucket: 'b', accessKey: 'the-key', secretKey: 'the-secret' };
const CONFIG = 'clientRequest.recordingConfig';

async function imported(clientRequest: unknown, ...flags: string[]) {
  const text = typeof clientRequest === 'string' ? clientRequest : JSON.stringify({ ...WHO, clientRequest });
  const cwd = await folder({ 'start.json': text });
  const ran = await run(['import', 'start.json', '--out', 'recordings/it.yaml', ...flags], { cwd });
  expect(ran.stderr).not.toMatch(/the-key|the-secret|defect/);
  const written = await readFile(join(cwd, 'recordings/it.yaml'), 'utf8').catch(() => '');
  if (written !== '') expect(await run(['validate'], { cwd })).toMatchObject({ code: 0 });
  return { code: ran.code, told: ran.stderr, file: parse(written) as Record<string, never>, cwd };
}

describe('import', () => {
  it('leaves out a vendor that it does not know, says why, and writes the rest', async () => {
    const body = {
      recordingConfig: {
        streamTypes: 2,
        transcodingConfig: { mixedVideoLayout: 1, backgroundColor: '#FFFFFF' },
      },
      storageConfig: { vendor: 0, region: 0, ...KEYS },
    };
    const all = await imported(body);
    expect(all.code).toBe(1);
    expect(all.told).toMatch(/^start\.json: clientRequest\.storageConfig\.vendor: 0 is no storage vendor/);
    expect(all.told).toContain(
      'Not in the file, because of what is wrong with it: storage. What start did stays.',
    );
    // No variable is asked for that nothing refers to.
    expect(all.told).not.toContain('Set these variables');
    expect(Object.keys(all.file)).toEqual(['name', 'recording', 'layout']);
    expect(all.file.layout).toEqual({ mixedVideoLayout: 'bestFit', backgroundColor: '#FFFFFF' });
    const only = await imported(body, '--only', 'layout,subscriptions');
    expect(only).toMatchObject({ code: 0, file: all.file });
    expect(only.told).not.toContain('storage');
    expect(await imported(body, '--only', 'layout,nothing')).toMatchObject({
      code: 64,
      told: expect.stringContaining('--only "layout,nothing": must be names of blocks'),
    });
  });

  it('takes which recording it is under the spellings that backends keep it by, and says so', async () => {
    const clientRequest = { recordingConfig: { transcodingConfig: { mixedVideoLayout: 1 } } };
    const spelt = { appid: 'a', resource_id: 'R', SID: 'S', Cname: 'c', UID: '900', Mode: 'mix' };
    for (const body of [
      { ...spelt, clientRequest },
      { ...spelt, ...clientRequest },
    ]) {
      const { code, told, file } = await imported(JSON.stringify(body));
      expect(code, told).toBe(0);
      expect(file.recording).toMatchObject({ ...WHO, mode: 'mix' });
      expect(told).toContain('appid: is taken as appId');
      expect(told).not.toContain('waiting');
    }
    // What is spelt right counts.
    const both = await imported(JSON.stringify({ ...WHO, app_id: 'another', clientRequest }));
    expect(both.file.recording).toMatchObject(WHO);
  });

  it.each([
    ['rtmp://cdn.example.com/live/k ', 'the address has a space at its end'],
    ['\u00a0rtmp://cdn.example.com/live/k', 'the address has a no-break space at its beginning'],
    ['rtmp://cdn.example.com/live/\u200bk', 'the address has a zero-width space in it'],
    ['rtmp://cdn.example.com/live/k\n', undefined],
  ])('names what is not to be seen in an address: %j', async (rtmpUrl, message) => {
    const { code, told } = await imported(
      {
        extensionServiceConfig: {
          extensionServices: [
            { serviceName: 'rtmp_publish_service', serviceParam: { outputs: [{ rtmpUrl }] } },
          ],
        },
      },
      '--mode',
      'web',
    );
    expect(code, told).toBe(message === undefined ? 0 : 1);
    expect(told).toContain(message ?? 'Set these variables');
    expect(told).not.toContain('does not begin with');
  });

  it('says that a file is empty', async () => {
    for (const text of ['', ' \n'])
      expect(await imported(text)).toMatchObject({
        code: 1,
        told: expect.stringContaining('start.json is empty'),
      });
  });

  it('tells what is wrong in every block, also where it cannot be said which recording it is', async () => {
    const { code, told, file } = await imported(
      JSON.stringify({
        ...WHO,
        cname: 'caf\u00e9',
        uid: '{{uid}}',
        clientRequest: {
          recordingConfig: { streamTypes: 5, subscribeAudioUids: ['z'] },
          storageConfig: { vendor: 9, region: 1, ...KEYS },
        },
      }),
    );
    expect({ code, file }).toEqual({ code: 1, file: null });
    expect(told.match(/^start\.json: [\w.[\]]+/gm)).toEqual([
      'start.json: cname',
      'start.json: uid',
      `start.json: ${CONFIG}.streamTypes`,
      `start.json: ${CONFIG}.subscribeAudioUids[0]`,
      'start.json: clientRequest.storageConfig.vendor',
    ]);
    expect(told).toMatch(/reelstate: nothing was written\n$/);
  });

  it('takes the objects that PHP makes of lists with gaps and of empty lists', async () => {
    const { code, told, file } = await imported({
      recordingConfig: { subscribeAudioUids: { 1: '101', 3: '102' }, subscribeVideoUids: {} },
      storageConfig: { vendor: 1, region: 1, ...KEYS, fileNamePrefix: {} },
    });
    expect(code).toBe(0);
    expect(file.subscriptions).toEqual({
      audioUidList: { subscribeAudioUids: ['101', '102'] },
      videoUidList: { subscribeVideoUids: ['#allstream#'] },
    });
    expect(file.storage).not.toHaveProperty('fileNamePrefix');
    expect(told).toContain(`${CONFIG}.subscribeAudioUids: an object with the keys 1, 3 is taken as a list`);
    expect(told).toContain('storageConfig.fileNamePrefix: an object with no fields is taken as a list\n');
  });

  it('leaves out what official clients send empty', async () => {
    const { code, told, file } = await imported({
      storageConfig: {
        ...{ vendor: 1, region: 1, ...KEYS, stsToken: '', stsExpiration: 0 },
        extensionParams: { sse: '', tag: '' },
      },
    });
    expect(code).toBe(0);
    expect(Object.keys(file.storage ?? {})).toEqual(['vendor', 'region', 'bucket', 'accessKey', 'secretKey']);
    expect(told).toContain('storageConfig.stsExpiration: counts only with stsToken');
    expect(told).toContain('storageConfig.extensionParams.tag: left out, because it is empty');
  });

  it('says what other calls of the service were given', async () => {
    const update = await imported({ streamSubscribe: {}, webRecordingConfig: {}, rtmpPublishConfig: {} });
    expect(update.told).toContain(
      'clientRequest.streamSubscribe: it belongs to update: its content stands under subscriptions',
    );
    const layout = await imported({ mixedVideoLayout: 1, backgroundColor: '#FF0000' });
    expect(layout.told).toContain(
      'clientRequest.mixedVideoLayout: it belongs to updateLayout: its content stands under layout',
    );
    const acquire = await imported({ scene: 0, resourceExpiredHour: 24, startParameter: {} });
    expect(acquire.told).toContain('clientRequest.startParameter: it belongs to acquire');
  });

  it.each([
    [[7], 'start.json[0]: a JSON object is needed'],
    [{ resourceId: 'R', sid: 'S', cname: 'c', uid: '9' }, 'This is what start has answered.'],
    [{ resourceId: 'R', sid: 'S', serverResponse: { status: 5 } }, 'This is what query has answered.'],
    [{ url: 'u', body: '{"clientRequest":{}}' }, 'write what is inside its field body to a file'],
    [{ ...WHO, client_request: {} }, 'client_request must be clientRequest'],
  ])('names what %j is in place of the body', async (json, hint) => {
    const { code, told } = await imported(JSON.stringify(json));
    expect(code).toBe(1);
    expect(told).toContain(hint);
  });

  it('takes numbers in quotes, and tells all of them in one run', async () => {
    const region = { uid: 11, x_axis: '0', y_axis: '0', width: '0.5', height: '1.0' };
    const { code, told, file } = await imported({
      recordingConfig: {
        streamTypes: '2',
        transcodingConfig: { mixedVideoLayout: '3', layoutConfig: [region] },
      },
      storageConfig: { vendor: '1', region: '14', ...KEYS },
    });
    expect(code).toBe(0);
    expect(told.match(/Write it without quotes\./g)).toHaveLength(8);
    expect(told).toContain(
      `  ${CONFIG}.transcodingConfig.layoutConfig[0].height: "1.0" is taken as the number 1. Write it without quotes.`,
    );
    expect(file).toMatchObject({
      recording: { streamTypes: 2 },
      layout: {
        mixedVideoLayout: 'custom',
        layoutConfig: [{ uid: 11, x_axis: 0, y_axis: 0, width: 0.5, height: 1 }],
      },
      storage: { vendor: 's3', region: expect.any(String) },
    });
    const wrong = await imported({
      recordingConfig: {
        streamTypes: 'two',
        transcodingConfig: {
          mixedVideoLayout: '9',
          layoutConfig: [{ ...region, x_axis: 'left', width: '1.5' }],
        },
      },
      storageConfig: { vendor: '1', region: '999', ...KEYS, secretKey: 5 },
    });
    expect(wrong.code).toBe(1);
    for (const place of [
      `${CONFIG}.streamTypes`,
      `${CONFIG}.transcodingConfig.mixedVideoLayout`,
      `${CONFIG}.transcodingConfig.layoutConfig[0].x_axis`,
      `${CONFIG}.transcodingConfig.layoutConfig[0].width`,
      'clientRequest.storageConfig.region',
      'clientRequest.storageConfig.secretKey',
    ])
      expect(wrong.told.split(`start.json: ${place}: `)).toHaveLength(2);
    expect(Object.keys(wrong.file)).toEqual(['name', 'recording']);
    expect(wrong.file.recording).not.toHaveProperty('streamTypes');
  });

  it('leaves out empty lists, which mean every stream at start', async () => {
    const both = await imported({
      recordingConfig: {
        streamTypes: 2,
        subscribeVideoUids: [],
        subscribeAudioUids: [],
        transcodingConfig: { mixedVideoLayout: 1, backgroundConfig: [] },
      },
      storageConfig: { vendor: 1, region: 0, ...KEYS, fileNamePrefix: [] },
    });
    expect(both.code).toBe(0);
    for (const name of ['subscribeVideoUids', 'subscribeAudioUids'])
      expect(both.told).toContain(
        `${CONFIG}.${name}: left out, because an empty list means every stream at start`,
      );
    expect(both.told).toContain('clientRequest.storageConfig.fileNamePrefix: left out, because it is empty');
    expect(both.file).not.toHaveProperty('subscriptions');
    // A list for one medium alone means in a recording file that the other is not recorded.
    const one = await imported({ recordingConfig: { subscribeVideoUids: ['1'], subscribeAudioUids: [] } });
    expect(one.file.subscriptions).toEqual({
      audioUidList: { subscribeAudioUids: ['#allstream#'] },
      videoUidList: { subscribeVideoUids: ['1'] },
    });
    expect(one.told).toContain(`${CONFIG}.subscribeAudioUids: written as ["#allstream#"], because`);
    const audio = { streamTypes: 0, subscribeVideoUids: [], subscribeAudioUids: ['1'] };
    expect((await imported({ recordingConfig: audio })).file.subscriptions).toEqual({
      audioUidList: { subscribeAudioUids: ['1'] },
    });
    const unsubscribed = { subscribeAudioUids: [], unSubscribeAudioUids: ['5'], unSubscribeVideoUids: ['6'] };
    expect((await imported({ recordingConfig: unsubscribed })).file.subscriptions).toEqual({
      audioUidList: { unSubscribeAudioUids: ['5'] },
      videoUidList: { unSubscribeVideoUids: ['6'] },
    });
  });

  it('takes an object with the keys of a list for one, and an empty text for nothing', async () => {
    const half = { y_axis: 0, width: 0.5, height: 1 };
    const { code, told, file } = await imported({
      recordingConfig: {
        subscribeVideoUids: { 0: '1', 1: '2' },
        subscribeAudioUids: ['#allstream#'],
        transcodingConfig: {
          mixedVideoLayout: 3,
          backgroundImage: '',
          layoutConfig: { 0: { uid: '', x_axis: 0, ...half }, 1: { uid: '2', x_axis: 0.5, ...half } },
        },
      },
      storageConfig: { vendor: 1, region: 0, ...KEYS, stsToken: '' },
    });
    expect(code).toBe(0);
    expect(told.match(/an object with the keys 0 to 1 is taken as a list/g)).toHaveLength(2);
    expect(told.match(/left out, because it is empty/g)).toHaveLength(3);
    expect(file).toMatchObject({
      subscriptions: { videoUidList: { subscribeVideoUids: ['1', '2'] } },
      layout: {
        layoutConfig: [
          { x_axis: 0, ...half },
          { uid: '2', x_axis: 0.5, ...half },
        ],
      },
    });
    const text = await imported({ recordingConfig: { subscribeVideoUids: '101' } });
    expect(text).toMatchObject({ code: 1, told: expect.stringContaining(`${CONFIG}.subscribeVideoUids: `) });
  });

  it.each<[object, string, string]>([
    [
      { recordingConfig: { channelType: 0 }, transcodingConfig: { mixedVideoLayout: 1 } },
      'clientRequest.transcodingConfig: it belongs inside recordingConfig; here the service does not look at it, so the recording runs with the default layout',
      'layout',
    ],
    [
      { recordingConfig: { mixedVideoLayout: 1, layoutConfig: [] } },
      `${CONFIG}.mixedVideoLayout: it belongs inside transcodingConfig; here the service does not look at it`,
      'layout',
    ],
    [
      { recordingConfig: { storageConfig: { vendor: 1, region: 0, ...KEYS } } },
      `${CONFIG}.storageConfig: it belongs inside clientRequest; here the service does not look at it, so the recording does not store there`,
      'storage',
    ],
    [
      { recordingConfig: {}, subscribeAudioUids: ['1'] },
      'clientRequest.subscribeAudioUids: it belongs inside recordingConfig; here the service does not look at it, so the recording subscribes as if',
      'subscriptions',
    ],
  ])('says where a section belongs, and does not put it there: %j', async (body, line, block) => {
    const { code, told, file } = await imported(body);
    expect(code).toBe(0);
    expect(told).toContain(`  ${line}`);
    expect(file).not.toHaveProperty(block);
  });

  it('and one beside the clientRequest', async () => {
    const text = JSON.stringify({ ...WHO, storageConfig: { vendor: 1 }, clientRequest: {} });
    expect((await imported(text)).told).toContain('  storageConfig: it belongs inside clientRequest; here');
  });

  it('reads a byte order mark, a clientRequest in a text, and names that stand among its fields', async () => {
    const clientRequest = { recordingConfig: { transcodingConfig: { mixedVideoLayout: 1 } } };
    for (const text of [
      `\ufeff${JSON.stringify({ ...WHO, clientRequest })}`,
      JSON.stringify({ ...WHO, clientRequest: JSON.stringify(clientRequest) }),
      JSON.stringify({ ...WHO, ...clientRequest }),
    ])
      expect(await imported(text)).toMatchObject({
        code: 0,
        file: { recording: { cname: 'c', sid: 'S' }, layout: { mixedVideoLayout: 'bestFit' } },
      });
  });

  it('names an unknown field of many regions once', async () => {
    const layoutConfig = [0, 0.5].map((x_axis) => ({ x_axis, y_axis: 0, width: 0.5, height: 1, zOrder: 1 }));
    const { told } = await imported({
      recordingConfig: { transcodingConfig: { mixedVideoLayout: 3, layoutConfig } },
    });
    expect(told.match(/zOrder/g)).toHaveLength(1);
    expect(told).toContain('.transcodingConfig.layoutConfig[]: zOrder');
  });

  it('--applied records what is written, and no more', async () => {
    const body = {
      recordingConfig: { transcodingConfig: { mixedVideoLayout: 1 } },
      storageConfig: { vendor: 99, ...KEYS },
    };
    const { code, told, cwd } = await imported(body, '--applied');
    expect(code).toBe(1);
    expect(told).toMatch(/Recorded as applied in .*: updateLayout\. /);
    expect(await run(['plan', '--detailed-exitcode'], { cwd })).toMatchObject({ code: 0 });
    expect(await readdir(join(cwd, 'recordings'))).toEqual(['it.yaml']);
  });

  it('names no variable that a recording file may not refer to', async () => {
    const outputs = [{ rtmpUrl: 'rtmp://cdn.example.com/live/k' }];
    const extensionServices = [{ serviceName: 'rtmp_publish_service', serviceParam: { outputs } }];
    for (const name of ['agora-show', 'pg1', 'reelstate live'])
      expect(
        (await imported({ extensionServiceConfig: { extensionServices } }, '--mode', 'web', '--name', name))
          .told,
      ).toMatch(/\n {2}_(AGORA|PG1|REELSTATE)\w+ +clientRequest/);
  });
});

describe('whatever the JSON holds', () => {
  const uids = fc.oneof(
    fc.array(fc.oneof(fc.constantFrom('1', '#allstream#', '0', 'x', ''), fc.nat(), fc.constant(null)), {
      maxLength: 4,
    }),
    fc.constantFrom('1', {}, { 0: '1' }, null, 7),
  );
  const number = fc.constantFrom<unknown>(
    0,
    1,
    2,
    3,
    0.5,
    -1,
    9,
    '0',
    '1',
    '3',
    '0.25',
    '',
    'x',
    true,
    null,
    [],
    {},
  );
  const text = fc.constantFrom<unknown>(
    '',
    'a',
    '#FF0000',
    'https://x.example/a.jpg',
    5,
    null,
    [],
    {},
    '\u0000',
    '"',
  );
  const fields = (names: readonly string[], value: fc.Arbitrary<unknown>) =>
    fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
  const region = fc.oneof(
    fields(['uid', 'x_axis', 'y_axis', 'width', 'height', 'alpha', 'render_mode', 'zOrder'], number),
    number,
  );
  const regions = fc.oneof(fc.array(region, { maxLength: 3 }), fc.constantFrom({}, { 0: {} }, 'x', null));
  const transcoding = fc
    .tuple(
      fields(['mixedVideoLayout'], number),
      fields(['backgroundColor', 'backgroundImage', 'defaultUserBackgroundImage', 'maxResolutionUid'], text),
      fields(['layoutConfig', 'backgroundConfig'], regions),
    )
    .map((parts) => Object.assign({}, ...parts) as object);
  const storage = fc
    .tuple(
      fields(['vendor', 'region', 'stsExpiration'], number),
      fields(['bucket', 'accessKey', 'secretKey', 'stsToken'], text),
      fields(['fileNamePrefix', 'extensionParams'], fc.oneof(uids, text)),
    )
    .map((parts) => Object.assign({}, ...parts) as object);
  const service = fc.record(
    {
      serviceName: fc.constantFrom('web_recorder_service', 'rtmp_publish_service', 'x', null),
      serviceParam: fc.oneof(
        fc.record(
          {
            onhold: fc.constantFrom<unknown>(true, 'false', 0, null, 'x'),
            outputs: fc.array(
              fc.oneof(
                fc.record({ rtmpUrl: fc.constantFrom<unknown>('rtmp://a.example/b/c', '', 5, 'http://x') }),
                number,
              ),
              { maxLength: 2 },
            ),
          },
          { requiredKeys: [] },
        ),
        number,
      ),
    },
    { requiredKeys: [] },
  );
  const request = fc
    .tuple(
      fc.record(
        {
          recordingConfig: fc.oneof(
            fc
              .tuple(
                fields(
                  [
                    'subscribeAudioUids',
                    'unSubscribeAudioUids',
                    'subscribeVideoUids',
                    'unsubscribeVideoUids',
                  ],
                  uids,
                ),
                fields(['streamTypes'], number),
                fc.record({ transcodingConfig: fc.oneof(transcoding, number) }, { requiredKeys: [] }),
              )
              .map((parts) => Object.assign({}, ...parts) as object),
            number,
          ),
          storageConfig: fc.oneof(storage, number),
          transcodingConfig: transcoding,
          extensionServiceConfig: fc.oneof(
            fc.record({ extensionServices: fc.oneof(fc.array(service, { maxLength: 3 }), number) }),
            number,
          ),
        },
        { requiredKeys: [] },
      ),
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 }),
    )
    .map(([known, unknown]) => ({ ...unknown, ...known }));

  it('what is written is valid, or nothing is', async () => {
    const cwd = await folder();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          { weight: 20, arbitrary: fc.record({ ...identities(), clientRequest: request }) },
          { weight: 1, arbitrary: fc.jsonValue() },
        ),
        fc.constantFrom('mix', 'web', 'individual'),
        async (json, mode) => {
          await writeFile(join(cwd, 'start.json'), JSON.stringify(json));
          const { io, said } = fakeIo({ cwd });
          const code = await main(['import', 'start.json', '--mode', mode], io);
          expect(said.err).not.toContain('defect');
          if (said.out === '') {
            expect([1, 64]).toContain(code);
            return;
          }
          const { diagnostics } = readRecordingFile(new TextEncoder().encode(said.out), 'it.yaml');
          expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
        },
      ),
      { numRuns: 400 },
    );
  });

  function identities(): Record<string, fc.Arbitrary<unknown>> {
    return {
      appId: fc.constant('app'),
      resourceId: fc.constant('resource'),
      sid: fc.constant('sid'),
      cname: fc.constantFrom<unknown>('c', 'c', 'c', '', 5, 'a\u2028b'),
      uid: fc.constantFrom<unknown>('1', 1, '1', '007', 0, 'x', null),
    };
  }
});
