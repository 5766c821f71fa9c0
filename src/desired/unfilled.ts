import { unseenIn } from '../secrets/secret-text.ts';
import { type Look, label } from './look.ts';
import { placeholderIn } from './placeholder.ts';
import { quoted } from './printable.ts';

/** For one that YAML reads as something else. */
export const UNQUOTED_PLACEHOLDER = 'a placeholder stands here without quotes';

/** What there is to be done about a placeholder. */
export const NOT_FILLED_IN =
  'This looks like a placeholder that was never filled in: files are taken as they stand.';

/** What an ID or a name of the service's is: nothing that was left behind by a template, and no white space. */
export function checkPlainName(value: unknown, pointer: string, look: Look): void {
  checkFilledIn(value, pointer, look);
  if (typeof value !== 'string' || placeholderIn(value)) return;
  const unseen = unseenIn(value);
  if (unseen)
    look.report(
      'white-space',
      pointer,
      `${label(pointer)} has ${unseen}`,
      'Remove it: it would be sent as well.',
    );
}

/** Warns where a template has left a placeholder: it would be sent as it stands. Not for secrets. */
export function checkFilledIn(value: unknown, pointer: string, look: Look): void {
  if (typeof value === 'string' && placeholderIn(value))
    look.report(
      'placeholder',
      pointer,
      `${label(pointer)} is ${quoted(value)}, which was never filled in`,
      'Files are taken as they stand: fill it in before reelstate reads the file.',
    );
}
