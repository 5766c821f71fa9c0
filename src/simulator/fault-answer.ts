import {
  type Answer,
  badRequest,
  mismatch,
  NO_ROUTE,
  OVER_LIMIT,
  resourceExpired,
  succeeded,
  WRONG_CREDENTIALS,
  workerNotFound,
  workerNotFoundInPayload,
} from './answer.ts';
import type { FaultRule } from './fault-rule.ts';

const OTHER_SID = 'f'.repeat(32);

function plain(rule: FaultRule, ids: { resourceId: string; sid: string }, path: string): Answer {
  switch (rule.answer) {
    case '206':
      // REST, common errors: 65, "request not completed".
      return { status: 206, body: { ...ids, code: 65, reason: 'request not completed' } };
    case '400':
      return badRequest(rule.reason ?? 'invalid parameter');
    case '400-appid':
      return { status: 400, body: { message: 'appid is invalid' } };
    case '401':
      return WRONG_CREDENTIALS;
    case '404-worker':
      return workerNotFound(ids);
    case '404-worker-payload':
      return workerNotFoundInPayload(ids);
    case '404-route':
      return NO_ROUTE;
    case '429':
      return OVER_LIMIT;
    case '432':
      return mismatch(rule.reason ?? 'App ID, cname or uid does not match the resource ID');
    case '433':
      return resourceExpired();
    case 'code62':
      // REST, common errors: 62, no connection to the recording service for network reasons. The HTTP status is not
      // documented; 400 goes with the other bodies of code and reason.
      return badRequest('no connection to the recording service', 62);
    case 'not-json':
      return {
        status: 200,
        raw: '<html><body>Welcome</body></html>',
        headers: { 'content-type': 'text/html' },
      };
    case 'empty-object':
      return { status: 200, body: {} };
    case 'wrong-body':
      return succeeded({ cname: 'another', uid: '1', resourceId: 'another', sid: OTHER_SID });
    case '302':
      return { status: 302, body: { message: 'Found' }, headers: { location: `${path}?redirected=1` } };
    default:
      return { status: Number(rule.answer), body: { message: 'An unexpected error occurred' } };
  }
}

/** The answer that a rule gives instead of the service's own. */
export function faultAnswer(rule: FaultRule, ids: { resourceId: string; sid: string }, path: string): Answer {
  const answer = plain(rule, ids, path);
  return {
    ...answer,
    status: rule.status ?? answer.status,
    headers: {
      ...answer.headers,
      ...(rule.retryAfter !== undefined && { 'retry-after': String(rule.retryAfter) }),
    },
  };
}
