import { describe, expect, it } from 'vitest';
import type { Change, Json } from '../../src/model/plan.ts';
import { type Row, rowsOf } from '../../src/render/values.ts';

type Given = Partial<Change> & { path: string };

function change({ path, ...rest }: Given): Change {
  const subject = path.slice(path.lastIndexOf('/') + 1);
  return { path, before: null, after: null, reason: 'changed', subject, ...rest };
}

const rows = (changes: Given[], request: object = {}): Row[] =>
  rowsOf({ endpoint: 'update', changes: changes.map(change), request });

/** What is said of one change, without its sign and subject. */
const said = (path: string, before: Json, after: Json, request?: object) =>
  rows([{ path, before, after }], request)[0]?.text;

describe('the sign of a row', () => {
  it.each<[Json, Json, Change['reason'], Row['sign']]>([
    [null, 1, 'changed', '+'],
    [1, null, 'changed', '-'],
    [1, 2, 'changed', '~'],
    [1, 2, 'reset', '!'],
    [1, null, 'reset', '!'],
  ])('%j → %j, %s: %s', (before, after, reason, sign) => {
    expect(rows([{ path: '/layout/x', before, after, reason }])[0]).toMatchObject({
      sign,
      reset: reason === 'reset',
    });
  });
});

describe('the rows', () => {
  it('stand in the order of the changes; the fields of one region share a row', () => {
    const region = { subject: 'layoutConfig[uid 2]' };
    const result = rows([
      { path: '/layout/layoutConfig/1/width', before: 0.25, after: 0.5, field: 'width', ...region },
      { path: '/layout/backgroundColor', before: '#FF0000', after: '#00FF00' },
      { path: '/layout/layoutConfig/1/height', before: 0.25, after: 0.5, field: 'height', ...region },
    ]);
    expect(result.map(({ subject, text }) => `${subject}: ${text}`)).toEqual([
      'layoutConfig[uid 2]: width 0.25 → 0.5, height 0.25 → 0.5',
      'backgroundColor: "#FF0000" → "#00FF00"',
    ]);
  });

  it('keep what goes back to its default apart from what was changed', () => {
    const region = { subject: 'layoutConfig[uid 2]' };
    const result = rows([
      { path: '/layout/layoutConfig/0/width', before: 0.25, after: 0.5, field: 'width', ...region },
      {
        path: '/layout/layoutConfig/0/alpha',
        before: 0.5,
        after: 1,
        field: 'alpha',
        reason: 'reset',
        ...region,
      },
    ]);
    expect(result.map(({ sign, text }) => `${sign} ${text}`)).toEqual([
      '~ width 0.25 → 0.5',
      '! alpha 0.5 → 1',
    ]);
  });
});

describe('a value for people', () => {
  it('has the names that files use', () => {
    expect(said('/layout/mixedVideoLayout', 1, 3)).toBe('bestFit → custom');
    expect(said('/storage/vendor', 1, 11)).toBe('s3 → s3Compatible');
    expect(said('/storage/region', 0, 8, { storageConfig: { vendor: 1, bucket: 'b' } })).toBe(
      'US_EAST_1 → AP_SOUTHEAST_1',
    );
    const [row] = rows([
      { path: '/layout/layoutConfig/0/render_mode', before: 0, after: 1, field: 'render_mode' },
    ]);
    expect(row?.text).toBe('render_mode crop → fit');
  });

  it('is the number where there is no name for it', () => {
    expect(said('/layout/mixedVideoLayout', 1, 9)).toBe('bestFit → 9');
    expect(said('/storage/vendor', 1, 99)).toBe('s3 → 99');
    expect(said('/storage/region', 0, 99, { storageConfig: { vendor: 1, bucket: 'b' } })).toBe(
      'US_EAST_1 → 99',
    );
    expect(said('/storage/region', 0, 1, { storageConfig: { vendor: 5, bucket: 'b' } })).toBe('0 → 1');
    expect(said('/storage/stsExpiration', 1, 3)).toBe('1 → 3');
  });

  it('of text stands in quotes, of a masked secret without', () => {
    expect(said('/storage/bucket', 'a', 'b "c"')).toBe('"a" → "b \\"c\\""');
    expect(said('/storage/secretKey', null, '(sensitive)')).toBe('(sensitive)');
    expect(said('/storage/secretKey', '(sensitive)', '(sensitive)')).toBe('(sensitive) changed');
    expect(said('/rtmp/outputs/0/rtmpUrl', 'rtmp://a/live/(sensitive)', 'rtmp://b/live/(sensitive)')).toBe(
      'rtmp://a/live/(sensitive) → rtmp://b/live/(sensitive)',
    );
  });

  it('of lists of UIDs is what joins and what leaves', () => {
    const path = '/subscriptions/audioUidList/subscribeAudioUids';
    expect(said(path, ['1', '2'], ['2', '3'])).toBe('+3 -1');
    expect(said(path, null, ['1', '2'])).toBe('1, 2');
    expect(said(path, ['#allstream#'], ['1'])).toBe('#allstream# → 1');
    expect(said(path, ['1'], null)).toBe('1 → not set');
  });

  it('of a path in the storage is written like one', () => {
    expect(said('/storage/fileNamePrefix', ['shows'], ['shows', 'townhall'])).toBe('shows → shows/townhall');
  });

  it('of a region or a background is told in words, gone where it goes', () => {
    const region = { uid: '3', x_axis: 0.5, y_axis: 0.5, width: 0.5, height: 0.25, alpha: 1, render_mode: 0 };
    expect(said('/layout/layoutConfig/2', null, region)).toBe('at 0.5, 0.5  size 0.5 × 0.25');
    expect(said('/layout/layoutConfig/2', null, { ...region, alpha: 0, render_mode: 1 })).toBe(
      'at 0.5, 0.5  size 0.5 × 0.25  alpha 0  fit',
    );
    expect(said('/layout/layoutConfig/2', region, null)).toBe('gone');
    const background = { uid: '3', image_url: 'https://example.com/a.jpg', render_mode: 1 };
    expect(said('/layout/backgroundConfig/0', null, background)).toBe('"https://example.com/a.jpg"  fit');
    expect(said('/layout/backgroundConfig/0', background, null)).toBe('gone');
  });

  it('of anything else is JSON', () => {
    expect(said('/onhold', false, true)).toBe('false → true');
    expect(said('/storage/extensionParams', null, { sse: 'kms' })).toBe('{"sse":"kms"}');
  });
});

describe('whatever a file holds', () => {
  const EVIL = '\u001b[2J\u0007\n\u202e\u009b';
  const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

  it.each<[string, Json]>([
    ['/storage/bucket', EVIL],
    ['/storage/bucket', `${EVIL}(sensitive)`],
    ['/storage/fileNamePrefix', [EVIL]],
    ['/subscriptions/audioUidList/subscribeAudioUids', [EVIL]],
    ['/layout/backgroundConfig/0', { uid: EVIL, image_url: EVIL }],
    ['/storage/extensionParams', { tag: EVIL }],
  ])('no control character reaches the terminal from %s', (path, value) => {
    const edits: [Json, Json][] = [
      [null, value],
      [value, null],
      [['1'], value],
    ];
    for (const [before, after] of edits) {
      const [row] = rows([{ path, before, after, subject: `layoutConfig[uid ${EVIL}]` }]);
      expect(row?.text).not.toMatch(CONTROL);
      expect(row?.subject).not.toMatch(CONTROL);
    }
  });
});
