/** C0 and C1 controls, line and paragraph separators, marks that turn the reading direction, half surrogate pairs. */
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu;

/** One line that a terminal shows as it is: every control character becomes one replacement character. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}

/** A user's text in quotes for a summary (a number without): one line, at most 60 characters of it. Not for secrets. */
export function quoted(text: string | number): string {
  if (typeof text === 'number') return String(text);
  const characters = [...text];
  return `"${printable(characters.length > 60 ? `${characters.slice(0, 60).join('')}…` : text)}"`;
}
