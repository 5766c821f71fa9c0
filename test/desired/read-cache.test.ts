import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { CheckedFile } from '../../src/desired/checked.ts';
import { readRecordingFile } from '../../src/desired/read.ts';
import { ReadCache } from '../../src/desired/read-cache.ts';
import { reading } from '../../src/desired/reading.ts';
import { resolveNow } from '../../src/desired/resolve.ts';

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
function read(readCache: ReadCache, bytes: Uint8Array, file: string): CheckedFile {
  return readCache.recall(bytes, file) ?? readCache.learn(bytes, readRecordingFile(bytes, file));
}

/** All that a file holds: two functions are never equal. */
function told({ file, documents, diagnostics }: CheckedFile): unknown {
  return {
    file,
    diagnostics,
    documents: documents.map(({ name, file, line, recording, suspended, labels, canvas, blocks, marks }) => ({
      ...{ name, file, line, recording, suspended, labels, canvas, blocks: blocks(), marks: marks() },
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
canvas: { width: 720, height: 1280 }
layout:
  backgroundColor: "#FF0000"
${more}`;

test('what was read before is read in the same way again, whatever the file', () => {
  for (const { file, bytes } of FILES) {
    const first = new ReadCache();
    expect(told(read(first, bytes, file))).toEqual(told(readRecordingFile(bytes, file)));
    const second = new ReadCache(first.text());
    expect(told(read(second, bytes, file))).toEqual(told(readRecordingFile(bytes, file)));
  }
});

test('an outline is of these bytes under this name, and of no others', () => {
  const readCache = new ReadCache();
  read(readCache, encode(ROOM('a')), 'a.yaml');
  const again = new ReadCache(readCache.text());
  const [other] = read(again, encode(ROOM('b')), 'a.yaml').documents;
  expect(other?.name).toBe('b');
  const [moved] = read(again, encode(ROOM('a')), 'c.yaml').documents;
  expect(moved?.marks()['/name']?.range.filename).toBe('c.yaml');
});

test('of a file that has not changed only the outline is read, until more is asked for', () => {
  const readCache = new ReadCache();
  const bytes = encode(ROOM('a'));
  read(readCache, bytes, 'a.yaml');
  // By an ID, so that the bytes can be another's: only what reads them finds that out.
  const id = hash('sha256', bytes, 'base64');
  const other = () => encode(ROOM('a').replace('#FF0000', '#0000FF'));
  const recalled = new ReadCache(readCache.text()).recallById(id, 'a.yaml', other)?.documents[0];
  expect(recalled?.name).toBe('a');
  expect(recalled?.blocks().layout?.backgroundColor).toBe('#0000FF');
});

test('a copy of a document has all of it, read or recalled, and so has a copy of the recording', () => {
  const readCache = new ReadCache();
  const bytes = encode(ROOM('a'));
  const copies = [1, 2].map(() => {
    const checked = read(new ReadCache(readCache.text()), bytes, 'a.yaml');
    read(readCache, bytes, 'a.yaml');
    return {
      document: { ...checked.documents[0] },
      recording: { ...resolveNow(checked)?.documents[0]?.recording },
    };
  });
  for (const { document, recording } of copies) {
    expect(document.blocks?.().layout?.backgroundColor).toBe('#FF0000');
    expect(document.marks?.()['/name']?.range.start.line).toBe(1);
    expect(recording.blocks?.()).toEqual(document.blocks?.());
  }
});

test('nothing of a file with secrets, references or problems is kept', () => {
  const readCache = new ReadCache();
  read(readCache, encode(ROOM('a', 'storage: { vendor: s3, bucket: b, accessKey: topsecret }\n')), 'a.yaml');
  read(readCache, encode(ROOM('b', 'rtmp: { outputs: [{ rtmpUrl: rtmp://x/live/topsecret }] }\n')), 'b.yaml');
  read(readCache, encode('recording: { fromFile: x.json }\n'), 'c.yaml');
  read(readCache, encode('nonsense: topsecret\n'), 'd.yaml');
  expect(readCache.text() ?? '').toBe('');
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
      const first = new ReadCache();
      read(first, bytes, `${file}.yaml`);
      const second = new ReadCache(first.text());
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
  const first = new ReadCache();
  const content = read(first, bytes, 'a.yaml').documents[0]?.content;
  expect(content).toMatch(/./);
  expect(first.isNoop('a.yaml', content, known)).toBe(false);
  first.rememberNoop('a.yaml', content, known);
  const second = new ReadCache(first.text());
  // Not before the file has been seen to be the same.
  expect(second.isNoop('a.yaml', content, known)).toBe(false);
  expect(read(second, bytes, 'a.yaml').documents[0]?.content).toBe(content);
  expect(second.isNoop('a.yaml', content, known)).toBe(true);
  expect(second.isNoop('a.yaml', content, otherwise)).toBe(false);
  expect(second.isNoop('a.yaml', content, undefined)).toBe(false);
  expect(second.text()).toBeUndefined();
  const other = read(second, encode(ROOM('a', 'suspend: true\n')), 'a.yaml').documents[0]?.content;
  expect(other).not.toBe(content);
  expect(second.isNoop('a.yaml', other, known)).toBe(false);
  // Settled anew, against the same.
  second.rememberNoop('a.yaml', other, known);
  expect(second.isNoop('a.yaml', other, known)).toBe(true);
});

test('what is found out about older bytes, when the file has been read anew, says nothing about it', () => {
  const readCache = new ReadCache();
  const before = read(readCache, encode(ROOM('a')), 'a.yaml').documents[0]?.content;
  const now = read(readCache, encode(ROOM('a', 'suspend: true\n')), 'a.yaml').documents[0]?.content;
  readCache.rememberNoop('a.yaml', before, known);
  expect(readCache.isNoop('a.yaml', now, known)).toBe(false);
  expect(readCache.isNoop('a.yaml', before, known)).toBe(false);
  readCache.rememberNoop('a.yaml', undefined, known);
  expect(readCache.isNoop('a.yaml', now, known)).toBe(false);
});
