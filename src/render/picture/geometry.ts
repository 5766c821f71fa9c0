import type { Canvas, Layout, Region, SeatNames } from '../../model/recording.ts';
import { plain } from './words.ts';

/** Pixels. The service's own canvas is set at `start` and cannot be read back, so a picture is told its size. */
export type CanvasSize = Canvas;

export type LayoutName = 'floating' | 'best fit' | 'vertical' | 'custom';

/** An image that takes a region's place while its user sends no video. Pictures name it and never load it. */
export interface BackgroundMark {
  /** "uid": set for this user (`backgroundConfig`); "default": set for every user (`defaultUserBackgroundImage`). */
  source: 'uid' | 'default';
  url: string;
}

/** A rectangle in fractions of the canvas, the origin in the top left corner. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One region where it lies on the canvas. */
export interface PlacedBox extends Rect {
  /**
   * The user that the region shows: "uid 2", "host (2)" in a seat, "1st to join", or "no user" for the large region
   * without `maxResolutionUid`.
   */
  label: string;
  /** What the user is called without a seat, where the label names one. */
  user?: string;
  uid?: string;
  alpha: number;
  renderMode: 'crop' | 'fit';
  backgroundImage?: BackgroundMark;
  /** Order of drawing from 1: a higher one lies on top. */
  z: number;
  /** The large region of a vertical layout without `maxResolutionUid`: it shows the background. */
  empty?: boolean;
}

/** A layout laid out for a number of users. */
export interface Placement {
  layout: LayoutName;
  /** How many users were assumed; absent with a custom layout, whose regions do not depend on it. */
  users?: number;
  size: CanvasSize;
  /** "#RRGGBB" */
  backgroundColor: string;
  backgroundImage?: string;
  boxes: PlacedBox[];
  /** What the picture cannot show, in words. */
  notes: string[];
}

/** Agora Cloud Recording REST, updateLayout: at most 17 users are on the canvas. */
export const MAX_USERS = 17;
/** Enough to see what each predefined layout is about: a full row, a started grid, a full column. */
export const DEFAULT_USERS = 5;
export const DEFAULT_SIZE: CanvasSize = { width: 1280, height: 720 };

const NAMES: readonly LayoutName[] = ['floating', 'best fit', 'vertical', 'custom'];

/** Agora Cloud Recording, "Set video layout", floating: small regions and the gaps around them. */
const FLOATING = { side: 0.235, gap: 0.012, columns: 4 };

/** Agora Cloud Recording, "Set video layout", best fit: columns and rows up to so many users. */
const GRIDS = [
  { users: 1, columns: 1, rows: 1 },
  { users: 2, columns: 2, rows: 1 },
  { users: 4, columns: 2, rows: 2 },
  { users: 9, columns: 3, rows: 3 },
  { users: 16, columns: 4, rows: 4 },
] as const;

/**
 * Agora Cloud Recording, "Set video layout", vertical: up to 5, 7, 9 and 17 users the one large region leaves room
 * for so many small ones, a fraction 1/across of the canvas wide and 1/down high.
 */
const COLUMNS = [
  { small: 4, across: 5, down: 4, columns: 1 },
  { small: 6, across: 7, down: 6, columns: 1 },
  { small: 8, across: 9, down: 8, columns: 1 },
  { small: 16, across: 10, down: 8, columns: 2 },
] as const;

/**
 * Where every region of a layout lies when so many users are in the channel.
 * @param layout completed to the service's defaults (`completeLayout`)
 * @param users 1 to 17; without meaning for a custom layout, which is shown with all its regions
 * @param seats who sits where, or what the seats without a user are called
 */
export function placeLayout(
  layout: Layout,
  users: number = DEFAULT_USERS,
  size: CanvasSize = DEFAULT_SIZE,
  seats?: SeatNames,
): Placement {
  const kind = layout.mixedVideoLayout ?? 0;
  const notes: string[] = [];
  const boxes = boxesOf(layout, users, seats?.large, notes).map((box, index) =>
    withSeat(withBackground(box, layout), kind === 3 ? index : undefined, seats),
  );
  for (const { uid } of layout.backgroundConfig ?? [])
    if (!boxes.some((box) => box.uid === uid))
      notes.push(
        `${seatedName(uid, seats) ?? `uid ${plain(uid)}`} has a background image of its own, wherever that user is seen.`,
      );
  if (layout.backgroundImage !== undefined)
    notes.push('A background image lies over the background colour; it is not loaded here.');
  return {
    layout: NAMES[kind] ?? 'floating',
    ...(kind === 3 ? {} : { users }),
    size,
    backgroundColor: layout.backgroundColor ?? '#000000',
    ...(layout.backgroundImage === undefined ? {} : { backgroundImage: layout.backgroundImage }),
    boxes: boxes.map((box, index) => ({ ...box, z: index + 1 })),
    notes,
  };
}

type Unordered = Omit<PlacedBox, 'z'>;

/** @param index among the regions of a custom layout */
function withSeat(box: Unordered, index: number | undefined, seats: SeatNames | undefined): Unordered {
  const open = index === undefined || box.uid !== undefined ? undefined : seats?.regions[index];
  const label = box.uid === undefined ? open : seatedName(box.uid, seats);
  return label === undefined ? box : { ...box, label: plain(label), user: box.label };
}

