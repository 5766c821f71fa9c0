import { printable } from './style.ts';

/*
 * Text from files and services inside a comment of GitHub or GitLab. Both look for mentions, references and addresses
 * in what is left after markdown was read, so no escape of markdown's keeps "@team" or "#12" from being found. Inside
 * of <code> neither looks, and what is copied from there is still what was written.
 */

/**
 * "@team", "#12", "!12", "~label", "%milestone", "$snippet" and "$math$", "&12", "GH-12", ":smile:", a commit's ID, and
 * addresses.
 */
const REFERENCE = /[@#!~%$&^]\S|GH-\d|^:[a-z]|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}\b|:\/\/|www\./i;

/** Text that markdown, HTML and the hosts of reviews leave as it is. */
export function escapeMarkdown(value: string): string {
  return inert(value, escapeAlternative);
}

/** Text inside an HTML element, where a backslash escapes nothing and would be seen. */
export function escapeHtml(value: string): string {
  return inert(value, withoutTags);
}

/** The words that stand for a picture in markdown: nothing is looked for there. */
export function escapeAlternative(value: string): string {
  return withoutTags(value).replace(/[\\`*_{}[\]()#!|~@]/g, '\\$&');
}

function inert(value: string, otherwise: (text: string) => string): string {
  return printable(value).replace(/(\S+?)([,.;:]*)(?=\s|$)/g, (_, word: string, end: string) =>
    REFERENCE.test(word) ? `<code>${inCode(word)}</code>${end}` : otherwise(word + end),
  );
}

/** By entities, which mean the same in markdown and in HTML. Addresses are found in code as well. */
function inCode(text: string): string {
  return text.replace(
    /[&<>\\`*_{}[\]()!|~@#$]|:(?=\/\/)|(?<=www)\./gi,
    (sign) => ENTITIES[sign] ?? `&#${sign.charCodeAt(0)};`,
  );
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function withoutTags(text: string): string {
  return printable(text).replace(/[&<>]/g, (sign) => ENTITIES[sign] as string);
}
