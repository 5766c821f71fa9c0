import { count } from '../render/style.ts';
import { type Html, html } from './markup.ts';
import type { HeadView, UseView } from './views.ts';

/*
 * The one graph: what the service was asked in the last ten minutes. Drawn here and not by a script, so that it is there
 * without one, scales with the page and reads in both schemes.
 */

const WIDTH = 720;
const HEIGHT = 140;
const LEFT = 32;
const BOTTOM = 18;
const TOP = 14;

/** Requests a second over ten minutes, against the rate that is allowed; those answered 429 in another colour, and in words. */
export function useMarkup({ every, requests, throttled, repeated }: UseView, { allowances }: HeadView): Html {
  const rate = allowances.reduce((sum, account) => sum + account.rate, 0);
  const top = Math.max(1, rate, ...requests.map((number) => number / every));
  const step = (WIDTH - LEFT) / requests.length;
  const room = HEIGHT - TOP - BOTTOM;
  const y = (perSecond: number) => round(HEIGHT - BOTTOM - (perSecond / top) * room);
  const bar = (number: number, index: number, look: Html | undefined) =>
    number === 0
      ? undefined
      : html`<rect x="${round(LEFT + index * step)}" y="${y(number / every)}" width="${round(Math.max(1, step - 0.5))}" height="${round(HEIGHT - BOTTOM - y(number / every))}"${look}/>`;
  const refused = html` class="refused"`;
  const sums = [requests, throttled, repeated].map((numbers) => numbers.reduce((a, b) => a + b, 0));
  const words = useWords(sums[0] ?? 0, sums[1] ?? 0, sums[2] ?? 0);
  return html`<figure><svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Requests a second in the last ten minutes: ${words}">
<path d="M${LEFT} ${y(rate)}H${WIDTH}" stroke-dasharray="4 4"/><path d="M${LEFT} ${HEIGHT - BOTTOM}H${WIDTH}"/>
<text x="0" y="${y(rate) + 4}">${rate}/s</text><text x="${LEFT}" y="${HEIGHT - 4}">10 min ago</text><text x="${WIDTH}" y="${HEIGHT - 4}" text-anchor="end">now</text>
${requests.map((number, index) => bar(number, index, undefined))}${throttled.map((number, index) => bar(number, index, refused))}
</svg><figcaption>${words}.</figcaption></figure>`;
}

/** "4 requests, 1 of them answered 429, 2 repetitions" */
function useWords(requests: number, throttled: number, repeated: number): string {
  return `${count(requests, 'request')}, ${throttled} of them answered 429, ${count(repeated, 'repetition')}`;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
