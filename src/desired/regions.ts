import { COORDINATE_UNITS, RENDER_MODES } from '../agora/tables.ts';
import { isObject } from '../model/json.ts';
import type { Region } from '../model/recording.ts';
import type { Look } from './look.ts';
import { checkOverlap, units } from './overlap.ts';
import { quoted } from './printable.ts';
import type { RegionFields, RenderMode } from './schema.generated.ts';
import { KEEP_ONE, type Seating } from './seats.ts';
import type { IsSound } from './soundness.ts';
import { readUserUid, reportTwice } from './uid.ts';

const BASE = '/layout/layoutConfig';

/** @returns those that are left: a region whose seat is left out is none */
export function readRegions(
  list: readonly RegionFields[],
  seating: Seating,
  look: Look,
  isSound: IsSound,
): Region[] {
  const uids: { uid: string; pointer: string }[] = [];
  const seats = new Set<string>();
  const read = list.map((fields, index) => {
    const pointer = `${BASE}/${index}`;
    const region = readRegion(fields, pointer, look, isSound);
    const { seat } = isObject(fields) ? fields : {};
    if (seat === undefined || !isSound(`${pointer}/seat`)) {
      if (region.uid !== undefined) uids.push({ uid: region.uid, pointer: `${pointer}/uid` });
      return { region };
    }
    if (region.uid !== undefined)
      look.reportField('seat-beside-uid', `${pointer}/seat`, 'uid and seat are both set', KEEP_ONE);
    if (seats.has(seat))
      look.reportUse(
        'seat-twice',
        `${pointer}/seat`,
        `the seat ${quoted(seat)} stands twice in layoutConfig`,
      );
    const isFirst = !seats.has(seat);
    seats.add(seat);
    const sitter = seating.sitter(seat, `${pointer}/seat`);
    if (sitter !== null && typeof sitter === 'object') {
      region.uid = sitter.uid;
      if (isFirst) uids.push(sitter);
    }
    return { region, seat, isLeftOut: sitter === null };
  });
  reportTwice(uids, 'layoutConfig', look);
  const regions = read.map(({ region, isLeftOut }) => (isLeftOut ? NOWHERE : region));
  regions.forEach((region, index) => {
    const pointer = `${BASE}/${index}`;
    if (isSound(`${pointer}/alpha`)) checkOverlap(region, regions.slice(0, index), pointer, look);
  });
  const left = read.filter(({ isLeftOut }) => !isLeftOut);
  for (const [index, { region, seat }] of left.entries())
    if (seat !== undefined && region.uid === undefined) seating.nameRegion(index, seat);
  return left.map(({ region }) => region);
}

/** Lies nowhere, and so over nothing. */
const NOWHERE: Region = { x_axis: Number.NaN, y_axis: Number.NaN, width: Number.NaN, height: Number.NaN };

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

export function renderMode(mode: RenderMode): 0 | 1 {
  return typeof mode === 'string' ? RENDER_MODES[mode] : mode;
}
