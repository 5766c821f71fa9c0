import {
  fraction,
  imageUrl,
  type JsonObject,
  list,
  object,
  optional,
  Refused,
  required,
  text,
  uid,
  whole,
} from './fields.ts';

interface ShownRegion {
  uid?: string;
  x_axis: number;
  y_axis: number;
  width: number;
  height: number;
  alpha: number;
  render_mode: number;
}

/** A layout with every default filled in; images, lists and the large window's UID only where they are set. */
export interface ShownLayout {
  mixedVideoLayout: number;
  backgroundColor: string;
  backgroundImage?: string;
  defaultUserBackgroundImage?: string;
  maxResolutionUid?: string;
  layoutConfig?: ShownRegion[];
  backgroundConfig?: { uid: string; image_url: string; render_mode: number }[];
}

/** REST, updateLayout: layoutConfig, the longest list. */
const MOST_REGIONS = 17;
/** Coordinates carry six decimals: a sum this far past 1 is rounding. */
const ROUNDING = 1e-6;

const VERTICAL = 2;
const CUSTOM = 3;

/** REST, updateLayout: floating layout on black where nothing is named. */
export function defaultLayout(): ShownLayout {
  return { mixedVideoLayout: 0, backgroundColor: '#000000' };
}

/** An empty UID is what a client library writes for a region without one. */
function uidOrEmpty(value: unknown, at: string): string | undefined {
  return value === '' ? undefined : uid(value, at);
}

function renderMode(parent: JsonObject, at: string): number {
  return optional(parent, 'render_mode', at, (it, where) => whole(it, where, 0, 1)) ?? 0;
}

function region(value: unknown, at: string): ShownRegion {
  const read = object(value, at, ['uid', 'x_axis', 'y_axis', 'width', 'height', 'alpha', 'render_mode']);
  const id = optional(read, 'uid', at, uidOrEmpty);
  const x = required(read, 'x_axis', at, fraction);
  const y = required(read, 'y_axis', at, fraction);
  const width = required(read, 'width', at, fraction);
  const height = required(read, 'height', at, fraction);
  if (x + width > 1 + ROUNDING) throw new Refused(`${at}: x_axis + width must not exceed 1`);
  if (y + height > 1 + ROUNDING) throw new Refused(`${at}: y_axis + height must not exceed 1`);
  return {
    ...(id !== undefined && { uid: id }),
    x_axis: x,
    y_axis: y,
    width,
    height,
    alpha: optional(read, 'alpha', at, fraction) ?? 1,
    render_mode: renderMode(read, at),
  };
}

function background(value: unknown, at: string): { uid: string; image_url: string; render_mode: number } {
  const read = object(value, at, ['uid', 'image_url', 'render_mode']);
  return {
    uid: required(read, 'uid', at, uid),
    image_url: required(read, 'image_url', at, imageUrl),
    render_mode: renderMode(read, at),
  };
}

function colour(value: unknown, at: string): string {
  const read = text(value, at);
  if (!/^#[0-9A-Fa-f]{6}$/.test(read)) throw new Refused(`${at} must be # and six hexadecimal digits`);
  return read;
}

const LAYOUT_FIELDS = [
  'mixedVideoLayout',
  'backgroundColor',
  'backgroundImage',
  'defaultUserBackgroundImage',
  'maxResolutionUid',
  'layoutConfig',
  'backgroundConfig',
];

/** @throws Refused where fields are set that the chosen layout has no use for, or lacks what it needs. */
function againstKind(read: JsonObject, kind: number, at: string): void {
  if (kind === CUSTOM && !Object.hasOwn(read, 'layoutConfig')) {
    throw new Refused(`${at}.layoutConfig is missing: mixedVideoLayout 3 needs it`);
  }
  if (kind !== CUSTOM && Object.hasOwn(read, 'layoutConfig')) {
    throw new Refused(`${at}.layoutConfig is only for mixedVideoLayout 3`);
  }
  if (kind !== VERTICAL && Object.hasOwn(read, 'maxResolutionUid')) {
    throw new Refused(`${at}.maxResolutionUid is only for mixedVideoLayout 2`);
  }
}

/**
 * The layout that a `clientRequest` of updateLayout describes: what it names, completed to the defaults, since the
 * call overrides the whole layout.
 * @throws Refused
 */
export function readLayout(value: unknown, at: string): ShownLayout {
  const read = object(value, at, LAYOUT_FIELDS);
  const layout = defaultLayout();
  layout.mixedVideoLayout =
    optional(read, 'mixedVideoLayout', at, (it, where) => whole(it, where, 0, CUSTOM)) ?? 0;
  layout.backgroundColor = optional(read, 'backgroundColor', at, colour) ?? layout.backgroundColor;
  againstKind(read, layout.mixedVideoLayout, at);
  const backgroundImage = optional(read, 'backgroundImage', at, imageUrl);
  const defaultImage = optional(read, 'defaultUserBackgroundImage', at, imageUrl);
  const maxResolutionUid = optional(read, 'maxResolutionUid', at, uid);
  const layoutConfig = optional(read, 'layoutConfig', at, (it, where) =>
    list(it, where, 1, MOST_REGIONS, region),
  );
  const backgroundConfig = optional(read, 'backgroundConfig', at, (it, where) =>
    list(it, where, 0, Number.MAX_SAFE_INTEGER, background),
  );
  if (backgroundImage !== undefined) layout.backgroundImage = backgroundImage;
  if (defaultImage !== undefined) layout.defaultUserBackgroundImage = defaultImage;
  if (maxResolutionUid !== undefined) layout.maxResolutionUid = maxResolutionUid;
  if (layoutConfig !== undefined) layout.layoutConfig = layoutConfig;
  if (backgroundConfig !== undefined) layout.backgroundConfig = backgroundConfig;
  return layout;
}

/**
 * The layout in `transcodingConfig` of start: the same fields beside the video profile's (REST, start).
 * @throws Refused
 */
export function readStartLayout(value: unknown, at: string): ShownLayout {
  const config = object(value, at);
  return readLayout(
    Object.fromEntries(Object.entries(config).filter(([name]) => LAYOUT_FIELDS.includes(name))),
    at,
  );
}
