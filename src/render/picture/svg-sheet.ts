import { count } from '../style.ts';
import { FAINT_INK, INK } from './color.ts';
import { describe } from './describe.ts';
import { findingsOf } from './findings.ts';
import type { Placement } from './geometry.ts';
import { BLEED, drawCanvas, frameIn } from './svg-canvas.ts';
import { charactersIn, drawing, text } from './svg-parts.ts';
import { clip, plain } from './words.ts';

/** One recording on a sheet. */
export interface SheetEntry {
  /** The recording's name. */
  name: string;
  placement: Placement;
}

const COLUMNS = 3;
const CELL = { width: 300, height: 169, below: 52 };
const MARGIN = 24;
const GAP = 18;
const TOP = 78;
const WIDTH = 2 * MARGIN + COLUMNS * CELL.width + (COLUMNS - 1) * GAP;

/**
 * A contact sheet: every recording in small, each with how many others look the same, so that the odd one out
 * is found at a glance.
 * @param omitted recordings that have no mixed layout to draw, by name
 */
export function sheetSvg(
  entries: readonly SheetEntry[],
  omitted: readonly string[],
  title = 'Recordings',
  id = 'sheet',
): string {
  const likeness = alike(entries);
  const cells = entries.map((entry, index) => {
    const x = MARGIN + (index % COLUMNS) * (CELL.width + GAP);
    const y = TOP + Math.floor(index / COLUMNS) * (CELL.height + CELL.below);
    const frame = frameIn(entry.placement.size, { x, y, width: CELL.width, height: CELL.height });
    const canvas = drawCanvas(entry.placement, frame, `${id}-${index + 1}`);
    const room = charactersIn(CELL.width, 12);
    const lines = [
      text(x, y + CELL.height + 17, clip(plain(entry.name), room), { size: 12, bold: true }),
      text(
        x,
        y + CELL.height + 33,
        clip(sheetLine(entry, likeness[index] ?? 1), charactersIn(CELL.width, 11)),
        {
          size: 11,
          fill: FAINT_INK,
        },
      ),
    ];
    return { defs: canvas.defs, body: [canvas.body, ...lines].join('\n') };
  });
  const rows = Math.ceil(entries.length / COLUMNS);
  const end = TOP + rows * (CELL.height + CELL.below);
  const left = omitted.length === 0 ? '' : `Without a mixed layout: ${omitted.map(plain).join(', ')}`;
  const summary = `${count(entries.length, 'layout')}, ${count(new Set(entries.map(looks)).size, 'different look')}`;
  return drawing({
    ...{ id, width: WIDTH, height: left === '' ? end : end + 24 },
    title: plain(title),
    description: [
      `${summary}.`,
      ...entries.map((entry, i) => `${entry.name}: ${sheetLine(entry, likeness[i] ?? 1)}.`),
      left,
    ]
      .filter((words) => words !== '')
      .join(' '),
    defs: cells.map(({ defs }) => defs).join(''),
    body: [
      text(MARGIN, 36, clip(plain(title), charactersIn(WIDTH - 2 * MARGIN, 20)), { size: 20, bold: true }),
      text(MARGIN, 58, summary, { size: 13, fill: FAINT_INK }),
      ...cells.map(({ body }) => body),
      ...(left === ''
        ? []
        : [text(MARGIN, end + 6, clip(left, charactersIn(WIDTH - 2 * MARGIN, 12)), { size: 12, fill: INK })]),
    ].join('\n'),
  });
}

/** One canvas alone, small: for a page that has the words beside it. */
export function thumbnailSvg({ name, placement }: SheetEntry, id: string): string {
  const room = { width: CELL.width + 2 * BLEED, height: CELL.height + 2 * BLEED };
  const frame = frameIn(placement.size, { x: BLEED, y: BLEED, width: CELL.width, height: CELL.height });
  return drawing({
    ...{ id, ...room },
    title: `Layout of ${plain(name)}`,
    description: describe(placement),
    ...drawCanvas(placement, frame, id),
  });
}

/** For each entry how many of all look like it, itself included. */
export function alike(entries: readonly SheetEntry[]): number[] {
  const counts = new Map<string, number>();
  for (const entry of entries) counts.set(looks(entry), (counts.get(looks(entry)) ?? 0) + 1);
  return entries.map((entry) => counts.get(looks(entry)) ?? 1);
}

/** "custom, 3 regions, 1 warning, like 4 others" */
export function sheetLine({ placement }: SheetEntry, alikeCount: number): string {
  const warnings = findingsOf(placement).filter(({ severity }) => severity === 'warning').length;
  const parts = [placement.layout, count(placement.boxes.length, 'region')];
  if (warnings > 0) parts.push(count(warnings, 'warning'));
  parts.push(alikeCount === 1 ? 'the only one' : `like ${count(alikeCount - 1, 'other')}`);
  return parts.join(', ');
}

/** Equal for two placements exactly when their pictures are; whose UIDs they are makes no difference. */
function looks({ placement: { boxes, backgroundColor, backgroundImage, size, layout } }: SheetEntry): string {
  const shapes = boxes.map(({ x, y, width, height, alpha, renderMode, empty, backgroundImage: image }) => [
    ...[x, y, width, height, alpha],
    ...[renderMode, empty ?? false, image?.url ?? null],
  ]);
  return JSON.stringify([layout, size, backgroundColor, backgroundImage ?? null, shapes]);
}
