/** Pictures are drawn on paper of this colour, with ink that keeps a contrast of at least 7 on it. */
export const PAPER = '#FFFFFF';
export const INK = '#1B1F24';
export const FAINT_INK = '#4B535D';
export const RULE = '#C9D1D9';
export const ALARM = '#B3261E';

/** Muted tones for regions; none carries a meaning, they only tell neighbours apart. */
const REGION_TONES = [
  '#6C8EBF',
  '#D0A15E',
  '#7FB08A',
  '#A98BBE',
  '#C7B75A',
  '#74B0B5',
  '#CF8A83',
  '#A38F7C',
] as const;

/** @param z order of drawing, from 1 */
export function regionTone(z: number): string {
  return REGION_TONES[(z - 1) % REGION_TONES.length] ?? REGION_TONES[0];
}

/** Relative luminance of "#RRGGBB" from 0 (black) to 1 (white), by WCAG 2.2. */
export function luminance(color: string): number {
  const [r, g, b] = channels(color).map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio of two colours from 1 to 21, by WCAG 2.2. */
export function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** The one of ink and paper that stands out more from a colour. */
export function readableOn(color: string): string {
  return contrast(color, INK) >= contrast(color, PAPER) ? INK : PAPER;
}

/** What is seen of `over` with this opacity on `under`. */
export function blend(over: string, under: string, alpha: number): string {
  const below = channels(under);
  const mixed = channels(over).map((channel, i) =>
    Math.round(channel * alpha + (below[i] ?? 0) * (1 - alpha)),
  );
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`.toUpperCase();
}

function channels(color: string): [number, number, number] {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  if (!match) return [0, 0, 0];
  return [1, 2, 3].map((group) => Number.parseInt(match[group] ?? '0', 16)) as [number, number, number];
}

/** A colour from a file as it may stand in an attribute: "#RRGGBB", or black for anything else. */
export function safeColor(color: string): string {
  return /^#[0-9a-f]{6}$/i.test(color) ? color.toUpperCase() : '#000000';
}
