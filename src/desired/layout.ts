import { COORDINATE_UNITS, MIXED_VIDEO_LAYOUTS, RENDER_MODES } from '../agora/tables.ts';
import type { Layout, Region, RegionBackground } from '../model/recording.ts';
import { type Look, label } from './look.ts';
import type { LayoutBlock, RegionBackgroundFields, RegionFields, RenderMode } from './schema.generated.ts';
import { readUid, reportTwice } from './uid.ts';

const BASE = '/layout';

/** The rules of `layout`, and its normal form: numbers for names, upper-case colour, six decimals, UIDs as text. */
export function readLayout(block: LayoutBlock, look: Look): Layout {
  const normal: Layout = {};
  const kind = block.mixedVideoLayout;
  if (kind !== undefined)
    normal.mixedVideoLayout = typeof kind === 'string' ? MIXED_VIDEO_LAYOUTS[kind] : kind;
  if (block.backgroundColor !== undefined) normal.backgroundColor = block.backgroundColor.toUpperCase();
  for (const field of ['backgroundImage', 'defaultUserBackgroundImage'] as const) {
    const url = block[field];
    if (url === undefined) continue;
    checkImageUrl(url, `${BASE}/${field}`, look);
    normal[field] = url;
  }
  if (block.maxResolutionUid !== undefined)
    normal.maxResolutionUid = readUid(block.maxResolutionUid, `${BASE}/maxResolutionUid`, look);
  if (block.layoutConfig) normal.layoutConfig = readRegions(block.layoutConfig, look);
  if (block.backgroundConfig) normal.backgroundConfig = readBackgrounds(block.backgroundConfig, look);
  checkKind(normal, look);
  return normal;
}

function checkKind({ mixedVideoLayout: kind = 0, layoutConfig, maxResolutionUid }: Layout, look: Look): void {
  const place = `${BASE}/mixedVideoLayout`;
  if (kind === MIXED_VIDEO_LAYOUTS.custom && !layoutConfig?.length)
    look.report(
      'custom-without-regions',
      place,
      'the custom layout needs layoutConfig',
      'Add at least one region.',
    );
  if (kind !== MIXED_VIDEO_LAYOUTS.custom && layoutConfig)
    look.reportField(
      'regions-without-custom',
      `${BASE}/layoutConfig`,
      'layoutConfig counts only with mixedVideoLayout custom',
      'Set mixedVideoLayout: custom, or remove layoutConfig.',
    );
  if (kind !== MIXED_VIDEO_LAYOUTS.vertical && maxResolutionUid !== undefined)
    look.reportField(
      'max-resolution-uid-outside-vertical',
      `${BASE}/maxResolutionUid`,
      'maxResolutionUid counts only with mixedVideoLayout vertical',
      'Set mixedVideoLayout: vertical, or remove maxResolutionUid.',
    );
  if (kind === MIXED_VIDEO_LAYOUTS.vertical && maxResolutionUid === undefined)
    look.report(
      'vertical-without-max-resolution-uid',
      place,
      'without maxResolutionUid the large region stays empty',
      'Name the user of the large region in maxResolutionUid.',
    );
}

function readRegions(list: readonly RegionFields[], look: Look): Region[] {
  const regions = list.map((fields, index) => readRegion(fields, `${BASE}/layoutConfig/${index}`, look));
  const uids = regions.flatMap(({ uid }, index) =>
    uid === undefined ? [] : [{ uid, pointer: `${BASE}/layoutConfig/${index}/uid` }],
  );
  reportTwice(uids, 'layoutConfig', look);
  regions.forEach((region, index) => {
    checkOverlap(region, regions.slice(0, index), `${BASE}/layoutConfig/${index}`, look);
  });
  return regions;
}

function readRegion(fields: RegionFields, base: string, look: Look): Region {
  const inside =
    isFraction(fields.x_axis) &&
    isFraction(fields.y_axis) &&
    isFraction(fields.width) &&
    isFraction(fields.height);
  const [x_axis, width] = fit(fields.x_axis, fields.width);
  const [y_axis, height] = fit(fields.y_axis, fields.height);
  if (inside) {
    if (offCanvas(x_axis, width)) reportOff('x_axis', 'width', fields.x_axis, fields.width, base, look);
    if (offCanvas(y_axis, height)) reportOff('y_axis', 'height', fields.y_axis, fields.height, base, look);
    if (width === 0 || height === 0) {
      const field = width === 0 ? 'width' : 'height';
      look.report(
        'region-without-size',
        `${base}/${field}`,
        `the region has no ${field}, so it is not visible`,
      );
    }
  }
  const region: Region = { x_axis, y_axis, width, height };
  if (fields.uid !== undefined) region.uid = readUid(fields.uid, `${base}/uid`, look);
  if (fields.alpha !== undefined) region.alpha = units(fields.alpha) / COORDINATE_UNITS;
  if (fields.render_mode !== undefined) region.render_mode = renderMode(fields.render_mode);
  return region;
}

