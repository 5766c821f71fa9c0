import type { Labels } from '../model/recording.ts';
import type { Commit } from '../model/source.ts';
import { nameColumn, padded } from './columns.ts';
import { escapeMarkdown } from './markdown.ts';
import { tallyText } from './overview.ts';
import { accountColumn, commitLine, labelsColumn } from './status.ts';
import { count, printable, type Style } from './style.ts';

/** What a daemon answers at `/api/recordings`, as far as it is shown. */
export interface DaemonAnswer {
  ready: boolean;
  not_ready_because: string[];
  /** Absent where the one account has no name, and from a daemon of an older version. */
  accounts?: { name: string; inUse: number; rate: number; stopped: string | null }[];
  recordings: {
    name: string;
    account?: string;
    mode: string | null;
    /** A daemon of an older version tells none. */
    labels?: Labels;
    blocks: Record<string, string>;
    conditions: { type: string; status: string; reason: string; message: string }[];
    /** By endpoint; a daemon of an older version says nothing of commits. */
    applied?: Record<string, { at: string; commit?: Commit | null } | null>;
  }[];
}

/** The daemon's view for people. @param markdown as a table */
export function daemonText(
  { ready, not_ready_because: why, recordings, accounts = [] }: DaemonAnswer,
  style: Style,
  markdown = false,
): string {
  const labelled = labelsColumn(recordings);
  const isLabelled = labelled({}) !== '';
  const column = accountColumn(recordings.map(({ account }) => account));
  const hasAccounts = column('') !== '';
  const rows = recordings.map(({ name, mode, account, labels, blocks, conditions, applied = {} }) => {
    const now = conditions.find(({ status }) => status === 'True');
    const [latest] = Object.values(applied)
      .filter((each) => each !== null)
      .sort((a, b) => (a.at > b.at ? -1 : 1));
    return {
      from: latest?.commit ? commitLine(latest.commit) : '',
      name: printable(name),
      condition: now?.type ?? 'Unknown',
      mode: mode ?? '',
      account: column(account),
      labels: labelled({ labels }),
      blocks: Object.entries(blocks)
        .map(([block, certainty]) => `${block} (${certainty})`)
        .join(', '),
      message: now && now.type !== 'Ready' ? printable(`${now.reason}: ${now.message}`) : '',
    };
  });
  if (markdown) {
    const lines = rows.map(
      (row) =>
        `| ${[row.name, row.condition, row.mode, ...(hasAccounts ? [row.account.trim()] : []), ...(isLabelled ? [row.labels.trim()] : []), row.blocks, row.message].map(escapeMarkdown).join(' | ')} |`,
    );
    const columns = [
      ...['recording', 'condition', 'mode'],
      ...(hasAccounts ? ['account'] : []),
      ...(isLabelled ? ['labels'] : []),
      'blocks',
    ];
    const head = [`| ${columns.join(' | ')} | |`, `| ${columns.map(() => '---').join(' | ')} | --- |`];
    return `${[...head, ...lines].join('\n')}\n`;
  }
  const sums =
    rows.length > 0
      ? `${count(rows.length, 'recording')}: ${tallyText(rows.map((row) => row.condition))}. `
      : '';
  const width = nameColumn(rows);
  const lines = rows.flatMap(({ name, condition, mode, account, labels, blocks, message, from }) => {
    const paint = condition === 'Ready' ? style.green : condition === 'Stalled' ? style.red : style.yellow;
    const head =
      `${padded(name, width)}  ${paint(condition.padEnd(11))}  ${mode.padEnd(10)}  ${account}${labels}${blocks}`.trimEnd();
    return [head, ...[from, message].filter(Boolean).map((line) => style.dim(`    ${line}`))];
  });
  const verdict = ready
    ? 'The daemon is ready.'
    : style.red(`The daemon is not ready: ${why.map(printable).join('; ')}.`);
  const stopped = accounts.flatMap(({ name, stopped: reason }) =>
    reason === null ? [] : [style.red(`Account ${printable(name)} is stopped: ${printable(reason)}.`)],
  );
  const gap = lines.length > 0 ? [''] : [];
  return `${[...lines, ...gap, ...stopped, `${sums}${verdict}`].join('\n')}\n`;
}
