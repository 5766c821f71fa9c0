import { list, object, Refused, required, text } from './fields.ts';

/** One output of the live stream. */
export interface Output {
  rtmpUrl: string;
}

function output(value: unknown, at: string): Output {
  const read = object(value, at, ['rtmpUrl']);
  const rtmpUrl = required(read, 'rtmpUrl', at, text);
  if (!/^rtmps?:\/\/[^\s/?#]+/i.test(rtmpUrl)) {
    throw new Refused(`${at}.rtmpUrl must begin with rtmp:// or rtmps:// and name a host`);
  }
  return { rtmpUrl };
}

/**
 * `outputs` of rtmpPublishConfig (REST, update) and of the rtmp_publish_service (REST, start); an empty array ends
 * all outputs.
 * @throws Refused
 */
export function readOutputs(value: unknown, at: string): Output[] {
  return list(value, at, 0, Number.MAX_SAFE_INTEGER, output);
}
