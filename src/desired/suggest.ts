import { distance } from 'fastest-levenshtein';

/** What was probably meant: the nearest of the words, if it is near enough. Case does not count. */
export function suggest(word: string, words: readonly string[]): string | undefined {
  // A word that long is not a typing error, and the comparison takes time.
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const steps = distance(word.toLowerCase(), candidate.toLowerCase());
    if (steps < least) {
      best = candidate;
      least = steps;
    }
  }
  return best;
}
