import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODES } from '../../src/desired/codes.ts';
import { readSettingsFile } from '../../src/desired/settings-file.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';

/*
 * What is said of settings files: test/fixtures/settings/CASE.yaml and, beside it, CASE.out. A new case is two files.
 */

const ROOT = new URL('../fixtures/settings/', import.meta.url).pathname;
const cases = readdirSync(ROOT).flatMap((file) => (file.endsWith('.yaml') ? [basename(file, '.yaml')] : []));

const read = (name: string) => readSettingsFile(readFileSync(join(ROOT, `${name}.yaml`)), `${name}.yaml`);
const readText = (text: string) => readSettingsFile(new TextEncoder().encode(text), 'reelstate.yaml');

function told({ severity, code, summary, detail, range, source }: Diagnostic): string {
  const { start, end, filename } = range;
  const head = `${filename}:${start.line}:${start.column}-${end.line}:${end.column}: ${severity}[${code}]: ${summary}\n`;
  const caret = source === undefined ? '' : `  | ${source}\n  | ${' '.repeat(start.column - 1)}^\n`;
  return head + caret + (detail === undefined ? '' : `  ${detail}\n`);
}

describe.each(cases)('%s', (name) => {
  test('says what its .out file says, and no secret', async () => {
    const { diagnostics } = read(name);
    expect(diagnostics.length).toBeGreaterThan(0);
    for (const { code, severity } of diagnostics)
      expect(severity).toBe(CODES[code as keyof typeof CODES].severity);
    expect(JSON.stringify(diagnostics)).not.toMatch(/topsecret/);
    await expect(diagnostics.map(told).join('\n')).toMatchFileSnapshot(join(ROOT, `${name}.out`));
  });
});

test('an account has its own rate, endpoint and region', () => {
  const { accounts, diagnostics, broken } = readText(`accounts:
  acme:
    appIds: [aaa, bbb]
    customerId: 0123abcd
    customerSecret: { fromFile: /run/secrets/acme }
    rate: 0.5
    endpoint: http://127.0.0.1:8799/
    region: eu
  globex: { appIds: [ccc], customerId: { fromEnv: ID }, customerSecret: { fromEnv: SECRET } }
`);
  expect(diagnostics).toEqual([]);
  expect(broken).toBe(false);
  expect(accounts).toMatchObject([
    {
      ...{ name: 'acme', appIds: ['aaa', 'bbb'], rate: 0.5, endpoint: 'http://127.0.0.1:8799', region: 'eu' },
      customerId: { source: { literal: '0123abcd' } },
      customerSecret: { source: { fromFile: '/run/secrets/acme' } },
    },
    { name: 'globex', appIds: ['ccc'], customerId: { source: { fromEnv: 'ID' } } },
  ]);
  expect(accounts[1]).not.toHaveProperty('rate');
});

test('an App ID that two accounts list belongs to neither, and leaves the accounts as they are', () => {
  const { accounts, disputed, broken } = read('app-id-twice');
  expect(broken).toBe(false);
  expect(accounts.map(({ name, appIds }) => [name, appIds])).toEqual([
    ['acme', []],
    ['globex', ['ccc']],
  ]);
  expect([...disputed.keys()]).toEqual(['aaa', 'bbb']);
});

test('with any other mistake it is not known which accounts there are', () => {
  for (const name of cases) expect(read(name).broken, name).toBe(name !== 'app-id-twice');
});

test('anchors and merges work as in recording files', () => {
  const { accounts, diagnostics } = readText(`x-all: &all { rate: 5, region: us }
accounts:
  acme: { <<: *all, appIds: [aaa], customerId: a, customerSecret: { fromEnv: A } }
`);
  expect(diagnostics).toEqual([]);
  expect(accounts).toMatchObject([{ rate: 5, region: 'us' }]);
});
