import { Lexer } from 'yaml';
import type { Span } from './source-text.ts';

/** A bracket that is open. */
interface Open {
  at: number;
  bracket: string;
  /** Of its line. */
  indent: number;
}

/**
 * The places of the first quote that is opened in a piece of a text and not closed, and of all such brackets. A quote that
 * is closed in a later line counts where the error follows: there the text was meant to end long before.
 * @param error where the library sees the first one
 */
export function unclosed(
  text: string,
  { start, end }: Span,
  error: number,
): { quotes: number[]; brackets: number[] } {
  const quotes: number[] = [];
  const brackets: number[] = [];
  const open: Open[] = [];
  let at = start;
  for (const lexeme of new Lexer().lex(text.slice(start, end))) {
    // Skips the lexer's own marks, which are not in the text.
    if (/^[\u0002\u0018\u001f]$/.test(lexeme)) continue;
    // What is opened behind such a quote may well be a part of its text.
    if (quotes.length > 0) return { quotes, brackets };
    const isQuoted = /^["']/.test(lexeme);
    if (isQuoted && (!isClosed(lexeme) || endsLate(text, lexeme, at, error))) quotes.push(at);
    else if (lexeme === '[' || lexeme === '{')
      open.push({ at, bracket: lexeme, indent: lineOf(text, at).indent });
    else if (lexeme === ']' || lexeme === '}') brackets.push(...skippedBy(lexeme, open, lineOf(text, at)));
    at += lexeme.length;
  }
  return { quotes, brackets: quotes.length > 0 ? brackets : [...brackets, ...open.map((one) => one.at)] };
}

/** Closes the bracket that is meant, and gives those within it that are open still. */
function skippedBy(closing: string, open: Open[], { indent, isFirst }: ReturnType<typeof lineOf>): number[] {
  const opening = closing === ']' ? '[' : '{';
  const isMeant = ({ bracket }: Open) => bracket === opening;
  // One that begins its line stands below the beginning of the line that it ends.
  const aligned = isFirst ? open.findLastIndex((one) => isMeant(one) && one.indent === indent) : -1;
  const index = aligned === -1 ? open.findLastIndex(isMeant) : aligned;
  if (index === -1) return [];
  const [, ...within] = open.splice(index);
  return within.map(({ at }) => at);
}

/** How far the line of a place is indented, and whether the place is the first in it. */
function lineOf(text: string, at: number): { indent: number; isFirst: boolean } {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(start, at))?.[0].length ?? 0;
  return { indent, isFirst: start + indent === at };
}

function isClosed(lexeme: string): boolean {
  return /^(?:"(?:[^"\\]|\\[\s\S])*"|'(?:[^']|'')*')$/.test(lexeme);
}

function endsLate(text: string, lexeme: string, at: number, error: number): boolean {
  if (!lexeme.includes('\n') || error < at) return false;
  const lineEnd = text.indexOf('\n', at + lexeme.length);
  return lineEnd === -1 || error <= lineEnd;
}
