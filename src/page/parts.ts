import type { Commit } from '../model/source.ts';
import { duration, SHORT_SHA } from '../render/status.ts';
import { type Html, html, type Part } from './markup.ts';

/*
 * What all pages are made of.
 */

export interface PageSection {
  /** What links on the page lead to: letters and digits. */
  id?: string;
  heading: string;
  /** One line under the heading. */
  note?: Part;
  body: Part;
}

export function sectionMarkup({ id, heading, note, body }: PageSection): Html {
  return html`<section${id === undefined ? undefined : html` id="${id}"`}>
<h2>${heading}</h2>
${note === undefined ? undefined : html`<p class="note">${note}</p>`}
${body}
</section>
`;
}

export interface Column {
  name: string;
  /** A class that look.ts knows. */
  look?: 'wide' | 'number' | 'picture';
}

export interface TableRow {
  /** Tells the row from others of its table, so that a page that follows live keeps it. */
  key?: string;
  /** Cells in the order of the columns; the first is the row's heading. */
  cells: readonly Part[];
}

/**
 * A table that becomes a list of cards where there is little room. The roles keep it a table for screen readers, whatever
 * its parts look like.
 * @param label what the table is about, for those who do not see what stands above it
 */
export function table(label: string, columns: readonly Column[], rows: readonly TableRow[]): Html {
  const heads = columns.map(
    ({ name, look }) => html`<th role="columnheader" scope="col"${lookOf(look)}>${name}</th>`,
  );
  return html`<table role="table" aria-label="${label}"><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">
${rows.map((row) => rowMarkup(columns, row))}</tbody></table>`;
}

function rowMarkup(columns: readonly Column[], { key, cells }: TableRow): Html {
  const inner = cells.map((cell, index) => {
    const { name = '', look } = columns[index] ?? {};
    return index === 0
      ? html`<th role="rowheader" scope="row"${lookOf(look)}>${cell}</th>`
      : html`<td role="cell" data-label="${name}"${lookOf(look)}>${cell}</td>`;
  });
  return html`<tr role="row"${key === undefined ? undefined : html` data-key="${key}"`}>${inner}</tr>
`;
}

function lookOf(look: Column['look']): Part {
  return look && html` class="${look}"`;
}

/** A moment as "3 min ago"; a page that follows live counts on by itself. @param at, now milliseconds since 1970 */
export function ago(at: number, now: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${iso}" data-ago>${duration(now - at)} ago</time>`;
}

/** How long something took, in milliseconds, for people. */
export function took(milliseconds: number): string {
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : duration(milliseconds);
}

/** A commit in a list: what it is called, and by a pointer on it whose it is. */
export function commitMarkup({ sha, author, subject }: Commit): Html {
  return html`<span title="${author}"><code class="word">${sha.slice(0, SHORT_SHA)}</code> ${subject}</span>`;
}
