import { isRtmpUrl, NOT_RTMP } from '../desired/rtmp.ts';
import type { Mode } from '../model/recording.ts';
import { convertLayout } from './layout.ts';
import { type Findings, Section } from './section.ts';
import type { JsonObject, StartJson } from './start-json.ts';
import { convertStorage } from './storage.ts';
import { type ImportedSecret, variableName } from './variable.ts';

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
}

export interface Converted extends Findings {
  /** The document of the recording file, as plain values: unchecked but for its structure. */
  document: JsonObject;
  secrets: ImportedSecret[];
  /** Where parts of the document come from: JSON Pointer of the document → path in the JSON, or a flag. */
  origins: Map<string, string>;
}

/** Lists of `recordingConfig` by medium; both spellings are in use (Agora Cloud Recording REST, start). */
const LISTS = {
  audioUidList: ['subscribeAudioUids', 'unSubscribeAudioUids', 'unsubscribeAudioUids'],
  videoUidList: ['subscribeVideoUids', 'unSubscribeVideoUids', 'unsubscribeVideoUids'],
} as const;

/**
 * What a recording file has to say so that the recording stays as `start` made it. Source of the fields: Agora
 * Cloud Recording REST, start, update and updateLayout. Values are copied as they are, numbers of enumerations by
 * their names; whether they are allowed is for the reader of recording files to say.
 */
export function convertStart(
  start: StartJson,
  identity: ImportedIdentity | LaterIdentity,
  name: string,
): Converted {
  const converted: Converted = {
    document: { name },
    secrets: [],
    leftOut: [],
    problems: [],
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
  request.finish();
  return converted;
}

function recordingOf(
  start: StartJson,
  identity: ImportedIdentity | LaterIdentity,
  { origins }: Converted,
): JsonObject {
  if ('fromFile' in identity) return { fromFile: identity.fromFile };
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
  { document, origins }: Converted,
): void {
  const config = request.section('recordingConfig');
  if (!config) return;
  const streamTypes = config.take('streamTypes');
  // Beside a file that will say it, it has no place.
  if (streamTypes !== undefined && !('fromFile' in recording)) {
    recording.streamTypes = streamTypes;
    origins.set('/recording/streamTypes', config.pathOf('streamTypes'));
  }
  const subscriptions: JsonObject = {};
  for (const [medium, names] of Object.entries(LISTS)) {
    const lists = config.pick(names);
    if (Object.keys(lists).length === 0) continue;
    subscriptions[medium] = lists;
    origins.set(`/subscriptions/${medium}`, config.path);
  }
  if (Object.keys(subscriptions).length > 0) document.subscriptions = subscriptions;
  if (mode === 'mix') {
    const transcoding = config.section('transcodingConfig');
    const layout = transcoding && convertLayout(transcoding);
    if (transcoding && layout && Object.keys(layout).length > 0) {
      document.layout = layout;
      origins.set('/layout', transcoding.path);
    }
  }
  config.finish();
}

/** The services of web page recording: the recorder itself, and the push to a CDN. */
function convertServices(request: Section, converted: Converted): void {
  const config = request.section('extensionServiceConfig');
  for (const service of config?.sections('extensionServices') ?? []) {
    const name = service.take('serviceName');
    const param = service.section('serviceParam');
    if (!param) continue;
    if (name === 'web_recorder_service') {
      const onhold = param.take('onhold');
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
function convertOutputs(param: Section, { document, secrets, origins }: Converted): void {
  const outputs = param.sections('outputs') ?? [];
  const prefix = `${variableName(String(document.name))}_RTMP_URL`;
  const references = outputs.flatMap((output, index) => {
    const value = output.text('rtmpUrl');
    output.finish();
    if (value === undefined) return [];
    if (!isRtmpUrl(value)) output.problem('rtmpUrl', NOT_RTMP);
    const variable = index === 0 ? prefix : `${prefix}_${index + 1}`;
    secrets.push({ variable, value, path: output.pathOf('rtmpUrl') });
    return [{ rtmpUrl: { fromEnv: variable } }];
  });
  if (references.length === 0) return;
  document.rtmp = { outputs: references };
  origins.set('/rtmp/outputs', param.pathOf('outputs'));
}
