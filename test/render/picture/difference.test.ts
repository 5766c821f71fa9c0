import { expect, test } from 'vitest';
import { completeLayout } from '../../../src/agora/defaults.ts';
import type { Region } from '../../../src/model/recording.ts';
import { describeChange } from '../../../src/render/picture/change-words.ts';
import { canvasChanges, regionChanges } from '../../../src/render/picture/difference.ts';
import { placeLayout } from '../../../src/render/picture/geometry.ts';
import { place } from './samples.ts';

const custom = (...layoutConfig: Region[]) =>
  placeLayout(completeLayout({ mixedVideoLayout: 3, layoutConfig }));
const region = (uid: string, more: Partial<Region> = {}): Region => ({
  ...{ uid, x_axis: 0, y_axis: 0, width: 0.5, height: 0.5 },
  ...more,
});
const marks = (...[before, after]: Parameters<typeof regionChanges>) =>
  regionChanges(before, after).map((change) => `${(change.after ?? change.before)?.label} ${change.mark}`);

test('every kind of change has its mark', () => {
  expect(marks(place('townHallBefore'), place('townHallAfter'))).toEqual([
    'uid 1 resized',
    'uid 2 moved',
    '1st to join restyled',
    'uid 7 added',
    'uid 4 same',
    'uid 9 gone',
  ]);
});

test('nothing known before: everything is added', () => {
  expect(marks(undefined, custom(region('1')))).toEqual(['uid 1 added']);
  expect(marks(custom(region('1')), undefined)).toEqual(['uid 1 gone']);
});

test('another order of drawing is a change of those that change places only', () => {
  const [a, b, c] = ['1', '2', '3'].map((uid) => region(uid)) as [Region, Region, Region];
  expect(marks(custom(a, b, c), custom(a, c, b))).toEqual(['uid 1 same', 'uid 3 restyled', 'uid 2 restyled']);
  expect(marks(custom(a, b), custom(c, a, b))).toEqual(['uid 3 added', 'uid 1 same', 'uid 2 same']);
  expect(marks(custom(a, b, c), custom(b, c))).toEqual(['uid 2 same', 'uid 3 same', 'uid 1 gone']);
});

test('the canvas has changes of its own', () => {
  expect(canvasChanges(place('floating'), place('townHall'))).toEqual([
    'layout floating → custom',
    'background #000000 → #20304A',
    'background image added',
  ]);
  expect(canvasChanges(place('floating'), place('floating'))).toEqual([]);
});

test('the change can be read', () => {
  expect(describeChange(place('townHallBefore'), place('townHallAfter'))).toBe(
    'background #000000 → #20304A. uid 1 resized from 0.5 × 1 to 0.7 × 0.78. ' +
      'uid 2 moved from 0.72, 0.68 to 0.72, 0.02. 1st to join drawn differently. ' +
      'uid 7 added at 0.72, 0.68, size 0.26 × 0.3. uid 9 gone.',
  );
  expect(describeChange(place('floating'), place('floating'))).toBe('unchanged: 1st to 5th to join.');
  const moved = describeChange(custom(region('1')), custom(region('1', { x_axis: 0.1, width: 0.2 })));
  expect(moved).toBe('uid 1 resized from 0.5 × 0.5 to 0.2 × 0.5 and moved from 0, 0 to 0.1, 0.');
});
