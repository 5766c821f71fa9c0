import { MAX_UID, MIXED_VIDEO_LAYOUTS } from '../agora/tables.ts';
import { isObject } from '../model/json.ts';
import type { Layout, RegionBackground, SeatNames } from '../model/recording.ts';
import { type Look, label } from './look.ts';
import { placeholderIn } from './placeholder.ts';
import { readRegions, renderMode } from './regions.ts';
import type { LayoutBlock, RegionBackgroundFields } from './schema.generated.ts';
import { KEEP_ONE, Seating, type Sitter } from './seats.ts';
import type { IsSound } from './soundness.ts';
import { readUserUid, reportTwice } from './uid.ts';

const BASE = '/layout';

/**
 * The rules of `layout`, and its normal form: numbers for names, upper-case colour, six decimals, UIDs as text, also
 * those of seats.
 * @param block with the fields that its type promises only where they are sound
 * @param isOpen the layout is looked at by itself: who sits where others say
 * @returns undefined where anything is not
 */
export function readLayout(
  block: LayoutBlock,
  look: Look,
  isSound: IsSound,
  isOpen = false,
): { layout: Layout; seats?: SeatNames } | undefined {
  const seating = new Seating(block, look, isSound, isOpen);
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
  const isVertical = normal.mixedVideoLayout === MIXED_VIDEO_LAYOUTS.vertical;
  const large = readLarge(block, isVertical, seating, look, sound);
  // Elsewhere it has no effect, and official samples have it all the same.
  if (isVertical && large !== undefined) normal.maxResolutionUid = large;
  if (Array.isArray(block.layoutConfig))
    normal.layoutConfig = readRegions(block.layoutConfig, seating, look, isSound);
  if (Array.isArray(block.backgroundConfig))
    normal.backgroundConfig = readBackgrounds(block.backgroundConfig, seating, look, isSound);
  if (sound('mixedVideoLayout')) checkKind(normal, block, look, sound);
  seating.finish();
  if (!isSound(BASE)) return undefined;
  const { names } = seating;
  return names ? { layout: normal, seats: names } : { layout: normal };
}

/** The user of the large region, by UID or by seat. */
function readLarge(
  block: LayoutBlock,
  isVertical: boolean,
  seating: Seating,
  look: Look,
  sound: (field: keyof LayoutBlock) => boolean,
): string | undefined {
  const { maxResolutionSeat: seat, maxResolutionUid: uid } = block;
  if (seat === undefined || !sound('maxResolutionSeat'))
    return sound('maxResolutionUid') ? readLargeUid(block, look) : undefined;
  const pointer = `${BASE}/maxResolutionSeat`;
  if (uid !== undefined && uid !== '') {
    const at = `${BASE}/maxResolutionUid`;
    look.reportField('seat-beside-uid', at, 'maxResolutionUid and maxResolutionSeat are both set', KEEP_ONE);
  }
  const sitter = seating.sitter(seat, pointer);
  if (sitter === undefined) seating.nameLarge(seat);
  if (sitter === 'any' && isVertical) seating.refuseAny(seat, pointer);
  return typeof sitter === 'object' ? sitter?.uid : undefined;
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
  { mixedVideoLayout: kind = 0, layoutConfig: left }: Layout,
  { layoutConfig, maxResolutionUid, maxResolutionSeat }: LayoutBlock,
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
  else if (kind === MIXED_VIDEO_LAYOUTS.custom && left?.length === 0)
    look.reportField(
      'custom-without-regions',
      `${BASE}/seats`,
      'the custom layout needs layoutConfig, and every seat of it is left out',
      'Fill at least one seat.',
    );
  if (kind !== MIXED_VIDEO_LAYOUTS.custom && Array.isArray(layoutConfig))
    look.reportField(
      'regions-without-custom',
      `${BASE}/layoutConfig`,
      'layoutConfig counts only with mixedVideoLayout custom',
      'Set mixedVideoLayout: custom, or remove layoutConfig.',
    );
  const field = maxResolutionSeat === undefined ? 'maxResolutionUid' : 'maxResolutionSeat';
  const isNamed =
    maxResolutionSeat !== undefined || (maxResolutionUid !== undefined && maxResolutionUid !== '');
  if (kind !== MIXED_VIDEO_LAYOUTS.vertical && isNamed && sound(field))
    look.reportField(
      'max-resolution-uid-outside-vertical',
      `${BASE}/${field}`,
      `${field} counts only with mixedVideoLayout vertical`,
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

function readBackgrounds(
  list: readonly RegionBackgroundFields[],
  seating: Seating,
  look: Look,
  isSound: IsSound,
): RegionBackground[] {
  const uids: { uid: string; pointer: string }[] = [];
  const readOwn = (uid: RegionBackgroundFields['uid'], base: string) => {
    const pointer = `${base}/uid`;
    return isSound(pointer) ? { uid: readUserUid(uid, pointer, look), pointer } : undefined;
  };
  const readSeat = (seat: string, uid: unknown, base: string): Exclude<Sitter, 'any'> | undefined => {
    const pointer = `${base}/seat`;
    if (!isSound(pointer)) return undefined;
    if (uid !== undefined)
      look.reportField('seat-beside-uid', pointer, 'uid and seat are both set', KEEP_ONE);
    const sitter = seating.sitter(seat, pointer);
    if (sitter !== 'any') return sitter;
    seating.refuseAny(seat, pointer);
    return undefined;
  };
  const backgrounds = list.flatMap((fields, index) => {
    const base = `${BASE}/backgroundConfig/${index}`;
    if (!isObject(fields)) return [];
    const { uid, seat, image_url, render_mode } = fields;
    if (isSound(`${base}/image_url`)) checkImageUrl(image_url, `${base}/image_url`, look);
    const user = seat === undefined ? readOwn(uid, base) : readSeat(seat, uid, base);
    if (user) uids.push(user);
    if (!isSound(base) || !user) return [];
    const mode = render_mode === undefined ? {} : { render_mode: renderMode(render_mode) };
    return [{ uid: user.uid, image_url, ...mode }];
  });
  reportTwice(uids, 'backgroundConfig', look);
  return backgrounds;
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
