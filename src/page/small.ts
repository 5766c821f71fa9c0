import { blend, readableOn, regionTone, safeColor } from '../render/picture/color.ts';
import { describe } from '../render/picture/describe.ts';
import type { Placement } from '../render/picture/geometry.ts';
import { type Html, html } from './markup.ts';

const WIDTH = 128;

/** A canvas so small that its regions are only shapes; a pointer on one tells whose it is, and the label tells all of it. */
export function smallPicture(placement: Placement): Html {
  const { size, boxes, backgroundColor } = placement;
  const height = Math.round((WIDTH * size.height) / size.width);
  const ground = safeColor(backgroundColor);
  const regions = boxes.map(({ x, y, width, height: tall, z, alpha, empty, label }) => {
    const fill = empty ? ground : blend(regionTone(z), ground, alpha);
    return html`<rect x="${n(x * WIDTH)}" y="${n(y * height)}" width="${n(width * WIDTH)}" height="${n(tall * height)}" fill="${fill}" stroke="${readableOn(ground)}" stroke-width="1"><title>${label}, #${z}</title></rect>`;
  });
  return html`<svg class="small" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${describe(placement)}"><g class="canvas"><rect width="${WIDTH}" height="${height}" fill="${ground}"/>${regions}</g></svg>`;
}

function n(value: number): number {
  return Number(value.toFixed(1));
}
