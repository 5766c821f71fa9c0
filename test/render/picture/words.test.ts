import { expect, test } from 'vitest';
import { clip, escapeMarkup, listLabels, plain, shortUrl, wrap } from '../../../src/render/picture/words.ts';

test('control, direction and lone surrogate characters become U+FFFD', () => {
  const bad = [
    '\u0000',
    '\u001b',
    '\u0007',
    '\u009b',
    '\u202e',
    '\u2066',
    '\u2028',
    '\ufffe',
    '\ud800',
    '\udc00',
  ];
  for (const character of bad) expect(plain(`a${character}b`)).toBe('a\ufffdb');
  expect(plain('Tag für Größe 会議 🎥')).toBe('Tag für Größe 会議 🎥');
});

test('what has a meaning in markup is escaped', () => {
  expect(escapeMarkup(`<a href="x" id='y'>&`)).toBe('&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;');
});

test('a URL is shown without query, user information and folders', () => {
  expect(shortUrl('https://cdn.example.com/a/b/c.jpg?X-Signature=abc#d')).toBe('cdn.example.com/…/c.jpg');
  expect(shortUrl('https://user:pass@cdn.example.com/c.jpg')).toBe('cdn.example.com/c.jpg');
  expect(shortUrl('https://cdn.example.com')).toBe('cdn.example.com');
  expect(shortUrl('not a url?key=secret')).toBe('not a url');
});

test('an astral character is not cut in two', () => {
  expect(clip('🎥🎥🎥', 3)).toBe('🎥…');
  expect(clip('abc', 3)).toBe('abc');
  expect(clip('abc', 0)).toBe('');
});

test('lines are broken at spaces', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('', 7)).toEqual([]);
  expect(wrap('extraordinary', 5)).toEqual(['extr…']);
});

test('users that join one after another are told together', () => {
  expect(listLabels(['uid 1', '1st to join', '2nd to join', '3rd to join'])).toBe(
    'uid 1, 1st to 3rd to join',
  );
  expect(listLabels(['1st to join', '2nd to join'])).toBe('1st to join, 2nd to join');
  expect(listLabels(['2nd to join', '1st to join', 'uid 2', 'uid 3'])).toBe(
    '2nd to join, 1st to join, uid 2, uid 3',
  );
});
