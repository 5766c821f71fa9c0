import { expect, it } from 'vitest';
import { maskAddresses, secretsOf } from '../../src/secrets/git-address.ts';

it.each([
  ['https://example.com/x.git', 'https://example.com/x.git'],
  ['https://example.com:8443/a@b/x.git', 'https://example.com:8443/a@b/x.git'],
  ['ssh://git@example.com/x.git', 'ssh://git@example.com/x.git'],
  ['git@example.com:team/x.git', 'git@example.com:team/x.git'],
  ['/srv/git/x.git', '/srv/git/x.git'],
  ['ssh://git:secret@example.com/x.git', 'ssh://(sensitive)@example.com/x.git'],
  ['https://secret@example.com/x.git', 'https://(sensitive)@example.com/x.git'],
  ['https://ada:secret@example.com/x.git', 'https://(sensitive)@example.com/x.git'],
  ['https://ada:se/cr@et@example.com/x.git', 'https://(sensitive)@example.com/x.git'],
  ['https://example.com/x.git?private_token=secret', 'https://example.com/x.git?(sensitive)'],
  ['https://example.com/x.git?a=b&access_token=secret#secret', 'https://example.com/x.git?(sensitive)'],
  ['ada:secret@example.com:team/x.git', '(sensitive)@example.com:team/x.git'],
  ['git@example.com:x.git?private_token=secret', 'git@example.com:x.git?private_token=(sensitive)'],
])('%s is shown as %s, also in the words of git', (address, shown) => {
  expect(maskAddresses(address)).toBe(shown);
  for (const [before, after] of [
    ["fatal: unable to access '", "/': The requested URL returned error: 403"],
    ['remote: Not found: ', ''],
  ] as const) {
    const words = maskAddresses(`${before}${address}${after}`);
    expect(words).toContain(before);
    expect(words).not.toContain('secret');
  }
});

it.each([
  ['https://ada:p%40ss@example.com/x.git', ['ada:p%40ss', 'ada:p@ss', 'p%40ss', 'p@ss']],
  ['https://example.com/x.git?private_token=t1&n=2', ['private_token=t1', 't1', 'n=2', '2']],
  ['git@example.com:x.git', []],
  ['/srv/x.git', []],
])('the secrets of %s', (address, secrets) => {
  expect(secretsOf(address)).toEqual(secrets);
});
