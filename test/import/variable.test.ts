import { expect, it } from 'vitest';
import { variableName } from '../../src/import/variable.ts';
import { isOwnVariable } from '../../src/secrets/environment.ts';

it.each([
  ['town-hall', 'TOWN_HALL'],
  ['7th floor', '_7TH_FLOOR'],
  ['agora', '_AGORA'],
  ['Agora demo', '_AGORA_DEMO'],
  ['pga-tour', '_PGA_TOUR'],
  ['agorama', 'AGORAMA'],
])('the variable of %s is none of our own: %s', (text, expected) => {
  expect(variableName(text)).toBe(expected);
  expect(isOwnVariable(`${variableName(text)}_RTMP_URL`)).toBe(false);
});
