import { findingId } from '../model/diagnostic.ts';
import type { Action, Plan, RecordingPlan, Summary } from '../model/plan.ts';
import { columnsOf, padded } from './columns.ts';
import { type Group, type Grouped, grouped, titleOf } from './groups.ts';
import { whyOf } from './reasons.ts';
import { count, printable, type Style } from './style.ts';
import type { Row } from './values.ts';

export const SIGNS: Record<Action, string> = {
  create: '+',
  update: '~',
  forget: '-',
  'no-op': '.',
  waiting: '…',
  suspended: '=',
};

/** Recordings listed in the glance at the top before the rest is only counted. */
const GLANCE = 12;

/** Lines longer than this are hard to read, however wide the terminal is. */
const WIDEST = 100;

/** Gives the lines that show each layout of a recording that changes, before and after. */
export type Draw = (recording: RecordingPlan, room: { columns: number; style: Style }) => string[];

/**
 * The plan for people: at a glance, what several recordings take from one file, then each recording with something of
 * its own to say, then the sums.
 * @param draw left out, nothing is drawn
 */
export function planText(plan: Plan, style: Style, columns = 80, draw?: Draw): string {
  const width = Math.min(columns, WIDEST);
  const told = plan.recordings.filter(hasNews);
  const all = grouped(plan);
  const groups = all.groups.map((group) => groupText(group, style, width, draw));
  const blocks = told
    .filter((recording) => !all.isSaid(recording))
    .map((recording) => recordingText(recording, all, style, width, draw));
  const glance = told.length > 1 ? [glanceText(plan, style)] : [];
  return `${[...glance, ...groups, ...blocks, sums(plan, style)].join('\n\n')}\n`;
}

/** Whether the text lists the recording at all. */
export function hasNews({ action, calls, notes }: RecordingPlan): boolean {
  return action !== 'no-op' || calls.length > 0 || notes.length > 0;
}

function glanceText({ recordings, summary }: Plan, style: Style): string {
  const lines: string[] = [];
  for (const action of ['create', 'update', 'forget', 'waiting', 'suspended'] as const) {
    const names = recordings.filter((recording) => recording.action === action).map(({ name }) => name);
    if (names.length === 0) continue;
    lines.push(`${paint(action, style)(SIGNS[action])} ${listed(names)}`);
  }
  const unchanged = recordings.filter(({ action }) => action === 'no-op').length;
  if (unchanged > 0) lines.push(style.dim(`${SIGNS['no-op']} ${unchanged} unchanged`));
  return [style.bold(count(summary.recordings, 'recording')), ...lines].join('\n');
}

function listed(names: readonly string[]): string {
  const more = names.length > GLANCE ? ` and ${names.length - GLANCE} more` : '';
  return `${names.slice(0, GLANCE).map(printable).join(', ')}${more}`;
}

/** What several recordings have in common, drawn as it is with the first of them. */
function groupText(group: Group, style: Style, columns: number, draw: Draw | undefined): string {
  const { call, rows, recordings } = group;
  const [first] = recordings as [RecordingPlan];
  const sign = call.reason === 'first-apply' ? 'create' : 'update';
  const drawn = call.endpoint === 'updateLayout' ? (draw?.(first, { columns, style }) ?? []) : [];
  return [
    paint(sign, style)(`${SIGNS[sign]} ${printable(titleOf(group))}`),
    `    ${call.endpoint}`,
    ...rowLines(rows, style),
    ...(drawn.length > 0 ? [style.dim(`      drawn for ${printable(first.name)}:`), ...drawn] : []),
    style.dim(`    ${listed(recordings.map(({ name }) => name))}`),
  ].join('\n');
}

function paint(action: Action, style: Style): (text: string) => string {
  if (action === 'create') return style.green;
  if (action === 'update') return style.yellow;
  if (action === 'forget') return style.red;
  return style.dim;
}

function recordingText(
  recording: RecordingPlan,
  all: Grouped,
  style: Style,
  columns: number,
  draw: Draw | undefined,
): string {
  const { name, file, action, calls, notes } = recording;
  const head = `${SIGNS[action]} ${printable(name)}`;
  const gap = ' '.repeat(Math.max(2, columns - columnsOf(head) - columnsOf(printable(file))));
  const lines = [`${paint(action, style)(head)}${gap}${style.dim(printable(file))}`];
  if (action === 'suspended') lines.push('    suspended: left alone, whatever the file says');
  let isDrawn = false;
  for (const call of calls) {
    const why = whyOf(call);
    const { rows, groups } = all.rest(call);
    // Its layout is drawn with it, unless all of it was said with the others.
    isDrawn ||= call.endpoint === 'updateLayout' && (rows.length > 0 || groups.length === 0);
    const besides = groups.map(
      ({ block, file }) => `${rows.length > 0 ? 'besides' : 'as above:'} ${block} from ${file}`,
    );
    const remark = [...(why ? [why] : []), ...besides].map(printable).join(', ');
    lines.push(`    ${call.endpoint}${remark ? style.dim(`  ${remark}`) : ''}`);
    lines.push(...rowLines(rows, style));
  }
  if (draw && isDrawn) lines.push(...draw(recording, { columns, style }));
  lines.push(...notes.map((note) => style.dim(`    ${printable(note)}`)));
  return lines.join('\n');
}

