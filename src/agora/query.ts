import { isObject } from '../model/json.ts';

/** What `query` shows of a recording (Agora Cloud Recording REST, query). */
export interface Observation {
  /** It has stopped, or is about to: status 6, 7, 8 and 20. */
  ended: boolean;
  /** The real state of the web page recording; undefined where the answer does not show it. */
  onhold?: boolean;
  /** The real RTMP outputs; undefined where the answer does not show them. */
  outputs?: { rtmpUrl: string; status: string }[];
}

/** 6 stop requested, 7 components stopped, 8 exited, 20 exited abnormally. */
const ENDED: readonly unknown[] = [6, 7, 8, 20];

/** Reads the body of an answer 200; undefined where it is not of the documented form. */
export function readObservation(body: unknown): Observation | undefined {
  const response = field(body, 'serverResponse');
  const status = statusOf(field(response, 'status'));
  if (status === undefined) return undefined;
  const observation: Observation = { ended: ENDED.includes(status) };
  const services = field(response, 'extensionServiceState');
  for (const service of Array.isArray(services) ? services : []) {
    const payload = field(service, 'payload');
    const onhold = field(payload, 'onhold');
    if (field(service, 'serviceName') === 'web_recorder_service' && typeof onhold === 'boolean')
      observation.onhold = onhold;
    const outputs = field(payload, 'outputs');
    if (field(service, 'serviceName') === 'rtmp_publish_service' && Array.isArray(outputs))
      observation.outputs = outputs.map((output) => ({
        rtmpUrl: String(field(output, 'rtmpUrl') ?? ''),
        status: String(field(output, 'status') ?? ''),
      }));
  }
  return observation;
}

/** Some answers carry the number as a text. */
function statusOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  return typeof value === 'number' ? value : undefined;
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
