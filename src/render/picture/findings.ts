import type { PlacedBox, Placement, Rect } from './geometry.ts';
import { percent } from './words.ts';

export type FindingCode = 'overlap' | 'hidden' | 'on-top' | 'outside' | 'no-size' | 'invisible' | 'same-uid';

/** Something about a layout that a person would want to see before it is on tape. */
export interface Finding {
  code: FindingCode;
  /** "note": usual in a picture-in-picture layout, so it is told and not drawn. */
  severity: 'warning' | 'note';
  /** One sentence. */
  text: string;
  /** Order numbers (`z`) of the regions concerned. */
  regions: number[];
  /** Where to draw it, in fractions of the canvas. */
  area?: Rect;
}

/** Coordinates carry six decimals (Agora Cloud Recording REST, updateLayout); less than half of one is nothing. */
const TOLERANCE = 5e-7;

/** Where columns are thirds of the canvas an edge may be off by one millionth: that is no overlap. */
const ROUNDED = 1.5e-6;

/**
 * What is doubtful about where the regions of a custom layout lie. The predefined layouts are the service's own
 * and never give rise to one.
 */
export function findingsOf({ layout, boxes }: Placement): Finding[] {
  if (layout !== 'custom') return [];
  const named = boxes.map((box) => ({ ...box, label: nameAmong(boxes, box) }));
  return [...named.flatMap(alone), ...sameUid(boxes), ...named.flatMap((box) => between(box, named))];
}

/** Whether the region takes up room at all. */
export function hasSize({ width, height }: Rect): boolean {
  return width > 0 && height > 0;
}

/** The part that two rectangles share; undefined where they only touch. */
export function intersection(a: Rect, b: Rect): Rect | undefined {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > ROUNDED && height > ROUNDED ? { x, y, width, height } : undefined;
}

/** A label that several regions have is told with its order number. */
function nameAmong(boxes: PlacedBox[], { label, z }: PlacedBox): string {
  return boxes.filter((box) => box.label === label).length > 1 ? `${label} (#${z})` : label;
}

function alone(box: PlacedBox): Finding[] {
  const regions = [box.z];
  const found: Finding[] = [];
  if (!hasSize(box))
    return [
      { code: 'no-size', severity: 'warning', regions, text: `${box.label} has no size and is not seen.` },
    ];
  const sides = [
    box.x < -TOLERANCE ? 'left' : '',
    box.y < -TOLERANCE ? 'top' : '',
    box.x + box.width > 1 + TOLERANCE ? 'right' : '',
    box.y + box.height > 1 + TOLERANCE ? 'bottom' : '',
  ].filter((side) => side !== '');
  if (sides.length > 0)
    found.push({
      ...{ code: 'outside', severity: 'warning', regions },
      text: `${box.label} leaves the canvas at the ${sides.join(' and ')}.`,
    });
  if (box.alpha === 0)
    found.push({
      ...{ code: 'invisible', severity: 'warning', regions },
      text: `${box.label} is fully transparent (alpha 0).`,
    });
  return found;
}

function sameUid(boxes: PlacedBox[]): Finding[] {
  return boxes.flatMap((box): Finding[] => {
    const others = boxes.filter(({ uid }) => uid !== undefined && uid === box.uid);
    if (others.length < 2 || others[0] !== box) return [];
    const regions = others.map(({ z }) => z);
    return [
      {
        ...{ code: 'same-uid', severity: 'warning', regions },
        text: `${box.label} has ${others.length} regions: ${regions.map((z) => `#${z}`).join(', ')}.`,
      },
    ];
  });
}

function between(upper: PlacedBox, boxes: PlacedBox[]): Finding[] {
  if (!hasSize(upper)) return [];
  return boxes
    .filter((lower) => lower.z < upper.z && hasSize(lower))
    .flatMap((lower): Finding[] => {
      const area = intersection(lower, upper);
      if (!area) return [];
      const regions = [lower.z, upper.z];
      const share = shareOf(area, lower);
      if (share > 1 - 1e-6)
        return [
          {
            ...{ code: 'hidden', severity: 'warning', regions, area },
            text: `${lower.label} lies wholly under ${upper.label}.`,
          },
        ];
      if (shareOf(area, upper) > 1 - 1e-6)
        return [
          {
            code: 'on-top',
            severity: 'note',
            regions,
            text: `${upper.label} lies on top of ${lower.label}.`,
          },
        ];
      return [
        {
          ...{ code: 'overlap', severity: 'warning', regions, area },
          text: `${upper.label} covers ${percent(share)} of ${lower.label}.`,
        },
      ];
    });
}

function shareOf(part: Rect, whole: Rect): number {
  return (part.width * part.height) / (whole.width * whole.height);
}
