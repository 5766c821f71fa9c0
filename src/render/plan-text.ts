import type { Action, Call, Plan, RecordingPlan, Summary } from '../model/plan.ts';
import { columnsOf, padded } from './columns.ts';
import { count, printable, type Style } from './style.ts';
import { type Row, rowsOf } from './values.ts';

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
 * The plan for people: at a glance, then each recording with something to say, then the sums.
 * @param draw left out, nothing is drawn
 */
export function planText(plan: Plan, style: Style, columns = 80, draw?: Draw): string {
  const width = Math.min(columns, WIDEST);
  const told = plan.recordings.filter(hasNews);
  const blocks = told.map((recording) => recordingText(recording, style, width, draw));
  const glance = told.length > 1 ? [glanceText(plan, style)] : [];
  return `${[...glance, ...blocks, sums(plan, style)].join('\n\n')}\n`;
}

/** Whether the text lists the recording at all. */
export function hasNews({ action, calls, notes }: RecordingPlan): boolean {
  return action !== 'no-op' || calls.length > 0 || notes.length > 0;
}

function glanceText({ recordings, summary }: Plan, style: Style): string {
  const lines: string[] = [];
  for (const action of ['create', 'update', 'forget', 'waiting', 'suspended'] as const) {
    const names = recordings
      .filter((recording) => recording.action === action)
      .map(({ name }) => printable(name));
    if (names.length === 0) continue;
    const more = names.length > GLANCE ? ` and ${names.length - GLANCE} more` : '';
    lines.push(`${paint(action, style)(SIGNS[action])} ${names.slice(0, GLANCE).join(', ')}${more}`);
  }
  const unchanged = recordings.filter(({ action }) => action === 'no-op').length;
  if (unchanged > 0) lines.push(style.dim(`${SIGNS['no-op']} ${unchanged} unchanged`));
  return [style.bold(count(summary.recordings, 'recording')), ...lines].join('\n');
}

function paint(action: Action, style: Style): (text: string) => string {
  if (action === 'create') return style.green;
  if (action === 'update') return style.yellow;
  if (action === 'forget') return style.red;
  return style.dim;
}

function recordingText(
  recording: RecordingPlan,
  style: Style,
  columns: number,
  draw: Draw | undefined,
): string {
  const { name, file, action, calls, notes } = recording;
  const head = `${SIGNS[action]} ${printable(name)}`;
  const gap = ' '.repeat(Math.max(2, columns - columnsOf(head) - columnsOf(printable(file))));
  const lines = [`${paint(action, style)(head)}${gap}${style.dim(printable(file))}`];
  if (action === 'suspended') lines.push('    suspended: left alone, whatever the file says');
  for (const call of calls) {
    const why = whyOf(call);
    lines.push(`    ${call.endpoint}${why ? style.dim(`  ${why}`) : ''}`);
    lines.push(...rowLines(rowsOf(call), style));
  }
  if (draw) lines.push(...draw(recording, { columns, style }));
  lines.push(...notes.map((note) => style.dim(`    ${printable(note)}`)));
  return lines.join('\n');
}

export const REASONS = {
  'first-apply': 'first apply',
  changed: '',
  'outcome-unknown': 'sent again, because an earlier call may or may not have taken effect',
  resync: 'the whole state once more',
  'credentials-expiring': 'storage credentials are due for renewal',
} as const;

/** Why a call is made; empty where its rows say so. */
export function whyOf({ reason, notBefore }: Pick<Call, 'reason' | 'notBefore'>): string {
  return notBefore === undefined
    ? REASONS[reason]
    : 'once more, when an earlier call can no longer take effect';
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
  const hasErrors = plan.diagnostics.some(({ severity }) => severity === 'error');
  const lines = [`${style.bold('Plan:')} ${sumLine(summary)}.${back}`];
  if (summary.calls.update + summary.calls.updateLayout > 0) lines.push(`${callLine(summary, rate)}.`);
  else if (summary.to_forget > 0) lines.push('No calls.');
  else if (!hasErrors) lines.push('Nothing to do.');
  if (hasErrors) lines.push(style.red('Not everything could be planned: see the errors.'));
  if (held > 0) lines.push(`${count(held, 'recording')} would be held back: see the warnings.`);
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
  return plan.recordings
    .flatMap(({ calls }) => calls.flatMap(({ changes }) => changes))
    .filter(({ reason }) => reason === 'reset').length;
}
