import { isSealed, mapSealed } from '../agora/requests.ts';
import { stable } from '../model/json.ts';
import type { ClientRequests, Endpoint, Layout, Sealed, UpdateRequest } from '../model/recording.ts';

/**
 * A request in the form in which equal meaning is equal text: UID lists, per-user backgrounds and RTMP outputs
 * are sets; the order of regions is kept, because users without a region of their own fill them in that order.
 * Idempotent.
 */
export function comparable<E extends Endpoint>(endpoint: E, request: ClientRequests[E]): ClientRequests[E] {
  return (
    endpoint === 'update' ? comparableUpdate(request as UpdateRequest) : comparableLayout(request as Layout)
  ) as ClientRequests[E];
}

function comparableUpdate(request: UpdateRequest): UpdateRequest {
  const { streamSubscribe, webRecordingConfig, rtmpPublishConfig, storageConfig } = request;
  const whole: UpdateRequest = {};
  if (streamSubscribe)
    whole.streamSubscribe = Object.fromEntries(
      Object.entries(streamSubscribe).map(([medium, lists]) => [
        medium,
        Object.fromEntries(
          Object.entries(lists as Record<string, string[]>).map(([field, uids]) => [field, sortUids(uids)]),
        ),
      ]),
    );
  if (webRecordingConfig) whole.webRecordingConfig = webRecordingConfig;
  if (rtmpPublishConfig) {
    const once = new Map(rtmpPublishConfig.outputs.map((output) => [secretToken(output.rtmpUrl), output]));
    whole.rtmpPublishConfig = { outputs: sortBy([...once.values()], ({ rtmpUrl }) => secretToken(rtmpUrl)) };
  }
  if (storageConfig) {
    // Vendors without regions were once sent none.
    whole.storageConfig =
      storageConfig.region === undefined ? { ...storageConfig, region: 0 } : storageConfig;
    if (storageConfig.credentials) {
      // What the program printed last time is no part of what is desired; when it is due again is decided by time.
      const { accessKey: _a, secretKey: _s, stsToken: _t, stsExpiration: _e, ...rest } = whole.storageConfig;
      whole.storageConfig = rest;
    }
  }
  return whole;
}

function comparableLayout(request: Layout): Layout {
  const { backgroundConfig, ...rest } = request;
  // An empty list means the same as none.
  if (!backgroundConfig?.length) return rest;
  return { ...rest, backgroundConfig: sortBy(backgroundConfig, ({ uid }) => uid) };
}

/** UIDs in numeric order; "#allstream#" only ever stands alone. */
export function sortUids(uids: readonly string[]): string[] {
  return [...uids].sort((a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0));
}

function sortBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** Text that is equal exactly for secrets that count as equal. */
function secretToken(secret: Sealed): string {
  return secret.sealed ?? `unresolved ${secret.reference}`;
}

/**
 * A request as text: equal texts mean the same to the service. Keys are ordered, so the order in which a file
 * or the state names them does not count.
 */
export function canonicalText<E extends Endpoint>(endpoint: E, request: ClientRequests[E]): string {
  return stable(mapSealed(comparable(endpoint, request), secretToken));
}

/** Whether two requests mean the same to the service. Nearly always they are the same to the letter, which is cheap to see. */
export function isEquivalent<E extends Endpoint>(
  endpoint: E,
  a: ClientRequests[E],
  b: ClientRequests[E],
): boolean {
  return isSame(a, b) || canonicalText(endpoint, a) === canonicalText(endpoint, b);
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const fields = Object.keys(a);
  if (fields.length !== Object.keys(b).length) return false;
  for (const field of fields)
    if (!Object.hasOwn(b, field) || !isSame(a[field as never], b[field as never])) return false;
  return true;
}

/**
 * Takes a secret whose value is not at hand for the one that was applied from the same reference: where the
 * environment lacks it the two cannot be compared, and apply checks again.
 */
export function assumeUnchangedSecrets<T>(desired: T, applied: unknown): T {
  if (!lacksSecret(desired)) return desired;
  const known = new Map<string, Sealed>();
  mapSealed(applied, (secret) => {
    known.set(secret.reference, secret);
    return secret;
  });
  return mapSealed(desired, (secret) =>
    secret.sealed === null ? { ...secret, ...known.get(secret.reference) } : secret,
  ) as T;
}

function lacksSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return isSealed(value) ? value.sealed === null : Object.values(value).some(lacksSecret);
}

/** Replaces secrets by the texts that are shown for them, in a structure that is otherwise unchanged. */
export function masked<T>(value: T): unknown {
  return mapSealed(value, ({ shown }) => shown);
}
