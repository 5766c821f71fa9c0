/*
 * Shape checks for JSON from a file or another process. Fields that are not named may hold anything, because a newer
 * version adds some.
 */

import { isObject } from '../model/json.ts';
import { readSelector } from '../model/labels.ts';
import type { StateDump } from '../model/store.ts';
import type { SavedPlan } from './saved.ts';

/** Whether a value is of a shape. */
type Shape = (value: unknown) => boolean;

const text: Shape = (value) => typeof value === 'string';

/** No system takes a NUL in a path or an argument. */
const argument: Shape = (value) => typeof value === 'string' && value !== '' && !value.includes('\0');
const selector: Shape = (value) => typeof value === 'string' && readSelector(value) !== undefined;
const flag: Shape = (value) => typeof value === 'boolean';
const number: Shape = (value) => typeof value === 'number';

/** Milliseconds since 1970 that a calendar has (ECMAScript, TimeClip). */
const time: Shape = (value) => typeof value === 'number' && Math.abs(value) <= 8.64e15;
const date: Shape = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));

const oneOf =
  (...values: readonly unknown[]): Shape =>
  (value) =>
    values.includes(value);

const either =
  (...shapes: readonly Shape[]): Shape =>
  (value) =>
    shapes.some((shape) => shape(value));

const list =
  (item: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(item);

const mapOf =
  (item: Shape): Shape =>
  (value) =>
    isObject(value) && Object.values(value).every(item);

const object =
  (needed: Readonly<Record<string, Shape>>, optional: Readonly<Record<string, Shape>> = {}): Shape =>
  (value) =>
    isObject(value) &&
    Object.entries(needed).every(([name, shape]) => Object.hasOwn(value, name) && shape(value[name])) &&
    Object.entries(optional).every(([name, shape]) => value[name] === undefined || shape(value[name]));

const commit = object({ sha: text, author: text, subject: text });

const identity = object(
  {
    ...{ appId: text, cname: text, uid: text, resourceId: text, sid: text },
    mode: oneOf('individual', 'mix', 'web'),
  },
  { streamTypes: oneOf(0, 1, 2) },
);

const secret = object({ sealed: either(oneOf(null), text), reference: text, shown: text });

const updateRequest = object(
  {},
  {
    streamSubscribe: object({}, { audioUidList: mapOf(list(text)), videoUidList: mapOf(list(text)) }),
    webRecordingConfig: object({ onhold: flag }),
    rtmpPublishConfig: object({ outputs: list(object({ rtmpUrl: secret })) }),
    storageConfig: object(
      { vendor: number, bucket: text },
      {
        ...{ region: number, accessKey: secret, secretKey: secret, stsToken: secret, stsExpiration: number },
        ...{ fileNamePrefix: list(text), extensionParams: mapOf(text), credentials: secret },
      },
    ),
  },
);

const layoutRequest = object(
  {},
  {
    ...{ mixedVideoLayout: number, backgroundColor: text, backgroundImage: text },
    ...{ defaultUserBackgroundImage: text, maxResolutionUid: text },
    layoutConfig: list(
      object(
        { x_axis: number, y_axis: number, width: number, height: number },
        { uid: text, alpha: number, render_mode: number },
      ),
    ),
    backgroundConfig: list(object({ uid: text, image_url: text }, { render_mode: number })),
  },
);

const last = object({ outcome: text, at: time }, { status: number, message: text });

const endpoint = (request: Shape): Shape => {
  const given = { request, at: time, seq: number };
  return object(
    { unknown: list(object(given, { commit, until: time })) },
    { applied: object(given, { commit }), late: list(object({ ...given, until: time }, { commit })), last },
  );
};

const known = {
  ...{ key: text, name: text, file: text, identity },
  ...{ update: endpoint(updateRequest), updateLayout: endpoint(layoutRequest) },
};

/** What a daemon answers at `/api/known`. */
export const isKnownAnswer: Shape = object({
  recordings: list(object(known, { ended: time })),
});

const lateCalls = list(object({ request: isObject, at: time, seq: number, until: time }, { commit }));

const stateDump: Shape = object({
  ...{ reelstate: oneOf('state'), format_version: oneOf('1.0'), exported_at: date, serial: number },
  ...{ key: either(oneOf(null), text), key_check: text },
  recordings: list(object(known, { ended: time, target: text, account: text })),
  orphaned: list(
    (entry) =>
      Array.isArray(entry) &&
      text(entry[0]) &&
      object({ update: lateCalls, updateLayout: lateCalls })(entry[1]),
  ),
  calls: list(
    object(
      {
        ...{ seq: number, at: date, key: text, name: text, file: text, sid: text },
        ...{ endpoint: text, reason: text },
      },
      { commit, answer: object({ at: date, outcome: text }, { status: number, message: text }) },
    ),
  ),
});

/** What `state export` writes. */
export function isStateDump(value: unknown): value is StateDump {
  return stateDump(value);
}

/** What a daemon answers at `/api/recordings`, as far as it is shown. */
export const isRecordingsAnswer: Shape = object(
  {
    ready: flag,
    not_ready_because: list(text),
    recordings: list(
      object(
        {
          ...{ name: text, mode: either(text, oneOf(null)), blocks: mapOf(text) },
          conditions: list(object({ type: text, status: text, reason: text, message: text })),
        },
        {
          account: text,
          labels: mapOf(text),
          applied: mapOf(either(oneOf(null), object({ at: text }, { commit: either(oneOf(null), commit) }))),
        },
      ),
    ),
  },
  {
    accounts: list(object({ name: text, inUse: number, rate: number, stopped: either(text, oneOf(null)) })),
  },
);

const savedPlan: Shape = object(
  {
    ...{ reelstate: oneOf('plan'), format_version: oneOf('1.0'), timestamp: date, applyable: flag },
    asked: object(
      { dir: argument, names: list(text), resync: flag, allowEmpty: flag },
      { ref: argument, select: list(selector) },
    ),
    state: object({ id: text, serial: number }),
    commit: either(oneOf(null), commit),
    files: mapOf(text),
    recordings: list(
      object(
        {
          ...{ name: text, file: text, action: text },
          calls: list(object({ endpoint: text, reason: text, request: isObject })),
          ...{ whole: isObject, released: list(text), supersedes: list(text) },
        },
        { key: text, identity },
      ),
    ),
  },
  { unsubscribe_spelling: oneOf('unSubscribe', 'unsubscribe') },
);

/** What `plan --out` writes. Requests are compared as a whole, whatever they hold. */
export function isSavedPlan(value: unknown): value is SavedPlan {
  return savedPlan(value);
}

/** reelstate writes nothing that is nested deeper than this. */
const DEEPEST = 64;

/** Whether a value is nested no deeper than what can be gone through by calls. */
export function isShallow(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return false;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return true;
}
