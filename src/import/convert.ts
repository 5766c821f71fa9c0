import { isRtmpUrl, NOT_RTMP } from '../agora/rtmp-url.ts';
import { ALL_STREAMS } from '../agora/tables.ts';
import type { Mode } from '../model/recording.ts';
import { unseenIn, withoutLineEnds } from '../secrets/secret-text.ts';
import { convertLayout } from './layout.ts';
import { type Findings, Section } from './section.ts';
import type { JsonObject, StartJson } from './start-json.ts';
import { convertStorage } from './storage.ts';
import { type ImportedSecret, type Variables, variableName } from './variable.ts';

/** What the body of `start` does not say: which recording it is. */
export interface ImportedIdentity {
  appId: string;
  /** As the flags give it or the JSON has it; checked with everything else. */
  cname: unknown;
  uid: unknown;
  resourceId: string;
  sid: string;
  mode: Mode;
}

/** Where it will stand which recording it is, from the recording file's folder: `start` has not answered yet. */
export interface LaterIdentity {
  fromFile: string;
  mode: Mode;
  /** Where it is known beforehand. */
  appId?: string;
}

export interface Converted extends Findings {
  /** The document of the recording file, as plain values: unchecked but for its structure. */
  document: JsonObject;
  secrets: ImportedSecret[];
  /** Where parts of the document come from: JSON Pointer of the document → path in the JSON, or a flag. */
  origins: Map<string, string>;
  /** What variables are called that hold secrets. */
  variables: Variables;
}

/** Lists of `recordingConfig` by medium; both spellings are in use (Agora Cloud Recording REST, start). */
const LISTS = {
  audioUidList: ['subscribeAudioUids', 'unSubscribeAudioUids', 'unsubscribeAudioUids'],
  videoUidList: ['subscribeVideoUids', 'unSubscribeVideoUids', 'unsubscribeVideoUids'],
} as const;

/** `streamTypes` (Agora Cloud Recording REST, start). */
const AUDIO_ONLY = 0;
const VIDEO_ONLY = 1;

/** Pixels that a side of the canvas may have in a recording file. */
const MAX_SIDE = 8192;

/**
 * What a recording file has to say so that the recording stays as `start` made it. Source of the fields: Agora
 * Cloud Recording REST, start, update and updateLayout. Values are copied as they are, numbers of enumerations by
 * their names; whether they are allowed is for the reader of recording files to say.
 */
export function convertStart(
  start: StartJson,
  identity: ImportedIdentity | LaterIdentity,
  name: string,
  variables: Variables,
): Converted {
  const converted: Converted = {
    document: { name },
    variables,
    secrets: [],
    leftOut: [...start.leftOut],
    problems: [],
    notes: [...start.notes],
    origins: new Map([
      ['/name', '--name'],
      ['/recording/appId', '--app-id'],
      ['/recording/resourceId', '--resource-id'],
      ['/recording/sid', '--sid'],
      ['/recording/mode', '--mode'],
    ]),
  };
  const request = new Section(start.clientRequest, start.path, converted);
  const { mode } = identity;
  const recording = recordingOf(start, identity, converted);
  converted.document.recording = recording;
  if (mode === 'web') convertServices(request, converted);
  else convertRecordingConfig(request, mode, recording, converted);
  convertStorage(request, converted);
  converted.block = undefined;
  request.finish();
  return converted;
}

function recordingOf(
  start: StartJson,
  identity: ImportedIdentity | LaterIdentity,
  { origins }: Converted,
): JsonObject {
  if ('fromFile' in identity) {
    const { fromFile, appId } = identity;
    return appId === undefined ? { fromFile } : { fromFile, appId };
  }
  const { appId, cname, resourceId, sid, mode } = identity;
  origins.set('/recording/cname', start.cname === cname ? 'cname' : '--cname');
  origins.set('/recording/uid', start.uid === identity.uid ? 'uid' : '--uid');
  const uid = typeof identity.uid === 'number' ? String(identity.uid) : identity.uid;
  return { appId, cname, uid, resourceId, sid, mode };
}

