import { COORDINATE_UNITS } from '../agora/tables.ts';
import type { Region } from '../model/recording.ts';
import { type Look, label } from './look.ts';

/** Edges of a region in millionths of the canvas. */
interface Edges {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * Columns of a third or a seventh are rounded, to six decimals at most and to three by hand: what is off by a thousandth
 * of the canvas, a pixel or two, is no overlap.
 */
const TOLERANCE = COORDINATE_UNITS / 1000;

/**
 * One warning for a region that covers earlier ones: with 17 regions every pair would be 136. A small one that lies
 * wholly on a larger one is picture-in-picture, and nothing is said of it.
 */
export function checkOverlap(region: Region, earlier: readonly Region[], pointer: string, look: Look): void {
  if ((region.alpha ?? 1) < 1) return;
  const edges = edgesOf(region);
  const under = earlier.map(edgesOf);
  const hidden = under.findIndex((other) => overlap(edges, other) && isWithin(other, edges));
  const covered = under.findIndex((other) => overlap(edges, other) && !isWithin(edges, other));
  if (hidden !== -1)
    look.report(
      'regions-overlap',
      pointer,
      `${label(pointer)} hides layoutConfig[${hidden}]`,
      'Later regions lie on top: move one of the two, or change their order.',
    );
  else if (covered !== -1)
    look.report(
      'regions-overlap',
      pointer,
      `${label(pointer)} covers part of layoutConfig[${covered}]`,
      'Move it beside the other or wholly onto it; if it is meant as it is, an alpha below 1 (0.99) says so.',
    );
}

function edgesOf({ x_axis, y_axis, width, height }: Region): Edges {
  const [left, top] = [units(x_axis), units(y_axis)];
  return { left, top, right: left + units(width), bottom: top + units(height) };
}

/** Millionths; never -0. */
export function units(fraction: number): number {
  return Math.round(fraction * COORDINATE_UNITS) + 0;
}

function overlap(a: Edges, b: Edges): boolean {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return across > TOLERANCE && down > TOLERANCE;
}

function isWithin(inner: Edges, outer: Edges): boolean {
  return (
    inner.left >= outer.left - TOLERANCE &&
    inner.top >= outer.top - TOLERANCE &&
    inner.right <= outer.right + TOLERANCE &&
    inner.bottom <= outer.bottom + TOLERANCE
  );
}
