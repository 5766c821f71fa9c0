/** Whether a value, by its JSON Pointer, is as its type says with all that is within it; what may be left out is, too. */
export type IsSound = (pointer: string) => boolean;

/**
 * What a rule may look at: a mistake of shape keeps it from the very fields that it concerns, and from no others.
 * @param broken pointers at which the schema has refused something, or misses it
 */
export function soundness(broken: readonly string[]): IsSound {
  if (broken.length === 0) return () => true;
  const refused = new Set(broken);
  const holders = new Set(broken.flatMap(holdersOf));
  return (pointer) =>
    !refused.has(pointer) &&
    !holders.has(pointer) &&
    !holdersOf(pointer).some((holder) => refused.has(holder));
}

/** '/a/b/0' → '', '/a/b', '/a' */
function holdersOf(pointer: string): string[] {
  const holders = [''];
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1))
    holders.push(pointer.slice(0, end));
  return holders;
}
