import type { Answer } from '../model/answer.ts';
import type { Identity } from '../model/recording.ts';

/**
 * What an answer means, by the public documents (Agora Cloud Recording REST: common errors, status codes, and
 * the integration guide):
 *   applied         200 for this very recording
 *   refused         400, 432, 433 and whatever else says that the same call will be refused again
 *   unauthorized    401: the account is stopped, it is the same for every call
 *   throttled       429: over the account's allowance; the call was not looked at
 *   not-found       404 "failed to find worker": ended, or being moved to another server
 *   no-route        404 for a URL that the service does not know: a defect of ours
 *   unfinished      206 code 65: not success, the outcome is unknown
 *   unknown         5xx, code 62, no answer, no JSON: the outcome is unknown
 *   unreached       the connection could not be made: certainly not applied
 */
export type Meaning =
  | 'applied'
  | 'refused'
  | 'unauthorized'
  | 'throttled'
  | 'not-found'
  | 'no-route'
  | 'unfinished'
  | 'unknown'
  | 'unreached';

export interface Judgement {
  meaning: Meaning;
  status?: number;
  /** One line for people, with the service's own reason where it gave one. */
  message: string;
  /** Whether a 400 concerns the App ID rather than this call. */
  appWide?: boolean;
  retryAfter?: number;
}

/** Reads an answer as it is meant. @param identity whose call it was: a 200 for another recording is no success */
export function judge(answer: Answer, identity: Pick<Identity, 'sid' | 'resourceId'>): Judgement {
  if (answer.kind === 'failure')
    return { meaning: answer.unsent ? 'unreached' : 'unknown', message: `${answer.host}: ${answer.message}` };
  const { status, retryAfter } = answer;
  const body = isObject(answer.body) ? answer.body : undefined;
  const said = reasonOf(body);
  const result = (meaning: Meaning, message: string): Judgement => ({
    meaning,
    status,
    message: said ? `${message}: ${said}` : message,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
  switch (status) {
    case 200:
      return judgeSuccess(body, identity, result);
    case 206:
      return result('unfinished', 'the service answered 206, it did not complete the request');
    case 401:
      return result('unauthorized', 'the service does not accept the credentials (401)');
    case 404:
      return body && /no route/i.test(said ?? '')
        ? result('no-route', 'the service does not know this URL (404)')
        : body
          ? result('not-found', 'the service does not find the recording (404)')
          : result('unknown', "an answer 404 that is not the service's");
    case 429:
      return result('throttled', 'over the allowance of the account (429)');
    case 408:
      return result('unknown', 'the service answered 408');
  }
  if (status >= 500 || code(body) === 62) return result('unknown', `the service answered ${status}`);
  if (status >= 300 && status < 400)
    return result('refused', `the service answered ${status}, a redirect, which is not followed`);
  // A proxy's page says nothing about the call.
  if (status > 400 && !body) return result('unknown', `an answer ${status} that is not the service's`);
  if (status >= 400) {
    const judgement = result('refused', `the service refuses the call (${status})`);
    return /appid is invalid/i.test(said ?? '') ? { ...judgement, appWide: true } : judgement;
  }
  return result('unknown', `the service answered ${status}`);
}

function judgeSuccess(
  body: Record<string, unknown> | undefined,
  identity: Pick<Identity, 'sid' | 'resourceId'>,
  result: (meaning: Meaning, message: string) => Judgement,
): Judgement {
  if (!body) return result('unknown', "an answer 200 that is not the service's");
  const number = code(body);
  if (number === 65) return result('unfinished', 'the service did not complete the request (code 65)');
  if (number === 62) return result('unknown', 'the service answered code 62');
  if (number !== undefined && number !== 0 && number !== 200)
    return result('unknown', `the service answered 200 with code ${number}`);
  // Older answers leave fields out, so an absent one proves nothing; another recording's does.
  const other = (['sid', 'resourceId'] as const).some(
    (id) => typeof body[id] === 'string' && body[id] !== identity[id],
  );
  if (other) return result('unknown', 'the service answered for another recording');
  return { meaning: 'applied', status: 200, message: 'applied' };
}

/** Control characters, which are printed as one space. */
export const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g;

function code(body: Record<string, unknown> | undefined): number | undefined {
  const value = body?.code;
  return typeof value === 'number'
    ? value
    : typeof value === 'string' && /^\d+$/.test(value)
      ? Number(value)
      : undefined;
}

/** More of the service's words than this is not kept, in characters; secrets are taken out before anybody shortens it for showing. */
const LONGEST_REASON = 4_000;

/** The service's own words, made safe to print: one line, no control characters, not endless. */
function reasonOf(body: Record<string, unknown> | undefined): string | undefined {
  const words = [body?.reason, body?.message, body?.error].find(
    (value) => typeof value === 'string' && value !== '',
  );
  const number = code(body);
  const text = [words, number === undefined || number === 200 ? undefined : `code ${number}`]
    .filter(Boolean)
    .join(', ');
  return text === '' ? undefined : text.replace(CONTROL, ' ').slice(0, LONGEST_REASON);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
