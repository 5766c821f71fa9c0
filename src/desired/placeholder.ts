/**
 * Whether a value is wholly a placeholder that was never filled in: `${NAME}` (also with a default behind the name),
 * `$NAME`, `{{name}}`, `${{ name }}` or `<what to put here>`.
 * @returns the variable's name where the placeholder gives one that a variable can have, else true; undefined for a
 * value that is no placeholder
 */
export function placeholderIn(text: string): string | true | undefined {
  const trimmed = text.trim();
  const variable =
    /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?:[:?+=-][^{}]*)?\}$/.exec(trimmed) ??
    /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(trimmed) ??
    /^\{\{-?\s*\.?([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}$/.exec(trimmed);
  if (variable) return variable[1] as string;
  return /^\$\{[^{}]*\}$/.test(trimmed) || /^\$?\{\{.*\}\}$/s.test(trimmed) || /^<[^<>]+>$/.test(trimmed)
    ? true
    : undefined;
}
