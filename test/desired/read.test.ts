import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readIdentityFile, readRecordingFile } from '../../src/desired/read.ts';

const IDENTITY = {
  appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  cname: 'hall',
  uid: '527841',
  resourceId: 'JyvK8nXHuV1BE64GDkAa',
  sid: '38f8e3cfdc474cd56fc1ceba380d7e1a',
};

function read(text: string, file = 'recordings/hall.yaml') {
  return readRecordingFile(new TextEncoder().encode(text), file);
}

function readBlocks(blocks: object, identity: object = {}) {
  const { documents, diagnostics } = read(stringify({ recording: { ...IDENTITY, ...identity }, ...blocks }));
  return { blocks: documents[0]?.blocks(), codes: diagnostics.map(({ code }) => code) };
}

describe('bodies from the public documentation are taken as they are', () => {
  test('update: subscription lists', () => {
    const streamSubscribe = {
      audioUidList: { subscribeAudioUids: ['#allstream#'] },
      videoUidList: { unSubscribeVideoUids: ['444', '555', '666'] },
    };
    expect(readBlocks({ subscriptions: streamSubscribe })).toEqual({
      blocks: { subscriptions: streamSubscribe },
      codes: [],
    });
  });

  test('update: web page recording and CDN address', () => {
    const { blocks, codes } = readBlocks(
      { onhold: true, rtmp: { outputs: [{ rtmpUrl: 'rtmp://xxx' }] } },
      { mode: 'web' },
    );
    expect(codes).toEqual([]);
    expect(blocks).toEqual({ onhold: true, rtmp: { outputs: [{ rtmpUrl: { literal: 'rtmp://xxx' } }] } });
  });

  test('updateLayout: custom layout', () => {
    const region = { width: 0.1, height: 0.1, alpha: 1, render_mode: 1 };
    const layout = {
      mixedVideoLayout: 3,
      backgroundColor: '#FF0000',
      layoutConfig: [
        { uid: '1', x_axis: 0.1, y_axis: 0.1, ...region },
        { uid: '2', x_axis: 0.2, y_axis: 0.2, ...region, width: 0.1 },
      ],
    };
    expect(readBlocks({ layout })).toEqual({ blocks: { layout }, codes: [] });
  });

  test('JSON is read as well as YAML', () => {
    const { documents, diagnostics } = read(
      JSON.stringify({ recording: IDENTITY, suspend: true }, null, '\t'),
    );
    expect(diagnostics).toEqual([]);
    expect(documents[0]).toMatchObject({ suspended: true, recording: { ...IDENTITY, mode: 'mix' } });
  });
});

test('top-level keys that begin with x- are passed over, whatever they hold, and give their anchors', () => {
  const grid = { mixedVideoLayout: 3, layoutConfig: [{ x_axis: 0, y_axis: 0, width: 0.5, height: 1 }] };
  const { documents, diagnostics } = read(`x-nothing:
x-text: &uid "7"
x-list: [1, {two: &red "#FF0000"}, null]
x-: {recording: not one, layout: [neither]}
x-grid: &grid
  mixedVideoLayout: custom
  backgroundColor: *red
  layoutConfig: [&left { x_axis: 0, y_axis: 0, width: 0.5, height: 1 }]
x-labels: &labels { show: evening }
recording: ${JSON.stringify(IDENTITY)}
labels: { <<: *labels, room: a }
layout: { <<: *grid, backgroundConfig: [{ uid: *uid, image_url: "https://example.com/a.jpg" }] }
`);
  expect(diagnostics).toEqual([]);
  expect(documents[0]?.labels).toEqual({ show: 'evening', room: 'a' });
  expect(documents[0]?.blocks()).toMatchObject({
    layout: { ...grid, backgroundColor: '#FF0000', backgroundConfig: [{ uid: '7' }] },
  });
  for (const other of ['X-big: 1', 'x_low: 1', 'xyz: 1'])
    expect(
      read(`${other}\nrecording: ${JSON.stringify(IDENTITY)}\n`).diagnostics.map(({ code }) => code),
    ).toEqual(['unknown-field']);
});

