import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { CheckedFile } from '../../src/desired/checked.ts';
import { Outlines } from '../../src/desired/outlines.ts';
import { readRecordingFile } from '../../src/desired/read.ts';
import { reading } from '../../src/desired/reading.ts';

const FIXTURES = new URL('../fixtures/diagnostics/', import.meta.url).pathname;
const EXAMPLES = new URL('../../recordings/', import.meta.url).pathname;

beforeAll(async () => {
  await reading();
});

const encode = (text: string) => new TextEncoder().encode(text);

/** Real files of all kinds: without mistakes, with, and with secrets. */
const FILES = [
  ...readdirSync(EXAMPLES)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => join(EXAMPLES, file)),
  ...readdirSync(FIXTURES).flatMap((code) =>
    readdirSync(join(FIXTURES, code))
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => join(FIXTURES, code, file)),
  ),
].map((path) => ({ file: path.slice(path.lastIndexOf('/') + 1), bytes: readFileSync(path) }));

/** Stage A of a file, by way of what was known of it. */
function read(outlines: Outlines, bytes: Uint8Array, file: string): CheckedFile {
  return outlines.recall(bytes, file) ?? outlines.learn(bytes, readRecordingFile(bytes, file));
}

/** Everything that anybody can ask of a file, asked. */
function told({ file, documents, diagnostics }: CheckedFile): unknown {
  return {
    file,
    diagnostics,
    documents: documents.map(({ name, file, line, recording, suspended, blocks, marks }) => ({
      ...{ name, file, line, recording, suspended, blocks, marks },
    })),
  };
}

const ROOM = (name: string, more = '') => `name: ${JSON.stringify(name)}
recording:
  appId: 0f1e2d3c4b5a69788796a5b4c3d2e1f0
  cname: httpClient463224
  uid: 527841
  resourceId: JyvK8nXHuV1BE64GDkAa
  sid: 38f8e3cfdc474cd56fc1ceba380d7e1a
  streamTypes: 2
layout:
  backgroundColor: "#FF0000"
${more}`;

test('what was read before is read in the same way again, whatever the file', () => {
  for (const { file, bytes } of FILES) {
    const first = new Outlines();
    expect(told(read(first, bytes, file))).toEqual(told(readRecordingFile(bytes, file)));
    const second = new Outlines(first.text());
    expect(told(read(second, bytes, file))).toEqual(told(readRecordingFile(bytes, file)));
  }
});

test('an outline is of these bytes under this name, and of no others', () => {
  const outlines = new Outlines();
  read(outlines, encode(ROOM('a')), 'a.yaml');
  const again = new Outlines(outlines.text());
  const [other] = read(again, encode(ROOM('b')), 'a.yaml').documents;
  expect(other?.name).toBe('b');
  const [moved] = read(again, encode(ROOM('a')), 'c.yaml').documents;
  expect(moved?.marks['/name']?.range.filename).toBe('c.yaml');
});

test('of a file that has not changed only the outline is read', () => {
  const outlines = new Outlines();
  const bytes = encode(ROOM('a'));
  // What is asked for only when somebody asks is not written in the object.
  expect(Object.keys(read(outlines, bytes, 'a.yaml').documents[0] ?? {})).toContain('blocks');
  const recalled = read(new Outlines(outlines.text()), bytes, 'a.yaml').documents[0];
  expect(Object.keys(recalled ?? {})).not.toContain('blocks');
  expect(recalled?.blocks).toBeDefined();
});

test('nothing of a file with secrets, references or problems is kept', () => {
  const outlines = new Outlines();
  read(outlines, encode(ROOM('a', 'storage: { vendor: s3, bucket: b, accessKey: topsecret }\n')), 'a.yaml');
  read(outlines, encode(ROOM('b', 'rtmp: { outputs: [{ rtmpUrl: rtmp://x/live/topsecret }] }\n')), 'b.yaml');
  read(outlines, encode('recording: { fromFile: x.json }\n'), 'c.yaml');
  read(outlines, encode('nonsense: topsecret\n'), 'd.yaml');
  expect(outlines.text() ?? '').toBe('');
});

test('names that the form of the cache gives a meaning to change nothing', () => {
  const name = fc.string({
    unit: fc.constantFrom('a', '\t', '\n', '"', '\\', ' ', 'é', '\u2028'),
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(name, name, (called, file) => {
      const bytes = encode(ROOM(called));
      const first = new Outlines();
      read(first, bytes, `${file}.yaml`);
      const second = new Outlines(first.text());
      expect(told(read(second, bytes, `${file}.yaml`))).toEqual(
        told(readRecordingFile(bytes, `${file}.yaml`)),
      );
    }),
  );
});

const known = { digest: 'of what is known' };
const otherwise = { digest: 'of what else is known' };

test('settled is what was settled: these bytes against these known ones', () => {
  const bytes = encode(ROOM('a'));
  const first = new Outlines();
  const content = read(first, bytes, 'a.yaml').documents[0]?.content;
  expect(content).toMatch(/./);
  expect(first.isSettled('a.yaml', content, known)).toBe(false);
  first.settle('a.yaml', content, known);
  const second = new Outlines(first.text());
  // Not before the file has been seen to be the same.
  expect(second.isSettled('a.yaml', content, known)).toBe(false);
  expect(read(second, bytes, 'a.yaml').documents[0]?.content).toBe(content);
  expect(second.isSettled('a.yaml', content, known)).toBe(true);
  expect(second.isSettled('a.yaml', content, otherwise)).toBe(false);
  expect(second.isSettled('a.yaml', content, undefined)).toBe(false);
  expect(second.text()).toBeUndefined();
  const other = read(second, encode(ROOM('a', 'suspend: true\n')), 'a.yaml').documents[0]?.content;
  expect(other).not.toBe(content);
  expect(second.isSettled('a.yaml', other, known)).toBe(false);
  // Settled anew, against the same.
  second.settle('a.yaml', other, known);
  expect(second.isSettled('a.yaml', other, known)).toBe(true);
});

test('what is found out about older bytes, when the file has been read anew, says nothing about it', () => {
  const outlines = new Outlines();
  const before = read(outlines, encode(ROOM('a')), 'a.yaml').documents[0]?.content;
  const now = read(outlines, encode(ROOM('a', 'suspend: true\n')), 'a.yaml').documents[0]?.content;
  outlines.settle('a.yaml', before, known);
  expect(outlines.isSettled('a.yaml', now, known)).toBe(false);
  expect(outlines.isSettled('a.yaml', before, known)).toBe(false);
  outlines.settle('a.yaml', undefined, known);
  expect(outlines.isSettled('a.yaml', now, known)).toBe(false);
});
