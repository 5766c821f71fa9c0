import { MIXED_VIDEO_LAYOUTS, RENDER_MODES } from '../../agora/tables.ts';
import { isObject } from '../../model/json.ts';
import type { Layout, Region, RegionBackground } from '../../model/recording.ts';

/**
 * What can be drawn of a `layout` block that breaks a rule: just then a picture shows best what is wrong. Fields
 * that make no sense are left out; nothing of this is ever sent.
 * @param block the parsed value of the block, whatever it is
 * @returns undefined where there is nothing to draw
 */
export function draftLayout(block: unknown): Layout | undefined {
  if (!isObject(block)) return undefined;
  const regions = list(block.layoutConfig).flatMap(draftRegion);
  const backgrounds = list(block.backgroundConfig).flatMap(draftBackground);
  const kind = named(MIXED_VIDEO_LAYOUTS, block.mixedVideoLayout);
  const color = typeof block.backgroundColor === 'string' ? block.backgroundColor.toUpperCase() : undefined;
  return {
    ...(kind === undefined ? {} : { mixedVideoLayout: kind }),
    ...(color !== undefined && /^#[0-9A-F]{6}$/.test(color) ? { backgroundColor: color } : {}),
    ...texts(block, ['backgroundImage', 'defaultUserBackgroundImage']),
    ...(isUid(block.maxResolutionUid) ? { maxResolutionUid: String(block.maxResolutionUid) } : {}),
    ...(regions.length > 0 ? { layoutConfig: regions } : {}),
    ...(backgrounds.length > 0 ? { backgroundConfig: backgrounds } : {}),
  };
}

function draftRegion(fields: unknown): Region[] {
  if (!isObject(fields)) return [];
  const [x_axis, y_axis, width, height] = ['x_axis', 'y_axis', 'width', 'height'].map((name) => fields[name]);
  if (!isNumber(x_axis) || !isNumber(y_axis) || !isNumber(width) || !isNumber(height)) return [];
  const mode = named(RENDER_MODES, fields.render_mode);
  const alpha = isNumber(fields.alpha) ? Math.min(Math.max(fields.alpha, 0), 1) : undefined;
  return [
    {
      ...(isUid(fields.uid) ? { uid: String(fields.uid) } : {}),
      ...{ x_axis, y_axis, width, height },
      ...(alpha === undefined ? {} : { alpha }),
      ...(mode === undefined ? {} : { render_mode: mode }),
    },
  ];
}

function draftBackground(fields: unknown): RegionBackground[] {
  if (!isObject(fields) || !isUid(fields.uid) || typeof fields.image_url !== 'string') return [];
  return [{ uid: String(fields.uid), image_url: fields.image_url }];
}

/** A name or a number of an enumeration as its number. */
function named<T extends number>(table: Readonly<Record<string, T>>, value: unknown): T | undefined {
  if (typeof value === 'string') return Object.hasOwn(table, value) ? table[value] : undefined;
  return Object.values(table).find((number) => number === value);
}

function texts<Name extends string>(
  block: Record<string, unknown>,
  names: Name[],
): { [name in Name]?: string } {
  const present = names.filter((name) => typeof block[name] === 'string');
  return Object.fromEntries(present.map((name) => [name, block[name]])) as { [name in Name]?: string };
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isUid(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