describe('normal form', () => {
  test('names and numbers mean the same', () => {
    const named = {
      mixedVideoLayout: 'custom',
      layoutConfig: [{ x_axis: 0, y_axis: 0, width: 1, height: 1, render_mode: 'fit' }],
    };
    const numbered = {
      mixedVideoLayout: 3,
      layoutConfig: [{ x_axis: 0.0, y_axis: 0, width: 1.0, height: 1, render_mode: 1 }],
    };
    expect(readBlocks({ layout: named })).toEqual(readBlocks({ layout: numbered }));
    const keys = { bucket: 'b', accessKey: 'a', secretKey: { fromEnv: 'S' } };
    expect(readBlocks({ storage: { vendor: 'S3', region: 'ap_southeast_1', ...keys } })).toEqual(
      readBlocks({ storage: { vendor: 1, region: 8, ...keys } }),
    );
  });

  test('each list of those left out keeps the spelling that the file has', () => {
    const { blocks } = readBlocks({
      subscriptions: {
        audioUidList: { unsubscribeAudioUids: ['1'] },
        videoUidList: { unSubscribeVideoUids: ['2'] },
      },
    });
    expect(blocks?.subscriptions).toEqual({
      audioUidList: { unsubscribeAudioUids: ['1'] },
      videoUidList: { unSubscribeVideoUids: ['2'] },
    });
  });

  test('UIDs written as integers are read exactly', () => {
    const { documents, diagnostics } = read(`
recording: { ${Object.entries({ ...IDENTITY, uid: '4294967295' }).map(([key, value]) => `${key}: ${key === 'uid' ? value : JSON.stringify(value)}`)} }
subscriptions:
  audioUidList: { subscribeAudioUids: [1, "2", 4294967294] }
  videoUidList: { subscribeVideoUids: [0] }
`);
    expect(diagnostics.map(({ code }) => code)).toEqual(['uid-zero']);
    expect(documents[0]?.recording).toMatchObject({ uid: '4294967295' });
    expect(documents[0]?.blocks().subscriptions).toEqual({
      audioUidList: { subscribeAudioUids: ['1', '2', '4294967294'] },
      videoUidList: { subscribeVideoUids: ['0'] },
    });
  });

  test.each([
    { x: 0.3333335, width: 0.6666665, is: [0.333334, 0.666666] },
    { x: 0.1, width: 0.9, is: [0.1, 0.9] },
    { x: 0.7, width: 0.3, is: [0.7, 0.3] },
    { x: 1 / 3, width: 2 / 3, is: [0.333333, 0.666667] },
    { x: 0.00000049, width: 0.99999951, is: [0, 1] },
  ])('$x + $width stays on the canvas with six decimals', ({ x, width, is }) => {
    const { blocks, codes } = readBlocks({
      layout: { mixedVideoLayout: 3, layoutConfig: [{ x_axis: x, y_axis: 0, width, height: 1 }] },
    });
    expect(codes).toEqual([]);
    const region = blocks?.layout?.layoutConfig?.[0];
    expect([region?.x_axis, region?.width]).toEqual(is);
  });

  test('what says nothing is left out', () => {
    const storage = {
      vendor: 's3Compatible',
      bucket: 'b',
      accessKey: 'a',
      secretKey: { fromFile: 's' },
      fileNamePrefix: [],
    };
    const { blocks } = readBlocks({
      storage: { ...storage, extensionParams: { endpoint: 'minio.example.com' } },
    });
    expect(blocks?.storage).toEqual({
      vendor: 11,
      region: 0,
      bucket: 'b',
      accessKey: { literal: 'a' },
      secretKey: { fromFile: 's' },
      extensionParams: { endpoint: 'minio.example.com' },
    });
  });

  test.each([
    ['azure', undefined, 0, []],
    ['azure', 0, 0, []],
    ['google', undefined, 0, []],
    ['google', 7, 0, ['region-not-used']],
    ['kingsoft', 'JR_Beijing', 6, ['vendor-not-listed']],
    [4, 9, 9, ['vendor-not-listed']],
    ['s3', 'AF_SOUTH_1', 18, []],
    ['s3', 'US_GOV_WEST_1', 17, ['region-not-listed']],
    ['s3', 'us_gov_east_1', 23, ['region-not-listed']],
    [1, 28, 28, ['region-not-listed']],
    ['baidu', 'Beijing', 0, ['region-not-listed']],
    ['baidu', 1, 1, []],
    ['alibaba', 'CN_Northeast_2', 26, []],
    ['alibaba', 'AP_Northeast_2', 26, []],
    ['alibaba', 'CN_Southeast_7', 27, []],
    ['alibaba', 'ap_southeast_7', 27, []],
    ['alibaba', 26, 26, []],
  ])('vendor %s takes region %s', (vendor, region, number, codes) => {
    const keys = { bucket: 'b', accessKey: 'a', secretKey: { fromEnv: 'S' } };
    const storage = { vendor, ...(region === undefined ? {} : { region }), ...keys };
    expect(readBlocks({ storage })).toMatchObject({ blocks: { storage: { region: number } }, codes });
  });

  test.each([
    ['s3', 'us-east-1', 'Did you mean US_EAST_1?'],
    ['s3', 'AP_SOUTHEST_1', 'Did you mean AP_SOUTHEAST_1?'],
    ['tencent', 'AP_Bejing', 'Did you mean AP_Beijing?'],
    ['s3', 'EU_EAST_1', '"EU_EAST_1" is a region of Alibaba Cloud.'],
    ['s3', 'AP_SOUTHEAST_4', 'Known: '],
    ['s3', 'SA_WEST_1', 'Known: '],
    ['huawei', 'CN_North_2', 'Known: '],
    ['tencent', 'US_EAST_1', '"US_EAST_1" is a region of Amazon S3 and Alibaba Cloud.'],
    ['s3', '14', 'Write it without quotes.'],
    ['1', '14', 'Write it without quotes.'],
    ['s33', '14', 'Write it without quotes.'],
  ])('vendor %s with region %s is told the way out, which is no other place', (vendor, region, hint) => {
    const keys = { bucket: 'b', accessKey: 'a', secretKey: { fromEnv: 'S' } };
    const { diagnostics } = read(stringify({ recording: IDENTITY, storage: { vendor, region, ...keys } }));
    const found = diagnostics.find(({ code }) => code === 'region-unknown');
    expect(found?.detail).toMatch(
      hint.startsWith('Did') ? new RegExp(`^${hint.replace('?', '\\?')}$`) : hint,
    );
  });
});

