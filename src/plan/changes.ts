import type { Change, Json } from '../model/plan.ts';
import type {
  Blocks,
  ClientRequests,
  Endpoint,
  Layout,
  Region,
  RegionBackground,
  UpdateRequest,
} from '../model/recording.ts';
import { canonicalText, comparable, masked } from './comparable.ts';

/*
 * Rows for people and programs, in the terms of the file. Both requests are complete, so a row is a real
 * difference in what the service does; whether it is a reset depends only on whether the file still sets the field.
 */

/** Differences from `before` (undefined: nothing known) to `after`; none exactly when both mean the same. */
export function changesOf<E extends Endpoint>(
  endpoint: E,
  before: ClientRequests[E] | undefined,
  after: ClientRequests[E],
  set: Blocks,
): Change[] {
  if (before && canonicalText(endpoint, before) === canonicalText(endpoint, after)) return [];
  return endpoint === 'update'
    ? updateChanges(before as UpdateRequest | undefined, after as UpdateRequest, set)
    : layoutChanges(before as Layout | undefined, after as Layout, set.layout ?? {});
}

function updateChanges(before: UpdateRequest | undefined, after: UpdateRequest, set: Blocks): Change[] {
  const rows: Change[] = [];
  for (const [medium, field] of LISTS) {
    const path = `/subscriptions/${medium}/${field}`;
    const was = listOf(before, medium, field);
    const will = listOf(after, medium, field);
    const isSet = listOf({ streamSubscribe: set.subscriptions }, medium, field) !== undefined;
    // Another list takes its place, or, where there is one for the other medium alone, nothing: neither is a default.
    const isLeftOut = MEDIUM_FIELDS[medium].every((each) => listOf(after, medium, each) === undefined);
    const switched =
      !isSet &&
      MEDIUM_FIELDS[medium].some((other) => listOf({ streamSubscribe: set.subscriptions }, medium, other));
    if (before === undefined && !isSet) continue;
    if (!sameJson(sorted(was), sorted(will)))
      rows.push(row(path, `${medium}.${field}`, was, will, isSet || switched || isLeftOut));
  }
  const onhold = after.webRecordingConfig?.onhold;
  if (
    onhold !== undefined &&
    onhold !== before?.webRecordingConfig?.onhold &&
    (before || set.onhold !== undefined)
  )
    rows.push(row('/onhold', 'onhold', before?.webRecordingConfig?.onhold, onhold, set.onhold !== undefined));
  rows.push(...outputChanges(before, after), ...storageChanges(before, after));
  return rows;
}

const MEDIUM_FIELDS = {
  audioUidList: ['subscribeAudioUids', 'unSubscribeAudioUids', 'unsubscribeAudioUids'],
  videoUidList: ['subscribeVideoUids', 'unSubscribeVideoUids', 'unsubscribeVideoUids'],
} as const;
type Medium = keyof typeof MEDIUM_FIELDS;
const LISTS = (Object.keys(MEDIUM_FIELDS) as Medium[]).flatMap((medium) =>
  MEDIUM_FIELDS[medium].map((field) => [medium, field] as const),
);

function listOf(request: UpdateRequest | undefined, medium: Medium, field: string): string[] | undefined {
  return (request?.streamSubscribe?.[medium] as Record<string, string[]> | undefined)?.[field];
}

/** Outputs are a set: those that stay have no row, wherever they stand; the others are paired in their order. */
function outputChanges(before: UpdateRequest | undefined, after: UpdateRequest): Change[] {
  const will = after.rtmpPublishConfig?.outputs;
  if (!will) return [];
  const was = before?.rtmpPublishConfig?.outputs ?? [];
  const without = (outputs: typeof will, others: typeof will) => {
    const known = new Set(others.map(({ rtmpUrl }) => secretKey(rtmpUrl)));
    return outputs.flatMap(({ rtmpUrl }, index) => {
      const isNews = !known.has(secretKey(rtmpUrl));
      known.add(secretKey(rtmpUrl));
      return isNews ? [{ rtmpUrl, index }] : [];
    });
  };
  const [gone, added] = [without(was, will), without(will, was)];
  return Array.from({ length: Math.max(gone.length, added.length) }, (_, i) => {
    const index = added[i]?.index ?? gone[i]?.index;
    const subject = `rtmp.outputs[${index}]`;
    return row(`/rtmp/outputs/${index}/rtmpUrl`, subject, gone[i]?.rtmpUrl, added[i]?.rtmpUrl, true);
  });
}

function secretKey(secret: unknown): string {
  return JSON.stringify([
    (secret as { sealed: unknown })?.sealed ?? (secret as { reference: unknown })?.reference,
  ]);
}

function storageChanges(before: UpdateRequest | undefined, after: UpdateRequest): Change[] {
  if (!after.storageConfig) return [];
  const was = flat(comparable('update', { storageConfig: before?.storageConfig }).storageConfig);
  const will = flat(comparable('update', after).storageConfig);
  return [...new Set([...will.keys(), ...was.keys()])]
    .filter((path) => !sameSecretOrJson(was.get(path), will.get(path)))
    .map((path) =>
      row(
        `/storage/${path}`,
        `storage.${path.replaceAll('/', '.')}`,
        was.get(path),
        will.get(path),
        will.has(path),
      ),
    );
}

