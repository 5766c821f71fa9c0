import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Findings } from '../../src/desired/findings.ts';
import { isEmpty, parse } from '../../src/desired/parse.ts';
import { readPlainly } from '../../src/desired/plain.ts';
import { readAnyFile, readRecordingFile } from '../../src/desired/read.ts';
import { SourceText } from '../../src/desired/source-text.ts';
import { type Tree, TreeBuilder } from '../../src/desired/tree.ts';

/*
 * The plain reader may say nothing, but what it says must be what the library says: values, and the places of all
 * fields and texts.
 */

const FIXTURES = new URL('../fixtures/diagnostics/', import.meta.url).pathname;

const TOWN_HALL = `# yaml-language-server: $schema=../schemas/recording.schema.json
name: town-hall                  # optional
recording:
  appId: 0f1e2d3c4b5a69788796a5b4c3d2e1f0
  cname: 'httpClient463224'
  uid: 527841
  resourceId: "JyvK8nXHuV1BE64GDkAa"
  sid: 38f8e3cfdc474cd56fc1ceba380d7e1a
  mode: mix

suspend: false
subscriptions:
  audioUidList: { subscribeAudioUids: ["#allstream#"] }
  videoUidList:
    unSubscribeVideoUids:
    - "444"
    - 555 # a number
layout:
    mixedVideoLayout: custom
    backgroundColor: "#FF0000"
    backgroundImage: http://example.com/a.jpg
    layoutConfig:
      - { uid: "1", x_axis: 0.1, y_axis: 0.10, width: 0.1, height: 0.1, "render_mode": fit }
      - uid: "2"
        x_axis: 0.5
        y_axis: 0
        width: 0.25
        height: 0.25
      -   x_axis: 0.8
          y_axis: 0.8
          width: 0.2
          height: 0.2
`;

const encode = (text: string) => new TextEncoder().encode(text);

/** The library's tree; undefined where there is anything to say about the text, or it is not one document. */
function byLibrary(text: string): Tree | undefined {
  const findings = new Findings(new SourceText('x.yaml', text));
  const { documents, broken } = parse(findings);
  const [first, second] = documents;
  if (!first || second || broken || !first.sound || isEmpty(first.document)) return undefined;
  const tree = new TreeBuilder(findings).build(first);
  return findings.isEmpty ? tree : undefined;
}

function pointersOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, item]) => pointersOf(item, `${at}/${key}`))];
}

function valueAt(value: unknown, pointer: string): unknown {
  let here = value;
  for (const part of pointer.split('/').slice(1)) here = (here as Record<string, unknown>)[part];
  return here;
}

/** Everything that is asked of a tree; where a collection ends, nobody asks of a text without mistakes. */
function told(tree: Tree) {
  return pointersOf(tree.value).map((pointer) => {
    const { key, value, text } = tree.places.get(pointer) ?? {};
    const inside = valueAt(tree.value, pointer);
    const isCollection = typeof inside === 'object' && inside !== null;
    return [pointer, key, value?.start, isCollection ? undefined : value?.end, text];
  });
}

/** @returns whether the plain reader read it */
function agree(text: string): boolean {
  const plain = readPlainly(text);
  if (!plain) return false;
  const full = byLibrary(text);
  expect(full, text).toBeDefined();
  expect(plain.value, text).toEqual(full?.value);
  expect(told(plain), text).toEqual(told(full as Tree));
  return true;
}

test('an ordinary file is read plainly, and in the same way', () => {
  expect(agree(TOWN_HALL)).toBe(true);
  expect(agree(`---\n${TOWN_HALL}`)).toBe(true);
  const file = readRecordingFile(encode(TOWN_HALL), 'recordings/town-hall.yaml');
  expect(file).toEqual(readAnyFile(encode(TOWN_HALL), 'recordings/town-hall.yaml'));
  expect(file.documents).toHaveLength(1);
});

describe('what is more than plain is left to the library', () => {
  test.each([
    ['an anchor', 'a: &x 1'],
    ['an alias', 'a: *x'],
    ['a tag', 'a: !!str 1'],
    ['a block text', 'a: |\n  b'],
    ['a text over two lines', 'a: b\n  c'],
    ['a quoted text over two lines', 'a: "b\n  c"'],
    ['an escape', 'a: "\\n"'],
    ['a doubled quote', "a: 'it''s'"],
    ['a merge', '<<: { a: 1 }'],
    ['two documents', 'a: 1\n---\na: 2'],
    ['a field twice', 'a: 1\na: 2'],
    ['a tab', 'a:\t1'],
    ['nothing', 'a:'],
    ['null', 'a: null'],
    ['a number with an exponent', 'a: 1e3'],
    ['an octal number', 'a: 0o17'],
    ['a zero in front', 'a: 0123'],
    ['a number beyond what a float holds', 'a: 9007199254740993'],
    ['a colon in a text', 'a: b: c'],
    ['a wrong indentation', 'a:\n    b: 1\n  c: 2'],
    ['something behind a bracket', 'a: [1] 2'],
    ['a comma too many', 'a: [1, ]'],
    ['a secret', 'token: x'],
    ['an empty file', '# nothing\n'],
  ])('%s', (_what, text) => {
    expect(readPlainly(text)).toBeUndefined();
  });
});

test('every fixture is read in the same way', () => {
  for (const code of readdirSync(FIXTURES))
    for (const file of readdirSync(join(FIXTURES, code)).filter((name) => name.endsWith('.yaml'))) {
      const bytes = readFileSync(join(FIXTURES, code, file));
      expect(readRecordingFile(bytes, file)).toEqual(readAnyFile(bytes, file));
      agree(bytes.toString());
    }
});

/** What YAML gives a meaning to, and what might be confused with it. */
const PIECES = [
  ...' \n:-#,[]{}"\'&*!|>%@`?~.0123456789aeotxn_/+=<',
  ': ',
  '- ',
  ' #',
  '\n  ',
  '\n- ',
  '\n\n',
  '---',
  '...',
  'true',
  'True',
  'null',
  'yes',
  '.5',
  '1.',
  '-1',
  '+1',
  '0x1F',
  '.inf',
  'é',
  '\u00a0',
  '\u{1F600}',
];

const editArbitrary = fc.record({
  at: fc.nat({ max: TOWN_HALL.length }),
  remove: fc.oneof(fc.constant(0), fc.nat({ max: 4 }), fc.nat({ max: 60 })),
  insert: fc.array(fc.constantFrom(...PIECES), { maxLength: 3 }),
});

test('a file changed at will is read in the same way, if it is read', () => {
  let read = 0;
  fc.assert(
    fc.property(fc.array(editArbitrary, { minLength: 1, maxLength: 3 }), (edits) => {
      let text = TOWN_HALL;
      for (const { at, remove, insert } of edits)
        text = text.slice(0, at) + insert.join('') + text.slice(at + remove);
      if (agree(text)) read++;
      expect(readRecordingFile(encode(text), 'x.yaml')).toEqual(readAnyFile(encode(text), 'x.yaml'));
    }),
    { numRuns: 500 },
  );
  // Otherwise nothing was held against anything.
  expect(read).toBeGreaterThan(50);
});

test('small texts of any pieces are read in the same way, if they are read', () => {
  const tails = fc.array(fc.constantFrom('a', 'b: ', 'c:\n', ...PIECES), { maxLength: 10 });
  let read = 0;
  fc.assert(
    fc.property(tails, (pieces) => {
      if (agree(`a: ${pieces.join('')}`)) read++;
    }),
    { numRuns: 3_000 },
  );
  expect(read).toBeGreaterThan(50);
});
