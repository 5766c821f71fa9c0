import { raw, html as tag } from 'hono/html';
import { plain } from '../render/picture/words.ts';

/** Markup that is safe to put into a page. Made only by the tag `html`, by and by `svgMarkup`. */
export type Html = ReturnType<typeof raw>;

/** What may stand in a template; lists are put one after another, and undefined is nothing. */
export type Part = Html | string | number | undefined | readonly Part[];

/**
 * A template whose texts are escaped by Hono. Before that every control, direction or lone surrogate character of a text
 * becomes U+FFFD, so that no printing code has to remember it.
 */
export function html(parts: TemplateStringsArray, ...values: Part[]): Html {
  // No promise goes in, so none comes out.
  return tag(parts, ...values.map(shown)) as Html;
}

function shown(value: Part): Part {
  if (typeof value === 'string') return plain(value);
  return Array.isArray(value) ? value.map(shown) : value;
}

/** A picture of ours (`pictureSvg`, `changeSvg`, `thumbnailSvg`) as part of a page. Never for any other text. */
export function svgMarkup(svg: string): Html {
  return raw(svg);
}
