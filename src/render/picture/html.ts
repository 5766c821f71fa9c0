import { count } from '../style.ts';
import { caption } from './describe.ts';
import { type Finding, findingsOf } from './findings.ts';
import { pictureSvg } from './svg.ts';
import { alike, type SheetEntry, sheetLine, thumbnailSvg } from './svg-sheet.ts';
import { escapeMarkup } from './words.ts';

/** Markup that is safe to put into a page. Made only by the tag `html`, by and by `svgMarkup`. */
export interface Html {
  readonly markup: string;
}

/** A template whose values are escaped, but for those that are markup already; lists are put one after another. */
export function html(
  parts: TemplateStringsArray,
  ...values: (Html | string | number | readonly Html[])[]
): Html {
  const markup = parts.map((part, index) => (index === 0 ? '' : inserted(values[index - 1] ?? '')) + part);
  return { markup: markup.join('') };
}

function inserted(value: Html | string | number | readonly Html[]): string {
  if (typeof value === 'string' || typeof value === 'number') return escapeMarkup(String(value));
  return 'markup' in value ? value.markup : value.map((each) => each.markup).join('\n');
}

/** A picture of ours (`pictureSvg`, `changeSvg`, `sheetSvg`) as part of a page. Never for any other text. */
export function svgMarkup(svg: string): Html {
  return { markup: svg };
}

export interface PageSection {
  /** What links on the page lead to: letters and digits. */
  id?: string;
  heading: string;
  /** One line under the heading. */
  note?: string;
  body: Html;
}

export interface PageContent {
  title: string;
  /** The one thing to know, right under the title. */
  verdict?: Html;
  sections: readonly PageSection[];
  footer?: string;
}

/**
 * A whole page that needs nothing but itself: no script, no font, no image and no style from elsewhere, and a
 * policy that forbids the browser to load any. Follows the reader's choice of light or dark.
 */
export function page({ title, verdict, sections, footer }: PageContent): string {
  const parts = sections.map(
    ({ id, heading, note, body }) => html`<section${id === undefined ? [] : html` id="${id}"`}>
<h2>${heading}</h2>
${note === undefined ? [] : html`<p class="note">${note}</p>`}
${body}
</section>`,
  );
  const whole = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${verdict === undefined ? [] : html`<div class="verdict">${verdict}</div>`}
${parts}
</main>
${footer === undefined ? [] : html`<footer>${footer}</footer>`}
</body>
</html>
`;
  return whole.markup;
}

/** The pictures of recordings at full size, one under another. */
export function previewPage(entries: readonly SheetEntry[], omitted: readonly string[]): string {
  const only = entries.length === 1 ? entries[0] : undefined;
  const sections = entries.map(
    ({ name, placement }, index): PageSection => ({
      heading: name,
      note: caption(placement),
      body: html`<figure>${svgMarkup(pictureSvg(placement, { title: name, id: `picture-${index + 1}`, heading: false }))}</figure>`,
    }),
  );
  return page({
    title: only ? `Layout of ${only.name}` : `Layouts of ${count(entries.length, 'recording')}`,
    verdict: verdictOf(entries),
    sections: [...sections, ...omittedSection(omitted)],
  });
}

/** A contact sheet: small pictures side by side, each with how many others look the same. */
export function sheetPage(entries: readonly SheetEntry[], omitted: readonly string[]): string {
  const likeness = alike(entries);
  const cards = entries.map((entry, index) => {
    const alone = likeness[index] === 1 && entries.length > 1;
    return html`<li class="${alone ? 'card odd' : 'card'}">
<figure>${svgMarkup(thumbnailSvg(entry, `sheet-${index + 1}`))}
<figcaption><strong>${entry.name}</strong><br>${sheetLine(entry, likeness[index] ?? 1)}</figcaption></figure>
</li>`;
  });
  const body = html`<ul class="sheet">${cards}</ul>`;
  return page({
    title: `Layouts of ${count(entries.length, 'recording')}`,
    verdict: verdictOf(entries),
    sections: [{ heading: 'All layouts', body }, ...omittedSection(omitted)],
  });
}

function verdictOf(entries: readonly SheetEntry[]): Html {
  const warned = entries
    .map(({ name, placement }) => ({ name, warnings: findingsOf(placement).filter(isWarning) }))
    .filter(({ warnings }) => warnings.length > 0);
  if (warned.length === 0) return html`<p>No warnings.</p>`;
  const lines = warned.flatMap(({ name, warnings }) =>
    warnings.map(({ text }) => html`<li><strong>${name}</strong>: ${text}</li>`),
  );
  return html`<p>${count(lines.length, 'warning')} in ${count(warned.length, 'recording')}:</p><ul>${lines}</ul>`;
}

function isWarning({ severity }: Finding): boolean {
  return severity === 'warning';
}

function omittedSection(names: readonly string[]): PageSection[] {
  if (names.length === 0) return [];
  return [{ heading: 'Without a mixed layout', body: html`<p>${names.join(', ')}</p>` }];
}

/** Colours keep a contrast of at least 4.5 on their ground, in both schemes (WCAG 2.2, level AA). */
const STYLE = `
:root { color-scheme: light dark; --ground: #f6f8fa; --card: #ffffff; --ink: #1b1f24; --faint: #4b535d; --rule: #c9d1d9; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0f1419; --card: #1b2129; --ink: #e6eaef; --faint: #a9b4c0; --rule: #39424d; --alarm: #ff9a8f; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main, footer { max-width: 1040px; margin: 0 auto; padding: 24px 16px; }
h1 { font-size: 1.6rem; margin: 0 0 8px; overflow-wrap: anywhere; }
section { content-visibility: auto; contain-intrinsic-size: auto 320px; }
h2 { font-size: 1.15rem; margin: 32px 0 4px; padding-top: 16px; border-top: 1px solid var(--rule); overflow-wrap: anywhere; }
.note, footer, figcaption { color: var(--faint); font-size: 0.9rem; }
p.note { margin: 0 0 12px; }
h3 { font-size: 1rem; font-weight: 400; margin: 16px 0 4px; }
a { color: inherit; }
table + figure, h3 + figure, figure + figure { margin-top: 12px; }
.rows th:first-child { width: max(7rem, 18%); }
.rows th:nth-child(2) { width: 32%; }
.index { columns: 280px; padding: 0; list-style: none; overflow-wrap: anywhere; }
.problems { padding-left: 20px; }
.problems pre { margin: 4px 0 12px; }
.verdict { background: var(--card); border: 1px solid var(--rule); border-left: 4px solid var(--faint); border-radius: 6px; padding: 8px 16px; overflow-wrap: anywhere; }
.verdict p { margin: 6px 0; }
figure { margin: 0; }
figure svg { display: block; width: 100%; height: auto; border: 1px solid var(--rule); border-radius: 6px; }
figcaption strong { color: var(--ink); overflow-wrap: anywhere; }
.sheet { list-style: none; margin: 12px 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: 16px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 10px; }
.card.odd { border: 2px solid var(--faint); }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 12px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; }
.alarm { color: var(--alarm); font-weight: 600; }
@media print { body { background: #ffffff; } section { break-inside: avoid; } }
`;
