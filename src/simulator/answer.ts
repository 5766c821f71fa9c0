import type { JsonObject } from './fields.ts';

/** What is answered over HTTP; `raw` instead of `body` where it is not JSON. */
export interface Answer {
  status: number;
  body?: unknown;
  raw?: string;
  headers?: Record<string, string>;
}

/** The ids that name a recording in every answer about it. */
export interface Ids {
  cname: string;
  uid: string;
  resourceId: string;
  sid: string;
}

/** REST, response status codes: the answers of the gateway before the recording service has a say. */
export const NO_ROUTE: Answer = { status: 404, body: { message: 'no Route matched with those values' } };
export const NO_CREDENTIALS: Answer = { status: 401, body: { message: 'Unauthorized' } };
export const WRONG_CREDENTIALS: Answer = {
  status: 401,
  body: { message: 'Invalid authentication credentials' },
};
export const TOO_LARGE: Answer = { status: 413, body: { message: 'Request size limit exceeded' } };

/** REST, response status codes: 429. */
export const OVER_LIMIT: Answer = { status: 429, body: { message: 'API rate limit exceeded' } };

/** 200 with the ids, and what the endpoint adds. */
export function succeeded(ids: Ids, more: JsonObject = {}): Answer {
  const { cname, uid, resourceId, sid } = ids;
  return { status: 200, body: { cname, uid, resourceId, sid, ...more } };
}

/** REST, common errors: 2 for an invalid parameter, 7 for a second start, 8 for a wrong header or broken JSON. */
export function badRequest(reason: string, code = 2): Answer {
  return { status: 400, body: { code, reason } };
}

/** REST, common errors: 432, the ids do not belong together. */
export function mismatch(reason: string): Answer {
  return { status: 432, body: { code: 432, reason } };
}

/** REST, common errors: 433, the resource ID has expired. */
export function resourceExpired(): Answer {
  return { status: 433, body: { code: 433, reason: 'resource expired' } };
}

/** REST, common errors: the recording has ended, never was, or is being moved to another server. */
export function workerNotFound(ids: Partial<Ids>): Answer {
  return { status: 404, body: { ...ids, code: 404, reason: 'failed to find worker' } };
}

/** The same as users of the service report it: the text stands inside serverResponse. */
export function workerNotFoundInPayload(ids: Partial<Ids>): Answer {
  const serverResponse = { command: 'UpdateLayout', payload: { message: 'failed to find worker' } };
  return { status: 404, body: { ...ids, code: 404, serverResponse } };
}
