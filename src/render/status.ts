import { SECTION_OF } from '../agora/requests.ts';
import { labelsText } from '../model/labels.ts';
import { isUnsure, lateUntil } from '../model/late.ts';
import type { KnownEndpoint, KnownRecording, Remembered } from '../model/plan.ts';
import type { BlockName, Labels } from '../model/recording.ts';
import type { Commit } from '../model/source.ts';
import { nameColumn, padded } from './columns.ts';
import { escapeMarkdown } from './markdown.ts';
import { type Overview, type OverviewRow, type Pending, tally, tallyText } from './overview.ts';
import { REASONS } from './reasons.ts';
import { count, printable, type Style } from './style.ts';

/** How much is known of a block: applied and not read back since, or not even certain to be applied. */
export type Certainty = 'assumed' | 'unknown';

export type Condition = 'Ready' | 'Unknown' | 'Failed' | 'Ended';

/**
 * Ready: the last call of every endpoint was applied. Unknown: a call may or may not have taken effect. Failed:
 * the last call did not. Ended: the service no longer finds the recording.
 */
export function conditionOf({ ended, update, updateLayout }: KnownRecording): Condition {
  if (ended !== undefined) return 'Ended';
  const endpoints = [update, updateLayout];
  if (endpoints.some(isUnsure)) return 'Unknown';
  return endpoints.some(({ last }) => last && last.outcome !== 'applied') ? 'Failed' : 'Ready';
}

/** Every block that is or may be in force. No block can be assumed better than "assumed": subscriptions and layout cannot be read back. */
export function blocksOf({ update, updateLayout }: KnownRecording): Partial<Record<BlockName, Certainty>> {
  const blocks: Partial<Record<BlockName, Certainty>> = {};
  for (const [block, section] of Object.entries(SECTION_OF) as [keyof typeof SECTION_OF, string][]) {
    const sent = [update.applied, ...update.unknown].filter((each) => each && section in each.request);
    if (sent.length > 0) blocks[block] = isUnsure(update) ? 'unknown' : 'assumed';
  }
  if (updateLayout.applied || updateLayout.unknown.length > 0)
    blocks.layout = isUnsure(updateLayout) ? 'unknown' : 'assumed';
  return blocks;
}

/** For a file's recording to which nothing was ever sent. */
const NEW = 'New';

export function statusJson({ recordings, fresh, accountOf }: Overview): object {
  const conditions = recordings.map(({ known }) => conditionOf(known));
  const accountIn = (appId: string | undefined) => {
    const account = accountOf(appId);
    return account === undefined ? {} : { account };
  };
  return {
    format_version: '1.0',
    recordings: recordings.map(({ known, name, file, labels, pending }) => ({
      name,
      file,
      ...(name === known.name ? {} : { known_as: known.name }),
      sid: known.identity.sid,
      mode: known.identity.mode,
      ...accountIn(known.identity.appId),
      labels: labels ?? {},
      condition: conditionOf(known),
      blocks: blocksOf(known),
      update: endpointJson(known.update),
      updateLayout: endpointJson(known.updateLayout),
      ...(known.ended === undefined ? {} : { ended_at: iso(known.ended) }),
      pending,
    })),
    never_applied: fresh.map(({ name, file, sid, mode, labels, action, notes, identity }) => ({
      name,
      file,
      sid: sid ?? null,
      mode: mode ?? null,
      ...accountIn(identity?.appId),
      labels: labels ?? {},
      action,
      notes,
    })),
    summary: {
      recordings: recordings.length + fresh.length,
      conditions: tally(conditions),
      pending: pendingCount(recordings),
      never_applied: fresh.length,
    },
  };
}

function pendingCount(recordings: readonly OverviewRow[]): number {
  return recordings.filter(({ pending }) => pending !== null && pending !== 'unknown').length;
}

/** The newest of what was applied to a recording. */
export function lastApplied({ update, updateLayout }: KnownRecording): Remembered<unknown> | undefined {
  const [a, b] = [update.applied, updateLayout.applied];
  return a && b ? (a.seq > b.seq ? a : b) : (a ?? b);
}

/** Characters of a commit's ID that people read. */
export const SHORT_SHA = 10;

/** "from 1f2e3d4c5b Make it red (Ada Lovelace <ada@example.com>)" */
export function commitLine({ sha, author, subject }: Commit): string {
  return printable(`from ${sha.slice(0, SHORT_SHA)} ${subject} (${author})`);
}

