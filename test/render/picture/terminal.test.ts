import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completeLayout } from '../../../src/agora/defaults.ts';
import { type Placement, placeLayout } from '../../../src/render/picture/geometry.ts';
import { pictureText, sideBySide } from '../../../src/render/picture/terminal.ts';
import { styleFor } from '../../../src/render/style.ts';
import { golden, place, SAMPLES } from './samples.ts';

const plain = { columns: 80, style: styleFor(false) };

const PICTURES: [file: string, placement: Placement, columns: number][] = [
  ['floating-17.txt', place('floating', 17), 80],
  ['best-fit-5.txt', place('bestFit', 5), 80],
  ['vertical-10.txt', place('vertical', 10), 80],
  ['vertical-nobody-portrait.txt', place('verticalNobody', 3, { width: 720, height: 1280 }), 60],
  ['town-hall.txt', place('townHall'), 80],
  ['town-hall-wide.txt', place('townHall'), 120],
  ['doubtful.txt', place('doubtful'), 80],
];

test.each(PICTURES)('%s is as it was when it was looked at', async (file, placement, columns) => {
  const text = pictureText(placement, 'town-hall', { ...plain, columns });
  await expect(`${text}\n`).toMatchFileSnapshot(golden(file));
});

const CHANGES: [file: string, before: Placement | undefined, after: Placement | undefined][] = [
  ['change-every-kind.txt', place('townHallBefore'), place('townHallAfter')],
  ['change-of-layout.txt', place('floating'), place('bestFit')],
  ['change-first.txt', undefined, place('vertical', 7)],
];

test.each(CHANGES)('%s is as it was when it was looked at', async (file, before, after) => {
  await expect(`${sideBySide(before, after, plain)}\n`).toMatchFileSnapshot(golden(file));
});

describe.each(Object.keys(SAMPLES) as (keyof typeof SAMPLES)[])('%s', (name) => {
  test.each([24, 40, 61, 80, 200])('keeps to %i columns', (columns) => {
    const options = { ...plain, columns };
    const text = pictureText(place(name, 17), 'a rather long name for a recording', options);
    for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(columns);
    const both = sideBySide(place(name, 17), place('townHall'), {
      ...options,
      columns: Math.max(columns, 43),
    });
    for (const line of both.split('\n')) expect([...line].length).toBeLessThanOrEqual(Math.max(columns, 43));
  });
});

test('colour adds nothing but colour', () => {
  for (const name of Object.keys(SAMPLES) as (keyof typeof SAMPLES)[]) {
    const bare = pictureText(place(name), 'x', plain);
    const colored = pictureText(place(name), 'x', { ...plain, style: styleFor(true) });
    expect(colored).toContain('\u001b[');
    const stripped = colored.replaceAll(/\u001b\[\d+m/g, '');
    // Blanks at the end of a line stay in front of the colour's end.
    expect(stripped.replaceAll(/ +$/gm, '')).toBe(bare.replaceAll(/ +$/gm, ''));
  }
});

test('nothing from a file reaches the terminal as a control character', () => {
  const words = '\u001b[2J\u0007\u009b31m\u202e<b>';
  const layoutConfig = [{ uid: words, x_axis: 0, y_axis: 0, width: 1, height: 1 }];
  const hostile = placeLayout(
    completeLayout({ mixedVideoLayout: 3, backgroundColor: words, backgroundImage: words, layoutConfig }),
  );
  for (const text of [pictureText(hostile, words, plain), sideBySide(place('townHall'), hostile, plain)])
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});

test('any layout can be drawn, at any size', () => {
  const part = fc.double({ min: -1, max: 2, noNaN: true });
  const region = fc.record({ x_axis: part, y_axis: part, width: part, height: part, alpha: part });
  fc.assert(
    fc.property(
      fc.array(region, { maxLength: 17 }),
      fc.integer({ min: 24, max: 120 }),
      (layoutConfig, columns) => {
        const placement = placeLayout(completeLayout({ mixedVideoLayout: 3, layoutConfig }));
        const text = pictureText(placement, 'x', { ...plain, columns });
        for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(columns);
      },
    ),
    { numRuns: 60 },
  );
});