describe('documents', () => {
  const text = stringify({ recording: IDENTITY });

  test('a name that is left out is the file name without its ending', () => {
    expect(read(text, 'a/b.c.yml').documents[0]?.name).toBe('b.c');
    expect(read(text, 'a/Hall.YAML').documents[0]?.name).toBe('Hall');
  });

  test('a byte order mark, Windows line ends and a trailing empty document do not matter', () => {
    const { documents, diagnostics } = read(`\ufeff${text.replaceAll('\n', '\r\n')}---\r\n`);
    expect(diagnostics).toEqual([]);
    expect(documents.map(({ line }) => line)).toEqual([1]);
  });

  test('an error holds back its own document only', () => {
    const { documents, diagnostics } = read(
      `name: a\n${text}---\nname: b\nsuspend: maybe\n${text}---\nname: c\n${text}`,
    );
    expect(documents.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(diagnostics.map(({ code, range }) => [code, range.start])).toEqual([
      ['wrong-type', { line: 10, column: 10 }],
    ]);
  });

  test('whatever is wrong with its shape, a document is read, and a mistake in one block hides none in another', () => {
    const storage = {
      vendor: 's3',
      region: 'US_EAST_1',
      bucket: 'b',
      accessKey: { fromEnv: 'KEY' },
      secretKey: { fromFile: 'k' },
      stsToken: { fromEnv: 'STS' },
      stsExpiration: 2_000_000_000,
      fileNamePrefix: ['a', 'b'],
      extensionParams: { sse: 'kms', tag: 't' },
      credentials: { fromCommand: ['a'] },
    };
    const region = { uid: '1', x_axis: 0, y_axis: 0, width: 1, height: 1, alpha: 1, render_mode: 'fit' };
    const image = 'http://a/b.jpg';
    const background = { uid: '1', image_url: image, render_mode: 0 };
    const whole = {
      name: 'a',
      recording: { ...IDENTITY, mode: 'mix', streamTypes: 2 },
      suspend: false,
      subscriptions: {
        audioUidList: { subscribeAudioUids: ['1', 2] },
        videoUidList: { unSubscribeVideoUids: ['1'], unsubscribeVideoUids: [2] },
      },
      layout: {
        mixedVideoLayout: 'custom',
        backgroundColor: '#000000',
        backgroundImage: image,
        maxResolutionUid: '1',
        layoutConfig: [region, region],
        backgroundConfig: [background, background],
      },
      onhold: true,
      rtmp: { outputs: [{ rtmpUrl: 'rtmp://a/b' }, { rtmpUrl: { fromEnv: 'URL' } }] },
      storage,
    };
    type Value = Record<string, unknown>;
    const pointers = (value: unknown, base: string[]): string[][] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, child]) => [
            [...base, key],
            ...pointers(child, [...base, key]),
          ])
        : [];
    const junk = fc.constantFrom(
      ...[undefined, null, '', 'x', '0', 0, -1, 2, 1.5, true, [], {}, [null], [[]], [{}], { fromEnv: 5 }],
      ...[{ fromFile: '' }, { fromEnv: 'A', fromFile: 'b' }, { 0: 'x' }, { length: 0 }, ['x', 'x', 5, 5]],
    );
    const change = fc.record({ at: fc.constantFrom(...pointers(whole, [])), to: junk });
    const located = (document: unknown) =>
      read(JSON.stringify(document)).diagnostics.map(({ code, summary }) => `${code} ${summary}`);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const document = structuredClone(whole) as Value;
        for (const { at, to } of changes) {
          let holder: unknown = document;
          for (const key of at.slice(0, -1)) holder = (holder as Value | undefined | null)?.[key];
          if (typeof holder === 'object' && holder !== null)
            (holder as Value)[at.at(-1) as string] = structuredClone(to);
        }
        const { documents, refused = [], diagnostics } = read(JSON.stringify(document));
        const wrong = diagnostics.some(({ severity }) => severity === 'error');
        expect([documents.length, refused.length]).toEqual(wrong ? [0, 1] : [1, 0]);
        // A mistake elsewhere takes nothing away.
        const { name: _name, ...rest } = document;
        const said = located({ name: 5, ...rest });
        for (const one of located({ ...rest, name: 'a' })) expect(said).toContain(one);
      }),
      { numRuns: 500 },
    );
  });

  test('a syntax error holds back the whole file', () => {
    expect(read(`name: a\n${text}---\nname: [\n`).documents).toEqual([]);
  });

  test('aliases and merges are followed', () => {
    const { documents, diagnostics } = read(`
recording: ${JSON.stringify(IDENTITY)}
layout:
  mixedVideoLayout: custom
  layoutConfig:
    - &first { uid: &u 1, x_axis: 0, y_axis: 0, width: 0.5, height: 0.5 }
    - { <<: *first, uid: 2, x_axis: 0.5 }
    - { <<: [{ uid: 3 }, *first], y_axis: 0.5 }
  backgroundConfig:
    - { uid: *u, image_url: "https://example.com/a.jpg" }
`);
    expect(diagnostics).toEqual([]);
    const { layout } = documents[0]?.blocks() ?? {};
    expect(layout?.layoutConfig?.map(({ uid, x_axis, y_axis }) => [uid, x_axis, y_axis])).toEqual([
      ['1', 0, 0],
      ['2', 0.5, 0],
      ['3', 0, 0.5],
    ]);
    expect(layout?.backgroundConfig?.[0]?.uid).toBe('1');
  });

  test('"__proto__" pollutes nothing', () => {
    read(`__proto__: { polluted: 1 }\nrecording: { __proto__: { polluted: 2 }, "<<": 1 }\n`);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('an identity file is checked like the block, in its own name', () => {
    const bytes = new TextEncoder().encode(
      JSON.stringify({ ...IDENTITY, uid: 1e21, mode: 'mixed', code: 200 }),
    );
    const { identity, diagnostics } = readIdentityFile(bytes, 'run/hall.json');
    expect(identity).toBeUndefined();
    expect(diagnostics.map(({ code, range }) => [code, range.filename])).toEqual([
      ['uid-format', 'run/hall.json'],
      ['value-not-allowed', 'run/hall.json'],
    ]);
  });
});