/** A commit for programs; null for files from no commit. */
export function commitJson(commit: Commit | undefined): object | null {
  return commit ? { sha: commit.sha, author: commit.author, subject: commit.subject } : null;
}

function endpointJson({ applied, unknown, last }: KnownEndpoint<unknown>): object {
  return {
    applied_at: applied ? iso(applied.at) : null,
    commit: commitJson(applied?.commit),
    unknown_since: unknown[0] ? iso(unknown[0].at) : null,
    last: last
      ? {
          outcome: last.outcome,
          status: last.status ?? null,
          message: last.message ?? null,
          at: iso(last.at),
        }
      : null,
  };
}

/** @param isAnyKnown whether the state knows of any recording, shown or not */
export function statusText(
  overview: Overview,
  style: Style,
  now: number,
  isAnyKnown = overview.recordings.length > 0,
): string {
  const { recordings, fresh, accountOf } = overview;
  const nothing = 'The state folder is empty: nothing was applied from here.\n';
  if (recordings.length + fresh.length === 0) return nothing;
  const width = nameColumn([...recordings, ...fresh]);
  const labelled = labelsColumn([...recordings, ...fresh]);
  const accounts = [...recordings.map(({ known }) => known), ...fresh].map(({ identity }) =>
    accountOf(identity?.appId),
  );
  const column = accountColumn(accounts);
  const lines = recordings.flatMap((row) => {
    const account = column(accountOf(row.known.identity.appId));
    return rowLines(row, width, account + labelled(row), style, now);
  });
  for (const { name, mode, file, labels, notes, identity } of fresh)
    lines.push(
      `${padded(printable(name), width)}  ${style.cyan(NEW.padEnd(7))}  ${(mode ?? '').padEnd(10)}  ${column(accountOf(identity?.appId))}${labelled({ labels })}never applied: ${printable(file)}`,
      ...notes.map((note) => style.dim(`    ${printable(note)}`)),
    );
  const head = isAnyKnown ? '' : nothing;
  return `${head}${lines.join('\n')}\n\n${sums(overview)} What was applied is remembered, not read back: the service cannot be asked for subscriptions and layout.\n`;
}

/** Longer labels overflow their column. */
const LONGEST_LABELS = 40;

type Labelled = { labels?: Labels | undefined };

/** The cell of a column that is there only where a recording has labels. */
export function labelsColumn(rows: readonly Labelled[]): (row: Labelled) => string {
  let width = 0;
  for (const { labels } of rows) width = Math.max(width, labelsText(labels).length);
  if (width === 0) return () => '';
  return ({ labels }) => `${labelsText(labels).padEnd(Math.min(LONGEST_LABELS, width))}  `;
}

/** The cell of a column that is there only where accounts have names. */
export function accountColumn(
  accounts: readonly (string | undefined)[],
): (account: string | undefined) => string {
  const width = accounts.reduce((longest, account) => Math.max(longest, account?.length ?? 0), 0);
  return (account = '') => (width === 0 ? '' : `${account.padEnd(width)}  `);
}

/** @param labels the cells of account and labels, empty where there are none */
function rowLines(
  { known, name, pending }: OverviewRow,
  width: number,
  labels: string,
  style: Style,
  now: number,
): string[] {
  const condition = conditionOf(known);
  const paint = condition === 'Ready' ? style.green : condition === 'Unknown' ? style.yellow : style.red;
  const blocks = Object.entries(blocksOf(known)).map(([block, certainty]) =>
    certainty === 'assumed' ? block : `${block} (${certainty})`,
  );
  const applied = lastApplied(known);
  const when = applied ? `applied ${duration(now - applied.at)} ago` : 'never applied';
  const from = applied?.commit ? [style.dim(`    ${commitLine(applied.commit)}`)] : [];
  const head = `${padded(printable(name), width)}  ${paint(condition.padEnd(7))}  ${known.identity.mode.padEnd(10)}  ${labels}${when}${blocks.length > 0 ? `: ${blocks.join(', ')}` : ''}`;
  return [
    head,
    ...from,
    ...(name === known.name ? [] : [style.dim(`    was ${printable(known.name)} when it was applied`)]),
    ...(condition === 'Ready' ? [] : troubles(known, style)),
    ...(pending === null ? [] : [style.yellow(`    ${printable(pendingText(pending))}`)]),
  ];
}

