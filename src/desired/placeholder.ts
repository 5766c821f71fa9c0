/** What templates leave behind where they were not filled in, within a text. */
const WITHIN = /\$\{[^{}]*\}|\{\{[^{}]*\}\}|\$\([^()]*\)/;
/** The same as the whole of a text; what documents have in place of a value, too. */
const WHOLE =
  /^(<[^<>]+>|\$?\{\{.*\}\}|#\{\w+\}#?|@{1,2}\w+@{1,2}|__[A-Z]\w*__|\[[A-Z]+(_[A-Z]+)+\]|YOUR[_-]\w+|your([_-]\w+)+)$/s;
/** With the name of a variable in it: `${NAME}` (also with a default behind the name), `$NAME` or `{{ name }}`. */
const VARIABLE = [
  /^\$\{(?:env[:.])?([A-Za-z_][A-Za-z0-9_]*)(?:[:?+=-][^{}]*)?\}$/,
  /^\$([A-Za-z_][A-Za-z0-9_]*)$/,
  /^\$\(([A-Za-z_][A-Za-z0-9_]*)\)$/,
  /^%([A-Za-z_][A-Za-z0-9_]*)%$/,
  /^\$?\{\{-?\s*(?:secrets|vars|env)?\.?([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}$/,
];

/**
 * Whether a value is, or holds, a placeholder that was never filled in.
 * @returns the variable's name where the whole value is one that a variable can have, else true; undefined for a value
 * without a placeholder
 */
export function placeholderIn(text: string): string | true | undefined {
  const trimmed = text.trim();
  for (const form of VARIABLE) {
    const name = form.exec(trimmed)?.[1];
    if (name) return name;
  }
  return WITHIN.test(trimmed) || WHOLE.test(trimmed) ? true : undefined;
}

/** Whether the whole of a value that a reference gives is a placeholder: of no key, token or address that is thinkable. */
export function isUnfilled(value: string): boolean {
  return /^(\$\{[^{}]*\}|\$?\{\{[^{}]*\}\}|<[^<>]+>)$/.test(value);
}
