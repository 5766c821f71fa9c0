import type { Answer } from '../model/answer.ts';
import { isObject } from '../model/json.ts';
import type { Identity } from '../model/recording.ts';

/**
 * How long a call that got no answer may still take effect, in milliseconds. The service works on a call for 20 s at the
 * longest before it answers that it is not completed (Agora Cloud Recording REST, stop; no other call names a limit): half
 * of that again for the way there. What is given up late has those 20 s from then on.
 */
export const LATE = { afterDeparture: 30_000, afterGivingUp: 20_000 } as const;

/**
 * What an answer means, by the public documents (Agora Cloud Recording REST: common errors, status codes, quotas, and
 * the integration guide). Status and body are read together, because either alone misleads: 200 comes with errors,
 * 500 with a verdict on the body, 400 with no verdict at all.
 *   applied         200 that names this very recording
 *   refused         code 2 whatever the status, 432, 433: the same call will be refused again
 *   unauthorized    401: the account is stopped, it is the same for every call. Not a page that a proxy shows with it
 *   throttled       429, and a 400 that is no verdict on the body: over an allowance; the call was not looked at
 *   not-found       404 "failed to find worker": ended, or being moved to another server
 *   unfinished      206 or code 65: not success, the outcome is unknown
 *   unknown         5xx, code 62, no answer, 200 without proof: the outcome is unknown
 *   foreign         not in the service's words: a redirect, a proxy's page, a gateway without a route. No verdict,
 *                   and the way to the service may stay closed for long
 *   unreached       the connection could not be made: certainly not applied
 */
export type Meaning =
  | 'applied'
  | 'refused'
  | 'unauthorized'
  | 'throttled'
  | 'not-found'
  | 'unfinished'
  | 'unknown'
  | 'foreign'
  | 'unreached';

export interface Judgement {
  meaning: Meaning;
  status?: number;
  /** One line for people, with the service's own reason where it gave one. */
  message: string;
  /** Whether a refusal concerns the App ID rather than this call. */
  appWide?: boolean;
  retryAfter?: number;
}

/** Codes that say that the request was looked at and is refused (common errors; error codes of acquire and start). */
const REFUSALS: readonly (number | undefined)[] = [2, 49, 53, 109, 110, 432, 433];
/** What concerns the App ID: the service is not enabled for it, or its account is not active. */
const APP_WIDE = /app ?id is invalid|invalid_appid|no_active_status/i;
/** Words about requests a second. A body that is refused may speak of a frame rate or a bit rate. */
const TOO_OFTEN = /(?<!(?:bit|frame|sample)[ _-]?)\brate\b|frequen|too (?:many|fast)|throttl|\bqps\b/i;

/** Tells what an answer means. @param identity whose call it was: a 200 for another recording is no success */
export function judge(answer: Answer, identity: Pick<Identity, 'sid' | 'resourceId'>): Judgement {
  if (answer.kind === 'failure')
    return { meaning: answer.unsent ? 'unreached' : 'unknown', message: `${answer.host}: ${answer.message}` };
  const { status, retryAfter } = answer;
  const body = isObject(answer.body) ? answer.body : undefined;
  const said = reasonOf(body);
  const page = typeof answer.body === 'string';
  const [meaning, message] = meaningOf(status, body, page, said ?? '', identity);
  return {
    meaning,
    status,
    message: said && meaning !== 'applied' ? `${message}: ${said}` : message,
    ...(meaning === 'refused' && APP_WIDE.test(said ?? '') ? { appWide: true } : {}),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

/** The table. Its first line that fits decides. @param page whether the body is a text that is no JSON */
function meaningOf(
  status: number,
  body: Record<string, unknown> | undefined,
  page: boolean,
  said: string,
  identity: Pick<Identity, 'sid' | 'resourceId'>,
): [Meaning, string] {
  const number = code(body);
  const foreign: [Meaning, string] = ['foreign', `an answer ${status} that is not in the service's words`];
  if (status === 429) return ['throttled', 'over the allowance of the account (429)'];
  if (status === 401)
    return page ? foreign : ['unauthorized', 'the service does not accept the credentials (401)'];
  if (status >= 300 && status < 400)
    return ['foreign', `the service answered ${status}, a redirect, which is not followed`];
  if (number !== 2) {
    if (number === 65 || status === 206)
      return ['unfinished', `the service did not complete the request (${status})`];
    if (number === 62) return ['unknown', `the service answered ${status}`];
  }
  const refused: [Meaning, string] = ['refused', `the service refuses the call (${status})`];
  if (status >= 400 && status < 500 && APP_WIDE.test(said)) return refused;
  if (number === 2 || (status === 400 && body))
    return REFUSALS.includes(number) && !TOO_OFTEN.test(said)
      ? refused
      : ['throttled', `the service takes no more calls at the moment (${status})`];
  if (status === 200) return judgeSuccess(body, number, identity);
  if (status === 404)
    // A gateway that counts its errors in the same way speaks of routes.
    return body && (number === 404 || /find worker/i.test(said)) && !/\broute\b/i.test(said)
      ? ['not-found', 'the service does not find the recording (404)']
      : foreign;
  if (body && (status === 432 || status === 433 || (status < 500 && REFUSALS.includes(number))))
    return refused;
  if (status >= 400 && status < 500 && status !== 408) return foreign;
  return ['unknown', `the service answered ${status}`];
}

/** Only an answer that names the recording shows that the call was for it and is applied. */
function judgeSuccess(
  body: Record<string, unknown> | undefined,
  number: number | undefined,
  identity: Pick<Identity, 'sid' | 'resourceId'>,
): [Meaning, string] {
  if (!body) return ['unknown', "an answer 200 that is not in the service's words"];
  if (body.code !== undefined && number !== 0 && number !== 200)
    return [
      'unknown',
      `the service answered 200 with ${number === undefined ? 'another code' : `code ${number}`}`,
    ];
  const { sid, resourceId } = body;
  if (sid === undefined) return ['unknown', 'the service answered 200 without naming a recording'];
  if (sid !== identity.sid || (resourceId !== undefined && resourceId !== identity.resourceId))
    return ['unknown', 'the service answered for another recording'];
  // Contradicts itself: the documented answer of a success has neither.
  const { success = true, error } = body;
  if ((success !== true && success !== 'true') || (error !== undefined && error !== null && error !== ''))
    return ['unknown', 'the service answered 200 with an error'];
  return ['applied', 'applied'];
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

/**
 * More of the service's words than this is not kept, in characters; secrets are masked before it is shortened for
 * showing.
 */
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
