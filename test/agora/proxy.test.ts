import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../src/agora/proxy.ts';

const API = 'https://api.agora.io';
const PROXY = 'http://proxy.example.com:3128';

const through = (origin: string, env: Record<string, string>) => {
  const found = proxyFor(origin, env);
  return found && `${found.variable} ${found.url.href}`;
};

describe('the proxy', () => {
  it.each([
    [{}, undefined],
    [{ HTTPS_PROXY: PROXY }, 'HTTPS_PROXY http://proxy.example.com:3128/'],
    [{ https_proxy: PROXY, HTTPS_PROXY: 'http://other' }, 'https_proxy http://proxy.example.com:3128/'],
    [{ ALL_PROXY: PROXY, HTTPS_PROXY: 'http://other' }, 'HTTPS_PROXY http://other/'],
    [{ all_proxy: PROXY, HTTPS_PROXY: '' }, 'all_proxy http://proxy.example.com:3128/'],
    [{ HTTPS_PROXY: 'proxy:3128' }, 'HTTPS_PROXY http://proxy:3128/'],
    [{ HTTPS_PROXY: ' https://proxy ' }, 'HTTPS_PROXY https://proxy/'],
    [{ HTTPS_PROXY: 'me:word@proxy:1' }, 'HTTPS_PROXY http://me:word@proxy:1/'],
    [{ HTTP_PROXY: PROXY, http_proxy: PROXY }, undefined],
  ])('by %j', (env, expected) => {
    expect(through(API, env as Record<string, string>)).toBe(expected);
  });

  it.each([
    'http://127.0.0.1:1',
    'http://localhost',
    'https://localhost:1',
    'https://[::1]',
    'https://127.9.9.9',
  ])('is not for this machine: %s', (origin) => {
    expect(through(origin, { ALL_PROXY: PROXY, HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY })).toBeUndefined();
  });
});

describe('NO_PROXY', () => {
  it.each([
    ['*', true],
    ['api.agora.io', true],
    ['API.AGORA.IO', true],
    ['agora.io', true],
    ['.agora.io', true],
    ['*.agora.io', true],
    ['agora.io.', true],
    ['agora.io:443', true],
    ['example.com, agora.io', true],
    ['example.com agora.io', true],
    ['', false],
    [',', false],
    ['.', false],
    ['ora.io', false],
    ['pi.agora.io', false],
    ['agora.io:8443', false],
    ['www.api.agora.io', false],
    ['api.sd-rtn.com', false],
  ])('%j', (list, isExempt) => {
    expect(through(API, { HTTPS_PROXY: PROXY, NO_PROXY: list }) === undefined).toBe(isExempt);
    expect(through(API, { HTTPS_PROXY: PROXY, no_proxy: list, NO_PROXY: '' }) === undefined).toBe(isExempt);
  });

  it.each([
    ['https://[fd00::1]', 'fd00::1'],
    ['https://[fd00::1]:8443', '[fd00::1]:8443'],
    ['https://10.0.0.5:8443', '10.0.0.5'],
  ])('%s is exempt by %s', (origin, list) => {
    expect(through(origin, { HTTPS_PROXY: PROXY, NO_PROXY: list })).toBeUndefined();
  });
});
