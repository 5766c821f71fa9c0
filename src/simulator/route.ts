import type { Mode } from '../model/recording.ts';

export type EndpointName = 'acquire' | 'start' | 'query' | 'update' | 'updateLayout' | 'stop';

/** A call of the API as its URL names it (Agora Cloud Recording REST, overview). */
export interface Route {
  endpoint: EndpointName;
  appId: string;
  resourceId?: string;
  sid?: string;
  mode?: Mode;
}

const SEGMENT = '([^/]+)';
const BASE = `^/v1/apps/${SEGMENT}/cloud_recording`;
const MODE = 'mode/(individual|mix|web)';
const ACQUIRE = new RegExp(`${BASE}/acquire$`);
const START = new RegExp(`${BASE}/resourceid/${SEGMENT}/${MODE}/start$`);
const RUNNING = new RegExp(
  `${BASE}/resourceid/${SEGMENT}/sid/${SEGMENT}/${MODE}/(query|update|updateLayout|stop)$`,
);

function decoded(segment: string | undefined): string {
  try {
    return decodeURIComponent(segment ?? '');
  } catch {
    // A percent sign that starts no escape is taken as it stands: then no recording has that id.
    return segment ?? '';
  }
}

/** The call that method and path (without query string) mean; undefined where the service knows no such route. */
export function parseRoute(method: string, path: string): Route | undefined {
  const acquire = ACQUIRE.exec(path);
  if (acquire && method === 'POST') return { endpoint: 'acquire', appId: decoded(acquire[1]) };
  const start = START.exec(path);
  if (start && method === 'POST') {
    return {
      endpoint: 'start',
      appId: decoded(start[1]),
      resourceId: decoded(start[2]),
      mode: start[3] as Mode,
    };
  }
  const running = RUNNING.exec(path);
  if (!running || method !== (running[5] === 'query' ? 'GET' : 'POST')) return undefined;
  return {
    endpoint: running[5] as EndpointName,
    appId: decoded(running[1]),
    resourceId: decoded(running[2]),
    sid: decoded(running[3]),
    mode: running[4] as Mode,
  };
}
