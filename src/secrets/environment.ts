/**
 * Whether a variable is one of reelstate's own, or of the libraries that it uses: not usable in files, and not passed
 * to programs.
 */
export function isOwnVariable(name: string): boolean {
  return /^(AGORA_|REELSTATE_|PG)/.test(name);
}

/** The environment for programs that others can configure, such as git and credentials programs. */
export function withoutOwn(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOwnVariable(name)));
}
