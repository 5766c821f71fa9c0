import { describe, expect, test } from 'vitest';
import { type Access, type Asking, hostName, isLoopback, refusal } from '../../src/daemon/access.ts';

const OPEN = ['/healthz', '/readyz', '/metrics'];
const CLOSED = ['/', '/api/recordings', '/api/known', '/api/events', '/nowhere'];

const LOCAL: Asking = {
  path: '/api/recordings',
  remote: '127.0.0.1',
  local: '127.0.0.1',
  host: 'localhost:9464',
  authorization: undefined,
};
/** From another machine to a pod's address, which it uses as the Host. */
const REMOTE: Asking = { ...LOCAL, remote: '10.0.0.9', local: '10.0.0.5', host: '10.0.0.5:9464' };

function status(asking: Asking, access: Partial<Access> = {}, isSigned = false): number | undefined {
  return refusal(asking, { hosts: [], ...access }, isSigned)?.status;
}

describe('Host', () => {
  test.each([
    ['localhost', true],
    ['LocalHost:80', true],
    ['localhost.', true],
    ['127.0.0.1', true],
    ['127.255.0.3:9464', true],
    ['[::1]', true],
    ['[0:0:0:0:0:0:0:1]:9464', true],
    ['[::ffff:127.0.0.1]', true],
    ['127.0.0.1.evil.example', false],
    ['127.0.0.256', false],
    ['evil.example', false],
    ['localhost.evil.example', false],
    ['sub.localhost', false],
    ['0.0.0.0', false],
    ['::1', false],
    ['', false],
    ['localhost:', false],
    ['localhost:80:80', false],
    ['a@localhost', false],
    ['localhost/x', false],
    ['localhost, evil.example', false],
  ])('%j', (host, isServed) => {
    for (const path of [...OPEN, ...CLOSED])
      expect([path, status({ ...LOCAL, path, host })]).toEqual([path, isServed ? undefined : 403]);
  });

  test('a name or an address that the daemon goes by', () => {
    const hosts = ['Reelstate.example.com', '[fd00::2]', '10.0.0.5'];
    for (const host of [
      'reelstate.example.com:443',
      'REELSTATE.EXAMPLE.COM.',
      '[FD00:0::2]:9464',
      '10.0.0.5',
    ])
      expect([host, status({ ...LOCAL, host }, { hosts })]).toEqual([host, undefined]);
    for (const host of ['example.com', 'x.reelstate.example.com', '[fd00::3]', '10.0.0.6'])
      expect([host, status({ ...LOCAL, host }, { hosts })]).toEqual([host, 403]);
  });

  test('for health and metrics also the address that was asked, and none at all', () => {
    for (const path of OPEN) {
      expect(status({ ...REMOTE, path })).toBeUndefined();
      expect(status({ ...REMOTE, path, host: undefined })).toBeUndefined();
      expect(status({ ...REMOTE, path, local: '::ffff:10.0.0.5' })).toBeUndefined();
      expect(status({ ...REMOTE, path, local: 'fe80::1%eth0', host: '[fe80::1]:9464' })).toBeUndefined();
      expect(status({ ...REMOTE, path, host: '10.0.0.6' })).toBe(403);
      expect(status({ ...REMOTE, path, host: 'evil.example' })).toBe(403);
    }
    for (const path of CLOSED) {
      expect(status({ ...REMOTE, path, remote: '127.0.0.1' })).toBe(403);
      expect(status({ ...LOCAL, path, host: undefined })).toBe(403);
    }
  });

  test('is looked at whatever else a request brings', () => {
    const asking = { ...LOCAL, host: 'evil.example', authorization: 'Bearer token' };
    expect(status(asking, { isToken: () => true })).toBe(403);
    expect(status({ ...asking, path: '/hooks/git' }, {}, true)).toBe(403);
  });
});

describe('a token', () => {
  const access = { hosts: ['10.0.0.5'], isToken: (token: string) => token === 'right' };

  test('is asked of other machines alone, and not for health and metrics', () => {
    for (const path of OPEN) expect(status({ ...REMOTE, path }, access)).toBeUndefined();
    for (const path of CLOSED) {
      const asked = (authorization?: string) => status({ ...REMOTE, path, authorization }, access);
      expect(asked('Bearer right')).toBeUndefined();
      expect(asked('bearer  right ')).toBeUndefined();
      for (const wrong of [
        undefined,
        '',
        'Bearer',
        'Bearer ',
        'Bearer wrong',
        'Basic right',
        'right',
        'Bearer right x',
      ])
        expect([wrong, asked(wrong)]).toEqual([wrong, 401]);
      for (const remote of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.8.9.10'])
        expect(status({ ...LOCAL, path, remote }, access)).toBeUndefined();
    }
  });

  test('may be the password of a browser, whatever the user', () => {
    const asked = (text: string) =>
      status(
        { ...REMOTE, path: '/', authorization: `Basic ${Buffer.from(text).toString('base64')}` },
        access,
      );
    for (const right of [':right', 'ada:right']) expect([right, asked(right)]).toEqual([right, undefined]);
    for (const wrong of ['', 'right', 'right:', 'ada:wrong', 'ada:right:x', 'ada: right'])
      expect([wrong, asked(wrong)]).toEqual([wrong, 401]);
  });

  test('without one nothing else is served to them, but what is signed', () => {
    for (const path of CLOSED) expect(status({ ...REMOTE, path }, { hosts: ['10.0.0.5'] })).toBe(403);
    expect(status({ ...REMOTE, path: '/hooks/git' }, { hosts: ['10.0.0.5'] }, true)).toBeUndefined();
    expect(status({ ...REMOTE, remote: undefined }, { hosts: ['10.0.0.5'] })).toBe(403);
  });
});

test('addresses of loopback', () => {
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])
    expect(isLoopback(address)).toBe(true);
  for (const address of ['10.0.0.1', '::', '::2', '::ffff:10.0.0.1', 'localhost', '', undefined])
    expect(isLoopback(address)).toBe(false);
});

test('a Host in one spelling', () => {
  expect(hostName('Example.COM.:80')).toBe('example.com');
  expect(hostName('[2001:DB8:0:0::1]:80')).toBe('2001:db8::1');
});
