/** Whether a variable is one of reelstate's own, or of the libraries that it uses: no value for a file, and no program's business. */
export function isOwnVariable(name: string): boolean {
  return /^(AGORA_|REELSTATE_|PG)/.test(name);
}

/** The environment for programs that others have a say in. */
export function withoutOwn(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOwnVariable(name)));
}