/** "host (101)"; undefined for a user without a seat. */
function seatedName(uid: string, seats: SeatNames | undefined): string | undefined {
  return seats && Object.hasOwn(seats.uids, uid) ? `${seats.uids[uid]} (${plain(uid)})` : undefined;
}

function boxesOf(layout: Layout, users: number, seat: string | undefined, notes: string[]): Unordered[] {
  switch (layout.mixedVideoLayout) {
    case 1:
      return bestFit(users);
    case 2:
      return vertical(users, layout.maxResolutionUid, seat, notes);
    case 3:
      return custom(layout.layoutConfig ?? []);
    default:
      return floating(users);
  }
}

function floating(users: number): Unordered[] {
  const { side, gap, columns } = FLOATING;
  const step = side + gap;
  return joiners(users).map((label, index) => {
    if (index === 0) return video(label, { x: 0, y: 0, width: 1, height: 1 });
    const row = Math.floor((index - 1) / columns);
    const column = (index - 1) % columns;
    return video(label, { x: gap + column * step, y: 1 - (row + 1) * step, width: side, height: side });
  });
}

function bestFit(users: number): Unordered[] {
  const grid = GRIDS.find((each) => users <= each.users);
  return joiners(users).map((label, index) => {
    if (grid) {
      const column = index % grid.columns;
      const row = Math.floor(index / grid.columns);
      const [width, height] = [1 / grid.columns, 1 / grid.rows];
      return video(label, { x: column * width, y: row * height, width, height });
    }
    // 17 users: four rows of four a fifth high, bands of a tenth at the sides, the last one centred below.
    const last = index === MAX_USERS - 1;
    const x = last ? 0.4 : 0.1 + (index % 4) * 0.2;
    return video(label, { x, y: Math.floor(index / 4) * 0.2, width: 0.2, height: 0.2 });
  });
}

/**
 * The guide counts users with the large one among them. When no one is named for the large region all of them
 * need a small one, so the columns are chosen by the number of small regions.
 */
function vertical(
  users: number,
  large: string | undefined,
  seat: string | undefined,
  notes: string[],
): Unordered[] {
  const isEmpty = large === undefined && seat === undefined;
  const wanted = isEmpty ? users : users - 1;
  const tier = COLUMNS.find(({ small }) => wanted <= small) ?? COLUMNS[3];
  const shown = Math.min(wanted, tier.small);
  if (shown < wanted)
    notes.push(`${shown} of ${users} users are seen: only a maxResolutionUid fills the large region.`);
  const width = 1 / tier.across;
  const height = 1 / tier.down;
  const edge = 1 - tier.columns * width;
  const area: Rect = { x: 0, y: 0, width: edge, height: 1 };
  // The guide: the large region is scaled to fit, the small ones are cropped.
  const first: Unordered = isEmpty
    ? { ...video('no user', area), empty: true }
    : large === undefined
      ? { ...video(plain(seat ?? ''), area), renderMode: 'fit' }
      : { ...video(`uid ${plain(large)}`, area), uid: large, renderMode: 'fit' };
  if (isEmpty) notes.push('The large region stays empty: no maxResolutionUid is set.');
  const small = joiners(shown).map((label, index) => {
    const column = Math.floor(index / tier.down);
    return video(label, { x: edge + column * width, y: (index % tier.down) * height, width, height });
  });
  return [first, ...small];
}

function custom(regions: Region[]): Unordered[] {
  let joined = 0;
  return regions.map(({ uid, x_axis, y_axis, width, height, alpha, render_mode }) => {
    if (uid === undefined) joined += 1;
    return {
      label: uid === undefined ? nthToJoin(joined) : `uid ${plain(uid)}`,
      ...(uid === undefined ? {} : { uid }),
      ...{ x: x_axis, y: y_axis, width, height },
      alpha: alpha ?? 1,
      renderMode: render_mode === 1 ? 'fit' : 'crop',
    };
  });
}

/** Agora Cloud Recording REST, updateLayout: an image for one user goes before the one for every user. */
function withBackground(box: Unordered, layout: Layout): Unordered {
  if (box.empty) return box;
  const own = layout.backgroundConfig?.find(({ uid }) => uid === box.uid);
  if (own) return { ...box, backgroundImage: { source: 'uid', url: own.image_url } };
  const url = layout.defaultUserBackgroundImage;
  return url === undefined ? box : { ...box, backgroundImage: { source: 'default', url } };
}

function video(label: string, { x, y, width, height }: Rect): Unordered {
  return { label, x: clean(x), y: clean(y), width, height, alpha: 1, renderMode: 'crop' };
}

/** Takes the dust of floating point off a sum: 1 - 4 * 0.247 is 0.012. */
function clean(fraction: number): number {
  return Math.round(fraction * 1e12) / 1e12;
}

function joiners(count: number): string[] {
  return Array.from({ length: count }, (_, index) => nthToJoin(index + 1));
}

function nthToJoin(n: number): string {
  const tens = n % 100;
  const suffix = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${suffix} to join`;
}