test('normalising twice is normalising once', () => {
  const uid = fc.oneof(
    fc.integer({ min: 0, max: 4294967295 }),
    fc.integer({ min: 0, max: 4294967295 }).map(String),
  );
  const uids = fc.uniqueArray(uid, { minLength: 1, maxLength: 32, selector: String });
  const fraction = fc.double({ min: 0, max: 1, noNaN: true });
  const optional = { requiredKeys: [] };
  const region = fc
    .record(
      {
        x_axis: fraction,
        y_axis: fraction,
        across: fraction,
        down: fraction,
        alpha: fraction,
        render_mode: fc.constantFrom('crop', 'fit', 0, 1),
      },
      { requiredKeys: ['x_axis', 'y_axis', 'across', 'down'] },
    )
    .map(({ across, down, ...rest }) => ({
      ...rest,
      width: (1 - rest.x_axis) * across,
      height: (1 - rest.y_axis) * down,
    }));
  const layout = fc.oneof(
    fc.record(
      {
        mixedVideoLayout: fc.constantFrom('floating', 'bestFit', 0, 1),
        backgroundColor: fc.constantFrom('#abcdef', '#ABC012'),
      },
      optional,
    ),
    fc.record({
      mixedVideoLayout: fc.constantFrom('custom', 3),
      layoutConfig: fc.array(region, { minLength: 1, maxLength: 17 }),
    }),
    fc.record({
      mixedVideoLayout: fc.constantFrom('vertical', 2),
      maxResolutionUid: uid.filter((one) => String(one) !== '0'),
    }),
  );
  const subscriptions = fc.record(
    {
      audioUidList: fc.oneof(
        fc.record({ subscribeAudioUids: uids }),
        fc.record({ unsubscribeAudioUids: uids }),
      ),
      videoUidList: fc.oneof(
        fc.constant({ subscribeVideoUids: ['#allstream#'] }),
        fc.record({ unSubscribeVideoUids: uids }),
      ),
    },
    optional,
  );
  const storage = fc.record({
    vendor: fc.constantFrom('S3', 1),
    region: fc.constantFrom('us_east_2', 'IL_CENTRAL_1', 3),
    bucket: fc.constant('b'),
    fileNamePrefix: fc.constantFrom([], ['a', 'b']),
    credentials: fc.constant({ fromCommand: ['get'] }),
  });
  fc.assert(
    fc.property(fc.record({ layout, subscriptions, storage }, optional), (written) => {
      const once = readBlocks(written).blocks;
      expect(once).toBeDefined();
      expect(readBlocks(once as object).blocks).toEqual(once);
    }),
    { numRuns: 300 },
  );
});