function rowLines(rows: readonly Row[], style: Style): string[] {
  const width = Math.min(40, Math.max(0, ...rows.map(({ subject }) => columnsOf(subject)))) + 2;
  const line = ({ sign, subject, text }: Row) =>
    `      ${signStyle(sign, style)(sign)} ${padded(subject, width)} ${text}`.trimEnd();
  const resets = rows.filter(({ reset }) => reset);
  return [
    ...rows.filter(({ reset }) => !reset).map(line),
    ...(resets.length > 0
      ? [
          style.yellow(
            `      ${resets.length === 1 ? 'goes back to its default' : 'go back to their defaults'}, because the file no longer sets ${resets.length === 1 ? 'it' : 'them'}:`,
          ),
          ...resets.map(line),
        ]
      : []),
  ];
}

function signStyle(sign: Row['sign'], style: Style): (text: string) => string {
  if (sign === '+') return style.green;
  if (sign === '-') return style.red;
  return style.yellow;
}

/** The two lines at the end: what happens to how many, and what it costs. */
function sums(plan: Plan, style: Style): string {
  const { summary, rate } = plan;
  const resets = resetCount(plan);
  const back =
    resets > 0
      ? ` ${count(resets, 'value')} ${resets === 1 ? 'goes back to its default' : 'go back to their defaults'}.`
      : '';
  const held = plan.recordings.filter(({ unresolved }) => unresolved.length > 0).length;
  const errors = plan.diagnostics.filter(({ severity }) => severity === 'error');
  // To apply a secret that is not at hand is an error; what it is for is planned all the same.
  const unresolved = new Set(plan.recordings.flatMap((recording) => recording.unresolved.map(findingId)));
  const unplanned = errors.filter((error) => !unresolved.has(findingId(error)));
  const lines = [`${style.bold('Plan:')} ${sumLine(summary)}.${back}`];
  if (summary.calls.update + summary.calls.updateLayout > 0) lines.push(`${callLine(summary, rate)}.`);
  else if (summary.to_forget > 0) lines.push('No calls.');
  else if (errors.length === 0) lines.push('Nothing to do.');
  if (unplanned.length > 0) lines.push(style.red('Not everything could be planned: see the errors.'));
  if (held > 0)
    lines.push(
      errors.length > unplanned.length
        ? `${count(held, 'recording')} held back: see the errors.`
        : `${count(held, 'recording')} would be held back: see the warnings.`,
    );
  return lines.join('\n');
}

export function sumLine({ to_create, to_update, to_forget, unchanged }: Summary): string {
  return `${to_create} to create, ${to_update} to change, ${to_forget} to forget, ${unchanged} unchanged`;
}

/** "2 calls (1 update, 1 updateLayout), 0.2 s at 10 a second" */
export function callLine({ calls, seconds_at_rate, accounts }: Summary, rate: number): string {
  const kinds = (['update', 'updateLayout'] as const)
    .filter((kind) => calls[kind] > 0)
    .map((kind) => `${calls[kind]} ${kind}`);
  const all = `${count(calls.update + calls.updateLayout, 'call')} (${kinds.join(', ')})`;
  const time = (seconds: number) => `${Number(seconds.toFixed(1))} s`;
  const [longest, ...others] = accounts ?? [];
  if (!longest) return `${all}, ${time(seconds_at_rate)} at ${rate} a second`;
  if (others.length === 0)
    return `${all}, ${time(longest.seconds_at_rate)} for ${longest.name} at ${longest.rate} a second`;
  const shown = [longest, ...others].slice(0, MOST_ACCOUNTS);
  const more = others.length + 1 - shown.length;
  const told = shown.map((account) => `${time(account.seconds_at_rate)} for ${account.name}`);
  return `${all}: ${[...told, ...(more > 0 ? [`less for ${count(more, 'other')}`] : [])].join(', ')}, side by side`;
}

/** Accounts whose time is told: the longest of them count. */
const MOST_ACCOUNTS = 5;

export function resetCount(plan: Plan): number {
  let resets = 0;
  for (const { calls } of plan.recordings)
    for (const { changes } of calls) for (const { reason } of changes) if (reason === 'reset') resets += 1;
  return resets;
}
