import { ALL_STREAMS, MIXED_VIDEO_LAYOUTS, RENDER_MODES, VENDORS } from '../agora/tables.ts';
import { isObject } from '../model/json.ts';
import type { Call, Change, Json } from '../model/plan.ts';
import type { Region, RegionBackground, SeatNames, UpdateRequest } from '../model/recording.ts';
import { printable } from './style.ts';

/** One row for people: sign, what it is about, what happens to it. */
export interface Row {
  sign: '+' | '~' | '-' | '!';
  subject: string;
  /** The same without the UIDs of those who sit in seats. */
  place: string;
  /** What of the recording it belongs to. */
  block: string;
  text: string;
  reset: boolean;
}

/** Rows in the order of the changes; the changed fields of one region share a row. */
export function rowsOf(call: Pick<Call, 'endpoint' | 'changes' | 'request' | 'seats'>): Row[] {
  const { changes, seats } = call;
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const id = `${change.reason} ${change.subject}`;
    groups.set(id, [...(groups.get(id) ?? []), change]);
  }
  const vendor = (call.request as UpdateRequest).storageConfig?.vendor;
  return [...groups.values()].map((group) => rowOf(group, vendor, seats));
}

function rowOf(group: readonly Change[], vendor: number | undefined, seats: SeatNames | undefined): Row {
  const first = group[0] as Change;
  const reset = first.reason === 'reset';
  const sign = reset ? '!' : first.before === null ? '+' : first.after === null ? '-' : '~';
  const text = group
    .map((change) => (change.field ? `${change.field} ` : '') + describe(seated(change, seats), vendor))
    .join(', ');
  const [, block = ''] = first.path.split('/');
  const [subject, place] = subjects(first, seats).map(printable) as [string, string];
  return { sign, subject, place, block, text, reset };
}

/** "uid 101" as those who read it know that user: "host (101)". */
function userName(user: string, seats: SeatNames): string {
  const uid = user.slice('uid '.length);
  return Object.hasOwn(seats.uids, uid) ? `${seats.uids[uid]} (${uid})` : user;
}

/** What a row is about, with the UIDs of those who sit in seats and without. */
function subjects({ subject, path, after }: Change, seats: SeatNames | undefined): [string, string] {
  if (!seats) return [subject, subject];
  const [, list = '', user = ''] = /^(layoutConfig|backgroundConfig)\[(.*)\]$/.exec(subject) ?? [];
  if (list === '') return [subject, subject];
  // A region that is gone has its old position.
  const [, index] = /^\/layout\/layoutConfig\/(\d+)/.exec(path) ?? [];
  const open = index !== undefined && after !== null ? seats.regions[Number(index)] : undefined;
  if (!user.startsWith('uid '))
    return open === undefined ? [subject, subject] : [`${list}[${open}]`, `${list}[${open}]`];
  const seat = seats.uids[user.slice('uid '.length)];
  return [`${list}[${userName(user, seats)}]`, seat === undefined ? subject : `${list}[${seat}]`];
}

/** The order of the regions by seats; the value of maxResolutionUid stays what is sent. */
function seated(change: Change, seats: SeatNames | undefined): Change {
  if (!seats || change.path !== '/layout/layoutConfig') return change;
  const named = (value: Json) => (isUids(value) ? value.map((user) => seatOf(user, seats)) : value);
  return { ...change, before: named(change.before), after: named(change.after) };
}

function seatOf(user: string, { uids }: SeatNames): string {
  return (user.startsWith('uid ') && uids[user.slice('uid '.length)]) || user;
}

function describe({ path, before, after, field }: Change, vendor: number | undefined): string {
  const name = field ?? path.slice(path.lastIndexOf('/') + 1);
  if (
    isUids(before) &&
    isUids(after) &&
    path.startsWith('/subscriptions') &&
    ![...before, ...after].includes(ALL_STREAMS)
  )
    return uidDifference(before, after);
  const show = (value: Json) => shownValue(path, name, value, vendor);
  if (before === null) return show(after);
  if (after === null) return path.includes('Config/') ? 'gone' : `${show(before)} → not set`;
  if (before === after) return `${show(after)} changed`;
  return `${show(before)} → ${show(after)}`;
}

function isUids(value: Json): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function uidDifference(before: string[], after: string[]): string {
  const added = after.filter((uid) => !before.includes(uid)).map((uid) => `+${uid}`);
  const removed = before.filter((uid) => !after.includes(uid)).map((uid) => `-${uid}`);
  return printable([...added, ...removed].join(' '));
}

function shownValue(path: string, name: string, value: Json, vendor: number | undefined): string {
  if (path.startsWith('/layout/layoutConfig/') && isObject(value)) return region(value as unknown as Region);
  if (path.startsWith('/layout/backgroundConfig/') && isObject(value))
    return background(value as unknown as RegionBackground);
  if (typeof value === 'number') {
    if (name === 'mixedVideoLayout') return nameIn(MIXED_VIDEO_LAYOUTS, value);
    if (name === 'render_mode') return nameIn(RENDER_MODES, value);
    if (path === '/storage/vendor') return vendorName(value);
    if (path === '/storage/region') return regionName(vendor, value);
  }
  if (typeof value === 'string') return bare(value) ? value : JSON.stringify(printable(value));
  if (isUids(value))
    return printable(
      path.endsWith('/layoutConfig') || path.startsWith('/subscriptions')
        ? value.join(', ')
        : value.join('/'),
    );
  return printable(JSON.stringify(value));
}

/** Masked secrets and masked URLs stand without quotes: they are no values. */
function bare(value: string): boolean {
  return value.endsWith('(sensitive)') && printable(value) === value;
}

function region({ x_axis, y_axis, width, height, alpha, render_mode }: Region): string {
  const extras = [
    alpha === undefined || alpha === 1 ? '' : `alpha ${alpha}`,
    render_mode ? nameIn(RENDER_MODES, render_mode) : '',
  ].filter(Boolean);
  return [`at ${x_axis}, ${y_axis}  size ${width} × ${height}`, ...extras].join('  ');
}

function background({ image_url, render_mode }: RegionBackground): string {
  return `${JSON.stringify(printable(image_url))}${render_mode ? `  ${nameIn(RENDER_MODES, render_mode)}` : ''}`;
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}

function vendorName(number: number): string {
  return VENDORS.find((vendor) => vendor.number === number)?.name ?? String(number);
}

function regionName(vendor: number | undefined, region: number): string {
  return nameIn(VENDORS.find(({ number }) => number === vendor)?.regions ?? {}, region);
}
