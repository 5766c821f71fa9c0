import { COORDINATE_UNITS, MIXED_VIDEO_LAYOUTS, RENDER_MODES } from '../agora/tables.ts';
import type { Layout, Region, RegionBackground } from '../model/recording.ts';
import { type Look, label } from './look.ts';
import type { LayoutBlock, RegionBackgroundFields, RegionFields, RenderMode } from './schema.generated.ts';
import { isMapping } from './shape.ts';
import type { IsSound } from './soundness.ts';
import { readUserUid, reportTwice } from './uid.ts';

const BASE = '/layout';

/**
 * The rules of `layout`, and its normal form: numbers for names, upper-case colour, six decimals, UIDs as text.
 * @param block with the fields that its type promises only where they are sound
 * @returns undefined where anything is not
 */
export function readLayout(block: LayoutBlock, look: Look, isSound: IsSound): Layout | undefined {
  const sound = (field: keyof LayoutBlock) => isSound(`${BASE}/${field}`);
  const normal: Layout = {};
  const kind = block.mixedVideoLayout;
  if (kind !== undefined && sound('mixedVideoLayout'))
    normal.mixedVideoLayout = typeof kind === 'string' ? MIXED_VIDEO_LAYOUTS[kind] : kind;
  if (block.backgroundColor !== undefined && sound('backgroundColor'))
    normal.backgroundColor = block.backgroundColor.toUpperCase();
  for (const field of ['backgroundImage', 'defaultUserBackgroundImage'] as const) {
    const url = block[field];
    if (url === undefined || !sound(field)) continue;
    checkImageUrl(url, `${BASE}/${field}`, look);
    normal[field] = url;
  }
  if (block.maxResolutionUid !== undefined && sound('maxResolutionUid'))
    normal.maxResolutionUid = readUserUid(block.maxResolutionUid, `${BASE}/maxResolutionUid`, look);
  if (Array.isArray(block.layoutConfig)) normal.layoutConfig = readRegions(block.layoutConfig, look, isSound);
  if (Array.isArray(block.backgroundConfig))
    normal.backgroundConfig = readBackgrounds(block.backgroundConfig, look, isSound);
  if (sound('mixedVideoLayout')) checkKind(normal.mixedVideoLayout, block, look, sound);
  return isSound(BASE) ? normal : undefined;
}

function checkKind(
  kind: Layout['mixedVideoLayout'] = 0,
  { layoutConfig, maxResolutionUid }: LayoutBlock,
  look: Look,
  sound: (field: keyof LayoutBlock) => boolean,
): void {
  const place = `${BASE}/mixedVideoLayout`;
  if (
    kind === MIXED_VIDEO_LAYOUTS.custom &&
    (layoutConfig === undefined || (Array.isArray(layoutConfig) && layoutConfig.length === 0))
  )
    look.report(
      'custom-without-regions',
      place,
      'the custom layout needs layoutConfig',
      'Add at least one region.',
    );
  if (kind !== MIXED_VIDEO_LAYOUTS.custom && Array.isArray(layoutConfig))
    look.reportField(
      'regions-without-custom',
      `${BASE}/layoutConfig`,
      'layoutConfig counts only with mixedVideoLayout custom',
      'Set mixedVideoLayout: custom, or remove layoutConfig.',
    );
  if (kind !== MIXED_VIDEO_LAYOUTS.vertical && maxResolutionUid !== undefined && sound('maxResolutionUid'))
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

function readRegions(list: readonly RegionFields[], look: Look, isSound: IsSound): Region[] {
  const regions = list.map((fields, index) =>
    readRegion(fields, `${BASE}/layoutConfig/${index}`, look, isSound),
  );
  const uids = regions.flatMap(({ uid }, index) =>
    uid === undefined ? [] : [{ uid, pointer: `${BASE}/layoutConfig/${index}/uid` }],
  );
  reportTwice(uids, 'layoutConfig', look);
  regions.forEach((region, index) => {
    const pointer = `${BASE}/layoutConfig/${index}`;
    if (isSound(`${pointer}/alpha`)) checkOverlap(region, regions.slice(0, index), pointer, look);
  });
  return regions;
}

/** Where something is not sound, NaN stands for it, which lies nowhere. */
function readRegion(written: RegionFields, base: string, look: Look, isSound: IsSound): Region {
  const fields: Partial<RegionFields> = isMapping(written) ? written : {};
  const number = (field: 'x_axis' | 'y_axis' | 'width' | 'height') =>
    isSound(`${base}/${field}`) ? (fields[field] ?? Number.NaN) : Number.NaN;
  const [x_axis, width] = readSpan('x_axis', 'width', number, base, look);
  const [y_axis, height] = readSpan('y_axis', 'height', number, base, look);
  const field = isNothing(width, number('width')) ? 'width' : 'height';
  if (isNothing(field === 'width' ? width : height, number(field)))
    look.report(
      'region-without-size',
      `${base}/${field}`,
      `the region has no ${field}, so it is not visible`,
    );
  const region: Region = { x_axis, y_axis, width, height };
  const { uid, alpha, render_mode } = fields;
  if (uid !== undefined && isSound(`${base}/uid`)) region.uid = readUserUid(uid, `${base}/uid`, look);
  if (alpha !== undefined && isSound(`${base}/alpha`)) region.alpha = units(alpha) / COORDINATE_UNITS;
  if (render_mode !== undefined && isSound(`${base}/render_mode`))
    region.render_mode = renderMode(render_mode);
  return region;
}

function readSpan<A extends 'x_axis' | 'y_axis', S extends 'width' | 'height'>(
  axis: A,
  side: S,
  number: (field: A | S) => number,
  base: string,
  look: Look,
): [number, number] {
  const [position, size] = [number(axis), number(side)];
  const [from, extent] = fit(position, size);
  if (isFraction(position) && isFraction(size) && offCanvas(from, extent))
    reportOff(axis, side, position, size, base, look);
  return [from, extent];
}

/** Whether a size that is as it should be comes to nothing. */
function isNothing(size: number, written: number): boolean {
  return size === 0 && isFraction(written);
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
  // Of a size that comes by a merge the position beside it is what does not go with it.
  const isMerged = look.isAliased(`${base}/${side}`) && !look.isAliased(`${base}/${axis}`);
  look.report(
    'region-off-canvas',
    `${base}/${isMerged ? axis : side}`,
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

function readBackgrounds(
  list: readonly RegionBackgroundFields[],
  look: Look,
  isSound: IsSound,
): RegionBackground[] {
  const uids: { uid: string; pointer: string }[] = [];
  const backgrounds = list.flatMap((fields, index) => {
    const base = `${BASE}/backgroundConfig/${index}`;
    if (!isMapping(fields)) return [];
    const { uid, image_url, render_mode } = fields;
    if (isSound(`${base}/image_url`)) checkImageUrl(image_url, `${base}/image_url`, look);
    const pointer = `${base}/uid`;
    if (isSound(pointer)) uids.push({ uid: readUserUid(uid, pointer, look), pointer });
    if (!isSound(base)) return [];
    const mode = render_mode === undefined ? {} : { render_mode: renderMode(render_mode) };
    return [{ uid: (uids.at(-1) as { uid: string }).uid, image_url, ...mode }];
  });
  reportTwice(uids, 'backgroundConfig', look);
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
