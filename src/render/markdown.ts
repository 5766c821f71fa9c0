import { printable } from './style.ts';

/** Text that markdown and HTML leave as it is. */
export function escapeMarkdown(value: string): string {
  return escapeHtml(value).replace(/[\\`*_{}[\]()#!|~@]/g, '\\$&');
}

/** Text inside an HTML element, where a backslash escapes nothing and would be seen. */
export function escapeHtml(value: string): string {
  return printable(value).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
