import { blend, readableOn, regionTone, safeColor } from '../render/picture/color.ts';
import { describe } from '../render/picture/describe.ts';
import type { Placement } from '../render/picture/geometry.ts';
import { type Html, html } from './markup.ts';

/** What it is to fit into: a row is not to be higher than a wide canvas makes it. */
const ROOM = { width: 128, height: 72 };

/** A canvas so small that its regions are only shapes; a pointer on one tells whose it is, and the label tells all of it. */
export function smallPicture(placement: Placement): Html {
  const { size, boxes, backgroundColor } = placement;
  const scale = Math.min(ROOM.width / size.width, ROOM.height / size.height);
  const across = Math.round(size.width * scale);
  const height = Math.round(size.height * scale);
  const ground = safeColor(backgroundColor);
  const regions = boxes.map(({ x, y, width, height: tall, z, alpha, empty, label }) => {
    const fill = empty ? ground : blend(regionTone(z), ground, alpha);
    return html`<rect x="${n(x * across)}" y="${n(y * height)}" width="${n(width * across)}" height="${n(tall * height)}" fill="${fill}" stroke="${readableOn(ground)}" stroke-width="1"><title>${label}, #${z}</title></rect>`;
  });
  return html`<svg class="small" width="${across}" height="${height}" viewBox="0 0 ${across} ${height}" role="img" aria-label="${describe(placement)}"><g class="canvas"><rect width="${across}" height="${height}" fill="${ground}"/>${regions}</g></svg>`;
}

function n(value: number): number {
  return Number(value.toFixed(1));
}
