import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../src/model/journal.ts';
import { emptyState, fold } from '../../src/state/fold.ts';
import { readKnownLine } from '../../src/state/known-line.ts';
import { decodeLine, encodeLine } from '../../src/state/lines.ts';
import { WrittenText } from '../../src/state/written.ts';

const identity = {
  appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  cname: 'httpClient463224',
  uid: '527841',
  resourceId: 'JyvK8nXHuV1BE64GDkAa',
  sid: '38f8e3cfdc474cd56fc1ceba380d7e1a',
  mode: 'mix' as const,
};
const key = 'a/b/c';
const at = '2026-01-01T00:00:00.000Z';
const request = { mixedVideoLayout: 0 as const, backgroundColor: '#000000' };
const ENTRIES: JournalEntry[] = [
  {
    event: 'intent',
    key,
    name: 'town-hall',
    file: 'recordings/town-hall.yaml',
    identity,
    endpoint: 'updateLayout',
    reason: 'first-apply',
    request,
    seq: 1,
    at,
  },
  { event: 'answer', key, endpoint: 'updateLayout', of: 1, outcome: 'applied', status: 200, seq: 2, at },
];

function lineAfter(entries: readonly JournalEntry[]): string {
  const state = emptyState();
  for (const entry of entries) fold(state, entry);
  return encodeLine(state.known.get(key) as object).trimEnd();
}

/** The line between others, because it is read where it stands. */
function known(line: string) {
  const [before, after] = ['{"key":"x"}\n', '\n{"key":"y"}\n'].map((text) => Buffer.from(text));
  const file = Buffer.concat([before as Buffer, Buffer.from(line), after as Buffer]);
  const start = (before as Buffer).length;
  return readKnownLine(file, start, start + Buffer.byteLength(line), { text: line });
}

describe('a line that is read as far as it is asked for', () => {
  test.each([
    ['as it is', ENTRIES],
    ['after it has ended', [...ENTRIES, { event: 'ended' as const, key, seq: 3, at }]],
    ['with a name that is escaped', [{ ...ENTRIES[0], name: 'a "b" \\ \u00e9 \u2028' } as JournalEntry]],
    ['with a name that looks like a field', [{ ...ENTRIES[0], name: 'x","ended":1,"y":"' } as JournalEntry]],
  ])('says what the whole line says, %s', (_what, entries) => {
    const line = lineAfter(entries);
    expect(encodeLine(known(line) as object).trimEnd()).toBe(line);
    expect(JSON.parse(JSON.stringify(known(line)))).toEqual(decodeLine(line));
  });

  test('takes entries like any other', () => {
    const entries: JournalEntry[] = [
      { event: 'rename', key, name: 'hall', file: 'recordings/hall.yaml', seq: 3, at },
      { ...ENTRIES[0], identity: { ...identity, streamTypes: 0 }, seq: 4 } as JournalEntry,
      { event: 'answer', key, endpoint: 'updateLayout', of: 4, outcome: 'unknown', seq: 5, at },
      { event: 'doubt', key, endpoint: 'updateLayout', seq: 6, at },
      { event: 'ended', key, seq: 7, at },
    ];
    const [plain, lazy] = [emptyState(), emptyState()];
    for (const entry of ENTRIES) fold(plain, entry);
    const line = lineAfter(ENTRIES);
    Object.assign(lazy, { serial: 2 });
    lazy.known.set(key, known(line) as never);
    lazy.written.set(key, new WrittenText(line));
    for (const entry of entries) for (const state of [plain, lazy]) fold(state, entry);
    expect(JSON.parse(JSON.stringify(lazy.known.get(key)))).toEqual(plain.known.get(key));
    expect(lazy.written.has(key)).toBe(false);
  });

  test('is nothing when a byte is another one', () => {
    const line = lineAfter(ENTRIES);
    for (let index = 0; index < line.length; index += 7) {
      const other = line[index] === 'x' ? 'y' : 'x';
      expect(known(line.slice(0, index) + other + line.slice(index + 1)), String(index)).toBeUndefined();
    }
  });
});
