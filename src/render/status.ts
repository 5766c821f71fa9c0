import { SECTION_OF } from '../agora/requests.ts';
import type { KnownEndpoint, KnownRecording, Remembered } from '../model/plan.ts';
import type { BlockName } from '../model/recording.ts';
import type { Commit } from '../model/source.ts';
import { escapeMarkdown } from './markdown.ts';
import { count, nameColumn, printable, type Style } from './style.ts';

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
  if (endpoints.some(({ unknown }) => unknown.length > 0)) return 'Unknown';
  return endpoints.some(({ last }) => last && last.outcome !== 'applied') ? 'Failed' : 'Ready';
}

/** Every block that is or may be in force. No block can be assumed better than "assumed": subscriptions and layout cannot be read back. */
export function blocksOf({ update, updateLayout }: KnownRecording): Partial<Record<BlockName, Certainty>> {
  const blocks: Partial<Record<BlockName, Certainty>> = {};
  for (const [block, section] of Object.entries(SECTION_OF) as [keyof typeof SECTION_OF, string][]) {
    const sent = [update.applied, ...update.unknown].filter((each) => each && section in each.request);
    if (sent.length > 0) blocks[block] = update.unknown.length > 0 ? 'unknown' : 'assumed';
  }
  if (updateLayout.applied || updateLayout.unknown.length > 0)
    blocks.layout = updateLayout.unknown.length > 0 ? 'unknown' : 'assumed';
  return blocks;
}

export function statusJson(recordings: readonly KnownRecording[]): object {
  return {
    format_version: '1.0',
    recordings: recordings.map((recording) => ({
      name: recording.name,
      file: recording.file,
      sid: recording.identity.sid,
      mode: recording.identity.mode,
      condition: conditionOf(recording),
      blocks: blocksOf(recording),
      update: endpointJson(recording.update),
      updateLayout: endpointJson(recording.updateLayout),
      ...(recording.ended === undefined ? {} : { ended_at: iso(recording.ended) }),
    })),
  };
}

/** The newest of what was applied to a recording. */
function lastApplied({ update, updateLayout }: KnownRecording): Remembered<unknown> | undefined {
  const [a, b] = [update.applied, updateLayout.applied];
  return a && b ? (a.seq > b.seq ? a : b) : (a ?? b);
}

/** Characters of a commit's ID that people read. */
const SHORT_SHA = 10;

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

export function statusText(recordings: readonly KnownRecording[], style: Style, now: number): string {
  if (recordings.length === 0) return 'Nothing is known yet: nothing was applied from here.\n';
  const width = nameColumn(recordings);
  const lines = recordings.flatMap((recording) => {
    const condition = conditionOf(recording);
    const paint = condition === 'Ready' ? style.green : condition === 'Unknown' ? style.yellow : style.red;
    const blocks = Object.entries(blocksOf(recording)).map(([block, certainty]) =>
      certainty === 'assumed' ? block : `${block} (${certainty})`,
    );
    const applied = lastApplied(recording);
    const when = applied ? `applied ${span(now - applied.at)} ago` : 'never applied';
    const from = applied?.commit ? [style.dim(`    ${commitLine(applied.commit)}`)] : [];
    const head = `${printable(recording.name).padEnd(width)}  ${paint(condition.padEnd(7))}  ${recording.identity.mode.padEnd(10)}  ${when}${blocks.length > 0 ? `: ${blocks.join(', ')}` : ''}`;
    return [head, ...from, ...(condition === 'Ready' ? [] : troubles(recording, style))];
  });
  return `${lines.join('\n')}\n\n${count(recordings.length, 'recording')}. What was applied is remembered, not read back: the service cannot be asked for subscriptions and layout.\n`;
}

function troubles({ update, updateLayout }: KnownRecording, style: Style): string[] {
  return Object.entries({ update, updateLayout }).flatMap(([name, { last, unknown }]) =>
    last && last.outcome !== 'applied'
      ? [style.dim(`    ${name}: ${printable(last.message ?? last.outcome)}`)]
      : unknown.length > 0
        ? [
            style.dim(
              `    ${name}: sent ${iso(unknown.at(-1)?.at ?? 0)}, and no answer was recorded; the next plan sends it again`,
            ),
          ]
        : [],
  );
}

export function statusMarkdown(recordings: readonly KnownRecording[]): string {
  return [
    '| recording | condition | mode | blocks |',
    '| --- | --- | --- | --- |',
    ...recordings.map((recording) => {
      const blocks = Object.entries(blocksOf(recording)).map(
        ([block, certainty]) => `${block} (${certainty})`,
      );
      return `| ${escapeMarkdown(recording.name)} | ${conditionOf(recording)} | ${recording.identity.mode} | ${blocks.join(', ')} |`;
    }),
    '',
  ].join('\n');
}

function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
