import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  blend,
  contrast,
  FAINT_INK,
  INK,
  PAPER,
  readableOn,
  regionTone,
  safeColor,
} from '../../../src/render/picture/color.ts';

const color = fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, '0')}`);

test('black on white has the greatest contrast there is', () => {
  expect(contrast('#000000', '#FFFFFF')).toBeCloseTo(21, 5);
  expect(contrast('#777777', '#777777')).toBe(1);
});

test('words on paper and on plates are readable, level AAA', () => {
  for (const ink of [INK, FAINT_INK]) expect(contrast(ink, PAPER)).toBeGreaterThanOrEqual(7);
});

test('the ink of a plate stands out from any ground; 3 is asked for', () => {
  fc.assert(
    fc.property(
      color,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 17 }),
      (ground, alpha, z) => {
        const seen = blend(regionTone(z), ground, alpha);
        expect(contrast(readableOn(seen), seen)).toBeGreaterThanOrEqual(4);
      },
    ),
  );
});

test('blending goes from the one to the other', () => {
  expect(blend('#FF0000', '#0000FF', 1)).toBe('#FF0000');
  expect(blend('#FF0000', '#0000FF', 0)).toBe('#0000FF');
  expect(blend('#FF0000', '#0000FF', 0.5)).toBe('#800080');
});

test('nothing but a colour gets into an attribute', () => {
  expect(safeColor('#a0b0c0')).toBe('#A0B0C0');
  for (const bad of ['red', '#fff', '#000000"/><script>', 'url(#x)']) expect(safeColor(bad)).toBe('#000000');
});
