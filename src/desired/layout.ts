import { COORDINATE_UNITS, MAX_UID, MIXED_VIDEO_LAYOUTS, RENDER_MODES } from '../agora/tables.ts';
import { isObject } from '../model/json.ts';
import type { Layout, Region, RegionBackground } from '../model/recording.ts';
import { type Look, label } from './look.ts';
import { checkOverlap, units } from './overlap.ts';
import { placeholderIn } from './placeholder.ts';
import type { LayoutBlock, RegionBackgroundFields, RegionFields, RenderMode } from './schema.generated.ts';
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
  const large = sound('maxResolutionUid') ? readLargeUid(block, look) : undefined;
  // Elsewhere it has no effect, and official samples have it all the same.
  if (normal.mixedVideoLayout === MIXED_VIDEO_LAYOUTS.vertical && large !== undefined)
    normal.maxResolutionUid = large;
  if (Array.isArray(block.layoutConfig)) normal.layoutConfig = readRegions(block.layoutConfig, look, isSound);
  if (Array.isArray(block.backgroundConfig))
    normal.backgroundConfig = readBackgrounds(block.backgroundConfig, look, isSound);
  if (sound('mixedVideoLayout')) checkKind(normal.mixedVideoLayout, block, look, sound);
  return isSound(BASE) ? normal : undefined;
}

/** An empty text counts as left out, as in a region. */
function readLargeUid({ maxResolutionUid: uid }: LayoutBlock, look: Look): string | undefined {
  const pointer = `${BASE}/maxResolutionUid`;
  if (uid === undefined || uid === '') return undefined;
  if (String(uid) !== '0') return readUserUid(uid, pointer, look);
  look.report(
    'max-resolution-uid-zero',
    pointer,
    'maxResolutionUid cannot be 0',
    `Users have 1 to ${MAX_UID}.`,
  );
  return undefined;
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
  const isNamed = maxResolutionUid !== undefined && maxResolutionUid !== '';
  if (kind !== MIXED_VIDEO_LAYOUTS.vertical && isNamed && sound('maxResolutionUid'))
    look.reportField(
      'max-resolution-uid-outside-vertical',
      `${BASE}/maxResolutionUid`,
      'maxResolutionUid counts only with mixedVideoLayout vertical',
      'It is not sent: set mixedVideoLayout: vertical, or remove it.',
    );
  if (kind === MIXED_VIDEO_LAYOUTS.vertical && !isNamed)
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
  const fields: Partial<RegionFields> = isObject(written) ? written : {};
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
  // Official clients send an empty text for a region that belongs to no user in particular.
  if (uid !== undefined && uid !== '' && isSound(`${base}/uid`))
    region.uid = readUserUid(uid, `${base}/uid`, look);
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

/**
 * Position and size with six decimals. Where they lie over the edge by a single millionth, because both were rounded
 * up, as thirds of the canvas are, the size gives it back.
 */
function fit(position: number, size: number): [number, number] {
  const from = units(position);
  let extent = units(size);
  if (from + extent === COORDINATE_UNITS + 1 && extent > 0) extent -= 1;
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

function readBackgrounds(
  list: readonly RegionBackgroundFields[],
  look: Look,
  isSound: IsSound,
): RegionBackground[] {
  const uids: { uid: string; pointer: string }[] = [];
  const backgrounds = list.flatMap((fields, index) => {
    const base = `${BASE}/backgroundConfig/${index}`;
    if (!isObject(fields)) return [];
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
  if (placeholderIn(text))
    look.report(
      'placeholder',
      pointer,
      `${label(pointer)} holds a placeholder that was never filled in`,
      'Files are taken as they stand: fill it in before reelstate reads the file.',
    );
  else if (!url) look.report('image-url-format', pointer, `${label(pointer)} is no http or https address`);
  else if (!/\.(jpe?g|bmp)$/i.test(url.pathname))
    look.report(
      'image-type',
      pointer,
      `${label(pointer)} ends neither in .jpg, .jpeg nor in .bmp`,
      'The service shows JPG and BMP images only, of at most 6 MB.',
    );
}
