import type { Mode } from '../model/recording.ts';
import { flag, type JsonObject, list, object, optional, Refused, required, text, whole } from './fields.ts';
import { readStartLayout } from './layout.ts';
import type { RecordingState } from './recording.ts';
import { untouched } from './recording.ts';
import { readOutputs } from './rtmp.ts';
import { readStorage } from './storage.ts';
import { readStartLists, type StreamTypes, type UnsubscribeSpelling } from './subscriptions.ts';

/** What a `clientRequest` of start asks for. */
export interface Started {
  state: RecordingState;
  streamTypes: StreamTypes | undefined;
  fileTypes: string[];
}

const CLIENT_REQUEST = [
  'token',
  'appsCollection',
  'recordingConfig',
  'transcodeOptions',
  'recordingFileConfig',
  'snapshotConfig',
  'storageConfig',
  'extensionServiceConfig',
];

function readRecordingConfig(value: unknown, at: string, found: Started, spelling: UnsubscribeSpelling) {
  const config = object(value, at);
  // REST, start: channelType 0 communication, 1 live broadcasting; streamTypes 2 where it is left out.
  optional(config, 'channelType', at, (it, where) => whole(it, where, 0, 1));
  const types = optional(config, 'streamTypes', at, (it, where) => whole(it, where, 0, 2));
  found.streamTypes = (types ?? 2) as StreamTypes;
  found.state.subscriptions = readStartLists(config, at, found.streamTypes, spelling);
  const layout = optional(config, 'transcodingConfig', at, readStartLayout);
  if (layout) found.state.layout = layout;
}

function readService(value: unknown, at: string, found: Started): string {
  const service = object(value, at, ['serviceName', 'errorHandlePolicy', 'streamTypes', 'serviceParam']);
  const name = required(service, 'serviceName', at, text);
  const param: JsonObject = required(service, 'serviceParam', at, (it, where) => object(it, where));
  if (name === 'web_recorder_service') {
    required(param, 'url', `${at}.serviceParam`, text);
    found.state.onhold = optional(param, 'onhold', `${at}.serviceParam`, flag) ?? false;
  } else if (name === 'rtmp_publish_service') {
    const outputs = required(param, 'outputs', `${at}.serviceParam`, readOutputs);
    found.state.rtmp = { outputs };
  }
  return name;
}

function readServices(value: unknown, at: string, found: Started): void {
  const config = object(value, at);
  const names = required(config, 'extensionServices', at, (it, where) =>
    list(it, where, 1, Number.MAX_SAFE_INTEGER, (each, place) => readService(each, place, found)),
  );
  if (!names.includes('web_recorder_service')) {
    throw new Refused(`${at}.extensionServices must hold a web_recorder_service`);
  }
}

/**
 * A `clientRequest` of start, checked where it matters to what is simulated: storage, subscriptions, layout, pause
 * and RTMP. The other settings are taken as they come.
 * @param nowSeconds the wall clock, Unix seconds
 * @throws Refused
 */
export function readStart(
  value: unknown,
  at: string,
  mode: Mode,
  nowSeconds: number,
  spelling: UnsubscribeSpelling,
): Started {
  const request = object(value, at, CLIENT_REQUEST);
  const found: Started = { state: untouched(), streamTypes: undefined, fileTypes: ['hls'] };
  found.state.storage = required(request, 'storageConfig', at, (it, where) =>
    readStorage(it, where, nowSeconds),
  );
  const files = optional(request, 'recordingFileConfig', at, (it, where) =>
    optional(object(it, where), 'avFileType', where, (types, place) => list(types, place, 1, 2, text)),
  );
  if (files) found.fileTypes = files;
  if (mode === 'web') {
    required(request, 'extensionServiceConfig', at, (it, where) => readServices(it, where, found));
  } else {
    optional(request, 'recordingConfig', at, (it, where) => readRecordingConfig(it, where, found, spelling));
  }
  return found;
}
