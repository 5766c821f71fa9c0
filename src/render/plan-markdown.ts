import type { Diagnostic } from '../model/diagnostic.ts';
import type { Plan, RecordingPlan } from '../model/plan.ts';
import { escapeHtml, escapeMarkdown } from './markdown.ts';
import { callLine, sumLine } from './plan-text.ts';
import { count } from './style.ts';
import { type Row, rowsOf } from './values.ts';

/** Seen by nobody, and by programs that look for the comment to be updated. */
export const MARKER = '<!-- reelstate plan -->';

/**
 * GitHub refuses comments of more than 65,536 characters ("Body is too long"). What is left of that is for the note
 * about what is left out, and for a line that whoever posts it may add.
 */
const LONGEST = 63_000;

/** What lists may take of it, so that something is left for the folds. */
const SHARE = LONGEST / 4;

/** Recordings that are named in the note. */
const NAMED = 10;

/**
 * The plan for a review: verdict, what goes back to its default, problems, then a fold a recording; as much of it as
 * one comment on GitHub holds, and what is left out is told.
 * @param pictures markdown to stand below the rows of a recording
 */
export function planMarkdown(plan: Plan, pictures: ReadonlyMap<RecordingPlan, string> = new Map()): string {
  const told = plan.recordings.filter(({ action, notes }) => action !== 'no-op' || notes.length > 0);
  const head = [
    `${MARKER}\n${verdict(plan)}`,
    listed(resetRows(plan), 'These go back to their defaults, because the file no longer sets them:\n\n'),
    listed(problemRows(plan.diagnostics)),
  ].filter(Boolean);
  let room = LONGEST - head.join('\n\n').length;
  const folds: string[] = [];
  const left: string[] = [];
  for (const recording of told) {
    const text = [fold(recording, pictures.get(recording)), fold(recording, undefined)].find(
      ({ length }) => length + 2 <= room,
    );
    if (text === undefined) left.push(recording.name);
    else {
      folds.push(text);
      room -= text.length + 2;
    }
  }
  return `${[...head, ...folds, ...(left.length > 0 ? [leftOut(left)] : [])].join('\n\n')}\n`;
}

function leftOut(names: readonly string[]): string {
  const some = names.slice(0, NAMED).map((name) => escapeMarkdown(name.slice(0, 40)));
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${count(names.length, 'recording')} left out, because a comment holds no more: ${some.join(', ')}${more}. \`reelstate plan\` shows all.`;
}

/** Rows as a list that takes no more than its share. */
function listed(rows: readonly string[], title = ''): string {
  if (rows.length === 0) return '';
  const taken: string[] = [];
  let length = 0;
  for (const row of rows) {
    length += row.length + 1;
    if (length > SHARE) break;
    taken.push(row);
  }
  const more = rows.length - taken.length;
  return `${title}${[...taken, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n')}`;
}

function verdict(plan: Plan): string {
  const { summary } = plan;
  const calls = summary.calls.update + summary.calls.updateLayout;
  const cost = calls > 0 ? ` ${callLine(summary, plan.rate)}.` : '';
  return `**${plan.applyable ? '' : 'Cannot be applied as it stands. '}${sumLine(summary)}.**${cost}`;
}

function resetRows(plan: Plan): string[] {
  return plan.recordings.flatMap(({ name, calls }) =>
    calls.flatMap((call) =>
      rowsOf(call)
        .filter(({ reset }) => reset)
        .map((row) => `- ${escapeMarkdown(name)}: ${cell(row)}`),
    ),
  );
}

/** Diagnostics as a list; empty text for none. */
export function diagnosticsMarkdown(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.length === 0 ? '' : `${problemRows(diagnostics).join('\n')}\n`;
}

function problemRows(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(
    ({ severity, code, summary, range }) =>
      `- ${severity} \`${code}\` ${escapeMarkdown(`${range.filename}:${range.start.line}:${range.start.column}`)}: ${escapeMarkdown(summary)}`,
  );
}

function fold({ name, file, action, calls, notes }: RecordingPlan, picture: string | undefined): string {
  const rows = calls.flatMap((call) => [
    `\`${call.endpoint}\` (${call.reason})`,
    '',
    ...(call.changes.length > 0 ? ['| | field | change |', '| --- | --- | --- |'] : []),
    ...rowsOf(call).map(
      ({ sign, subject, text: change }) =>
        `| \`${sign}\` | ${escapeMarkdown(subject)} | ${escapeMarkdown(change)} |`,
    ),
    '',
  ]);
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
