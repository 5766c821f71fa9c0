import { caption } from '../render/picture/describe.ts';
import { placeLayout } from '../render/picture/geometry.ts';
import { pictureSvg } from '../render/picture/svg.ts';
import { changeSvg } from '../render/picture/svg-change.ts';
import { commitLine } from '../render/status.ts';
import { callTable } from './calls.ts';
import { livePage } from './document.ts';
import { concernTable } from './head.ts';
import { type Html, html, type Part, svgMarkup } from './markup.ts';
import { appliedMarkup, conditionMarkup, confidence, labels } from './overview.ts';
import { ago, type PageSection, sectionMarkup } from './parts.ts';
import { rowTable, valueTable } from './plan.ts';
import type { RecordingView } from './views.ts';

/** The page of one recording: what its file asks for against what was last applied, pictures of both, and its last calls. */
export function recordingPage(view: RecordingView): string {
  const { head, row, concerns, calls } = view;
  const { now } = head;
  const sections: PageSection[] = [
    ...(concerns.length === 0 ? [] : [{ heading: 'Needs attention', body: concernTable(concerns, now) }]),
    { id: 'desired', heading: 'Desired against last applied', body: pending(view) },
    ...pictures(view),
    {
      id: 'applied',
      heading: 'Last applied',
      note: 'What is remembered, secrets by reference alone. Only what is observed was read back.',
      body: applied(view),
    },
    {
      id: 'calls',
      heading: 'Last calls',
      body: callTable(`The last calls of ${row.name}`, calls, now, false),
    },
  ];
  return livePage(
    row.name,
    html`<p><a href="/">All recordings</a></p>
<h1>${row.name}</h1>
${facts(view)}
${sections.map(sectionMarkup)}`,
  );
}

function facts({ row, sid, line, observedAt, head: { now } }: RecordingView): Html {
  const { mode, file, condition } = row;
  const isBad = condition.type === 'Stalled';
  return html`<div class="verdict ${isBad ? 'is-bad' : condition.type === 'Ready' ? 'is-good' : ''}">
<p>${conditionMarkup(row, now)}${labels(row)}</p>
<dl class="facts">
<dt>File</dt><dd><code>${file}${line === undefined ? undefined : `:${line}`}</code></dd>
<dt>Recording</dt><dd>${mode}${sid === undefined ? undefined : html`, sid <code>${sid}</code>`}</dd>
<dt>Last applied</dt><dd>${appliedMarkup(row.applied, now)}</dd>
<dt>Last query</dt><dd>${observedAt === undefined ? 'not by this daemon' : ago(observedAt, now)}</dd>
<dt>Confidence</dt><dd>${confidence(row)}</dd>
</dl></div>`;
}

function pending({ pending: calls, notes, row }: RecordingView): Html {
  const said = notes.map((note) => html`<p>${note}</p>`);
  if (calls.length === 0) {
    const words =
      row.condition.type === 'Ready'
        ? 'Nothing to send: it is as its file says.'
        : 'Nothing to send at the moment.';
    return html`<p>${words}</p>${said}`;
  }
  const parts = calls.map(
    ({ endpoint, why, rows }) =>
      html`<h3><code>${endpoint}</code>${why === '' ? undefined : ` ${why}`}</h3>${
        rows.length === 0 ? undefined : rowTable(`What ${endpoint} changes`, rows)
      }`,
  );
  return html`${parts}${said}`;
}

function pictures({ row, change }: RecordingView): PageSection[] {
  if (change) {
    const svg = changeSvg(change.before, change.after, { title: row.name, id: 'change' });
    return [
      { id: 'layout', heading: 'Layout, before and after', body: html`<figure>${svgMarkup(svg)}</figure>` },
    ];
  }
  if (!row.layout) return [];
  const placement = placeLayout(row.layout, undefined, row.canvas);
  const svg = pictureSvg(placement, { title: row.name, id: 'layout-now', heading: false });
  return [
    {
      id: 'layout',
      heading: 'Layout in force',
      note: caption(placement),
      body: html`<figure>${svgMarkup(svg)}</figure>`,
    },
  ];
}

function applied({ applied: all, head: { now } }: RecordingView): Part {
  if (all.length === 0) return html`<p>Nothing was applied yet.</p>`;
  return all.map(
    ({ endpoint, at, commit, rows }) =>
      html`<h3><code>${endpoint}</code> ${ago(at, now)}${commit && `, ${commitLine(commit)}`}</h3>${valueTable(`Last applied by ${endpoint}`, rows)}`,
  );
}
