import { expect, it } from 'vitest';
import { manyEdits } from '../support/edits.ts';

it('a thousand quick edits: every recording ends at its last save, and no file stays open', async () => {
  const { files, requests } = await manyEdits(1_000, 3);
  // A connection for each of the 40 recordings at most, and a fixed number besides.
  expect(files[1]).toBeLessThanOrEqual(80);
  expect(requests).toBeGreaterThan(0);
});