function flat(storage: object | undefined): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [key, value] of Object.entries(storage ?? {}))
    if (key === 'extensionParams')
      for (const [inner, item] of Object.entries(value as object)) fields.set(`${key}/${inner}`, item);
    else if (value !== undefined) fields.set(key, value);
  return fields;
}

const LAYOUT_FIELDS = [
  'mixedVideoLayout',
  'backgroundColor',
  'backgroundImage',
  'defaultUserBackgroundImage',
  'maxResolutionUid',
] as const satisfies (keyof Layout)[];

function layoutChanges(before: Layout | undefined, after: Layout, set: Layout): Change[] {
  const rows: Change[] = [];
  for (const field of LAYOUT_FIELDS)
    if (before?.[field] !== after[field] && (before || set[field] !== undefined))
      rows.push(row(`/layout/${field}`, field, before?.[field], after[field], set[field] !== undefined));
  rows.push(...regionChanges(before?.layoutConfig, after.layoutConfig, set.layoutConfig));
  rows.push(...backgroundChanges(before?.backgroundConfig, after.backgroundConfig, set.backgroundConfig));
  return rows;
}

/** A region's label: its user, or its turn among the regions that take users as they join. */
export function regionLabels(regions: readonly Region[]): string[] {
  let turn = 0;
  return regions.map(({ uid }) => (uid === undefined ? `${ordinal(++turn)} to join` : `uid ${uid}`));
}

function ordinal(n: number): string {
  const teens = n % 100 >= 11 && n % 100 <= 13;
  return `${n}${teens ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')}`;
}

function regionChanges(before: Region[] = [], after: Region[] = [], set: Region[] | undefined): Change[] {
  const was = regionLabels(before);
  const will = regionLabels(after);
  const rows: Change[] = [];
  after.forEach((region, index) => {
    const label = will[index] as string;
    const old = before[was.indexOf(label)];
    const path = `/layout/layoutConfig/${index}`;
    const subject = `layoutConfig[${label}]`;
    if (!old) rows.push(row(path, subject, undefined, region, true));
    else
      for (const field of ['x_axis', 'y_axis', 'width', 'height', 'alpha', 'render_mode'] as const)
        if (old[field] !== region[field])
          rows.push({
            ...row(
              `${path}/${field}`,
              subject,
              old[field],
              region[field],
              set?.[index]?.[field] !== undefined,
            ),
            field,
          });
  });
  before.forEach((region, index) => {
    if (!will.includes(was[index] as string))
      rows.push(
        row(
          `/layout/layoutConfig/${index}`,
          `layoutConfig[${was[index]}]`,
          region,
          undefined,
          set !== undefined,
        ),
      );
  });
  const kept = (labels: string[], others: string[]) => labels.filter((label) => others.includes(label));
  const [oldOrder, newOrder] = [kept(was, will), kept(will, was)];
  if (!sameJson(oldOrder, newOrder))
    rows.push(row('/layout/layoutConfig', 'layoutConfig order', oldOrder, newOrder, true));
  return rows;
}

function backgroundChanges(
  before: RegionBackground[] = [],
  after: RegionBackground[] = [],
  set: RegionBackground[] | undefined,
): Change[] {
  const rows: Change[] = [];
  after.forEach((background, index) => {
    const old = before.find(({ uid }) => uid === background.uid);
    const path = `/layout/backgroundConfig/${index}`;
    const subject = `backgroundConfig[uid ${background.uid}]`;
    if (!old) rows.push(row(path, subject, undefined, background, true));
    else
      for (const field of ['image_url', 'render_mode'] as const)
        if (old[field] !== background[field])
          rows.push({
            ...row(
              `${path}/${field}`,
              subject,
              old[field],
              background[field],
              set?.[index]?.[field] !== undefined,
            ),
            field,
          });
  });
  before.forEach((background, index) => {
    if (!after.some(({ uid }) => uid === background.uid))
      rows.push(
        row(
          `/layout/backgroundConfig/${index}`,
          `backgroundConfig[uid ${background.uid}]`,
          background,
          undefined,
          set !== undefined,
        ),
      );
  });
  return rows;
}

function row(path: string, subject: string, before: unknown, after: unknown, isSet: boolean): Change {
  return {
    path,
    before: (masked(before) ?? null) as Json,
    after: (masked(after) ?? null) as Json,
    reason: isSet ? 'changed' : 'reset',
    subject,
  };
}

function sorted(list: string[] | undefined): string[] | undefined {
  return list && [...list].sort();
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function sameSecretOrJson(a: unknown, b: unknown): boolean {
  const sealed = (value: unknown) => (value as { sealed?: string } | undefined)?.sealed;
  return sealed(a) && sealed(b) ? sealed(a) === sealed(b) : sameJson(a, b);
}
