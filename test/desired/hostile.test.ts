import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_FILE_BYTES } from '../../src/desired/decode.ts';
import { MAX_SHOWN } from '../../src/desired/findings.ts';
import { readIdentityFile, readRecordingFile } from '../../src/desired/read.ts';

function read(text: string) {
  return readRecordingFile(new TextEncoder().encode(text), 'recordings/hall.yaml');
}

/** Whether nothing but comments is written. */
function isComment(text: string): boolean {
  const lines = text.split('\n');
  return text.includes('#') && lines.every((line) => /^(---|\.\.\.)?\s*(#.*)?$/.test(line));
}

describe('hostile input ends in a diagnostic', () => {
  const big = MAX_FILE_BYTES;
  test.each([
    ['20,000 brackets, closed', '['.repeat(20_000) + ']'.repeat(20_000), 'nested-too-deep'],
    ['20,000 brackets, open', `recording: ${'['.repeat(20_000)}`, 'nested-too-deep'],
    ['20,000 mappings', '{a: '.repeat(20_000), 'nested-too-deep'],
    ['20,000 dashes', '- '.repeat(20_000), 'nested-too-deep'],
    ['20,000 question marks', '? '.repeat(20_000), 'nested-too-deep'],
    [
      'brackets in an anchor chain',
      `a: &a0 []\n${Array.from({ length: 3000 }, (_, i) => `b${i}: &a${i + 1} [*a${i}]\n`).join('')}`,
      'nested-too-deep',
    ],
    [
      'a secret behind an anchor chain',
      `a: &a0 [x]\n${Array.from({ length: 9000 }, (_, i) => `b${i}: &a${i + 1} [*a${i}]\n`).join('')}secretKey: *a9000\n`,
      'nested-too-deep',
    ],
    ['one MiB and a byte', 'x'.repeat(big + 1), 'file-too-large'],
    ['one MiB of text', 'x'.repeat(big), 'document-not-mapping'],
    ['40,000 keys', Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`).join('\n'), 'too-many-problems'],
    ['120,000 aliases', `a: &a 1\nb: [${'*a,'.repeat(120_000)}]`, 'yaml-alias'],
    ['many errors', ': : :\n'.repeat(20_000), 'yaml-syntax'],
    ['one MiB of secret keys', 'token'.repeat(200_000), 'document-not-mapping'],
    ['many documents', '---\na: 1\n'.repeat(20_000), 'too-many-problems'],
  ])('%s', (_name, text, code) => {
    const { documents, diagnostics } = read(text);
    expect(documents).toEqual([]);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
    expect(diagnostics.length).toBeLessThanOrEqual(MAX_SHOWN + 1);
    for (const { source = '' } of diagnostics) expect(source.length).toBeLessThan(600);
  });

  test('random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readRecordingFile(bytes, 'a.yaml');
        readIdentityFile(bytes, 'a.json');
      }),
    );
  });

  test('shuffled pieces of YAML never throw, and say something, give a document or are comments alone', () => {
    const piece = fc.constantFrom(
      ...[
        'recording:',
        'storage:',
        'layout:',
        'rtmp:',
        ' ',
        '  ',
        '\n',
        '- ',
        '{',
        '}',
        '[',
        ']',
        ': ',
        ', ',
        '&a ',
        '*a',
        '<<: *a',
        '? ',
      ],
      ...[
        '|',
        '>',
        '"',
        "'",
        '#',
        '---\n',
        '...\n',
        '!!str ',
        '!x ',
        '%YAML 1.1\n',
        '\t',
        'uid: 1',
        'secretKey: x',
        '\\',
        '~',
        '0x1F',
        '.nan',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const { documents, diagnostics } = read(text);
        if (!isComment(text)) expect(documents.length + diagnostics.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('secrets', () => {
  const SECRET = 'c4n4ry';
  // Every way that somebody might write one down, right or wrong.
  const WAYS = [
    (s: string) => `storage: { vendor: s3, secretKey: ${s}, bucket: 1 }`,
    (s: string) => `storage:\n  accessKey: >\n    ${s}\n    ${s}\n  vendr: 1`,
    (s: string) => `storage:\n  vendor: s3\n  passphrase: ${s}`,
    (s: string) => `storage: ${s}`,
    (s: string) => `storage: [${s}, { a: ${s} }]`,
    (s: string) => `storage: { credentials: { fromCommand: [get, ${s}], env: ${s} } }`,
    (s: string) =>
      `rtmp: { outputs: [{ rtmpUrl: "rtmp://cdn/live/${s}", name: ${s} }, "rtmp://cdn/live/${s}"] }`,
    (s: string) => `layout: { backgroundImage: "rtmp://cdn/live/${s}", token: ${s}, zoom: 1 }`,
    (s: string) => `x: &x ${s}\nstorage: { secretKey: *x }`,
    (s: string) => `x: &x { foo: ${s} }\nstorage: *x`,
    (s: string) => `x: &x { secretKey: ${s} }\nstorage: { <<: *x, vendor: s33 }`,
    (s: string) => `storage: { accessKey: ${s}, accessKey: ${s} }`,
    (s: string) => `storage: { secretKey: { fromEnv: "${s}!" }, stsToken: { fromEnv: A, fromFile: ${s} } }`,
    (s: string) => `storage: { ? [${s}] : ${s}, "${s} ${s}": 1 }`,
    (s: string) => `my_password: !x ${s}`,
    (s: string) => `secretKey: "${s}\\x00"`,
  ];
  const BREAKS = ['', '\nname: a: b', '\nlayout: {', '\n\t- x', '\n"', '\n@'];

  test.each(WAYS.map((way) => way(SECRET)))('no diagnostic shows %s', (text) => {
    for (const rest of BREAKS) {
      const { diagnostics } = read(`${text}${rest}\n`);
      expect(diagnostics.length).toBeGreaterThan(0);
      expect(JSON.stringify(diagnostics)).not.toContain(SECRET);
    }
  });

  test('columns up to the one named stay where they are', () => {
    const { diagnostics } = read('storage: { secretKey: "äöü", accessKey: x, oops: 1 }\n');
    const { source, range } = diagnostics.find(({ summary }) => summary.includes('oops')) ?? {};
    expect(source).toBe('storage: { secretKey: *****, accessKey: *, oops: * }');
    expect(source?.slice((range?.start.column ?? 0) - 1)).toMatch(/^oops/);
  });

  test('a reference is no secret', () => {
    const { diagnostics } = read('storage: { secretKey: { fromEnv: S3_SECRET }, oops: 1 }\n');
    expect(diagnostics.map(({ source }) => source)).toContain(
      'storage: { secretKey: { fromEnv: S3_SECRET }, oops: * }',
    );
  });

  test('control and direction marks never pass into a diagnostic', () => {
    const { diagnostics } = read('"a\\e[31m\u202eb": 1\nlayout: { backgroundColor: "\u202e\u009b31m" }\n');
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.map(({ summary, source }) => summary + source).join('')).not.toMatch(
      /[\u0000-\u001f\u007f-\u009f\u202e]/,
    );
  });
});
