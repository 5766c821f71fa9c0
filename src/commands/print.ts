import type { Io } from '../model/ports.ts';

/** Writes pieces to standard output, each when the one before has been taken: a slow reader fills no memory. */
export async function print(pieces: Iterable<string>, io: Io): Promise<void> {
  for (const piece of pieces) await io.out(piece);
}
