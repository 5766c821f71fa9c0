import { describe, expect, it } from 'vitest';
import { judge } from '../../src/agora/answers.ts';
import { answered } from '../support/engine.ts';

const WHO = { sid: 'sid-1', resourceId: 'resource-1' };

describe('what an answer means', () => {
  it.each([
    [200, { sid: 'sid-1', resourceId: 'resource-1' }, 'applied'],
    [200, { code: 0, sid: 'sid-1' }, 'applied'],
    [200, { code: 200, sid: 'sid-1' }, 'applied'],
    [200, { sid: 'sid-1', resourceId: 'resource-1', cname: 'c', uid: '1', more: true }, 'applied'],
    [200, {}, 'unknown'],
    [200, { resourceId: 'resource-1' }, 'unknown'],
    [200, { sid: 'sid-2' }, 'unknown'],
    [200, { sid: 'sid-1', resourceId: 'resource-2' }, 'unknown'],
    [200, { sid: 1 }, 'unknown'],
    [200, { error: 'internal' }, 'unknown'],
    [200, { success: false }, 'unknown'],
    [200, { sid: 'sid-1', success: false }, 'unknown'],
    [200, { sid: 'sid-1', error: 'internal' }, 'unknown'],
    [200, { sid: 'sid-1', success: 'false' }, 'unknown'],
    [200, { sid: 'sid-1', success: true, error: null }, 'applied'],
    [200, { sid: 'sid-1', error: { code: 5 } }, 'unknown'],
    [200, { sid: 'sid-1', error: true }, 'unknown'],
    [200, { sid: 'sid-1', code: 'ERR_INTERNAL' }, 'unknown'],
    [200, { code: 65 }, 'unfinished'],
    [200, { code: '65' }, 'unfinished'],
    [200, { code: 62 }, 'unknown'],
    [200, { code: 7 }, 'unknown'],
    [200, { code: 2, reason: 'bad' }, 'refused'],
    [200, undefined, 'unknown'],
    [200, [], 'unknown'],
    [200, 'OK', 'unknown'],
    [201, {}, 'unknown'],
    [204, undefined, 'unknown'],
    [206, { code: 65, reason: 'request not completed' }, 'unfinished'],
    [206, undefined, 'unfinished'],
    [301, undefined, 'foreign'],
    [302, { code: 2 }, 'foreign'],
    [307, undefined, 'foreign'],
    [400, { code: 2, reason: 'bad' }, 'refused'],
    [400, { code: '2', reason: 'bad' }, 'refused'],
    [400, { code: 2, reason: 'the frame rate is not supported' }, 'refused'],
    [400, { code: 2, reason: 'request frequency is too high' }, 'throttled'],
    [400, { code: 2, message: 'rate limit' }, 'throttled'],
    [400, { message: 'appid is invalid' }, 'refused'],
    [400, { code: 432, reason: 'mismatch' }, 'refused'],
    [400, { code: 49, reason: 'stopping' }, 'refused'],
    [400, { code: 62 }, 'unknown'],
    [400, { code: 65 }, 'unfinished'],
    [400, { message: 'too many requests' }, 'throttled'],
    [400, { code: 406, reason: 'vendor_over_load' }, 'throttled'],
    [400, {}, 'throttled'],
    [400, '<html>', 'foreign'],
    [400, undefined, 'foreign'],
    [401, { message: 'Invalid authentication credentials' }, 'unauthorized'],
    [401, undefined, 'unauthorized'],
    [401, '<html>', 'foreign'],
    [403, {}, 'foreign'],
    [403, { message: 'Forbidden' }, 'foreign'],
    [403, { code: 2, reason: 'bad' }, 'refused'],
    [404, { code: 404, message: 'failed to find worker' }, 'not-found'],
    [404, { reason: 'failed to find worker' }, 'not-found'],
    [404, { message: 'no Route matched with those values' }, 'foreign'],
    [404, { code: 404, message: 'no Route matched with those values' }, 'foreign'],
    [404, undefined, 'foreign'],
    [405, {}, 'foreign'],
    [407, '<html>', 'foreign'],
    [408, undefined, 'unknown'],
    [413, {}, 'foreign'],
    [429, { message: 'API rate limit exceeded' }, 'throttled'],
    [429, undefined, 'throttled'],
    [432, {}, 'refused'],
    [433, {}, 'refused'],
    [432, '<html>', 'foreign'],
    [500, undefined, 'unknown'],
    [500, { code: 2, reason: 'post method api body check failed!' }, 'refused'],
    [500, { code: 62 }, 'unknown'],
    [502, '<html>', 'unknown'],
    [503, {}, 'unknown'],
    [503, { code: 2 }, 'refused'],
    [504, {}, 'unknown'],
  ])('%i with %j: %s', (status, body, expected) => {
    expect(judge(answered(status, body ?? null), WHO)).toMatchObject({ meaning: expected, status });
  });

  it('a success for another recording is none', () => {
    const { meaning, message } = judge(answered(200, { sid: 'sid-2' }), WHO);
    expect(meaning).toBe('unknown');
    expect(message).toMatch(/another recording/);
    // Its words are not quoted: they could be anything.
    expect(message).not.toContain('sid-2');
  });

  it('no answer: whether the request may have arrived decides', () => {
    const failure = { kind: 'failure', message: 'the connection was cut', host: 'api.agora.io' } as const;
    expect(judge({ ...failure, unsent: true }, WHO)).toEqual({
      meaning: 'unreached',
      message: 'api.agora.io: the connection was cut',
    });
    expect(judge({ ...failure, unsent: false }, WHO).meaning).toBe('unknown');
  });

  it('an App ID that is not enabled concerns all its recordings, another 400 does not', () => {
    expect(judge(answered(400, { message: 'appid is invalid' }), WHO)).toMatchObject({
      meaning: 'refused',
      appWide: true,
    });
    expect(judge(answered(400, { code: 2, reason: 'bad' }), WHO).appWide).toBeUndefined();
  });

  it('hands on how long to wait', () => {
    expect(judge(answered(429, {}, 7_000), WHO).retryAfter).toBe(7_000);
    expect('retryAfter' in judge(answered(429, {}), WHO)).toBe(false);
  });
});

describe('the words of an answer', () => {
  const said = (body: unknown) => judge(answered(432, body), WHO).message;

  it('are those of the service, with its code', () => {
    expect(said({ code: 2, reason: 'uid missing' })).toBe(
      'the service refuses the call (432): uid missing, code 2',
    );
    expect(said({ message: 'no' })).toBe('the service refuses the call (432): no');
    expect(said({ error: 'no' })).toBe('the service refuses the call (432): no');
    expect(said({ code: 53 })).toBe('the service refuses the call (432): code 53');
    expect(said({ reason: '', message: 'second' })).toContain('second');
  });

  it('are ours alone where the service says nothing that can be read', () => {
    for (const body of [undefined, null, 'x', []])
      expect(said(body ?? null)).toBe("an answer 432 that is not in the service's words");
    for (const body of [{ reason: 5, message: {} }, { code: 'x' }])
      expect(said(body)).toBe('the service refuses the call (432)');
  });

  it('stay one line of bounded length without control characters', () => {
    const message = said({ reason: `a\r\nb\u001b[31mc\u0085d${'x'.repeat(5_000)}` });
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(message).toContain('a b [31mc d');
    expect(message.length).toBeLessThan(4_100);
  });
});
