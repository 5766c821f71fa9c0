import type { SourceText } from './source-text.ts';

/*
 * Which stretches of a file hold secrets. Decided by place, never by looking for a secret's text, and rather too
 * much than too little: a key of this kind is believed wherever it stands.
 */

const SECRET_KEY = /secret|access_?key|token|passw|pwd|rtmp_?url|credential|private_?key|api_?key/i;

/** The fields of `storage` that are shown; `rtmp` has none. */
const SHOWN = new Set([
  '/storage/vendor',
  '/storage/region',
  '/storage/bucket',
  '/storage/stsExpiration',
  '/storage/fileNamePrefix',
  '/storage/extensionParams/sse',
  '/storage/extensionParams/tag',
  '/storage/extensionParams/endpoint',
]);

/**
 * Whether the texts under a field are secret: everything that looks like a secret's name anywhere, and all of
 * `storage` and `rtmp` but the fields known to be harmless.
 * @param parent JSON Pointer of the mapping
 * @param inherited whether the mapping itself is secret
 */
export function isConcealed(parent: string, key: string, inherited: boolean): boolean {
  if (SHOWN.has(`${parent}/${key}`)) return false;
  return inherited || SECRET_KEY.test(key) || (parent === '' && (key === 'storage' || key === 'rtmp'));
}

/** Whether a mapping's one field makes it a reference, whose text is a name and no secret. */
export function isReference(keys: readonly string[], value: unknown): boolean {
  if (keys.length !== 1 || typeof value !== 'string') return false;
  return keys[0] === 'fromFile' || (keys[0] === 'fromEnv' && ENVIRONMENT_NAME.test(value));
}

export const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const KEY_LINE = /^[\s-]*["']?[\w.-]+["']?\s*:(\s|$)|^(---|\.\.\.)/;

/**
 * Conceals by lines what looks like a secret, for a file that cannot be parsed: everything behind such a key's
 * colon, and the lines below until one no deeper that starts another field.
 */
export function concealByLines(source: SourceText): void {
  let secretIndent: number | undefined;
  source.lineStarts.forEach((start, index) => {
    const line = source.line(index + 1);
    const indent = line.search(/\S/);
    if (secretIndent !== undefined && !(indent <= secretIndent && KEY_LINE.test(line))) {
      source.conceal({ start, end: start + line.length });
      return;
    }
    secretIndent = undefined;
    const key = line.search(SECRET_KEY);
    const colon = key === -1 ? -1 : line.indexOf(':', key);
    if (colon === -1 && !(key !== -1 && line[indent] === '?')) return;
    secretIndent = indent;
    if (colon !== -1) source.conceal({ start: start + colon + 1, end: start + line.length });
  });
}
