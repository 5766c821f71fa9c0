import { columnsOf } from '../columns.ts';
import { INK, PAPER, readableOn } from './color.ts';
import type { Rect } from './geometry.ts';
import { escapeMarkup, plain } from './words.ts';

/*
 * The strokes that pictures are made of. Everything that comes from a file goes through `text`, `escapeMarkup` or
 * `safeColor`; nothing here refers to anything outside the drawing.
 */

export const FONT = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace";
/** Width of a character of DejaVu Sans Mono as a part of the font size; the other fonts named are no wider. */
const ADVANCE = 0.602;

export type Icon = 'crop' | 'fit' | 'image' | 'warning';

export interface TextStyle {
  size?: number;
  bold?: boolean;
  fill?: string;
  anchor?: 'start' | 'middle' | 'end';
}

/** One line of text; `y` is the baseline. */
export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, bold = false, fill = INK, anchor = 'start' } = style;
  const extra = `${bold ? ' font-weight="700"' : ''}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${n(x)}" y="${n(y)}" font-size="${n(size)}" fill="${fill}"${extra} xml:space="preserve">${escapeMarkup(content)}</text>`;
}

/** How wide a line of text comes out. */
export function textWidth(content: string, size: number): number {
  return columnsOf(plain(content)) * size * ADVANCE;
}

/** How many characters fit into a width. */
export function charactersIn(width: number, size: number): number {
  return Math.floor(width / (size * ADVANCE));
}

export function rect({ x, y, width, height }: Rect, attributes: string): string {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" ${attributes}/>`;
}

/** A rectangle drawn by a dark line with a light one under it, so that it stands out from any background. */
export function outline(area: Rect, width = 1.25, dashes = '', color: string = INK): string {
  const dash = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
  return (
    rect(area, `fill="none" stroke="${PAPER}" stroke-width="${n(width + 2)}"`) +
    rect(area, `fill="none" stroke="${color}" stroke-width="${n(width)}"${dash}`)
  );
}

/** One line of a plate: a picture sign and words, either of which may be absent. */
export interface PlateLine {
  icon?: Icon;
  text: string;
  bold?: boolean;
}

export interface Plate {
  lines: readonly PlateLine[];
  size: number;
}

const PADDING = 4;
const LEADING = 1.3;
const ICON_ASPECT = 1.45;

export function plateSize({ lines, size }: Plate): { width: number; height: number } {
  const widths = lines.map((line) => iconRoom(line, size) + textWidth(line.text, size));
  return {
    width: Math.max(...widths) + 2 * PADDING,
    height: lines.length * size * LEADING + 2 * PADDING - 1,
  };
}

/**
 * A label on a plate of its own: dark words on a light plate where the region is light, light ones on a dark
 * plate where it is dark.
 * @param ground the colour that is seen around the plate
 */
export function plate(at: { x: number; y: number }, content: Plate, ground: string): string {
  const ink = readableOn(ground);
  const board = ink === INK ? PAPER : INK;
  const { lines, size } = content;
  const board_ = rect(
    { ...at, ...plateSize(content) },
    `rx="3" fill="${board}" stroke="${ink}" stroke-width="0.75"`,
  );
  const rows = lines.map((line, index) => {
    const baseline = at.y + PADDING + size * (0.9 + index * LEADING);
    const x = at.x + PADDING;
    const sign = line.icon ? icon(line.icon, x, baseline - size * 0.78, size * 0.82, ink, board) : '';
    const style: TextStyle = { size, fill: ink, bold: line.bold ?? false };
    return sign + (line.text === '' ? '' : text(x + iconRoom(line, size), baseline, line.text, style));
  });
  return board_ + rows.join('');
}

function iconRoom(line: PlateLine, size: number): number {
  if (!line.icon) return 0;
  return size * 0.82 * ICON_ASPECT + (line.text === '' ? 0 : size * 0.45);
}

