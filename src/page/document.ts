import { LOOK } from './look.ts';
import { type Html, html, type Part, svgMarkup } from './markup.ts';
import { type PageSection, sectionMarkup } from './parts.ts';

export interface PageContent {
  title: string;
  /** The one thing to know, right under the title. */
  verdict?: Html;
  sections: readonly PageSection[];
  footer?: string;
}

/**
 * A whole page that needs nothing but itself: no script, no font, no image and no style from elsewhere, and a
 * policy that forbids the browser to load any. Follows the reader's choice of light or dark.
 */
export function page({ title, verdict, sections, footer }: PageContent): string {
  return whole(
    title,
    html`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>${svgMarkup(LOOK)}</style>`,
    html`<main>
<h1>${title}</h1>
${verdict === undefined ? undefined : html`<div class="verdict">${verdict}</div>`}
${sections.map(sectionMarkup)}
</main>
${footer === undefined ? undefined : html`<footer>${footer}</footer>`}`,
  );
}

/** Where a running daemon has what its pages load. */
export const ASSETS = { look: '/page/look.css', script: '/page/live.js', worker: '/page/worker.js' } as const;

/** A page of a running daemon: what stands in `main` follows live. */
export function livePage(title: string, main: Part): string {
  return whole(
    `${title} · reelstate`,
    html`<link rel="stylesheet" href="${ASSETS.look}">
<link rel="icon" href="data:,">
<script src="${ASSETS.script}" defer></script>`,
    html`<a class="skip" href="#main">To the content</a>
<header class="bar"><nav aria-label="Pages"><a href="/">reelstate</a> <a href="/calls">Last calls</a></nav>
<p id="live" role="status"></p></header>
<main id="main" tabindex="-1">
${main}
</main>`,
  );
}

/** A page with nothing but a sentence, where there is none to show. */
export function messagePage(title: string, words: string): string {
  return livePage(title, html`<h1>${title}</h1><p>${words}</p>`);
}

/** The policy comes before anything that a browser could load. */
function whole(title: string, head: Html, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
${head}
<title>${title}</title>
</head>
<body>
${body}
</body>
</html>
`.toString();
}
