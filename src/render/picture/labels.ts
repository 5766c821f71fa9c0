import { intersection } from './findings.ts';
import type { Rect } from './geometry.ts';

/** How big a label is that says this much, in the units of the drawing. */
export interface LabelVariant<Content> {
  content: Content;
  width: number;
  height: number;
}

/** A label and where its top left corner goes. */
export interface PlacedLabel<Content> extends Rect {
  content: Content;
}

/**
 * Finds room for a region's label where nothing drawn later covers it: from the top left, line by line. A long
 * label gives way to the next shorter one when there is no room; undefined when not even the shortest fits, then
 * only the list beside the picture tells of the region.
 * @param inside where the label may lie: the visible part of the region
 * @param covered what is drawn on top of the region, and labels that stand already
 * @param variants the fullest first
 * @param step how finely to look
 */
export function placeLabel<Content>(
  inside: Rect,
  covered: readonly Rect[],
  variants: readonly LabelVariant<Content>[],
  step: { x: number; y: number },
): PlacedLabel<Content> | undefined {
  for (const { content, width, height } of variants) {
    const spot = findSpot(inside, covered, { width, height }, step);
    if (spot) return { content, ...spot };
  }
  return undefined;
}

function findSpot(
  inside: Rect,
  covered: readonly Rect[],
  { width, height }: { width: number; height: number },
  step: { x: number; y: number },
): Rect | undefined {
  const right = inside.x + inside.width - width;
  const bottom = inside.y + inside.height - height;
  for (let y = inside.y; y <= bottom; y += step.y)
    for (let x = inside.x; x <= right; x += step.x) {
      const spot = { x, y, width, height };
      if (!covered.some((rect) => intersection(rect, spot))) return spot;
    }
  return undefined;
}
