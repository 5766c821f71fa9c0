import { count } from '../render/style.ts';
import { type Html, html } from './markup.ts';
import type { HeadView, UseView } from './views.ts';

/*
 * The one graph: what the service was asked in the last ten minutes. Drawn here and not by a script, so that it is there
 * without one, scales with the page and reads in both schemes.
 */

const WIDTH = 600;
const HEIGHT = 100;

/** Requests a second over ten minutes, against the rate that is allowed; those answered 429 in another colour, and in words. */
export function useMarkup({ every, requests, throttled, repeated }: UseView, { allowances }: HeadView): Html {
  const rate = allowances.reduce((sum, account) => sum + account.rate, 0);
  const top = Math.max(1, rate, ...requests.map((number) => number / every));
  const step = WIDTH / requests.length;
  const tall = (perSecond: number) => round((perSecond / top) * HEIGHT);
  const bars = (numbers: readonly number[], look: Html | undefined) =>
    numbers.map((number, index) => {
      if (number === 0) return undefined;
      const height = tall(number / every);
      return html`<rect x="${round(index * step)}" y="${round(HEIGHT - height)}" width="${round(step * 0.9)}" height="${height}"${look}/>`;
    });
  const [asked, refused, again] = [requests, throttled, repeated].map((numbers) =>
    numbers.reduce((sum, number) => sum + number, 0),
  ) as [number, number, number];
  const words = `${count(asked, 'request')}, ${refused} of them answered 429, ${count(again, 'repetition')}`;
  return html`<figure class="chart"><p>${rate} a second</p>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="Requests a second in the last ten minutes: ${words}">
<path d="M0 ${HEIGHT - tall(rate)}H${WIDTH}" stroke-dasharray="4 4"/><path d="M0 ${HEIGHT}H${WIDTH}"/>
${bars(requests, undefined)}${bars(throttled, html` class="refused"`)}
</svg><p><span>10 min ago</span><span>now</span></p><figcaption>${words}.</figcaption></figure>`;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
