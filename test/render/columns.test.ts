import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { columnsOf, nameColumn, padded } from '../../src/render/columns.ts';
import { diagnosticText } from '../../src/render/diagnostics.ts';
import { clip, wrap } from '../../src/render/picture/words.ts';
import { styleFor } from '../../src/render/style.ts';

test('a Chinese name takes two columns a character, and one with a combining mark no more than without', () => {
  expect(padded('晚会', 6)).toBe('晚会  ');
  expect(padded('cafe\u0301', 6)).toBe('cafe\u0301  ');
  expect(padded('longer than that', 6)).toBe('longer than that');
  expect(nameColumn([{ name: 'gala' }, { name: '新年晚会' }])).toBe(8);
  expect(nameColumn([{ name: '会'.repeat(30) }])).toBe(40);
});

test('what is cut off stays within its columns, and no character is cut in two', () => {
  expect(clip('新年晚会', 8)).toBe('新年晚会');
  expect(clip('新年晚会', 7)).toBe('新年晚…');
  expect(clip('新年晚会', 6)).toBe('新年…');
  expect(clip('🎥🎥', 3)).toBe('🎥…');
  expect(clip('cafe\u0301s and more', 5)).toBe('cafe\u0301…');
  expect(['gala', '新年'].map((text) => clip(text, 1))).toEqual(['…', '…']);
  expect(clip('gala', 0)).toBe('');
});

test('lines break at spaces, and a word that is longer than a line loses its end', () => {
  expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrap('新年 晚会 gala', 9)).toEqual(['新年 晚会', 'gala']);
  expect(wrap('gala 新年晚会', 5)).toEqual(['gala', '新年…']);
  expect(wrap('', 8)).toEqual([]);
});

test('the caret stands below what it points at, whatever stands before it', () => {
  const source = '{ name: 新年, \tuid: 晚会 }';
  const start = { line: 1, column: source.indexOf('晚会') + 1 };
  const range = { filename: 'a.yaml', start, end: { line: 1, column: start.column + 2 } };
  const found: Diagnostic = { severity: 'error', code: 'uid', summary: 'no', range, source };
  const [, shown = '', caret = ''] = diagnosticText(found, styleFor(false)).split('\n');
  const until = (line: string, end: number) => line.slice(0, end).split('\t').map(columnsOf);
  expect(until(caret, caret.indexOf('^'))).toEqual(until(shown, shown.indexOf('晚会')));
  expect(caret.slice(caret.indexOf('^'))).toBe('^^^^');
});
