import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../src/agora/proxy.ts';
import { type Progress, troubleOf } from '../../src/agora/way.ts';

const proxy = proxyFor('https://api.agora.io', { HTTPS_PROXY: 'http://me:hunter2@proxy.example.com:3128' });
const timeouts = { connect: 5_000, request: 10_000 };
const timedOut = (event: string) => ({ name: 'TimeoutError', code: 'ETIMEDOUT', event });

const trouble = (error: object, progress: Partial<Progress> = {}) =>
  troubleOf(error, { timeouts, proxy: undefined, hasSocket: true, connected: false, ...progress });

describe('what went wrong on the way', () => {
  it.each<[object, Partial<Progress>, string, string | undefined]>([
    [{ code: 'ECONNREFUSED' }, {}, 'nothing listens there (connection refused)', 'network'],
    [{ code: 'ECONNRESET' }, { connected: true }, 'the connection was cut', 'network'],
    [{ code: 'EHOSTUNREACH' }, {}, 'EHOSTUNREACH', 'network'],
    [{ code: 'ENOTFOUND' }, {}, 'the name cannot be resolved (DNS)', 'failed'],
    [{ code: 'EAI_AGAIN' }, {}, 'the name cannot be resolved (DNS)', 'failed'],
    [timedOut('lookup'), {}, 'no connection within 5 s', 'failed'],
    [timedOut('secureConnect'), {}, 'no connection within 5 s', 'network'],
    [timedOut('request'), {}, 'no connection within 10 s', 'network'],
    [timedOut('request'), { connected: true }, 'no answer within 10 s', 'network'],
    [
      { code: 'EMFILE', message: 'connect EMFILE 127.0.0.1:1' },
      {},
      'this machine lets no more files be opened (EMFILE)',
      undefined,
    ],
    [{ code: 'ENFILE' }, { proxy }, 'this machine lets no more files be opened (ENFILE)', undefined],
  ])('%j', (error, progress, message, reached) => {
    expect(trouble(error, progress)).toEqual({ message, reached });
  });

  it.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS=FILE.pem'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'NODE_EXTRA_CA_CERTS=FILE.pem'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS=FILE.pem'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'NODE_EXTRA_CA_CERTS=FILE.pem'],
    ['CERT_HAS_EXPIRED', 'clock'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'for another name'],
  ])('a certificate: %s', (code, hint) => {
    const { message, reached } = trouble({ code });
    expect(message).toMatch(new RegExp(`^its certificate is .*\\(${code}\\).*`));
    expect(message).toContain(hint);
    expect(reached).toBe('network');
  });

  it('at the proxy is told of the proxy, without its credentials', () => {
    const where = 'the proxy proxy.example.com:3128 (HTTPS_PROXY)';
    const at = (error: object) => trouble(error, { proxy, hasSocket: false });
    expect(at({ code: 'ENOTFOUND' })).toEqual({
      message: `${where}: the name cannot be resolved (DNS)`,
      reached: undefined,
    });
    expect(at({ message: 'Bad response: 407' })).toEqual({
      message: `${where} wants credentials (407): HTTPS_PROXY=http://USER:PASSWORD@proxy.example.com:3128`,
      reached: undefined,
    });
    expect(at({ message: 'Bad response: 403' })).toMatchObject({ reached: 'network' });
    expect(at({ message: 'Proxy timeout' }).message).toBe(`${where}: no answer within 4 s`);
    // Behind the proxy it is about the host.
    expect(trouble({ code: 'ECONNRESET' }, { proxy })).toEqual({
      message: 'the connection was cut',
      reached: 'network',
    });
  });
});