/** A sign of the given height; its width is 1.45 times that. */
export function icon(kind: Icon, x: number, y: number, height: number, ink: string, board: string): string {
  const width = height * ICON_ASPECT;
  const frame = (area: Rect, more: string) => rect(area, `stroke="${ink}" stroke-width="1" ${more}`);
  const whole = { x, y, width, height };
  switch (kind) {
    case 'crop': {
      // The video is larger than the region: what sticks out at the sides is lost.
      const inner = { x: x + width * 0.2, y, width: width * 0.6, height };
      const lost = { x, y: y + height * 0.12, width, height: height * 0.76 };
      return (
        frame(lost, 'fill="none" stroke-dasharray="1.5 1.5"') +
        frame(inner, `fill="${ink}" fill-opacity="0.55"`)
      );
    }
    case 'fit':
      // The whole video is seen, with bars beside it.
      return (
        frame(whole, 'fill="none"') +
        frame({ x: x + width * 0.22, y, width: width * 0.56, height }, `fill="${ink}" fill-opacity="0.55"`)
      );
    case 'image': {
      const [left, base] = [x + width * 0.08, y + height * 0.9];
      const hills = `M${n(left)} ${n(base)}l${n(width * 0.28)} ${n(-height * 0.5)} ${n(width * 0.18)} ${n(height * 0.28)} ${n(width * 0.14)} ${n(-height * 0.18)} ${n(width * 0.24)} ${n(height * 0.4)}z`;
      const sun = `<circle cx="${n(x + width * 0.72)}" cy="${n(y + height * 0.28)}" r="${n(height * 0.12)}" fill="${ink}"/>`;
      return `${frame(whole, 'fill="none"')}<path d="${hills}" fill="${ink}"/>${sun}`;
    }
    case 'warning': {
      const [middle, low] = [x + width / 2, y + height];
      const triangle = `M${n(middle)} ${n(y - height * 0.08)}L${n(x + width * 0.96)} ${n(low)}H${n(x + width * 0.04)}z`;
      const mark = `M${n(middle)} ${n(y + height * 0.34)}v${n(height * 0.3)}M${n(middle)} ${n(y + height * 0.76)}v${n(height * 0.1)}`;
      return `<path d="${triangle}" fill="${ink}"/><path d="${mark}" stroke="${board}" stroke-width="${n(height * 0.14)}" fill="none"/>`;
    }
  }
}

/** An arrow from left to right. */
export function arrow(from: { x: number; y: number }, to: { x: number; y: number }, width = 1.5): string {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const head = 4 + width * 2;
  const wing = (turn: number) =>
    `${n(to.x - head * Math.cos(angle + turn))} ${n(to.y - head * Math.sin(angle + turn))}`;
  const line = `M${n(from.x)} ${n(from.y)}L${n(to.x)} ${n(to.y)}M${wing(0.45)}L${n(to.x)} ${n(to.y)}L${wing(-0.45)}`;
  const stroke = (color: string, w: number) =>
    `<path d="${line}" fill="none" stroke="${color}" stroke-width="${n(w)}" stroke-linecap="round"/>`;
  return stroke(PAPER, width + 2) + stroke(INK, width);
}

export interface Drawing {
  /** Distinguishes the identifiers of several drawings in one page: letters, digits and hyphens. */
  id: string;
  width: number;
  height: number;
  title: string;
  /** What is seen, for those who do not see it. */
  description: string;
  /** Patterns and clip paths. */
  defs?: string;
  body: string;
}

/** A whole SVG document on paper of its own. */
export function drawing({ id, width, height, title, description, defs = '', body }: Drawing): string {
  const size = `width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="${id}-title ${id}-desc" font-family="${FONT}">`,
    `<title id="${id}-title">${escapeMarkup(title)}</title>`,
    `<desc id="${id}-desc">${escapeMarkup(description)}</desc>`,
    ...(defs === '' ? [] : [`<defs>${defs}</defs>`]),
    rect({ x: 0, y: 0, width, height }, `fill="${PAPER}"`),
    body,
    '</svg>',
    '',
  ].join('\n');
}

/** A number as it stands in an attribute: at most two decimals. */
export function n(value: number): string {
  return String(Number(value.toFixed(2)));
}
