import type {
  BlockName,
  Blocks,
  ClientRequests,
  Endpoint,
  Identity,
  Layout,
  Sealed,
  Storage,
  UpdateRequest,
} from '../model/recording.ts';
import { completeLayout, completeSubscriptions, DEFAULTS } from './defaults.ts';

/** Which endpoint carries which block (Agora Cloud Recording REST, update and updateLayout). */
export const ENDPOINT_OF: Record<BlockName, Endpoint> = {
  subscriptions: 'update',
  layout: 'updateLayout',
  onhold: 'update',
  rtmp: 'update',
  storage: 'update',
};

/** Where a block stands in the `clientRequest` of `update`. */
export const SECTION_OF = {
  subscriptions: 'streamSubscribe',
  onhold: 'webRecordingConfig',
  rtmp: 'rtmpPublishConfig',
  storage: 'storageConfig',
} as const satisfies Partial<Record<BlockName, keyof UpdateRequest>>;

/** Blocks that go back to a default when the file drops them; the others have none and stay as they are. */
export const RESETTABLE: readonly BlockName[] = ['subscriptions', 'layout', 'onhold'];

/**
 * The whole desired state of both endpoints, from the blocks that the file sets and those that are managed
 * because they once were: these go to their defaults.
 * @returns undefined for an endpoint of which nothing is managed
 */
export function desiredRequests(
  identity: Identity,
  blocks: Blocks,
  managed: ReadonlySet<BlockName>,
): { update?: UpdateRequest; updateLayout?: Layout } {
  const update: UpdateRequest = {};
  if (managed.has('subscriptions'))
    update.streamSubscribe = completeSubscriptions(blocks.subscriptions ?? {}, identity.streamTypes);
  if (managed.has('onhold')) update.webRecordingConfig = { onhold: blocks.onhold ?? DEFAULTS.onhold };
  if (blocks.rtmp) update.rtmpPublishConfig = blocks.rtmp;
  if (blocks.storage) update.storageConfig = blocks.storage;
  return {
    ...(Object.keys(update).length > 0 ? { update } : {}),
    ...(managed.has('layout') ? { updateLayout: completeLayout(blocks.layout ?? {}) } : {}),
  };
}

/** How `unSubscribeAudioUids` and its video sibling are spelt on the wire: the public documents disagree. */
export type UnsubscribeSpelling = 'unSubscribe' | 'unsubscribe';

/**
 * A clientRequest as it goes over the wire.
 * @param reveal gives the text that stands for a secret: its value when sending, its mask when showing
 * @param spelling left out: as the request has it
 */
export function wireRequest<E extends Endpoint>(
  endpoint: E,
  request: ClientRequests[E],
  reveal: (secret: Sealed) => string,
  spelling?: UnsubscribeSpelling,
): Record<string, unknown> {
  // A new object always: what holds no secret is handed through as it is, and is what is remembered.
  const revealed = { ...(mapSealed(request, reveal) as Record<string, unknown>) };
  if (endpoint === 'updateLayout') return revealed;
  const { streamSubscribe, storageConfig } = revealed as {
    streamSubscribe?: object;
    storageConfig?: Storage;
  };
  if (streamSubscribe) revealed.streamSubscribe = spelt(streamSubscribe, spelling);
  if (storageConfig?.credentials) {
    const { credentials: _, ...wire } = storageConfig;
    revealed.storageConfig = wire;
  }
  return revealed;
}

/** A clientRequest without the sections that are not sent again. */
export function withoutKept(
  clientRequest: Record<string, unknown>,
  keeps: readonly string[] = [],
): Record<string, unknown> {
  if (keeps.length === 0) return clientRequest;
  return Object.fromEntries(Object.entries(clientRequest).filter(([section]) => !keeps.includes(section)));
}

/** What a credentials program gives that is secret, and all that it gives. */
export const PROGRAM_SECRETS = ['accessKey', 'secretKey', 'stsToken'] as const;
export const PROGRAM_FIELDS = [...PROGRAM_SECRETS, 'stsExpiration'] as const;

/** The body of `update` and `updateLayout`. */
export function body(identity: Identity, clientRequest: Record<string, unknown>): Record<string, unknown> {
  return { cname: identity.cname, uid: identity.uid, clientRequest };
}

export function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null && 'sealed' in value && 'reference' in value;
}

/** The same structure with every secret replaced; what holds none is the very same. */
export function mapSealed(value: unknown, replace: (secret: Sealed) => unknown): unknown {
  if (isSealed(value)) return replace(value);
  if (!holdsSealed(value)) return value;
  if (Array.isArray(value)) return value.map((item) => mapSealed(item, replace));
  return Object.fromEntries(
    Object.entries(value as object).map(([key, item]) => [key, mapSealed(item, replace)]),
  );
}

function holdsSealed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isSealed(value)) return true;
  for (const key in value) if (holdsSealed((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** The same with the names of the lists as they are spelt on the wire. @param spelling left out: as they are */
export function spelt(value: unknown, spelling?: UnsubscribeSpelling): unknown {
  if (spelling === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replace(/^un[Ss]ubscribe/, spelling),
      spelt(item, spelling),
    ]),
  );
}
