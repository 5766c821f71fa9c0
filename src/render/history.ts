import type { PastCall } from '../model/journal.ts';
import { nameColumn, padded } from './columns.ts';
import { escapeMarkdown } from './markdown.ts';
import { commitJson, commitLine } from './status.ts';
import { count, printable, type Style } from './style.ts';

/** Calls to be shown, the newest first, and how many older ones are not. */
export interface Shown {
  calls: readonly PastCall[];
  earlier: number;
}

export function historyJson({ calls, earlier }: Shown): object {
  return {
    format_version: '1.0',
    calls: calls.map(({ at, name, file, sid, endpoint, reason, commit, answer }) => ({
      at,
      recording: name,
      file,
      sid,
      endpoint,
      reason,
      commit: commitJson(commit),
      outcome: answer?.outcome ?? 'unknown',
      status: answer?.status ?? null,
      message: answer?.message ?? null,
      answered_at: answer?.at ?? null,
    })),
    earlier,
  };
}

/** The history for people: a line a call, and below it what was said and which commit asked for it. */
export function historyText({ calls, earlier }: Shown, style: Style): string {
  if (calls.length === 0) return 'No call was made from here.\n';
  const width = nameColumn(calls);
  const lines = calls.flatMap((call) => {
    const outcome = outcomeOf(call);
    const paint = outcome.startsWith('applied')
      ? style.green
      : outcome.startsWith('unknown')
        ? style.yellow
        : style.red;
    const { at, name, endpoint, reason, commit, answer } = call;
    return [
      `${style.dim(timeOf(at))}  ${padded(printable(name), width)}  ${endpoint.padEnd(12)}  ${paint(outcome.padEnd(14))}  ${style.dim(reason)}`.trimEnd(),
      ...(answer?.message ? [style.dim(`    ${printable(answer.message)}`)] : []),
      ...(commit ? [style.dim(`    ${commitLine(commit)}`)] : []),
    ];
  });
  return `${lines.join('\n')}\n\n${count(calls.length, 'call')}${earlier > 0 ? `; ${earlier} earlier (--limit 0 shows all)` : ''}.\n`;
}

export function historyMarkdown({ calls, earlier }: Shown): string {
  const rows = calls.map((call) => {
    const { at, name, endpoint, reason, commit, answer } = call;
    const from = commit ? `\`${commit.sha.slice(0, 10)}\` ${escapeMarkdown(commit.subject)}` : '';
    const outcome = [outcomeOf(call), ...(answer?.message ? [answer.message] : [])].join(': ');
    return `| ${[timeOf(at), escapeMarkdown(name), endpoint, escapeMarkdown(outcome), reason, from].join(' | ')} |`;
  });
  return [
    '| when | recording | call | answer | reason | commit |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    ...(earlier > 0 ? ['', `${earlier} earlier.`] : []),
    '',
  ].join('\n');
}

/** "applied (200)"; without an answer the outcome is unknown. */
function outcomeOf({ answer }: PastCall): string {
  if (!answer) return 'unknown';
  return answer.status === undefined ? answer.outcome : `${answer.outcome} (${answer.status})`;
}

/** To the second, in UTC. */
function timeOf(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)}Z`;
}