function isFraction(value: number): boolean {
  return value >= 0 && value <= 1;
}

/** Millionths; never -0. */
function units(fraction: number): number {
  return Math.round(fraction * COORDINATE_UNITS) + 0;
}

/**
 * Position and size with six decimals. Where both were rounded up over the edge although their sum was within it,
 * the size gives back the excess millionth.
 */
function fit(position: number, size: number): [number, number] {
  const from = units(position);
  let extent = units(size);
  // A sum of two fractions is off by less than this.
  if (from + extent === COORDINATE_UNITS + 1 && position + size <= 1 + 1e-9) extent -= 1;
  return [from / COORDINATE_UNITS, extent / COORDINATE_UNITS];
}

function offCanvas(position: number, size: number): boolean {
  return units(position) + units(size) > COORDINATE_UNITS;
}

function reportOff(
  axis: string,
  side: string,
  position: number,
  size: number,
  base: string,
  look: Look,
): void {
  const sum = Number((position + size).toFixed(7));
  look.report(
    'region-off-canvas',
    `${base}/${side}`,
    `${axis} ${position} + ${side} ${size} is ${sum}, at most 1 is allowed`,
    `With ${axis} ${position} the ${side} can be at most ${Number((1 - position).toFixed(6))}.`,
  );
}

/** One warning for a region that covers earlier ones: with 17 regions every pair would be 136. */
function checkOverlap(region: Region, earlier: readonly Region[], pointer: string, look: Look): void {
  if ((region.alpha ?? 1) < 1) return;
  const covered = earlier.findIndex((other) => overlap(region, other));
  if (covered === -1) return;
  look.report(
    'regions-overlap',
    pointer,
    `${label(pointer)} covers part of layoutConfig[${covered}]`,
    'If that is meant, an alpha below 1 (0.99) says so.',
  );
}

function overlap(a: Region, b: Region): boolean {
  const across = Math.min(units(a.x_axis) + units(a.width), units(b.x_axis) + units(b.width));
  const down = Math.min(units(a.y_axis) + units(a.height), units(b.y_axis) + units(b.height));
  return (
    across > Math.max(units(a.x_axis), units(b.x_axis)) && down > Math.max(units(a.y_axis), units(b.y_axis))
  );
}

function readBackgrounds(list: readonly RegionBackgroundFields[], look: Look): RegionBackground[] {
  const base = `${BASE}/backgroundConfig`;
  const backgrounds = list.map(({ uid, image_url, render_mode }, index) => {
    checkImageUrl(image_url, `${base}/${index}/image_url`, look);
    return {
      uid: readUid(uid, `${base}/${index}/uid`, look),
      image_url,
      ...(render_mode === undefined ? {} : { render_mode: renderMode(render_mode) }),
    };
  });
  reportTwice(
    backgrounds.map(({ uid }, index) => ({ uid, pointer: `${base}/${index}/uid` })),
    'backgroundConfig',
    look,
  );
  return backgrounds;
}

function renderMode(mode: RenderMode): 0 | 1 {
  return typeof mode === 'string' ? RENDER_MODES[mode] : mode;
}

function checkImageUrl(text: string, pointer: string, look: Look): void {
  const url =
    /^https?:\/\/[^/]/i.test(text) && URL.canParse(text) && !/\s/.test(text) ? new URL(text) : undefined;
  // The address itself is not repeated: a signed one is as good as a password.
  if (!url) look.report('image-url-format', pointer, `${label(pointer)} is no http or https address`);
  else if (!/\.(jpe?g|bmp)$/i.test(url.pathname))
    look.report(
      'image-type',
      pointer,
      `${label(pointer)} ends neither in .jpg, .jpeg nor in .bmp`,
      'The service shows JPG and BMP images only, of at most 6 MB.',
    );
}
