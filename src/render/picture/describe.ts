import { columnsOf, padded } from '../columns.ts';
import { findingsOf } from './findings.ts';
import type { CanvasSize, PlacedBox, Placement, Rect } from './geometry.ts';
import { clip, fraction, plain, roughFraction, shortUrl } from './words.ts';

/** The canvas in one line: "custom layout · canvas 1280 × 720 · background #FF0000". */
export function caption(placement: Placement): string {
  const { layout, users, size, backgroundColor, backgroundImage } = placement;
  const parts = [
    users === undefined
      ? `${layout} layout`
      : `${layout} layout with ${users} ${users === 1 ? 'user' : 'users'}`,
    `canvas ${size.width} \u00d7 ${size.height}`,
    `background ${plain(backgroundColor)}`,
  ];
  if (backgroundImage !== undefined) parts.push(`image ${shortUrl(backgroundImage)}`);
  return parts.join(' \u00b7 ');
}

/** The picture in words, for those who do not see it. */
export function describe(placement: Placement): string {
  const regions = placement.boxes.map((box) => {
    const [, who, at, size, px, alpha, mode, image] = cells(box, placement);
    const more = [`drawn ${box.z === 1 ? 'first' : `as number ${box.z}`}`, mode];
    if (box.alpha !== 1) more.push(`alpha ${alpha}`);
    if (image !== '') more.push(`background image ${image}`);
    return `${who} at ${at}, size ${size} (${px} pixels), ${more.filter((word) => word !== '').join(', ')}.`;
  });
  const found = findingsOf(placement).map(({ severity, text: words }) =>
    severity === 'warning' ? `Warning: ${words}` : words,
  );
  return [`${caption(placement)}.`, ...regions, ...found, ...placement.notes].join(' ');
}

const HEADINGS = ['#', 'who', 'position', 'size', 'pixels', 'alpha', 'mode', 'image'] as const;

function cells(box: PlacedBox, placement: Placement): string[] {
  const number = placement.layout === 'custom' ? fraction : roughFraction;
  return [
    `${box.z}`,
    box.label,
    `${number(box.x)}, ${number(box.y)}`,
    `${number(box.width)} \u00d7 ${number(box.height)}`,
    pixels(box, placement.size),
    box.empty ? '' : fraction(box.alpha),
    box.empty ? '' : box.renderMode,
    box.backgroundImage
      ? `${box.backgroundImage.source === 'default' ? 'default: ' : ''}${shortUrl(box.backgroundImage.url)}`
      : '',
  ];
}

/**
 * The regions as a table of aligned lines, its heading first.
 * @param width the most characters that a line may have
 */
export function regionTable(placement: Placement, width: number): [heading: string, ...rows: string[]] {
  const rows = placement.boxes.map((box) => cells(box, placement));
  const used = HEADINGS.map(
    (_, column) => column < HEADINGS.length - 1 || rows.some((row) => row[column] !== ''),
  );
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => columnsOf(row[column] ?? ''))),
  );
  const line = (row: readonly string[]) => {
    const fitted = row.flatMap((cell, column) => (used[column] ? [padded(cell, widths[column] ?? 0)] : []));
    return clip(fitted.join('  ').trimEnd(), width);
  };
  return [line(HEADINGS), ...rows.map(line)];
}

/** A region's size in pixels of the canvas. */
export function pixels(box: Rect, size: CanvasSize): string {
  return `${Math.round(box.width * size.width)} \u00d7 ${Math.round(box.height * size.height)}`;
}
