import { REASONS } from '../render/reasons.ts';
import { livePage } from './document.ts';
import { type Html, html, type Part } from './markup.ts';
import { ago, commitMarkup, table, took } from './parts.ts';
import type { CallView } from './views.ts';

/** The page with the last calls of all recordings. */
export function callsPage(calls: readonly CallView[], now: number): string {
  return livePage(
    'Last calls',
    html`<h1>Last calls</h1>
<p class="note">Of all recordings, the newest first. <code>reelstate history</code> has all of them.</p>
${callTable('The last calls of all recordings', calls, now, true)}`,
  );
}

/** @param named whether the calls are of several recordings */
export function callTable(label: string, calls: readonly CallView[], now: number, named: boolean): Html {
  if (calls.length === 0) return html`<p>No call was made yet.</p>`;
  const columns = [
    { name: 'when' },
    ...(named ? [{ name: 'recording', look: 'wide' as const }] : []),
    { name: 'call' },
    { name: 'answer', look: 'wide' as const },
    { name: 'attempts', look: 'number' as const },
    { name: 'duration', look: 'number' as const },
    { name: 'commit', look: 'wide' as const },
  ];
  const rows = calls.map((call) => {
    const { at, name, endpoint, reason, attempts, commit } = call;
    const why = REASONS[reason];
    const cells: Part[] = [
      ago(at, now),
      ...(named ? [recordingLink(name)] : []),
      html`<code class="word">${endpoint}</code>${why === '' ? undefined : html`<br><span class="note">${why}</span>`}`,
      answer(call),
      attempts,
      call.took === undefined ? undefined : took(call.took),
      commit && commitMarkup(commit),
    ];
    return { key: `${at} ${name} ${endpoint}`, cells };
  });
  return table(label, columns, rows);
}

const LOOKS: Readonly<Record<CallView['outcome'], string>> = {
  applied: 'good',
  refused: 'alarm',
  deferred: 'warning',
  unknown: 'warning',
  repeated: 'warning',
  'under way': 'note',
};

function answer({ outcome, status, message }: CallView): Html {
  return html`<span class="${LOOKS[outcome]}">${outcome}</span>${status === undefined ? undefined : ` ${status}`}${
    message === undefined ? undefined : html`<br>${message}`
  }`;
}

export function recordingLink(name: string): Html {
  return html`<a href="${recordingAddress(name)}">${name}</a>`;
}

export function recordingAddress(name: string): string {
  return `/recording?${new URLSearchParams({ name })}`;
}
