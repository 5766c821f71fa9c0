import { findingsOf } from './picture/findings.ts';
import type { PlacedBox, Placement } from './picture/geometry.ts';

/** A layout that is drawn, and whose it is. */
interface Drawn {
  name: string;
  placement: Placement;
}

/**
 * Layouts for programs: version 1.0 of the format; fields may be added, none changes its meaning. Regions are in the
 * order in which they are drawn, with the API's own field names.
 * @param omitted names of recordings that have no mixed layout
 */
export function previewJson(drawn: readonly Drawn[], omitted: readonly string[]): object {
  return {
    format_version: '1.0',
    recordings: drawn.map(({ name, placement }) => ({ name, ...placementJson(placement) })),
    omitted,
  };
}

function placementJson(placement: Placement): object {
  const { layout, users, size, backgroundColor, backgroundImage, boxes, notes } = placement;
  return {
    layout,
    ...(users === undefined ? {} : { users }),
    ...{ canvas: size, backgroundColor },
    ...(backgroundImage === undefined ? {} : { backgroundImage }),
    regions: boxes.map(regionJson),
    findings: findingsOf(placement).map(({ code, severity, text, regions }) => ({
      ...{ code, severity, summary: text, regions },
    })),
    notes,
  };
}

function regionJson({ label, uid, x, y, width, height, alpha, renderMode, backgroundImage, z }: PlacedBox) {
  return {
    ...(uid === undefined ? {} : { uid }),
    ...{ label, x_axis: x, y_axis: y, width, height, alpha, render_mode: renderMode, z },
    ...(backgroundImage === undefined ? {} : { image_url: backgroundImage.url }),
  };
}
