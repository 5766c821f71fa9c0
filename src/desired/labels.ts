import { isLabelText, MAX_LABEL_LENGTH } from '../model/labels.ts';
import { unseenIn } from '../secrets/secret-text.ts';
import type { Look } from './look.ts';
import { placeholderIn } from './placeholder.ts';
import { quoted } from './printable.ts';
import { NOT_FILLED_IN } from './unfilled.ts';

const WAY = `Keys and values of labels are 1 to ${MAX_LABEL_LENGTH} letters, digits, -, _ and . each.`;

/** The rules of labels: what `--select` can name. Values of another kind are the schema's to refuse. */
export function checkLabels(written: object, look: Look): void {
  for (const [key, value] of Object.entries(written)) {
    const pointer = `/labels/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!isLabelText(key))
      look.reportField('label-format', pointer, `the key ${objection(key)}`, wayOut(key));
    if (typeof value === 'string' && !isLabelText(value))
      look.report('label-format', pointer, `the value ${objection(value)}`, wayOut(value));
  }
}

function wayOut(text: string): string {
  return placeholderIn(text) ? NOT_FILLED_IN : WAY;
}

/** What is wrong with a text, in words. */
function objection(text: string): string {
  if (text === '') return '"" is empty';
  const other = /[^A-Za-z0-9._-]/u.exec(text)?.[0];
  if (other !== undefined && other !== ' ' && unseenIn(other))
    return `${quoted(text)} of a label has ${unseenIn(text)}`;
  return other === undefined
    ? `of a label has ${text.length} characters, at most ${MAX_LABEL_LENGTH} are allowed`
    : `${quoted(text)} of a label may not hold ${quoted(other)}`;
}
