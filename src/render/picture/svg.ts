import { ALARM, FAINT_INK, PAPER, RULE } from './color.ts';
import { caption, describe, regionTable } from './describe.ts';
import { type Finding, findingsOf } from './findings.ts';
import type { Placement } from './geometry.ts';
import { drawCanvas, frameIn } from './svg-canvas.ts';
import { charactersIn, drawing, icon, n, text } from './svg-parts.ts';
import { clip, plain, wrap } from './words.ts';

export interface PictureOptions {
  /** The recording's name. */
  title: string;
  /** Goes before every identifier, so that several pictures can stand in one page: letters, digits, hyphens. */
  id?: string;
  /** Without: for a page that has the name and the caption beside the picture. */
  heading?: boolean;
}

const WIDTH = 960;
const MARGIN = 24;
const ROOM = { width: WIDTH - 2 * MARGIN, height: 640 };
const ROW = 18;
const SMALL = 12;

/**
 * The picture of one layout: the canvas, below it a list of the regions, then what is doubtful. A whole SVG
 * document that needs nothing from outside; names and URLs in it are escaped, images named and never loaded.
 */
export function pictureSvg(
  placement: Placement,
  { title, id = 'picture', heading = true }: PictureOptions,
): string {
  const top = heading ? 78 : MARGIN;
  const frame = { ...frameIn(placement.size, { x: MARGIN, y: top, ...ROOM }), y: top };
  const { defs, body } = drawCanvas(placement, frame, id);
  const list = regionList(placement, frame.y + frame.height + 40);
  const remarks = remarkLines(placement, findingsOf(placement), list.end + 14);
  const head = [
    text(MARGIN, 36, clip(plain(title), charactersIn(ROOM.width, 20)), { size: 20, bold: true }),
    text(MARGIN, 58, clip(caption(placement), charactersIn(ROOM.width, 13)), { size: 13, fill: FAINT_INK }),
  ];
  return drawing({
    ...{ id, defs, width: WIDTH, height: Math.ceil(remarks.end + 10) },
    title: `Layout of ${plain(title)}`,
    description: describe(placement),
    body: [...(heading ? head : []), body, list.body, remarks.body].join('\n'),
  });
}

/** @returns the drawn list and where it ends */
function regionList(placement: Placement, top: number): { body: string; end: number } {
  const [heading, ...rows] = regionTable(placement, charactersIn(ROOM.width, SMALL));
  const parts = [
    text(MARGIN, top, heading, { size: SMALL, fill: FAINT_INK }),
    `<path d="M${MARGIN} ${n(top + 6)}H${WIDTH - MARGIN}" stroke="${RULE}"/>`,
    ...rows.map((row, index) => text(MARGIN, top + 22 + index * ROW, row, { size: SMALL })),
  ];
  return { body: parts.join('\n'), end: top + 10 + rows.length * ROW };
}

function remarkLines({ notes }: Placement, findings: Finding[], top: number): { body: string; end: number } {
  const warnings = findings.filter(({ severity }) => severity === 'warning').map((each) => each.text);
  const remarks = [
    ...findings.filter(({ severity }) => severity === 'note').map((each) => each.text),
    ...notes,
  ];
  const parts: string[] = [];
  let y = top;
  for (const [index, words] of [...warnings, ...remarks].entries()) {
    const alarm = index < warnings.length;
    for (const [row, line] of wrap(words, charactersIn(ROOM.width - 24, SMALL)).entries()) {
      y += ROW;
      if (row === 0 && alarm) parts.push(icon('warning', MARGIN, y - 10, 11, ALARM, PAPER));
      if (row === 0 && !alarm) parts.push(text(MARGIN + 5, y, '\u2022', { size: SMALL, fill: FAINT_INK }));
      parts.push(text(MARGIN + 24, y, line, { size: SMALL, bold: alarm }));
    }
  }
  return { body: parts.join('\n'), end: y + (parts.length > 0 ? 8 : 0) };
}
