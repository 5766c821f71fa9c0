import type { Look } from './look.ts';
import { quoted } from './printable.ts';

/** Characters of a name. */
const MAX_NAME_LENGTH = 128;

/** What no name may hold. */
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** The rules of a recording's name. It is the file's where the document, its only one, has none. */
export function readName(written: string | undefined, file: string, several: boolean, look: Look): string {
  if (written === undefined && several)
    look.reportField(
      'name-missing',
      '',
      'this document has no name, and the file holds several documents',
      'Add `name:`.',
    );
  const name = written ?? nameOfFile(file);
  const place = written === undefined ? look.reportField : look.report;
  const pointer = written === undefined ? '' : '/name';
  if (CONTROL_CHARACTER.test(name))
    place('name-format', pointer, `the name ${quoted(name)} holds a control character`);
  else if (written === undefined && [...name].length > MAX_NAME_LENGTH)
    place('name-format', pointer, `the file's name is too long for a recording's`, 'Add `name:`.');
  return name;
}

/** A file's name without its ending. */
export function nameOfFile(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replace(/\.ya?ml$/i, '');
}

/** Whether a recording can be called that. */
export function isName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name !== '' &&
    !CONTROL_CHARACTER.test(name) &&
    [...name].length <= MAX_NAME_LENGTH
  );
}
