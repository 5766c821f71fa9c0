import { expect, test } from 'vitest';
import { pngRenderer } from '../../../src/render/picture/png.ts';
import { pictureSvg } from '../../../src/render/picture/svg.ts';
import { place } from './samples.ts';

/** Width and height as the header of a PNG file has them (PNG specification, IHDR). */
function sizeOf(png: Uint8Array): { width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

const svg = pictureSvg(place('townHall'), { title: 'town-hall' });

test('a PNG of the size of the SVG times the scale', async () => {
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  for (const scale of [1, 2]) {
    const png = (await pngRenderer(scale))(svg);
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect(sizeOf(png)).toEqual({ width: Number(width) * scale, height: Number(height) * scale });
  }
});

test('words are drawn with the font that comes along', async () => {
  const render = await pngRenderer(1);
  const say = (words: string, weight = '400') =>
    render(
      `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"><text x="5" y="25" font-weight="${weight}" font-family="Nowhere, monospace">${words}</text></svg>`,
    );
  const blank = say('');
  expect(say('uid 1')).not.toEqual(blank);
  expect(say('uid 1')).not.toEqual(say('uid 2'));
  expect(say('uid 1')).not.toEqual(say('uid 1', '700'));
  for (const sign of ['×', '·', '→', '…', '•']) expect(say(sign)).not.toEqual(say('\u{10ffff}'));
});

test('the same picture has the same bytes', async () => {
  const [one, two] = [await pngRenderer(1), await pngRenderer(1)];
  expect(one(svg)).toEqual(two(svg));
});
