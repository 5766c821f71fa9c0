import { type Diagnostic, detailOf } from '../model/diagnostic.ts';
import type { Action, Call, Comparison, Plan, RecordingPlan } from '../model/plan.ts';
import { type Group, type Grouped, grouped, titleOf } from '../render/groups.ts';
import { DEFAULT_SIZE } from '../render/picture/geometry.ts';
import { changeSvg } from '../render/picture/svg-change.ts';
import { type CanvasView, layoutChange } from '../render/plan-pictures.ts';
import { callLine, hasNews, resetCount, SIGNS, sumLine } from '../render/plan-text.ts';
import { whyOf } from '../render/reasons.ts';
import { count, printable } from '../render/style.ts';
import { type Row, rowsOf } from '../render/values.ts';
import { page } from './document.ts';
import { type Html, html, svgMarkup } from './markup.ts';
import { type PageSection, table } from './parts.ts';

/** Up to so many recordings the index is open. */
const SHORT_INDEX = 24;

const ACTIONS: Record<Action, string> = {
  create: 'is adopted',
  update: 'changes',
  forget: 'is forgotten',
  'no-op': 'stays',
  waiting: 'waits',
  suspended: 'is suspended',
};

const ROW_WORDS: Record<Row['sign'], string> = {
  '+': 'set',
  '~': 'changed',
  '-': 'removed',
  '!': 'back to its default',
};

/**
 * The plan as one page that needs nothing but itself, made to be attached to a review: verdict, what goes back to
 * its default, problems, then every recording with something to say, its rows and the picture of its layout.
 */
export function planHtml(plan: Plan, view: CanvasView): string {
  const all = grouped(plan);
  const news = plan.recordings.filter(hasNews);
  const told = news
    .filter((recording) => !all.isSaid(recording))
    .map((recording, index) => ({ recording, id: `r${index + 1}` }));
  const unchanged = plan.recordings.length - news.length;
  const size = view.size ?? DEFAULT_SIZE;
  const canvas = `${size.width} \u00d7 ${size.height} pixels${view.size ? '' : ' where the file says no other'}`;
  const { commit } = plan;
  const source = commit
    ? ` from commit ${commit.sha.slice(0, 10)}, ${JSON.stringify(printable(commit.subject))} by ${printable(commit.author)}`
    : '';
  return page({
    title: `Plan of ${count(plan.summary.recordings, 'recording')}`,
    verdict: verdict(plan),
    sections: [
      ...comparisonSection(plan.comparison),
      ...resetSection(told, all),
      ...problemSection(plan.diagnostics),
      ...indexSection(told),
      ...all.groups.map((group, index) => groupSection(group, `g${index + 1}`, view)),
      ...told.map(({ recording, id }) => recordingSection(recording, id, all, view)),
      ...(unchanged > 0
        ? [
            {
              heading: 'Unchanged',
              body: html`<p>${count(unchanged, 'recording')} as they were applied.</p>`,
            },
          ]
        : []),
    ],
    footer: `Made by reelstate plan at ${plan.timestamp}${source}. Predefined layouts are drawn with ${count(view.users, 'user')}, on a canvas of ${canvas}.`,
  });
}

function verdict(plan: Plan): Html {
  const { summary, rate } = plan;
  const resets = resetCount(plan);
  const held = plan.recordings.filter(({ unresolved }) => unresolved.length > 0).length;
  const lines = [
    ...(plan.applyable ? [] : [html`<p class="alarm">Cannot be applied as it stands.</p>`]),
    html`<p><strong>${sumLine(summary)}.</strong></p>`,
    html`<p>${summary.calls.update + summary.calls.updateLayout > 0 ? callLine(summary, rate) : 'No calls'}.</p>`,
    ...(resets > 0
      ? [
          html`<p>${count(resets, 'value')} ${resets === 1 ? 'goes back to its default' : 'go back to their defaults'}.</p>`,
        ]
      : []),
    ...(held > 0 ? [html`<p>${count(held, 'recording')} would be held back: see the problems.</p>`] : []),
  ];
  return html`${lines}`;
}

interface Told {
  recording: RecordingPlan;
  /** Where on the page it is. */
  id: string;
}

function resetSection(told: readonly Told[], all: Grouped): PageSection[] {
  const ofGroups = all.groups.flatMap(({ recordings, file, rows }, index) =>
    rows
      .filter(({ reset }) => reset)
      .map(({ subject, text }) => ({
        cells: [
          html`<a href="#g${index + 1}">${count(recordings.length, 'recording')} (${printable(file)})</a>`,
          subject,
          text,
        ],
      })),
  );
  const own = told.flatMap(({ recording, id }) =>
    recording.calls.flatMap((call) =>
      all
        .rest(call)
        .rows.filter(({ reset }) => reset)
        .map(({ subject, text }) => ({
          cells: [html`<a href="#${id}">${printable(recording.name)}</a>`, subject, text],
        })),
    ),
  );
  const rows = [...ofGroups, ...own];
  if (rows.length === 0) return [];
  return [
    {
      heading: 'Back to the defaults',
      note: 'The files no longer set these, and each call overrides: the service goes back to its default.',
      body: table(
        'Values that go back to their defaults',
        [{ name: 'recording' }, { name: 'field' }, { name: 'change', look: 'wide' }],
        rows,
      ),
    },
  ];
}

