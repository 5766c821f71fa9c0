import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODES } from '../../src/desired/codes.ts';
import { readFile } from '../../src/desired/disk.ts';
import { readRecordingFile } from '../../src/desired/read.ts';
import { resolveFile } from '../../src/desired/resolve.ts';
import { type Diagnostic, detailOf } from '../../src/model/diagnostic.ts';
import { Vault } from '../../src/secrets/vault.ts';
import { assemble } from '../support/assemble.ts';

/*
 * The specification of diagnostics: test/fixtures/diagnostics/CODE/CASE.yaml and, beside it, CASE.out with all
 * that is said about it. What blocks take from other files is in CODE/shared/. A new case is two files. `npx vitest run -u` writes the .out files anew.
 */

const ROOT = new URL('../fixtures/diagnostics/', import.meta.url).pathname;

/** Codes about the file system, about commits and about programs that are run, which a fixture cannot hold; other tests have them. */
const ELSEWHERE = [
  'directory-not-found',
  'directory-unreadable',
  'dangling-link',
  'submodule',
  'link-out-of-bounds',
  'reference-not-followed',
  'file-unreadable',
  'file-too-large',
  'credentials-unavailable',
  'no-recording-files',
  'shared-file-unused',
  // about the settings file: settings-file.test.ts, and e2e/accounts.test.ts
  'account-name-format',
  'account-endpoint',
  'app-id-twice',
  'app-id-account',
];

const ENV = {
  S3_KEY: 'topsecret',
  S3_SECRET: 'topsecret',
  STS: 'topsecret',
  CDN_URL: 'rtmp://cdn.example.com/live/topsecret',
  NOT_RTMP: 'http://topsecret.example.com',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template leaves behind
  UNFILLED: '${topsecret}',
  IN_QUOTES: '"topsecret"',
  WITH_TAB: 'top\tsecret',
  WITH_NO_BREAK_SPACE: 'topsecret\u00a0\n',
  URL_WITH_SPACE: 'rtmp://cdn.example.com/live/topsecret \r\n',
  AGORA_CUSTOMER_ID: 'topsecret',
  PGPASSWORD: 'topsecret',
  REELSTATE_GIT_TOKEN: 'topsecret',
  EMPTY: '',
};

const cases = readdirSync(ROOT).flatMap((code) =>
  readdirSync(join(ROOT, code))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => ({ code, name: basename(file, '.yaml') })),
);

/** Looked at before the tests run, because they write what is missing. */
const withoutOutput = cases.filter(({ code, name }) => !existsSync(join(ROOT, code, `${name}.out`)));

async function diagnose(folder: string, file: string): Promise<Diagnostic[]> {
  const surroundings = {
    cwd: folder,
    env: ENV,
    readFile,
    vault: new Vault(new Uint8Array(32)),
    now: 1_800_000_000,
  };
  const checked = readRecordingFile(readFileSync(join(folder, file)), file);
  const set = assemble([await resolveFile(checked, surroundings)], { diagnostics: [], broken: [], files: 1 });
  return [...set.diagnostics, ...set.recordings.flatMap(({ unresolved }) => unresolved)];
}

function text(diagnostic: Diagnostic): string {
  const { severity, code, summary, range, source } = diagnostic;
  const detail = detailOf(diagnostic);
  const { start, end, filename } = range;
  const head = `${filename}:${start.line}:${start.column}-${end.line}:${end.column}: ${severity}[${code}]: ${summary}\n`;
  const caret = source === undefined ? '' : `  | ${source}\n  | ${' '.repeat(start.column - 1)}^\n`;
  return head + caret + (detail === undefined ? '' : `  ${detail}\n`);
}

describe.each(cases)('$code/$name', ({ code, name }) => {
  const folder = join(ROOT, code);

  test('says what its .out file says, and no secret', async () => {
    const diagnostics = await diagnose(folder, `${name}.yaml`);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
    for (const diagnostic of diagnostics) expect(diagnostic.severity).toBe(severityOf(diagnostic));
    expect(JSON.stringify(diagnostics)).not.toMatch(/top-?secret/);
    await expect(diagnostics.map(text).join('\n')).toMatchFileSnapshot(join(folder, `${name}.out`));
  });
});

/** "n more" is as severe as the worst that it stands for. */
function severityOf({ code, severity }: Diagnostic): string {
  return code === 'too-many-problems' ? severity : CODES[code as keyof typeof CODES].severity;
}

test('every case has its .out file', () => {
  expect(withoutOutput).toEqual([]);
});

test('every code has a case', () => {
  const covered = new Set([...cases.map(({ code }) => code), ...ELSEWHERE]);
  expect(Object.keys(CODES).filter((code) => !covered.has(code))).toEqual([]);
  expect(cases.filter(({ code }) => !Object.hasOwn(CODES, code))).toEqual([]);
});

test('the reference page shows every code with its meaning and an example', () => {
  const page = readFileSync(new URL('../../schemas/README.md', import.meta.url), 'utf8');
  const rows = page
    .slice(page.indexOf('## Diagnostics'))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows.map(([, code, severity, meaning]) => [code, severity, meaning])).toEqual(
    Object.entries(CODES).map(([code, { severity, meaning }]) => [`\`${code}\``, severity, meaning]),
  );
  const said = cases
    .map(({ code, name }) => readFileSync(join(ROOT, code, `${name}.out`), 'utf8'))
    .join('\n');
  for (const [, cell = '', , , example = ''] of rows) {
    const code = cell.slice(1, -1);
    if (!ELSEWHERE.includes(code)) expect(said).toContain(`[${code}]: ${example}\n`);
  }
});
