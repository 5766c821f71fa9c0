import { type JsonObject, list, object, optional, Refused, text, uid } from './fields.ts';

/** Lists as the service keeps them, by the medium's object; a medium without a list is absent. */
export interface Subscribed {
  audioUidList?: { subscribeAudioUids?: string[]; unSubscribeAudioUids?: string[] };
  videoUidList?: { subscribeVideoUids?: string[]; unSubscribeVideoUids?: string[] };
}

/**
 * Which spelling of the lists of UIDs *not* to subscribe to counts; the other is ignored without an error.
 * The reference's request example and Agora's client libraries write unSubscribe…, its parameter tables unsubscribe….
 */
export type UnsubscribeSpelling = 'unSubscribe' | 'unsubscribe';

/** 0 audio only, 1 video only, 2 both (REST, start: recordingConfig.streamTypes). */
export type StreamTypes = 0 | 1 | 2;

/** REST, update: streamSubscribe, the longest list. */
const MOST_UIDS = 32;
const ALL_STREAMS = '#allstream#';

function uids(value: unknown, at: string): string[] {
  return list(value, at, 1, MOST_UIDS, uid);
}

function uidsOrAll(value: unknown, at: string): string[] {
  const read = list(value, at, 1, MOST_UIDS, text);
  if (!read.includes(ALL_STREAMS)) return uids(value, at);
  if (read.length > 1) throw new Refused(`${at} must hold ${ALL_STREAMS} alone`);
  return read;
}

interface Lists {
  subscribe?: string[];
  unsubscribe?: string[];
}

/** Both lists of one medium out of `parent`, where they stand beside each other. */
function mediumLists(
  parent: JsonObject,
  at: string,
  medium: 'Audio' | 'Video',
  spelling: UnsubscribeSpelling,
): Lists {
  const subscribe = optional(parent, `subscribe${medium}Uids`, at, uidsOrAll);
  const unsubscribe = optional(parent, `${spelling}${medium}Uids`, at, uids);
  if (subscribe && unsubscribe) {
    throw new Refused(`${at}: subscribe${medium}Uids and unSubscribe${medium}Uids must not be set together`);
  }
  return { ...(subscribe && { subscribe }), ...(unsubscribe && { unsubscribe }) };
}

function kept(audio: Lists, video: Lists): Subscribed | null {
  const found: Subscribed = {};
  if (audio.subscribe) found.audioUidList = { subscribeAudioUids: audio.subscribe };
  if (audio.unsubscribe) found.audioUidList = { unSubscribeAudioUids: audio.unsubscribe };
  if (video.subscribe) found.videoUidList = { subscribeVideoUids: video.subscribe };
  if (video.unsubscribe) found.videoUidList = { unSubscribeVideoUids: video.unsubscribe };
  return found.audioUidList || found.videoUidList ? found : null;
}

/** REST, update: with streamTypes 0 no video list may be set, with 1 no audio list. */
function againstStreamTypes(set: { audio: boolean; video: boolean }, at: string, types?: StreamTypes): void {
  if (types === 0 && set.video) throw new Refused(`${at}: no video list with streamTypes 0`);
  if (types === 1 && set.audio) throw new Refused(`${at}: no audio list with streamTypes 1`);
}

function namesOf(medium: 'Audio' | 'Video'): string[] {
  return [`subscribe${medium}Uids`, `unSubscribe${medium}Uids`, `unsubscribe${medium}Uids`];
}

/**
 * `streamSubscribe` of an update; null where no list remains, which means every stream of the channel.
 * @throws Refused
 */
export function readStreamSubscribe(
  value: unknown,
  at: string,
  streamTypes: StreamTypes | undefined,
  spelling: UnsubscribeSpelling,
): Subscribed | null {
  const read = object(value, at, ['audioUidList', 'videoUidList']);
  const audio = optional(read, 'audioUidList', at, (it, where) =>
    mediumLists(object(it, where, namesOf('Audio')), where, 'Audio', spelling),
  );
  const video = optional(read, 'videoUidList', at, (it, where) =>
    mediumLists(object(it, where, namesOf('Video')), where, 'Video', spelling),
  );
  againstStreamTypes({ audio: audio !== undefined, video: video !== undefined }, at, streamTypes);
  return kept(audio ?? {}, video ?? {});
}

/**
 * The lists that `start` takes flat in `recordingConfig`.
 * @throws Refused
 */
export function readStartLists(
  config: JsonObject,
  at: string,
  streamTypes: StreamTypes | undefined,
  spelling: UnsubscribeSpelling,
): Subscribed | null {
  const audio = mediumLists(config, at, 'Audio', spelling);
  const video = mediumLists(config, at, 'Video', spelling);
  againstStreamTypes(
    { audio: Object.keys(audio).length > 0, video: Object.keys(video).length > 0 },
    at,
    streamTypes,
  );
  return kept(audio, video);
}
