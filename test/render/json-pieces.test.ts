import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { each, jsonPieces } from '../../src/render/json-pieces.ts';

test('is what JSON.stringify gives, in pieces of bounded length', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue()))), (value) => {
      expect([...jsonPieces(value)].join('')).toBe(`${JSON.stringify(value, null, 2)}\n`);
    }),
  );
  const long = { list: Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'line\nline' })) };
  const pieces = [...jsonPieces(long)];
  expect(pieces.join('')).toBe(`${JSON.stringify(long, null, 2)}\n`);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(70_000);
});

test('makes an item of a list when its turn comes', () => {
  const made: number[] = [];
  const numbers = Array.from({ length: 50_000 }, (_, n) => n);
  const list = each(numbers, (n) => {
    made.push(n);
    return { n };
  });
  const pieces = jsonPieces({ before: 1, left: undefined, list, after: [] });
  const first = pieces.next().value as string;
  expect(made.length).toBeLessThan(10_000);
  const text = first + [...pieces].join('');
  expect(text).toBe(
    `${JSON.stringify({ before: 1, list: numbers.map((n) => ({ n })), after: [] }, null, 2)}\n`,
  );
});
