/** What templates leave behind where they were not filled in: within a text, and as the whole of it. */
const WITHIN = /\$\{[^{}]*\}|\{\{[^{}]*\}\}|\$\([^()]*\)/;
const WHOLE = /^\s*(\$[A-Za-z_]\w*|<[^<>]+>|%[A-Za-z_]\w*%)\s*$/;

/** The placeholder in a text that was never filled in, as it stands there; undefined where there is none. */
export function placeholderIn(text: string): string | undefined {
  return WITHIN.exec(text)?.[0] ?? WHOLE.exec(text)?.[1];
}
