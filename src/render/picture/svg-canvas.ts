import { ALARM, blend, PAPER, readableOn, regionTone, safeColor } from './color.ts';
import { pixels } from './describe.ts';
import { type Finding, findingsOf, hasSize, intersection } from './findings.ts';
import type { CanvasSize, PlacedBox, Placement, Rect } from './geometry.ts';
import { placeLabel } from './labels.ts';
import { n, outline, type Plate, type PlateLine, plate, plateSize, rect } from './svg-parts.ts';
import { escapeMarkup, fraction, shortLabel } from './words.ts';

export interface CanvasDrawing {
  defs: string;
  body: string;
}

/** How far a region that leaves the canvas is drawn beyond its edge, in the drawing's units. */
export const BLEED = 12;

/**
 * The canvas with its regions: fills in the order of drawing, then where they overlap, then every outline, then
 * the labels, each where nothing covers it.
 * @param frame where the canvas lies in the drawing
 * @param id goes before the identifiers of patterns and clip paths
 */
export function drawCanvas(placement: Placement, frame: Rect, id: string): CanvasDrawing {
  const { boxes } = placement;
  const ground = safeColor(placement.backgroundColor);
  const findings = findingsOf(placement);
  const sized = boxes.filter(hasSize);
  const around = grow(frame, BLEED);
  const defs = [
    `<clipPath id="${id}-canvas">${rect(frame, '')}</clipPath>`,
    `<clipPath id="${id}-around">${rect(around, '')}</clipPath>`,
    `<pattern id="${id}-hatch" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">`,
    `<path d="M2 0v9" stroke="${PAPER}" stroke-width="4"/><path d="M2 0v9" stroke="${ALARM}" stroke-width="2"/></pattern>`,
  ].join('');
  const fills = sized.filter(({ empty }) => !empty).map((box) => fill(box, frame));
  const body = [
    rect(frame, `fill="${ground}"`),
    `<g clip-path="url(#${id}-canvas)">${fills.join('')}${hatches(findings, frame, id)}</g>`,
    `<g clip-path="url(#${id}-around)">${sized.map((box) => border(box, findings, frame)).join('')}</g>`,
    rect(frame, `fill="none" stroke="${readableOn(PAPER)}" stroke-width="1"`),
    ...crosses(boxes, frame),
    ...labels(placement, findings, frame),
  ];
  return { defs, body: onCanvas([...body, ...boxes.map((box) => hover(box, frame))]) };
}

/** What lies on a canvas keeps its colours, whatever the page around a drawing does with its own (`page/look.ts`). */
export function onCanvas(body: readonly string[]): string {
  return `<g class="canvas">\n${body.join('\n')}\n</g>`;
}

/** Nothing that is seen: where a pointer is held on a region, it is told whose it is. */
export function hover(box: PlacedBox, frame: Rect): string {
  return `<g><title>${escapeMarkup(`${box.label}, #${box.z}`)}</title>${rect(onFrame(box, frame), 'fill-opacity="0"')}</g>`;
}

/** The frame of a canvas that fills as much of the given room as its shape allows, in the middle of it. */
export function frameIn(size: CanvasSize, room: Rect): Rect {
  const scale = Math.min(room.width / size.width, room.height / size.height);
  const [width, height] = [size.width * scale, size.height * scale];
  return { x: room.x + (room.width - width) / 2, y: room.y + (room.height - height) / 2, width, height };
}

/** A rectangle of the canvas in the drawing's units. */
export function onFrame(area: Rect, frame: Rect): Rect {
  return {
    x: frame.x + area.x * frame.width,
    y: frame.y + area.y * frame.height,
    width: area.width * frame.width,
    height: area.height * frame.height,
  };
}

function fill(box: PlacedBox, frame: Rect): string {
  const opacity = box.alpha === 1 ? '' : ` fill-opacity="${fraction(box.alpha)}"`;
  return rect(onFrame(box, frame), `fill="${regionTone(box.z)}"${opacity}`);
}

function hatches(findings: Finding[], frame: Rect, id: string): string {
  return findings
    .flatMap(({ area }) => (area ? [onFrame(area, frame)] : []))
    .map((area) => rect(area, `fill="url(#${id}-hatch)" stroke="${ALARM}" stroke-width="1"`))
    .join('');
}

function border(box: PlacedBox, findings: Finding[], frame: Rect): string {
  const area = onFrame(box, frame);
  const concerns = (code: string) => findings.some((each) => each.code === code && each.regions[0] === box.z);
  if (concerns('outside')) return outline(area, 2, '6 4', ALARM);
  if (box.empty || box.alpha === 0 || isHidden(box, findings)) return outline(area, 1.25, '4 4');
  return outline(area);
}

/** A region without size has no outline; a cross tells where it would be. */
function crosses(boxes: PlacedBox[], frame: Rect): string[] {
  return boxes
    .filter((box) => !hasSize(box))
    .map((box) => {
      const { x, y } = onFrame(clamped(box), frame);
      const d = `M${n(x - 5)} ${n(y - 5)}l10 10m0 -10l-10 10`;
      const stroke = (color: string, width: number) =>
        `<path d="${d}" stroke="${color}" stroke-width="${width}" fill="none"/>`;
      return stroke(PAPER, 4.5) + stroke(ALARM, 2);
    });
}

