import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SENSITIVE } from '../../src/model/recording.ts';
import { maskRtmpUrl, unresolved, Vault } from '../../src/secrets/vault.ts';

const KEY = new Uint8Array(32).fill(7);

describe('sealing', () => {
  it('gives what may be kept: a fingerprint, where it is from and what may be seen', () => {
    const sealed = new Vault(KEY).seal('the-value', 'env:KEY');
    expect(sealed).toEqual({
      sealed: expect.stringMatching(/^hmac-sha256:[0-9a-f]{64}$/),
      reference: 'env:KEY',
      shown: '(sensitive)',
    });
  });

  it('equal values have equal fingerprints across runs, and under another key others', () => {
    const print = (value: string, key = KEY) => new Vault(key).seal(value, 'literal').sealed;
    expect(print('a')).toBe(print('a'));
    expect(print('a')).not.toBe(print('b'));
    expect(print('a')).not.toBe(print('a', new Uint8Array(32).fill(8)));
  });

  it('reveals the values of this run alone', () => {
    const vault = new Vault(KEY);
    const sealed = vault.seal('the-value', 'env:KEY');
    expect(vault.reveal(sealed)).toBe('the-value');
    expect(new Vault(KEY).reveal(sealed)).toBeUndefined();
    expect(vault.reveal(unresolved('env:KEY'))).toBeUndefined();
  });

  it('a reference without a value has no fingerprint, not that of nothing', () => {
    expect(unresolved('env:KEY')).toEqual({ sealed: null, reference: 'env:KEY', shown: '(sensitive)' });
    expect(new Vault(KEY).seal('', 'env:KEY').sealed).not.toBeNull();
  });

  it('shows nothing of its values or its key to whoever prints the vault', () => {
    const vault = new Vault(new TextEncoder().encode('the-key-of-the-state-directory!!'));
    vault.seal('the-value', 'env:KEY');
    for (const printed of [JSON.stringify(vault), inspect(vault, { depth: 9, showHidden: true })])
      expect(printed).not.toMatch(/the-value|the-key|116, 104, 101/);
  });
});

