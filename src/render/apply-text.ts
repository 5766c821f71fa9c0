import type { ApplyResult, CallResult } from '../model/result.ts';
import { count, printable, type Style } from './style.ts';

/** The end of apply: what was applied, what failed and why, what was sent and not recorded, what was not attempted. */
export function applyText(result: ApplyResult, style: Style): string {
  const { calls, forgotten, held, stopped } = result;
  const of = (kind: CallResult['result']) => calls.filter((call) => call.result === kind);
  const applied = of('applied');
  const failed = of('failed');
  const unrecorded = of('sent-not-recorded');
  const left = of('not-attempted');
  const lines = [
    ...(stopped ? [style.yellow(`Stopped: ${printable(stopped)}.`)] : []),
    ...listed(style.red('Failed:'), failed, (call) => `  x ${told(call)}`),
    ...listed(
      style.red('Held back:'),
      held,
      ({ name, message }) => `  x ${printable(name)}: ${printable(message)}`,
    ),
    ...listed(
      style.red('Sent, but the answer could not be recorded (unknown: the next plan sends it again):'),
      unrecorded,
      ({ name, endpoint }) => `  ? ${printable(name)}  ${endpoint}`,
    ),
    ...listed(
      style.yellow('Not attempted:'),
      left.slice(0, MOST_LEFT),
      ({ name, endpoint }) => `  . ${printable(name)}  ${endpoint}`,
    ),
    ...(left.length > MOST_LEFT ? [`  . and ${left.length - MOST_LEFT} more; --json lists them all`] : []),
  ];
  if (forgotten.length > 0) lines.push(`Forgotten: ${forgotten.map(printable).join(', ')}.`);
  const recordings = new Set(applied.map(({ name }) => name)).size;
  const sums = [
    `${count(applied.length, 'call')} for ${count(recordings, 'recording')} applied`,
    failed.length > 0 ? `${failed.length} failed` : '',
    held.length > 0 ? `${count(held.length, 'recording')} held back` : '',
    unrecorded.length > 0 ? `${unrecorded.length} sent but not recorded` : '',
    left.length > 0 ? `${left.length} not attempted` : '',
  ].filter(Boolean);
  lines.push(`${style.bold('Apply:')} ${sums.join(', ')}.`);
  return `${lines.join('\n')}\n`;
}

/** Calls not attempted that are listed: more would only repeat the reason above. */
const MOST_LEFT = 200;

function listed<T>(head: string, items: readonly T[], line: (item: T) => string): string[] {
  return items.length > 0 ? [head, ...items.map(line)] : [];
}

function told({ name, endpoint, message, outcome }: CallResult): string {
  const unsure = outcome === 'unknown' ? ' (the next plan sends it again)' : '';
  return `${printable(name)}  ${endpoint}: ${printable(message ?? '')}${unsure}`;
}

/** The same as a list for a review or a job summary. */
export function applyMarkdown(result: ApplyResult): string {
  const plain: Style = {
    bold: String,
    dim: String,
    red: String,
    green: String,
    yellow: String,
    cyan: String,
  };
  return `\`\`\`text\n${applyText(result, plain).replaceAll('```', "'''")}\`\`\`\n`;
}

/** Whether everything that was to be done is done. */
export function isComplete({ calls, held, stopped }: ApplyResult): boolean {
  return !stopped && held.length === 0 && calls.every(({ result }) => result === 'applied');
}