function clamped(box: Rect): Rect {
  const limit = (value: number) => Math.min(Math.max(value, 0), 1);
  return { ...box, x: limit(box.x), y: limit(box.y) };
}

function labels(placement: Placement, findings: Finding[], frame: Rect): string[] {
  const standing: Rect[] = [];
  const hatched = findings.flatMap(({ area }) => (area ? [grow(onFrame(area, frame), 2)] : []));
  const step = { x: Math.max(frame.width / 96, 4), y: Math.max(frame.height / 54, 4) };
  return placement.boxes.flatMap((box) => {
    // What is wholly covered is named all the same: it is the one that a person must hear of.
    const hidden = isHidden(box, findings);
    const above = placement.boxes
      .filter((other) => other.z > box.z && hasSize(other) && !hidden)
      .map((other) => grow(onFrame(other, frame), 2));
    const all = variantsOf(box, placement, findings).map((content) => ({ content, ...plateSize(content) }));
    const taken = [...above, ...standing];
    const spotIn = (room: Rect | undefined) => {
      if (!room) return undefined;
      const variants = all.filter(
        ({ content, width, height }) => !content.roomy || width * height * 8 <= room.width * room.height,
      );
      return (
        (hidden ? undefined : placeLabel(room, [...taken, ...hatched], variants, step)) ??
        placeLabel(room, taken, variants, step)
      );
    };
    // A region too small for a label with air around it has one up to its border.
    const spot = spotIn(roomFor(box, frame, 4)) ?? spotIn(roomFor(box, frame, 1));
    if (!spot) return [];
    standing.push(grow(spot, 2));
    return [plate(spot, spot.content, groundOf(box, placement))];
  });
}

/**
 * Where a region's label may lie: in what is seen of it, or beside the point that a region without size has.
 * @param air how far it stays from the region's border
 */
function roomFor(box: PlacedBox, frame: Rect, air: number): Rect | undefined {
  const area = onFrame(box, frame);
  return hasSize(box)
    ? intersection(grow(area, -air), grow(frame, -2))
    : beside(onFrame(clamped(box), frame), frame);
}

function isHidden(box: PlacedBox, findings: Finding[]): boolean {
  return findings.some(({ code, regions }) => code === 'hidden' && regions[0] === box.z);
}

/** The room right of and below a point; left of it near the right edge. */
function beside({ x, y }: Rect, frame: Rect): Rect {
  const right = frame.x + frame.width;
  const left = right - x < 110 ? Math.max(frame.x, x - 120) : x + 8;
  const top = Math.min(y + 8, frame.y + frame.height - 24);
  return { x: left, y: top, width: right - left, height: frame.y + frame.height - top };
}

function groundOf(box: PlacedBox, { backgroundColor }: Placement): string {
  const canvas = safeColor(backgroundColor);
  return box.empty || !hasSize(box) ? canvas : blend(regionTone(box.z), canvas, box.alpha);
}

/** `roomy`: only for a region that the plate leaves most of free. */
type Variant = Plate & { roomy?: boolean };

/** What a label may say, the fullest first. */
function variantsOf(box: PlacedBox, { size }: Placement, findings: Finding[]): Variant[] {
  const warned = findings.some(({ severity, regions }) => severity === 'warning' && regions.includes(box.z));
  const sign: PlateLine = warned ? { icon: 'warning', text: '', bold: true } : { text: '', bold: true };
  const name = (words: string): PlateLine => ({ ...sign, text: words });
  const short = name(shortLabel(box.label));
  const brief: Variant[] = [
    { lines: [name(box.label)], size: 12 },
    { lines: [short], size: 11 },
    { lines: [short], size: 9 },
    { lines: [name(`#${box.z}`)], size: 9 },
  ];
  if (!hasSize(box)) return [{ lines: [name(`${box.label}: no size`)], size: 12 }, ...brief];
  if (isHidden(box, findings)) return [{ lines: [name(`${box.label}: hidden`)], size: 11 }, ...brief];
  if (box.empty) return [{ lines: [name('no user'), { text: 'background is seen' }], size: 13 }, ...brief];
  const alpha = box.alpha === 1 ? '' : ` \u00b7 alpha ${fraction(box.alpha)}`;
  const source = box.backgroundImage?.source === 'uid' ? 'own image' : 'default image';
  const image = (words: string): PlateLine[] => (box.backgroundImage ? [{ icon: 'image', text: words }] : []);
  const full: PlateLine[] = [
    name(`#${box.z} ${box.label}`),
    { text: pixels(box, size) },
    { icon: box.renderMode, text: `${box.renderMode}${alpha}` },
    ...image(source),
  ];
  const compact: PlateLine[] = [
    name(box.label),
    { icon: box.renderMode, text: `#${box.z}${alpha}` },
    ...image(''),
  ];
  const narrow: PlateLine[] = [short, { icon: box.renderMode, text: `#${box.z}` }, ...image('')];
  return [
    { lines: full, size: 14, roomy: true },
    { lines: full, size: 11 },
    { lines: compact, size: 11 },
    { lines: narrow, size: 11 },
    ...brief,
  ];
}

/** The rectangle with so much more on every side, or less. */
function grow({ x, y, width, height }: Rect, by: number): Rect {
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by };
}
