import { type Diagnostic, usedBy } from '../model/diagnostic.ts';
import type { Plan, RecordingPlan } from '../model/plan.ts';
import { COMMENT_LIMIT } from './comment.ts';
import { type Group, type Grouped, grouped, titleOf } from './groups.ts';
import { escapeHtml, escapeMarkdown } from './markdown.ts';
import { callLine, sumLine } from './plan-text.ts';
import { count } from './style.ts';
import type { Row } from './values.ts';

/** Invisible when rendered; programs find the comment to update by it. */
export const MARKER = '<!-- reelstate plan -->';

/** The share that is left for a line that the posting program may add. */
const LINE = 0.02;

/** What each list, and the note about what is left out, may take of what is there for them. */
const SHARE = 0.2;

/** Recordings that are named in the note. */
const NAMED = 10;

/**
 * The plan for a review: verdict, what could not be compared, what goes back to its default, problems, then a fold a
 * recording; as much of it as one comment holds, and what is left out is told.
 * @param pictures markdown to stand below the rows of a recording
 * @param limit characters that a comment may have
 */
export function planMarkdown(
  plan: Plan,
  pictures: ReadonlyMap<RecordingPlan, string> = new Map(),
  limit = COMMENT_LIMIT,
): string {
  const all = grouped(plan);
  const told = plan.recordings.filter(
    (recording) => (recording.action !== 'no-op' || recording.notes.length > 0) && !all.isSaid(recording),
  );
  const first = `${MARKER}\n${verdict(plan)}`;
  const whole = Math.floor(limit * (1 - LINE)) - first.length;
  const share = Math.floor(whole * SHARE);
  const head = [
    first,
    listed(comparisonRows(plan), share),
    listed(
      resetRows(plan, all),
      share,
      'These go back to their defaults, because the file no longer sets them:\n\n',
    ),
    listed(problemRows(plan.diagnostics), share),
  ].filter(Boolean);
  let room = Math.floor(limit * (1 - LINE)) - head.join('\n\n').length - share;
  const folds: string[] = [];
  const left: string[] = [];
  for (const group of all.groups) {
    const [first] = group.recordings as [RecordingPlan];
    const picture = group.call.endpoint === 'updateLayout' ? pictures.get(first) : undefined;
    const text = [groupFold(group, picture), groupFold(group, undefined)].find(
      ({ length }) => length + 2 <= room,
    );
    if (text === undefined) left.push(...group.recordings.filter(all.isSaid).map(({ name }) => name));
    else {
      folds.push(text);
      room -= text.length + 2;
    }
  }
  for (const recording of told) {
    const text = [fold(recording, all, pictures.get(recording)), fold(recording, all, undefined)].find(
      ({ length }) => length + 2 <= room,
    );
    if (text === undefined) left.push(recording.name);
    else {
      folds.push(text);
      room -= text.length + 2;
    }
  }
  return `${[...head, ...folds, ...(left.length > 0 ? [leftOut(left, share)] : [])].join('\n\n')}\n`;
}

/** @param share characters that it may take, at least as many as it has without names */
function leftOut(names: readonly string[], share: number): string {
  const told = `${count(names.length, 'recording')} left out, because a comment holds no more`;
  const end = '`reelstate plan` shows all.';
  const named: string[] = [];
  let length = told.length + end.length + ': '.length + ` and ${names.length} more. \n\n`.length;
  for (const name of names.slice(0, NAMED)) {
    const text = escapeMarkdown(name.slice(0, 40));
    length += text.length + ', '.length;
    if (length > share) break;
    named.push(text);
  }
  if (named.length === 0) return `${told}. ${end}`;
  const more = names.length > named.length ? ` and ${names.length - named.length} more` : '';
  return `${told}: ${named.join(', ')}${more}. ${end}`;
}

/** Rows as a list that takes no more than its share. */
function listed(rows: readonly string[], share: number, title = ''): string {
  if (rows.length === 0) return '';
  const taken: string[] = [];
  let length = title.length + `- and ${rows.length} more\n\n`.length;
  for (const row of rows) {
    length += row.length + 1;
    if (length > share) break;
    taken.push(row);
  }
  const more = rows.length - taken.length;
  return `${title}${[...taken, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n')}`;
}

