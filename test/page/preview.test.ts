import { describe, expect, test } from 'vitest';
import { completeLayout } from '../../src/agora/defaults.ts';
import { page } from '../../src/page/document.ts';
import { html, svgMarkup } from '../../src/page/markup.ts';
import { previewPage, sheetPage } from '../../src/page/preview.ts';
import { placeLayout } from '../../src/render/picture/geometry.ts';
import type { SheetEntry } from '../../src/render/picture/svg-sheet.ts';
import { place } from '../render/picture/samples.ts';

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onload='x",
  '</style><b>',
  '\u001b\u202e',
];

function entry(words: string): SheetEntry {
  const layout = {
    ...{ mixedVideoLayout: 3 as const, backgroundColor: words, backgroundImage: words },
    layoutConfig: [{ uid: words, x_axis: 0, y_axis: 0, width: 2, height: 1 }],
    backgroundConfig: [{ uid: words, image_url: words }],
  };
  return { name: words, placement: placeLayout(completeLayout(layout)) };
}

function expectInert(markup: string): void {
  expect(markup).not.toMatch(/<(script|img|iframe|link|object|embed|base|form|foreignObject|image|use)\b/i);
  const tags = (markup.match(/<[^>]*>/g) ?? []).map((tag) => tag.replaceAll(/"[^"]*"/g, '""'));
  for (const tag of tags) expect(tag).not.toMatch(/\s(on\w+|href|src|srcset)=/i);
  expect(markup).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
}

describe.each(HOSTILE)('%j', (words) => {
  test('stays text in every page', () => {
    expectInert(previewPage([entry(words)], [words]));
    expectInert(previewPage([entry(words), entry(words)], []));
    expectInert(sheetPage([entry(words), entry('x')], [words]));
    const verdict = html`<p>${words}</p>`;
    expectInert(
      page({
        title: words,
        verdict,
        sections: [{ heading: words, note: words, body: html`${words}` }],
        footer: words,
      }),
    );
  });
});

test('values are escaped, markup and lists of it are not', () => {
  const rows = ['<', '&'].map((sign) => html`<li>${sign}</li>`);
  expect(html`<ul class="${'"'}">${rows}</ul>${3}${svgMarkup('<svg/>')}`.toString()).toBe(
    '<ul class="&quot;"><li>&lt;</li><li>&amp;</li></ul>3<svg/>',
  );
});

test('the page forbids the browser to load anything', () => {
  const whole = page({ title: 'x', sections: [] });
  expect(whole).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  expect(whole.indexOf('Content-Security-Policy')).toBeLessThan(whole.indexOf('<title>'));
  expect(whole).not.toMatch(/@import|url\(/);
});

test('the verdict names what is doubtful', () => {
  const whole = previewPage([{ name: 'town-hall', placement: place('doubtful') }], []);
  expect(whole).toContain('<p>6 warnings in 1 recording:</p>');
  expect(whole).toContain('<li><strong>town-hall</strong>: uid 3 leaves the canvas at the right.</li>');
  expect(previewPage([{ name: 'town-hall', placement: place('townHall') }], [])).toContain(
    '<p>No warnings.</p>',
  );
});

test('the sheet sets the odd one out apart, by a word and by its frame', () => {
  const names = ['one', 'two', 'three'];
  const alike = names.map((name) => ({ name, placement: place('floating') }));
  const whole = sheetPage([...alike, { name: 'other', placement: place('vertical') }], ['web-demo']);
  expect(whole.match(/class="card odd"/g)).toHaveLength(1);
  expect(whole).toContain('<strong>other</strong><br>vertical, 5 regions, the only one');
  expect(whole).toContain('<strong>two</strong><br>floating, 5 regions, like 2 others');
  expect(whole).toContain('<p>web-demo</p>');
});

test('every identifier in a page is its own', () => {
  const entries = ['a', 'b'].map((name) => ({ name, placement: place('doubtful') }));
  for (const whole of [previewPage(entries, []), sheetPage(entries, [])]) {
    const ids = [...whole.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of whole.matchAll(/url\(#([^)]*)\)/g)) expect(ids).toContain(id);
  }
});