function comparisonSection(comparison: Comparison | undefined): PageSection[] {
  if (!comparison || comparison.notes.length === 0) return [];
  const notes = html`${comparison.notes.map((note) => html`<p>${printable(note)}</p>`)}`;
  const problems = problemSection(comparison.diagnostics).map(({ body }) => body);
  return [{ heading: `Compared with ${printable(comparison.from)}`, body: html`${notes}${problems}` }];
}

function problemSection(diagnostics: readonly Diagnostic[]): PageSection[] {
  if (diagnostics.length === 0) return [];
  const items = diagnostics.map((diagnostic) => {
    const { severity, code, summary, range, source } = diagnostic;
    const detail = detailOf(diagnostic);
    const place = `${range.filename}:${range.start.line}:${range.start.column}`;
    return html`<li><strong class="${severity === 'error' ? 'alarm' : 'warning'}">${severity}</strong> <code>${code}</code> ${printable(place)}<br>
${printable(summary)}${detail === undefined ? undefined : html`<br><span class="note">${printable(detail)}</span>`}
${source === undefined ? undefined : html`<pre>${printable(source)}</pre>`}</li>`;
  });
  return [{ heading: 'Problems', body: html`<ul class="problems">${items}</ul>` }];
}

function indexSection(told: readonly Told[]): PageSection[] {
  if (told.length < 2) return [];
  const items = told.map(
    ({ recording: { name, action }, id }) =>
      html`<li><a href="#${id}">${SIGNS[action]} ${printable(name)}</a> <span class="note">${ACTIONS[action]}</span></li>`,
  );
  const list = html`<summary>${count(told.length, 'recording')} with something to say</summary>
<ul class="index">${items}</ul>`;
  return [
    {
      heading: 'Recordings',
      body:
        told.length <= SHORT_INDEX ? html`<details open>${list}</details>` : html`<details>${list}</details>`,
    },
  ];
}

/** What several recordings have in common, drawn as it is with the first of them. */
function groupSection(group: Group, id: string, view: CanvasView): PageSection {
  const { call, rows, recordings } = group;
  const [first] = recordings as [RecordingPlan];
  const change = call.endpoint === 'updateLayout' ? layoutChange(first, view) : undefined;
  const title = `drawn for ${printable(first.name)}`;
  const picture = change
    ? html`<figure>${svgMarkup(changeSvg(change.before, change.after, { title, id: `${id}-picture` }))}</figure>`
    : [];
  const names = recordings.map(({ name }) => printable(name)).join(', ');
  return {
    id,
    heading: printable(titleOf(group)),
    body: html`<details><summary>${count(recordings.length, 'recording')}</summary><p>${names}</p></details>${callMarkup(call, rows, [])}${picture}`,
  };
}

function recordingSection(recording: RecordingPlan, id: string, all: Grouped, view: CanvasView): PageSection {
  const { name, file, mode, action, calls, notes } = recording;
  const words = [
    ACTIONS[action],
    ...(mode === undefined ? [] : [`${mode} mode`]),
    ...(calls.length > 0 ? [count(calls.length, 'call')] : []),
    printable(file),
  ];
  const change = layoutChange(recording, view);
  const picture = change
    ? html`<figure>${svgMarkup(changeSvg(change.before, change.after, { title: printable(name), id: `${id}-picture` }))}</figure>`
    : undefined;
  const remarks = [
    ...(action === 'suspended' ? ['suspended: left alone, whatever the file says'] : []),
    ...notes.map(printable),
  ];
  return {
    id,
    heading: `${SIGNS[action]} ${printable(name)}`,
    note: words.join(' \u00b7 '),
    body: html`${remarks.map((remark) => html`<p>${remark}</p>`)}${calls.map((call) => callMarkup(call, all.rest(call).rows, all.rest(call).groups))}${picture}`,
  };
}

/**
 * One call of a plan: its endpoint, why it is made, and a table of its rows, what goes back to a default last.
 * @param groups what is said of it elsewhere
 */
export function callMarkup(
  call: Call,
  rows: readonly Row[] = rowsOf(call),
  groups: readonly Group[] = [],
): Html {
  const besides = groups.map(({ block, file }) => `besides ${block} from ${file}`);
  const why = [whyOf(call), ...besides].filter(Boolean).map(printable).join(', ');
  const head = html`<h3><code>${call.endpoint}</code>${why === '' ? '' : ` ${why}`}</h3>`;
  if (rows.length === 0) return head;
  const sorted = [...rows.filter(({ reset }) => !reset), ...rows.filter(({ reset }) => reset)];
  return html`${head}
${rowTable(`Changes of ${call.endpoint}`, sorted)}`;
}

/** The plan's own rows as a table. */
export function rowTable(label: string, rows: readonly Row[]): Html {
  return table(
    label,
    [{ name: 'field' }, { name: 'what' }, { name: 'change', look: 'wide' }],
    rows.map(({ sign, subject, text, reset }) => {
      const what = `${sign} ${ROW_WORDS[sign]}`;
      return { cells: [subject, reset ? html`<span class="alarm">${what}</span>` : what, text] };
    }),
  );
}

/** The same where nothing changes: what is there. */
export function valueTable(label: string, rows: readonly Row[]): Html {
  return table(
    label,
    [{ name: 'field' }, { name: 'value', look: 'wide' }],
    rows.map(({ subject, text }) => ({ cells: [subject, text] })),
  );
}