/** What standard error says of the older commit. */
function comparisonRows({ comparison }: Plan): string[] {
  if (!comparison) return [];
  return [
    ...comparison.notes.map((note) => `- ${escapeMarkdown(note)}`),
    ...problemRows(comparison.diagnostics),
  ];
}

function verdict(plan: Plan): string {
  const { summary } = plan;
  const calls = summary.calls.update + summary.calls.updateLayout;
  const cost = calls > 0 ? ` ${callLine(summary, plan.rate)}.` : '';
  const doubt = plan.comparison?.complete === false ? 'Not all could be compared: see below. ' : '';
  return `**${plan.applyable ? '' : 'Cannot be applied as it stands. '}${doubt}${sumLine(summary)}.**${cost}`;
}

function resetRows(plan: Plan, all: Grouped): string[] {
  const ofGroups = all.groups.flatMap(({ file, recordings, rows }) =>
    rows
      .filter(({ reset }) => reset)
      .map((row) => `- ${count(recordings.length, 'recording')} (${escapeMarkdown(file)}): ${cell(row)}`),
  );
  const own = plan.recordings.flatMap(({ name, calls }) =>
    calls.flatMap((call) =>
      all
        .rest(call)
        .rows.filter(({ reset }) => reset)
        .map((row) => `- ${escapeMarkdown(name)}: ${cell(row)}`),
    ),
  );
  return [...ofGroups, ...own];
}

/** Diagnostics as a list; empty text for none. */
export function diagnosticsMarkdown(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.length === 0 ? '' : `${problemRows(diagnostics).join('\n')}\n`;
}

function problemRows(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map((diagnostic) => {
    const { severity, code, summary, range } = diagnostic;
    const used = usedBy(diagnostic);
    const told = used === undefined ? summary : `${summary} (${used})`;
    return `- ${severity} \`${code}\` ${escapeMarkdown(`${range.filename}:${range.start.line}:${range.start.column}`)}: ${escapeMarkdown(told)}`;
  });
}

/** What several recordings have in common. */
function groupFold(group: Group, picture: string | undefined): string {
  const { call, rows, recordings } = group;
  const names = recordings.slice(0, NAMED).map(({ name }) => escapeMarkdown(name));
  const more = recordings.length > NAMED ? ` and ${recordings.length - NAMED} more` : '';
  return [
    '<details>',
    `<summary><b>${escapeHtml(titleOf(group))}</b></summary>`,
    '',
    `\`${call.endpoint}\` (${call.reason}): ${names.join(', ')}${more}`,
    '',
    ...table(rows),
    '',
    ...(picture === undefined ? [] : [picture, '']),
    '</details>',
  ].join('\n');
}

function table(rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  return [
    '| | field | change |',
    '| --- | --- | --- |',
    ...rows.map(
      ({ sign, subject, text: change }) =>
        `| \`${sign}\` | ${escapeMarkdown(subject)} | ${escapeMarkdown(change)} |`,
    ),
  ];
}

function fold(
  { name, file, action, calls, notes }: RecordingPlan,
  all: Grouped,
  picture: string | undefined,
): string {
  const rows = calls.flatMap((call) => {
    const { rows: own, groups } = all.rest(call);
    const besides = groups.map(({ block, file: from }) => `${block} from ${from}`);
    const remark = besides.length === 0 ? '' : `, besides ${escapeMarkdown(besides.join(', '))}`;
    return [`\`${call.endpoint}\` (${call.reason})${remark}`, '', ...table(own), ''];
  });
  const head = `<b>${escapeHtml(name)}</b>: ${action}${calls.length > 0 ? `, ${count(calls.length, 'call')}` : ''} (${escapeHtml(file)})`;
  return [
    '<details>',
    `<summary>${head}</summary>`,
    '',
    ...notes.map((note) => `${escapeMarkdown(note)}\n`),
    ...rows,
    ...(picture === undefined ? [] : [picture, '']),
    '</details>',
  ].join('\n');
}

function cell({ subject, text: change }: Row): string {
  return `${escapeMarkdown(subject)} ${escapeMarkdown(change)}`;
}