function convertRecordingConfig(
  request: Section,
  mode: Mode,
  recording: JsonObject,
  converted: Converted,
): void {
  const { document, origins } = converted;
  const config = request.section('recordingConfig');
  if (!config) return;
  const streamTypes = config.number('streamTypes');
  // Beside a file that will say it, it has no place.
  if (streamTypes !== undefined && !('fromFile' in recording)) {
    recording.streamTypes = streamTypes;
    origins.set('/recording/streamTypes', config.pathOf('streamTypes'));
  }
  converted.block = 'subscriptions';
  const subscriptions = subscriptionsOf(config, streamTypes);
  if (Object.keys(subscriptions).length > 0) document.subscriptions = subscriptions;
  for (const medium of Object.keys(subscriptions)) origins.set(`/subscriptions/${medium}`, config.path);
  converted.block = 'layout';
  if (mode === 'mix') {
    const transcoding = config.section('transcodingConfig');
    // It counts whether or not the layout can be taken over.
    const canvas = transcoding?.wholes(['width', 'height'], MAX_SIDE);
    if (canvas) document.canvas = canvas;
    const layout = transcoding && convertLayout(transcoding);
    if (transcoding && layout && Object.keys(layout).length > 0) {
      document.layout = layout;
      origins.set('/layout', transcoding.path);
    }
  }
  converted.block = undefined;
  config.finish();
}

/**
 * The lists that `start` was given. An empty one means every stream there. In a recording file a medium without its
 * list is not recorded beside one that has one, so there it is written as every stream.
 */
function subscriptionsOf(config: Section, streamTypes: unknown): JsonObject {
  const found = Object.entries(LISTS).map(([medium, names]) => {
    const lists = Object.fromEntries(
      names.map((name) => [name, config.list(name)]).filter(([, list]) => list !== undefined),
    );
    const empty = Object.keys(lists).filter((name) => isEmpty(lists[name]));
    for (const name of empty) delete lists[name];
    return { medium, lists, empty };
  });
  const subscriptions: JsonObject = {};
  const isAny = found.some(({ lists }) => Object.keys(lists).length > 0);
  for (const { medium, lists, empty } of found) {
    const isEvery = empty.length > 0 && Object.keys(lists).length === 0;
    const isRecorded = streamTypes !== (medium === 'audioUidList' ? VIDEO_ONLY : AUDIO_ONLY);
    const every = isEvery && isAny && isRecorded;
    for (const name of empty)
      config.note(
        name,
        every
          ? `written as ["${ALL_STREAMS}"], because an empty list means every stream at start`
          : 'left out, because an empty list means every stream at start',
      );
    if (every) subscriptions[medium] = { [LISTS[medium as keyof typeof LISTS][0]]: [ALL_STREAMS] };
    else if (Object.keys(lists).length > 0) subscriptions[medium] = lists;
  }
  return subscriptions;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** The services of web page recording: the recorder itself, and the push to a CDN. */
function convertServices(request: Section, converted: Converted): void {
  const config = request.section('extensionServiceConfig');
  for (const service of config?.sections('extensionServices') ?? []) {
    const name = service.take('serviceName');
    const param = service.section('serviceParam');
    if (!param) continue;
    converted.block = name === 'rtmp_publish_service' ? 'rtmp' : 'onhold';
    if (name === 'web_recorder_service') {
      const onhold = param.flag('onhold');
      if (onhold !== undefined) {
        converted.document.onhold = onhold;
        converted.origins.set('/onhold', param.pathOf('onhold'));
      }
    } else if (name === 'rtmp_publish_service') convertOutputs(param, converted);
    param.finish();
    service.finish();
  }
  config?.finish();
}

/** An RTMP address holds the stream key: the file gets a reference, named after the recording, which owns it. */
function convertOutputs(param: Section, { document, secrets, origins, variables }: Converted): void {
  const outputs = param.sections('outputs') ?? [];
  const prefix = `${variableName(String(document.name))}_RTMP_URL`;
  const references = outputs.flatMap((output, index) => {
    const value = output.text('rtmpUrl');
    output.finish();
    if (value === undefined) return [];
    const unseen = unseenIn(withoutLineEnds(value));
    if (unseen) output.problem('rtmpUrl', `the address has ${unseen}`);
    else if (!isRtmpUrl(withoutLineEnds(value))) output.problem('rtmpUrl', NOT_RTMP);
    const variable = variables.nameFor(index === 0 ? prefix : `${prefix}_${index + 1}`, value);
    secrets.push({ variable, value, path: output.pathOf('rtmpUrl'), block: 'rtmp' });
    return [{ rtmpUrl: { fromEnv: variable } }];
  });
  if (references.length === 0) return;
  document.rtmp = { outputs: references };
  origins.set('/rtmp/outputs', param.pathOf('outputs'));
}
