import fc from 'fast-check';
import { expect, test } from 'vitest';
import { completeLayout } from '../../../src/agora/defaults.ts';
import { type Placement, placeLayout } from '../../../src/render/picture/geometry.ts';
import { pngRenderer } from '../../../src/render/picture/png.ts';
import { pictureSvg } from '../../../src/render/picture/svg.ts';
import { changeSvg } from '../../../src/render/picture/svg-change.ts';
import { sheetSvg } from '../../../src/render/picture/svg-sheet.ts';
import { golden, place, SAMPLES } from './samples.ts';

const PICTURES: [file: string, placement: Placement][] = [
  ['floating-1.svg', place('floating', 1)],
  ['floating-17.svg', place('floating', 17)],
  ['best-fit-5.svg', place('bestFit', 5)],
  ['best-fit-17.svg', place('bestFit', 17)],
  ['vertical-10.svg', place('vertical', 10)],
  ['vertical-nobody-portrait.svg', place('verticalNobody', 3, { width: 720, height: 1280 })],
  ['town-hall.svg', place('townHall')],
  ['doubtful.svg', place('doubtful')],
];

test.each(PICTURES)('%s is as it was when it was looked at', async (file, placement) => {
  await expect(pictureSvg(placement, { title: 'town-hall' })).toMatchFileSnapshot(golden(file));
});

const CHANGES: [file: string, before: Placement | undefined, after: Placement | undefined][] = [
  ['change-every-kind.svg', place('townHallBefore'), place('townHallAfter')],
  ['change-of-layout.svg', place('floating'), place('bestFit')],
  ['change-first.svg', undefined, place('vertical', 7)],
  ['change-none.svg', place('townHall'), place('townHall')],
];

test.each(CHANGES)('%s is as it was when it was looked at', async (file, before, after) => {
  await expect(changeSvg(before, after, { title: 'town-hall' })).toMatchFileSnapshot(golden(file));
});

const SHEET = Object.keys(SAMPLES).map((name) => ({ name, placement: place(name as keyof typeof SAMPLES) }));

test('sheet.svg is as it was when it was looked at', async () => {
  const entries = [...SHEET, { name: 'another floating one', placement: place('floating') }];
  await expect(sheetSvg(entries, ['web-demo', 'audio-only'])).toMatchFileSnapshot(golden('sheet.svg'));
});

/** Names and URLs such as an attacker would write; a file's checks may let all of them through. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '"><image href="https://evil.example/x.png"/>',
  "' onload='alert(1)",
  ']]></svg><svg onload=alert(1)>',
  '&#60;b&#62; &amp; &bogus;',
  '\u0000\u001b[31m\u202eabc\ufffe\ud800',
];

function hostile(words: string): Placement {
  const layoutConfig = [{ uid: words, x_axis: 0, y_axis: 0, width: 1, height: 1 }];
  const backgroundConfig = [
    { uid: words, image_url: `https://a.example/${words}` },
    { uid: '9', image_url: words },
  ];
  const layout = { mixedVideoLayout: 3 as const, backgroundColor: words, backgroundImage: words };
  return placeLayout(completeLayout({ ...layout, layoutConfig, backgroundConfig }));
}

function everyPicture(words: string): string[] {
  const placement = hostile(words);
  return [
    pictureSvg(placement, { title: words }),
    changeSvg(placement, place('townHall'), { title: words }),
    changeSvg(place('townHall'), placement, { title: words }),
    sheetSvg([{ name: words, placement }], [words], words),
  ];
}

const ELEMENTS = new Set([
  'svg',
  'title',
  'desc',
  'defs',
  'clipPath',
  'pattern',
  'g',
  'rect',
  'path',
  'circle',
  'text',
]);

/** What could run or fetch something, looked for in the tags alone: text may say what it likes. */
function expectInert(svg: string): void {
  const tags = svg.match(/<[^>]*>/g) ?? [];
  for (const tag of tags) {
    expect(ELEMENTS).toContain(/^<\/?([A-Za-z]+)/.exec(tag)?.[1]);
    expect(tag.replaceAll(/"[^"]*"/g, '""')).not.toMatch(/\s(on\w+|href|xlink:href|src|style)=/i);
    for (const [, target] of tag.matchAll(/url\(([^)]*)\)/g)) expect(target).toMatch(/^#[\w-]+$/);
  }
  expect(svg.replace('http://www.w3.org/2000/svg', '').match(/="[^"]*https?:/)).toBeNull();
}

test.each(HOSTILE)('%j stays text', async (words) => {
  const render = await pngRenderer(1);
  for (const svg of everyPicture(words)) {
    expectInert(svg);
    // Parsed by somebody else: anything that is not well-formed throws.
    expect(render(svg).length).toBeGreaterThan(100);
    expect(svg).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e\ufffe]/);
  }
});

test('any text at all keeps a picture well-formed and inert', async () => {
  const render = await pngRenderer(0.1);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (words) => {
      for (const svg of everyPicture(words)) {
        expectInert(svg);
        render(svg);
      }
    }),
    { numRuns: 15 },
  );
});

test('a query of an image URL, where a signature may be, is not shown', () => {
  const svg = pictureSvg(place('bestFit'), { title: 'town-hall' });
  expect(svg).toContain('cdn.example.com/…/nobody.jpg');
  expect(svg).not.toContain('not-for-show');
});

test('a picture has a title and says in words what is seen', () => {
  const svg = pictureSvg(place('doubtful'), { title: 'town-hall', id: 'p1' });
  expect(svg).toContain('aria-labelledby="p1-title p1-desc"');
  expect(svg).toContain('<title id="p1-title">Layout of town-hall</title>');
  const description = /<desc id="p1-desc">([^<]*)</.exec(svg)?.[1] ?? '';
  expect(description).toContain('uid 2 at 0.4, 0.4, size 0.35 × 0.35 (448 × 252 pixels)');
  expect(description).toContain('Warning: uid 3 leaves the canvas at the right.');
});

test('the sheet says which layout is the only one of its kind', () => {
  const svg = sheetSvg([...SHEET, { name: 'twin', placement: place('floating') }], []);
  expect(svg).toContain('floating, 5 regions, like 1 other<');
  expect(svg).toContain('vertical, 5 regions, the only one<');
});

test('two pictures in one page share no identifier', () => {
  const ids = (svg: string) => [...svg.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  const all = ['a', 'b'].flatMap((id) => ids(pictureSvg(place('doubtful'), { title: 'x', id })));
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(4);
});
