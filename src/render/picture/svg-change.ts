import { describeChange, whose } from './change-words.ts';
import { ALARM, FAINT_INK, INK, PAPER, RULE, readableOn, safeColor } from './color.ts';
import { canvasChanges, groupsIn, MARKS, type Mark, type RegionChange, regionChanges } from './difference.ts';
import { hasSize, intersection } from './findings.ts';
import type { PlacedBox, Placement, Rect } from './geometry.ts';
import { placeLabel } from './labels.ts';
import type { PictureOptions } from './svg.ts';
import { frameIn, hover, onCanvas, onFrame } from './svg-canvas.ts';
import { arrow, charactersIn, drawing, n, outline, plate, plateSize, rect, text } from './svg-parts.ts';
import { clip, plain, shortLabel, wrap } from './words.ts';

const WIDTH = 760;
const MARGIN = 16;
const GAP = 44;
const PANEL = { width: (WIDTH - 2 * MARGIN - GAP) / 2, height: 200, top: 62 };
const ROW = 18;

/** A stroke for each mark: they differ in dashes and weight, so that they are told apart without colour. */
const STROKES: Readonly<Record<Mark, { width: number; dashes: string }>> = {
  added: { width: 3, dashes: '' },
  gone: { width: 2, dashes: '2 4' },
  moved: { width: 2, dashes: '9 4' },
  resized: { width: 2, dashes: '10 3 2 3' },
  restyled: { width: 2, dashes: '16 3' },
  same: { width: 1, dashes: '' },
};

/** One side of the change; undefined where nothing is known of it or nothing is there any more. */
type Side = Placement | undefined;

/**
 * One small picture of a change: the canvas before, an arrow, the canvas after, and in words what happens to
 * each region. Made for a comment of a review: nothing in it depends on colour or on anything outside.
 */
export function changeSvg(before: Side, after: Side, { title, id = 'change' }: PictureOptions): string {
  const changes = regionChanges(before, after);
  const height = panelHeight(before, after);
  const rooms = [MARGIN, MARGIN + PANEL.width + GAP].map((x) => ({
    ...{ x, y: PANEL.top, width: PANEL.width, height },
  })) as [Rect, Rect];
  const middle = PANEL.top + height / 2;
  const legend = legendLines(changes, canvasChanges(before, after), PANEL.top + height + 12);
  const heading = clip(plain(title), charactersIn(WIDTH - 2 * MARGIN, 15));
  const body = [
    text(MARGIN, 26, heading, { size: 15, bold: true }),
    text(rooms[0].x, PANEL.top - 10, sideCaption('before', before), { fill: FAINT_INK }),
    text(rooms[1].x, PANEL.top - 10, sideCaption('after', after), { fill: FAINT_INK }),
    panel(before, changes, 'before', rooms[0]),
    arrow({ x: rooms[0].x + PANEL.width + 9, y: middle }, { x: rooms[1].x - 9, y: middle }, 2.5),
    panel(after, changes, 'after', rooms[1]),
    legend.body,
  ];
  return drawing({
    ...{ id, width: WIDTH, height: legend.end + 12 },
    title: `Change of the layout of ${plain(title)}`,
    description: describeChange(before, after),
    body: body.join('\n'),
  });
}

function panelHeight(before: Side, after: Side): number {
  const heights = [before, after].flatMap((side) =>
    side ? [(PANEL.width / side.size.width) * side.size.height] : [],
  );
  return Math.min(PANEL.height, Math.max(80, ...heights));
}

function sideCaption(side: 'before' | 'after', placement: Side): string {
  return placement ? `${side}: ${placement.layout}` : side;
}

function panel(placement: Side, changes: RegionChange[], side: 'before' | 'after', room: Rect): string {
  if (!placement) return emptyPanel(side, room);
  const frame = frameIn(placement.size, room);
  const ground = safeColor(placement.backgroundColor);
  const boxes = changes
    .flatMap((change) =>
      change[side] ? [{ mark: change.mark, box: change[side], before: change.before }] : [],
    )
    .sort((a, b) => a.box.z - b.box.z);
  const fills = boxes
    .filter(({ box }) => hasSize(box) && !box.empty)
    // A light veil on a dark canvas, a dark one on a light canvas: regions stand out, and what lies on what.
    .map(({ box }) => rect(onFrame(box, frame), `fill="${readableOn(ground)}" fill-opacity="0.28"`));
  const strokes = boxes.map((placed) => stroke(placed, side, ground, frame));
  return onCanvas([
    rect(frame, `fill="${ground}" stroke="${INK}"`),
    ...fills,
    ...strokes,
    ...arrows(boxes, side, frame),
    ...panelLabels(boxes, ground, frame),
    ...boxes.map(({ box }) => hover(box, frame)),
  ]);
}

