import { expect, test } from 'vitest';
import { completeLayout } from '../../../src/agora/defaults.ts';
import type { Region } from '../../../src/model/recording.ts';
import { findingsOf } from '../../../src/render/picture/findings.ts';
import { placeLayout } from '../../../src/render/picture/geometry.ts';
import { place } from './samples.ts';

const found = (...regions: Partial<Region>[]) =>
  findingsOf(
    placeLayout(
      completeLayout({
        mixedVideoLayout: 3,
        layoutConfig: regions.map((region) => ({ x_axis: 0, y_axis: 0, width: 0.5, height: 0.5, ...region })),
      }),
    ),
  );

test('every kind of doubt is found in the doubtful layout', () => {
  expect(findingsOf(place('doubtful')).map(({ code, regions }) => [code, ...regions])).toEqual([
    ['outside', 3],
    ['no-size', 4],
    ['invisible', 8],
    ['same-uid', 2, 8],
    ['overlap', 1, 2],
    ['hidden', 5, 6],
    ['on-top', 1, 7],
  ]);
});

test('the predefined layouts give rise to none', () => {
  for (const name of ['floating', 'bestFit', 'vertical', 'verticalNobody'] as const)
    expect(findingsOf(place(name, 17))).toEqual([]);
});

test('regions that touch do not overlap, nor does the dust of floating point count', () => {
  expect(found({ uid: '1' }, { uid: '2', x_axis: 0.5 })).toEqual([]);
  expect(found({ uid: '1', width: 0.1 + 0.2 }, { uid: '2', x_axis: 0.3 })).toEqual([]);
  expect(found({ uid: '1', x_axis: 0.7, width: 0.1 + 0.2 })).toEqual([]);
});

test('a millionth too far is too far', () => {
  expect(found({ uid: '1', x_axis: 0.500001 })[0]).toMatchObject({
    code: 'outside',
    text: 'uid 1 leaves the canvas at the right.',
  });
});

test('an overlap tells how much is lost and where', () => {
  const [overlap] = found({ uid: '1' }, { uid: '2', x_axis: 0.25, y_axis: 0.25 });
  expect(overlap).toMatchObject({ code: 'overlap', text: 'uid 2 covers 25 % of uid 1.' });
  expect(overlap?.area).toEqual({ x: 0.25, y: 0.25, width: 0.25, height: 0.25 });
});

test('a region on top of a larger one is no warning, the larger one on top of it is', () => {
  const small = { uid: '2', width: 0.1, height: 0.1 };
  expect(found({ uid: '1' }, small)).toMatchObject([{ code: 'on-top', severity: 'note' }]);
  expect(found(small, { uid: '1' })).toMatchObject([{ code: 'hidden', severity: 'warning' }]);
});

test('regions of one user are told apart', () => {
  expect(found({ uid: '1' }, { uid: '1', x_axis: 0.25 }).map(({ text }) => text)).toEqual([
    'uid 1 has 2 regions: #1, #2.',
    'uid 1 (#2) covers 50 % of uid 1 (#1).',
  ]);
});