describe('words that quote a secret', () => {
  it('are cleaned of it, wherever and however often it stands', () => {
    const vault = new Vault(KEY);
    vault.seal('AKIA1234', 'literal');
    expect(vault.scrub('AKIA1234: no such key "AKIA1234"')).toBe('(sensitive): no such key "(sensitive)"');
    expect(vault.scrub('nothing of that kind')).toBe('nothing of that kind');
  });

  it('are cleaned of the longer of two that begin alike, whichever came first', () => {
    for (const values of [
      ['AKIA1234', 'AKIA1234-tail'],
      ['AKIA1234-tail', 'AKIA1234'],
    ]) {
      const vault = new Vault(KEY);
      for (const value of values) vault.seal(value, 'literal');
      expect(vault.scrub('AKIA1234-tail and AKIA1234')).toBe('(sensitive) and (sensitive)');
    }
  });

  it('are cleaned of what was sealed after words had been cleaned before', () => {
    const vault = new Vault(KEY);
    vault.seal('first-secret', 'literal');
    vault.scrub('first-secret');
    vault.seal('second-secret', 'literal');
    expect(vault.scrub('first-secret second-secret')).toBe('(sensitive) (sensitive)');
  });

  const KEY_OF_S3 = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

  it.each([
    ['its beginning', KEY_OF_S3.slice(0, 9), '(sensitive)'],
    ['its end', KEY_OF_S3.slice(-9), '(sensitive)'],
    ['its middle', KEY_OF_S3.slice(9, 25), '(sensitive)'],
    ['its letters and digits, however the rest is escaped', 'wJalrXUtnFEMI&#x2F;', '(sensitive)&#x2F;'],
    ['in JSON of PHP', KEY_OF_S3.replace('/', '\\/'), '(sensitive)'],
    [
      'in base64 over several lines',
      Buffer.from(KEY_OF_S3).toString('base64').replace(/.{20}/g, '$& '),
      '(sensitive) (sensitive) (sensitive)',
    ],
    ['in an address', encodeURIComponent(KEY_OF_S3), '(sensitive)'],
    ['in a form', encodeURIComponent(KEY_OF_S3).replace('%2F', '%2f').replace('%2B', '%2b'), '(sensitive)'],
    ['in base64', Buffer.from(KEY_OF_S3).toString('base64'), '(sensitive)'],
    ['in base64url, cut off', Buffer.from(KEY_OF_S3).toString('base64url').slice(0, 20), '(sensitive)'],
    ['in hexadecimal', Buffer.from(KEY_OF_S3).toString('hex'), '(sensitive)'],
    [
      'in hexadecimal, cut off',
      Buffer.from(KEY_OF_S3).toString('hex').toUpperCase().slice(20),
      '(sensitive)',
    ],
  ])('are cleaned of %s', (_, quoted, shown) => {
    const vault = new Vault(KEY);
    vault.seal(KEY_OF_S3, 'literal');
    expect(vault.scrub(`not "${quoted}"...`).replace(/=+/, '')).toBe(`not "${shown}"...`);
  });

  it.each([1, 2, 3, 4])('are cleaned of what was encoded in base64 behind %i other bytes', (before) => {
    const vault = new Vault(KEY);
    vault.seal(KEY_OF_S3, 'literal');
    const text = `${'{'.repeat(before)}${KEY_OF_S3}"}`;
    const clean = vault.scrub(Buffer.from(text).toString('base64'));
    expect(clean).toContain('(sensitive)');
    const left = clean.split('(sensitive)').map((each) => Buffer.from(each, 'base64').toString('latin1'));
    expect(left.join(' ').length).toBeLessThan(before + 10);
  });

  it('keep ordinary words that a secret begins with', () => {
    const vault = new Vault(KEY);
    vault.seal('customer-secret', 'literal');
    expect(vault.scrub('no such customer')).toBe('no such customer');
    expect(vault.scrub('no such customer-s...')).toBe('no such (sensitive)...');
  });

  it('keep ordinary words that a very short value is part of', () => {
    const vault = new Vault(KEY);
    vault.seal('key', 'literal');
    expect(vault.scrub('no such key')).toBe('no such key');
  });

  it('keep of an RTMP URL what may be seen of it', () => {
    const vault = new Vault(KEY);
    const url = 'rtmp://user:password@cdn.example.com/live/stream-key?token=abcdef';
    vault.seal(url, 'literal', maskRtmpUrl(url));
    expect(vault.scrub(`"${url}" is busy`)).toBe(
      '"rtmp://(sensitive)@cdn.example.com/live/(sensitive)" is busy',
    );
    for (const quoted of [
      'stream-key?token=abcdef',
      'stream-key',
      'token=abcdef',
      'user:password',
      'password',
    ])
      expect(vault.scrub(`${quoted} is busy`)).toBe('(sensitive) is busy');
    expect(vault.scrub('cdn.example.com/live is busy')).toBe('cdn.example.com/live is busy');
  });

  it('take nothing in a URL for a pattern, neither in what is looked for nor in what stands instead', () => {
    const vault = new Vault(KEY);
    const url = "rtmp://h/app/$&$'.*(/secret-key";
    vault.seal(url, 'literal', maskRtmpUrl(url));
    expect(vault.scrub(`<${url}>`)).toBe('<rtmp://h/app/(sensitive)>');
    expect(vault.scrub('secret-key')).toBe('(sensitive)');
  });

  it('whatever the secrets are: none of six characters or more is left', () => {
    const secret = fc.string({
      minLength: 6,
      maxLength: 20,
      unit: fc.constantFrom('a', 'b', '$', '&', '/', '@', '?'),
    });
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 5 }), fc.string(), (secrets, between) => {
        const vault = new Vault(KEY);
        for (const value of secrets) vault.seal(value, 'literal');
        const clean = vault.scrub(secrets.join(`<${between}>`));
        for (const value of secrets) expect(clean).not.toContain(value);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what may be seen of an RTMP URL', () => {
  it.each([
    ['rtmp://cdn.example.com/live/key', 'rtmp://cdn.example.com/live/(sensitive)'],
    ['rtmps://cdn.example.com:443/live/key', 'rtmps://cdn.example.com:443/live/(sensitive)'],
    ['RTMP://CDN.Example.com/Live/key', 'RTMP://CDN.Example.com/Live/(sensitive)'],
    ['rtmp://[2001:db8::1]:1935/live/key', 'rtmp://[2001:db8::1]:1935/live/(sensitive)'],
    ['rtmp://h/live/instance/key', 'rtmp://h/live/(sensitive)'],
    ['rtmp://h/live/key?token=t&e=1', 'rtmp://h/live/(sensitive)'],
    ['rtmp://h/live/key#f', 'rtmp://h/live/(sensitive)'],
    ['rtmp://h/live/key/', 'rtmp://h/live/(sensitive)'],
    ['rtmp://h//live//key', 'rtmp://h/live/(sensitive)'],
    ['rtmp://h/live?token=t', 'rtmp://h/(sensitive)'],
    ['rtmp://h?token=t', 'rtmp://h/(sensitive)'],
    ['rtmp://h#key', 'rtmp://h/(sensitive)'],
    ['rtmp://h/key', 'rtmp://h/(sensitive)'],
    ['rtmp://h/key/', 'rtmp://h/(sensitive)'],
    ['rtmp://h/?key=x', 'rtmp://h/(sensitive)'],
    ['rtmp://h/live%2Fkey', 'rtmp://h/(sensitive)'],
    ['rtmp://h', 'rtmp://h'],
    ['rtmp://h/', 'rtmp://h'],
    ['rtmp://user:pass@h/live/key', 'rtmp://(sensitive)@h/live/(sensitive)'],
    ['rtmp://token@h/live/key', 'rtmp://(sensitive)@h/live/(sensitive)'],
    ['rtmp://user:p@ss@h/live/key', 'rtmp://(sensitive)@h/live/(sensitive)'],
    ['rtmp://user:pa/ss@h/live/key', 'rtmp://(sensitive)'],
    ['rtmp://user:12/ss@h/live/key', 'rtmp://(sensitive)'],
    ['rtmp://user:pa?ss@h/live/key', 'rtmp://(sensitive)'],
    ['rtmp://user:pa#ss@h/live/key', 'rtmp://(sensitive)'],
    ['rtmp://h\\live\\key', SENSITIVE],
    ['rtmp://h/li\\ve/key', SENSITIVE],
    ['rtmp://h/li ve/key', SENSITIVE],
    ['rtmp://h/live\nkey/x', SENSITIVE],
    [' rtmp://h/live/key', SENSITIVE],
    ['rtmp:/h/live/key', SENSITIVE],
    ['http://h/live/key', SENSITIVE],
    ['key', SENSITIVE],
    ['', SENSITIVE],
  ])('%s → %s', (url, shown) => {
    expect(maskRtmpUrl(url)).toBe(shown);
  });

  it('whatever stands behind host and application, or before the host, is not in it', () => {
    const part = fc.string({
      minLength: 8,
      unit: fc.constantFrom('K', '/', '?', '#', '@', ':', '\\', '%', '&', ' '),
    });
    fc.assert(
      fc.property(part, fc.boolean(), (hidden, asUser) => {
        const secret = `KEYKEY${hidden}`;
        const url = asUser ? `rtmp://u:${secret}@h/live/key` : `rtmp://h/live/${secret}`;
        expect(maskRtmpUrl(url)).not.toContain('KEYKEY');
      }),
      { numRuns: 300 },
    );
  });
});
