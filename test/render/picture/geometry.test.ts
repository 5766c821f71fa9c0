import { describe, expect, test } from 'vitest';
import { completeLayout } from '../../../src/agora/defaults.ts';
import { intersection } from '../../../src/render/picture/findings.ts';
import { MAX_USERS, type PlacedBox, placeLayout } from '../../../src/render/picture/geometry.ts';
import { place } from './samples.ts';

const ALL = Array.from({ length: MAX_USERS }, (_, index) => index + 1);
const at = ({ x, y, width, height }: PlacedBox) =>
  [x, y, width, height].map((value) => Number(value.toFixed(6)));
const first = (boxes: PlacedBox[], n = 1) => boxes.slice(0, n).map(at);

describe.each(['floating', 'bestFit', 'vertical', 'verticalNobody'] as const)('%s', (name) => {
  test.each(ALL)('with %i users everything lies on the canvas, in the order of drawing', (users) => {
    const { boxes } = place(name, users);
    for (const { x, y, width, height } of boxes) {
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x + width, y + height)).toBeLessThanOrEqual(1 + 1e-9);
      expect(Math.min(width, height)).toBeGreaterThan(0);
    }
    expect(boxes.map(({ z }) => z)).toEqual(boxes.map((_, index) => index + 1));
  });

  test.each(ALL)('with %i users only the small ones over the full one overlap', (users) => {
    const boxes = place(name, users).boxes.slice(name === 'floating' ? 1 : 0);
    for (const a of boxes) for (const b of boxes) if (a !== b) expect(intersection(a, b)).toBeUndefined();
  });
});

describe('floating', () => {
  test('the first user fills the canvas, the others start at the bottom left, four to a row', () => {
    const { boxes } = place('floating', 17);
    expect(boxes).toHaveLength(17);
    expect(first(boxes, 3)).toEqual([
      [0, 0, 1, 1],
      [0.012, 0.753, 0.235, 0.235],
      [0.259, 0.753, 0.235, 0.235],
    ]);
    expect(boxes.slice(5, 6).map(at)).toEqual([[0.012, 0.506, 0.235, 0.235]]);
    expect(boxes.slice(16).map(at)).toEqual([[0.753, 0.012, 0.235, 0.235]]);
  });
});

describe('best fit', () => {
  test.each([
    [1, 1, 1],
    [2, 0.5, 1],
    [3, 0.5, 0.5],
    [4, 0.5, 0.5],
    [5, 1 / 3, 1 / 3],
    [9, 1 / 3, 1 / 3],
    [10, 0.25, 0.25],
    [16, 0.25, 0.25],
    [17, 0.2, 0.2],
  ])('%i users have regions of %f by %f', (users, width, height) => {
    const { boxes } = place('bestFit', users);
    expect(boxes).toHaveLength(users);
    for (const box of boxes) expect([box.width, box.height]).toEqual([width, height]);
  });

  test('rows are filled from the top left', () => {
    expect(place('bestFit', 3).boxes.map(at)).toEqual([
      [0, 0, 0.5, 0.5],
      [0.5, 0, 0.5, 0.5],
      [0, 0.5, 0.5, 0.5],
    ]);
  });

  test('the 17th is centred in the bottom row, with bands of a tenth at the sides', () => {
    const { boxes } = place('bestFit', 17);
    expect(boxes.slice(15).map(at)).toEqual([
      [0.7, 0.6, 0.2, 0.2],
      [0.4, 0.8, 0.2, 0.2],
    ]);
    expect(Math.min(...boxes.map(({ x }) => x))).toBe(0.1);
  });
});

describe('vertical', () => {
  test.each([
    [1, 0.8, []],
    [5, 0.8, [1 / 5, 1 / 4]],
    [6, 6 / 7, [1 / 7, 1 / 6]],
    [7, 6 / 7, [1 / 7, 1 / 6]],
    [8, 8 / 9, [1 / 9, 1 / 8]],
    [9, 8 / 9, [1 / 9, 1 / 8]],
    [10, 0.8, [1 / 10, 1 / 8]],
    [17, 0.8, [1 / 10, 1 / 8]],
  ])('%i users: the large region takes %f of the width', (users, width, small) => {
    const [large, ...others] = place('vertical', users).boxes;
    expect(large).toMatchObject({ uid: '527841', x: 0, y: 0, height: 1, renderMode: 'fit' });
    expect(large?.width).toBeCloseTo(width, 9);
    expect(others).toHaveLength(users - 1);
    for (const box of others) expect([box.width, box.height]).toEqual(small);
  });

  test('the second column is filled after the first', () => {
    const { boxes } = place('vertical', 10);
    expect(boxes.slice(8).map(at)).toEqual([
      [0.8, 0.875, 0.1, 0.125],
      [0.9, 0, 0.1, 0.125],
    ]);
  });

  test('without maxResolutionUid the large region is empty and everybody has a small one', () => {
    const { boxes, notes } = place('verticalNobody', 5);
    expect(boxes[0]).toMatchObject({ label: 'no user', empty: true });
    expect(boxes.slice(1).map(({ label }) => label)).toEqual([
      '1st to join',
      '2nd to join',
      '3rd to join',
      '4th to join',
      '5th to join',
    ]);
    expect(notes).toContain('The large region stays empty: no maxResolutionUid is set.');
  });

  test('without maxResolutionUid the 17th user has no room', () => {
    const { boxes, notes } = place('verticalNobody', 17);
    expect(boxes).toHaveLength(17);
    expect(notes[0]).toBe('16 of 17 users are seen: only a maxResolutionUid fills the large region.');
  });
});

describe('custom', () => {
  test('regions without uid go to users in the order of joining', () => {
    expect(place('townHall').boxes.map(({ label }) => label)).toEqual([
      'uid 1',
      'uid 2',
      '1st to join',
      '2nd to join',
    ]);
  });

  test('does not depend on the number of users', () => {
    expect(place('townHall', 1)).toEqual(place('townHall', 17));
    expect(place('townHall').users).toBeUndefined();
  });

  test('eleven, twelve and thirteen are th', () => {
    const labels = place('floating', 17).boxes.map(({ label }) => label);
    expect(labels.slice(9, 13)).toEqual(['10th to join', '11th to join', '12th to join', '13th to join']);
  });

  test('an image for one user goes before the one for all', () => {
    const { boxes } = placeLayout(
      completeLayout({
        mixedVideoLayout: 3,
        defaultUserBackgroundImage: 'https://a.example/all.jpg',
        backgroundConfig: [{ uid: '2', image_url: 'https://a.example/two.jpg' }],
        layoutConfig: ['1', '2'].map((uid) => ({ uid, x_axis: 0, y_axis: 0, width: 1, height: 1 })),
      }),
    );
    expect(boxes.map(({ backgroundImage }) => backgroundImage)).toEqual([
      { source: 'default', url: 'https://a.example/all.jpg' },
      { source: 'uid', url: 'https://a.example/two.jpg' },
    ]);
  });

  test('an image for a user without a region of his own is told in words', () => {
    expect(place('townHall').notes[0]).toContain('uid 9');
  });
});
