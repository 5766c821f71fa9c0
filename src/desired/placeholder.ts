/** Unfilled placeholders of templates, within a text. */
const WITHIN = /\$\{[^{}]*\}|\{\{[^{}]*\}\}|\$\([^()]*\)/;
/** The same as the whole of a text. */
const WHOLE = /^(<[^<>]+>|\$?\{\{.*\}\}|#\{\w+\}#?|@@\w+@@|__[A-Z]\w*__)$/s;
/** What documents have in place of a value. A channel may be called your-show. */
const FROM_DOCUMENTS =
  /^(YOUR|your)[_-](APP|app|ACCESS|access|SECRET|secret|BUCKET|bucket|CHANNEL|channel)([_-]\w+)*$/;
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
  return [WITHIN, WHOLE, FROM_DOCUMENTS].some((form) => form.test(trimmed)) ? true : undefined;
}

/** Whether the whole of a value that a reference gives is a placeholder: of no key, token or address that is thinkable. */
export function isUnfilled(value: string): boolean {
  return /^(\$\{[^{}]*\}|\$?\{\{[^{}]*\}\}|<[^<>]+>)$/.test(value);
}
