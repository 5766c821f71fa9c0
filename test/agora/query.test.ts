import { describe, expect, test } from 'vitest';
import { readObservation } from '../../src/agora/query.ts';

describe('the status of a recording', () => {
  test.each([
    [5, false],
    ['5', false],
    [6, true],
    ['8', true],
    ['20', true],
  ])('%j is read, as a number or as a text of digits', (status, ended) => {
    expect(readObservation({ serverResponse: { status } })).toEqual({ ended });
  });

  test.each([['running'], [''], ['5.0'], [null], [undefined], [true]])('%j is none', (status) => {
    expect(readObservation({ serverResponse: { status } })).toBeUndefined();
  });
});
