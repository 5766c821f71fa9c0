import { caption } from '../render/picture/describe.ts';
import { type Finding, findingsOf } from '../render/picture/findings.ts';
import { pictureSvg } from '../render/picture/svg.ts';
import { alike, type SheetEntry, sheetLine, thumbnailSvg } from '../render/picture/svg-sheet.ts';
import { count } from '../render/style.ts';
import { page } from './document.ts';
import { type Html, html, svgMarkup } from './markup.ts';
import type { PageSection } from './parts.ts';

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
