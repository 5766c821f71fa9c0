import { placeLayout } from '../render/picture/geometry.ts';
import { count } from '../render/style.ts';
import { callTable, recordingLink } from './calls.ts';
import { livePage } from './document.ts';
import { concernTable, headMarkup } from './head.ts';
import { type Html, html, type Part } from './markup.ts';
import { ago, commitMarkup, type PageSection, sectionMarkup, table } from './parts.ts';
import { addressOf, CONDITIONS, type ListQuery, MODES, type Selection, select } from './select.ts';
import { smallPicture } from './small.ts';
import { useMarkup } from './use.ts';
import type { ConditionName, OverviewView, RowView } from './views.ts';

/** The status page: whether all is well, what needs a person, and what is on tape now. */
export function overviewPage(view: OverviewView, query: ListQuery): string {
  const { head, concerns, use, calls } = view;
  const selection = select(view.recordings, query);
  const sections: PageSection[] = [
    {
      id: 'attention',
      heading: `Needs attention: ${concerns.length}`,
      body: concerns.length === 0 ? html`<p>Nothing.</p>` : concernTable(concerns, head.now),
    },
    {
      id: 'recordings',
      heading: 'Recordings',
      note: 'Assumed: applied, and not read back since. Observed: read back from the service.',
      body: html`${filters(query)}<p>${count(selection.total, 'recording')} found.</p>${list(
        selection.shown.map(view.row),
        head.now,
      )}${paging(selection, query)}`,
    },
    { id: 'use', heading: 'Requests of the last ten minutes', body: useMarkup(use, head) },
    {
      id: 'calls',
      heading: 'Last calls',
      body: html`${callTable('The last calls of all recordings', calls, head.now, true)}<p><a href="/calls">More calls</a></p>`,
    },
  ];
  return livePage(
    titleOf(head.counts, head.notReady.length === 0),
    html`<h1>Recordings</h1>
${headMarkup(head)}
${counts(head.counts)}
${sections.map(sectionMarkup)}`,
  );
}

/** What a tab shows while another one is in front. */
function titleOf(numbers: Readonly<Record<ConditionName, number>>, isReady: boolean): string {
  const stalled = numbers.Stalled > 0 ? `${numbers.Stalled} Stalled` : 'all well';
  return isReady ? stalled : 'Not ready';
}

const LOOKS: Readonly<Record<ConditionName, string>> = {
  Ready: 'good',
  Reconciling: 'warning',
  Stalled: 'alarm',
};

function counts(numbers: Readonly<Record<ConditionName, number>>): Html {
  const items = CONDITIONS.map(
    (condition) =>
      html`<li><a href="${addressOf({ condition })}#recordings"><strong>${numbers[condition]}</strong> <span class="${numbers[condition] > 0 ? LOOKS[condition] : 'note'}">${condition}</span></a></li>`,
  );
  return html`<ul class="counts" aria-label="Recordings by condition">${items}</ul>`;
}

function filters({ q, condition, mode }: ListQuery): Html {
  return html`<form action="/#recordings" role="search" data-key="filters" aria-label="Recordings">
<label>Search <input type="search" name="q" value="${q}" maxlength="200"></label>
<label>Condition ${choice('condition', CONDITIONS, condition)}</label>
<label>Mode ${choice('mode', MODES, mode)}</label>
<button>Show</button> <a href="/#recordings">Show all</a>
</form>`;
}

function choice(name: string, values: readonly string[], chosen: string): Html {
  const options = ['', ...values].map((value) => {
    const selected = value === chosen ? html` selected` : undefined;
    return html`<option value="${value}"${selected}>${value === '' ? 'any' : value}</option>`;
  });
  return html`<select name="${name}">${options}</select>`;
}

function list(rows: readonly RowView[], now: number): Html | undefined {
  if (rows.length === 0) return undefined;
  return table(
    'Recordings',
    [
      { name: 'recording' },
      { name: 'condition', look: 'wide' },
      { name: 'mode' },
      { name: 'confidence' },
      { name: 'last applied', look: 'wide' },
      { name: 'layout in force', look: 'picture' },
    ],
    rows.map((row) => ({
      key: row.name,
      cells: [
        html`${recordingLink(row.name)}${labels(row)}`,
        conditionMarkup(row, now),
        row.mode,
        confidence(row),
        appliedMarkup(row.applied, now),
        row.layout && smallPicture(placeLayout(row.layout, undefined, row.canvas)),
      ],
    })),
  );
}

export function labels({ labels: all }: Pick<RowView, 'labels'>): Part {
  const entries = Object.entries(all);
  if (entries.length === 0) return undefined;
  return html`<br>${entries.map(([key, value]) => html`<span class="label">${key}=${value}</span>`)}`;
}

export function conditionMarkup({ condition }: Pick<RowView, 'condition'>, now: number): Html {
  const { type, reason, message, since } = condition;
  const why = type === 'Ready' && reason === 'Applied' ? undefined : html`<br>${reason}: ${message}`;
  return html`<span class="${LOOKS[type]}">${type}</span> <span class="note">since ${ago(since, now)}</span>${why}`;
}

export function confidence({ blocks }: Pick<RowView, 'blocks'>): Part {
  return Object.entries(blocks).map(
    ([block, how], index) =>
      html`${index > 0 ? html`<br>` : undefined}<span class="word">${block}: ${how === 'unknown' ? html`<span class="warning">${how}</span>` : how}</span>`,
  );
}

export function appliedMarkup(applied: RowView['applied'], now: number): Part {
  if (!applied) return 'never';
  return html`${ago(applied.at, now)}${applied.commit && html`<br>${commitMarkup(applied.commit)}`}`;
}

function paging({ page, pages }: Selection, query: ListQuery): Part {
  if (pages === 1) return undefined;
  const link = (to: number, words: string) =>
    to < 1 || to > pages
      ? undefined
      : html`<a href="${addressOf({ ...query, page: to })}#recordings">${words}</a>`;
  return html`<nav class="pages" aria-label="Pages of the list">${link(page - 1, 'Previous')}<span>Page ${page} of ${pages}</span> ${link(page + 1, 'Next')}</nav>`;
}