function emptyPanel(side: 'before' | 'after', room: Rect): string {
  const words = side === 'before' ? 'not known: nothing was applied yet' : 'no layout';
  const middle = { x: room.x + room.width / 2, y: room.y + room.height / 2 + 4 };
  return (
    rect(room, `fill="none" stroke="${FAINT_INK}" stroke-dasharray="3 5"`) +
    text(middle.x, middle.y, words, { fill: FAINT_INK, anchor: 'middle' })
  );
}

interface Placed {
  mark: Mark;
  box: PlacedBox;
  before: PlacedBox | undefined;
}

/** More arrows than these cross each other and say nothing. */
const ARROWS = 4;

function stroke(
  { mark, box, before }: Placed,
  side: 'before' | 'after',
  ground: string,
  frame: Rect,
): string {
  const area = inset(onFrame(box, frame), 1.5);
  // In the picture of what was, only what goes is told apart; the rest is told where it ends up.
  const { width, dashes } = side === 'before' && mark !== 'gone' ? STROKES.same : STROKES[mark];
  const line = outline(area, width, dashes, mark === 'gone' ? ALARM : INK);
  if (mark === 'gone') return line + cross(area);
  if (side === 'before' || !before || (mark !== 'moved' && mark !== 'resized')) return line;
  const was = inset(onFrame(before, frame), 1.5);
  return rect(was, `fill="none" stroke="${readableOn(ground)}" stroke-dasharray="1 4"`) + line;
}

function arrows(boxes: Placed[], side: 'before' | 'after', frame: Rect): string[] {
  const moved = boxes.filter(({ mark }) => mark === 'moved');
  if (side === 'before' || moved.length > ARROWS) return [];
  return moved.flatMap(({ box, before }) => {
    if (!before) return [];
    const [from, to] = [centre(onFrame(before, frame)), centre(onFrame(box, frame))];
    return Math.hypot(to.x - from.x, to.y - from.y) > 14 ? [arrow(from, to)] : [];
  });
}

function cross({ x, y, width, height }: Rect): string {
  const d = `M${n(x)} ${n(y)}l${n(width)} ${n(height)}m0 ${n(-height)}l${n(-width)} ${n(height)}`;
  return (
    `<path d="${d}" stroke="${PAPER}" stroke-width="3" fill="none"/>` +
    `<path d="${d}" stroke="${ALARM}" stroke-width="1.25" fill="none" stroke-dasharray="2 4"/>`
  );
}

function panelLabels(boxes: { mark: Mark; box: PlacedBox }[], ground: string, frame: Rect): string[] {
  const standing: Rect[] = [];
  return boxes.flatMap(({ mark, box }) => {
    const room = intersection(inset(onFrame(box, frame), 4), frame);
    if (!room) return [];
    const sign = mark === 'same' ? '' : `${MARKS[mark].sign} `;
    const short = shortLabel(box.label);
    const line = (words: string) => [{ text: `${sign}${words}`, bold: mark !== 'same' }];
    const variants = [
      { lines: line(box.label), size: 11 },
      { lines: line(short), size: 11 },
      { lines: line(short), size: 9 },
      { lines: line(`#${box.z}`), size: 9 },
    ].map((content) => ({ content, ...plateSize(content) }));
    const above = boxes.filter((other) => other.box.z > box.z).map((other) => onFrame(other.box, frame));
    const spot = placeLabel(room, [...above, ...standing], variants, { x: 4, y: 4 });
    if (!spot) return [];
    standing.push(spot);
    return [plate(spot, spot.content, ground)];
  });
}

function legendLines(changes: RegionChange[], canvas: string[], top: number): { body: string; end: number } {
  const room = charactersIn(WIDTH - 2 * MARGIN - 46, 12);
  const parts = [`<path d="M${MARGIN} ${n(top)}H${WIDTH - MARGIN}" stroke="${RULE}"/>`];
  let y = top + 2;
  for (const { mark, word, changes: those } of groupsIn(changes)) {
    const { width, dashes } = STROKES[mark];
    const dash = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
    const ink = mark === 'gone' ? ALARM : INK;
    parts.push(`<path d="M${MARGIN} ${n(y + ROW - 4)}h34" stroke="${ink}" stroke-width="${width}"${dash}/>`);
    for (const line of wrap(`${MARKS[mark].sign} ${word}: ${whose(those)}`, room)) {
      y += ROW;
      parts.push(text(MARGIN + 46, y, line, { bold: mark !== 'same' }));
    }
  }
  for (const line of canvas) {
    y += ROW;
    parts.push(text(MARGIN + 46, y, clip(plain(line), room), { bold: true }));
  }
  if (changes.length === 0 && canvas.length === 0) {
    y += ROW;
    parts.push(text(MARGIN, y, 'Nothing changes.'));
  }
  return { body: parts.join('\n'), end: y };
}

function inset({ x, y, width, height }: Rect, by: number): Rect {
  const [dx, dy] = [Math.min(by, width / 2), Math.min(by, height / 2)];
  return { x: x + dx, y: y + dy, width: width - 2 * dx, height: height - 2 * dy };
}

function centre({ x, y, width, height }: Rect): { x: number; y: number } {
  return { x: x + width / 2, y: y + height / 2 };
}
