import { expect, it } from 'vitest';
import { manyEdits } from '../support/edits.ts';

it('a hundred thousand edits: memory and open files stay flat', async () => {
  const figures = await manyEdits(100_000, Number(process.env.SEED ?? 1));
  console.log(JSON.stringify(figures));
  // A connection for each of the 40 recordings at most, and a fixed number besides.
  expect(figures.files[1]).toBeLessThanOrEqual(80);
  // A garbage collector's memory breathes; a leak of 100,000 anythings would show far beyond this.
  expect(figures.memory[1]).toBeLessThan(figures.memory[0] * 1.5 + 20);
});
