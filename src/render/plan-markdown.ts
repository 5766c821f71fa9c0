import type { Diagnostic } from '../model/diagnostic.ts';
import type { Plan, RecordingPlan } from '../model/plan.ts';
import { escapeHtml, escapeMarkdown } from './markdown.ts';
import { callLine, resetCount, sumLine } from './plan-text.ts';
import { count } from './style.ts';
import { type Row, rowsOf } from './values.ts';

/**
 * The plan for a review: verdict, what goes back to its default, problems, then a fold a recording.
 * @param pictures markdown to stand below the rows of a recording
 */
export function planMarkdown(plan: Plan, pictures: ReadonlyMap<RecordingPlan, string> = new Map()): string {
  const told = plan.recordings.filter(({ action, notes }) => action !== 'no-op' || notes.length > 0);
  return `${[verdict(plan), resets(plan), problems(plan.diagnostics), ...told.map((recording) => fold(recording, pictures.get(recording)))].filter(Boolean).join('\n\n')}\n`;
}

function verdict(plan: Plan): string {
  const { summary } = plan;
  const calls = summary.calls.update + summary.calls.updateLayout;
  const cost = calls > 0 ? ` ${callLine(summary, plan.rate)}.` : '';
  return `**${plan.applyable ? '' : 'Cannot be applied as it stands. '}${sumLine(summary)}.**${cost}`;
}

function resets(plan: Plan): string {
  if (resetCount(plan) === 0) return '';
  const rows = plan.recordings.flatMap(({ name, calls }) =>
    calls.flatMap((call) =>
      rowsOf(call)
        .filter(({ reset }) => reset)
        .map((row) => `- ${escapeMarkdown(name)}: ${cell(row)}`),
    ),
  );
  return ['These go back to their defaults, because the file no longer sets them:', '', ...rows].join('\n');
}

/** Diagnostics as a list; empty text for none. */
export function diagnosticsMarkdown(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.length === 0 ? '' : `${problems(diagnostics)}\n`;
}

function problems(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(
      ({ severity, code, summary, range }) =>
        `- ${severity} \`${code}\` ${escapeMarkdown(`${range.filename}:${range.start.line}:${range.start.column}`)}: ${escapeMarkdown(summary)}`,
    )
    .join('\n');
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