/** What the next apply would do, in a line. */
function pendingText(pending: Pending | 'unknown'): string {
  if (pending === 'unknown') return 'pending: not known, because its file cannot be used';
  const { action, calls, notes } = pending;
  const does = {
    update: calls.map(callText).join(', '),
    forget: 'its file is gone, so it is forgotten',
    replaced: 'its file names another recording now, so it is forgotten',
    waiting: 'its file is there, and which recording it is about is not',
    suspended: 'nothing, because its file suspends it',
    release: 'without any call',
    renamed: 'without any call, its new name and file are recorded',
  }[action];
  return ['pending: ', does, ...notes.map((note) => `; ${note}`)].join('');
}

function callText({ endpoint, reason, changes, resets }: Pending['calls'][number]): string {
  const values =
    changes > 0
      ? ` (${count(changes, 'change')}${resets > 0 ? `, ${resets} of them back to the default` : ''})`
      : '';
  return `${endpoint}${reason === 'changed' ? '' : `, ${REASONS[reason]}`}${values}`;
}

/** "3 recordings: 2 Ready, 1 never applied; 1 with something pending." */
function sums({ recordings, fresh }: Overview): string {
  const conditions = tallyText(recordings.map(({ known }) => conditionOf(known)));
  const never = fresh.length > 0 ? `${fresh.length} never applied` : '';
  const pending = pendingCount(recordings);
  const told = [conditions, never].filter(Boolean).join(', ');
  return `${count(recordings.length + fresh.length, 'recording')}: ${told}${pending > 0 ? `; ${pending} with something pending` : ''}.`;
}

function troubles({ update, updateLayout }: KnownRecording, style: Style): string[] {
  return Object.entries({ update, updateLayout }).flatMap(([name, known]) => {
    const { last, unknown } = known;
    const late = lateUntil(known, known.applied?.request);
    if (unknown.length === 0 && late !== undefined)
      return [
        style.dim(
          `    ${name}: an earlier call may still take effect until ${iso(late)}; the next plan sends it once more`,
        ),
      ];
    return last && last.outcome !== 'applied'
      ? [style.dim(`    ${name}: ${printable(last.message ?? last.outcome)}`)]
      : unknown.length > 0
        ? [
            style.dim(
              `    ${name}: sent ${iso(unknown.at(-1)?.at ?? 0)}, and no answer was recorded; the next plan sends it again`,
            ),
          ]
        : [];
  });
}

export function statusMarkdown(overview: Overview): string {
  const { recordings, fresh, accountOf } = overview;
  const isLabelled = [...recordings, ...fresh].some(({ labels }) => labels !== undefined);
  const identities = [...recordings.map(({ known }) => known), ...fresh].map(({ identity }) => identity);
  const hasAccounts = identities.some((identity) => accountOf(identity?.appId) !== undefined);
  const cells = (appId: string | undefined, labels: Labels | undefined) => [
    ...(hasAccounts ? [accountOf(appId) ?? ''] : []),
    ...(isLabelled ? [labelsText(labels)] : []),
  ];
  const row = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  return [
    `| recording | condition | mode |${hasAccounts ? ' account |' : ''}${isLabelled ? ' labels |' : ''} blocks | pending |`,
    `| --- | --- | --- |${hasAccounts ? ' --- |' : ''}${isLabelled ? ' --- |' : ''} --- | --- |`,
    ...recordings.map(({ known, name, labels, pending }) => {
      const blocks = Object.entries(blocksOf(known)).map(([block, certainty]) => `${block} (${certainty})`);
      const due = pending === null ? '' : pendingText(pending).replace(/^pending: /, '');
      const { appId, mode } = known.identity;
      return row([name, conditionOf(known), mode, ...cells(appId, labels), blocks.join(', '), due]);
    }),
    ...fresh.map(({ name, mode, labels, identity }) =>
      row([name, NEW, mode ?? '', ...cells(identity?.appId, labels), '', 'never applied']),
    ),
    '',
    ...(recordings.length + fresh.length > 0 ? [sums(overview), ''] : []),
  ].join('\n');
}

/** "12 s", "3 min", "5 h", "2 days"; a page that follows live says it in the same words (`page/live.js`). */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
