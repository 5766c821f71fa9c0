import { commitLine } from '../render/status.ts';
import { count } from '../render/style.ts';
import { recordingLink } from './calls.ts';
import { type Html, html, type Part } from './markup.ts';
import { ago, table } from './parts.ts';
import type { ConcernView, HeadView } from './views.ts';

/** Whether all is well, where the files come from, and what of the allowance is in use. */
export function headMarkup({ now, source, commit, lookedAt, notReady, allowances, waiting }: HeadView): Html {
  const isReady = notReady.length === 0;
  const verdict = isReady
    ? html`<p><span class="good">Ready.</span></p>`
    : html`<p><span class="alarm">Not ready:</span> ${notReady.join('; ')}</p>`;
  return html`<div class="verdict ${isReady ? 'is-good' : 'is-bad'}">${verdict}
<dl class="facts">
<dt>Source</dt><dd>${source}${commit && html`, ${commitLine(commit)}`}</dd>
<dt>Looked at</dt><dd id="looked">${lookedAt === undefined ? 'not yet' : ago(lookedAt, now)}</dd>
<dt>Allowance</dt><dd>${allowances.map(({ account, rate, inUse }, index) => html`${index > 0 ? ', ' : undefined}${account === '' ? undefined : `${account}: `}${inUse} in use of ${rate} a second`)}</dd>
<dt>Waiting</dt><dd>${waiting === 0 ? 'nothing' : `${count(waiting, 'recording')} with something to send`}</dd>
</dl></div>`;
}

const KINDS: Readonly<Record<ConcernView['kind'], { word: string; look: string }>> = {
  stalled: { word: 'Stalled', look: 'alarm' },
  file: { word: 'File', look: 'alarm' },
  drift: { word: 'Drift', look: 'warning' },
  credentials: { word: 'Credentials expire', look: 'warning' },
  repeated: { word: 'Repeated', look: 'warning' },
};

/** Concerns that a page lists before the rest is only counted. */
const LISTED = 50;

export function concernTable(concerns: readonly ConcernView[], now: number): Html {
  const rows = concerns.slice(0, LISTED).map(({ kind, name, reason, message, since, file, line }) => {
    const { word, look } = KINDS[kind];
    const cells: Part[] = [
      name === undefined ? 'no recording yet' : recordingLink(name),
      html`<span class="${look}">${word}</span> ${reason}`,
      message,
      since === undefined ? undefined : ago(since, now),
      html`<code>${file}${line === undefined ? undefined : `:${line}`}</code>`,
    ];
    return { key: `${kind} ${name ?? file} ${line}`, cells };
  });
  const more = concerns.length - rows.length;
  return html`${table(
    'What needs attention',
    [
      { name: 'recording' },
      { name: 'what' },
      { name: 'why', look: 'wide' },
      { name: 'since' },
      { name: 'where', look: 'wide' },
    ],
    rows,
  )}${more > 0 ? html`<p>And ${more} more: the filters below find them.</p>` : undefined}`;
}
