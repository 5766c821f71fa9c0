import { type Look, label } from './look.ts';
import { placeholderIn } from './placeholder.ts';
import { quoted } from './printable.ts';

/** What there is to be done about a placeholder. */
export const NOT_FILLED_IN =
  'This looks like a placeholder that was never filled in: files are taken as they stand.';

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
