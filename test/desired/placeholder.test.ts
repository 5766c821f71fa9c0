import { expect, it } from 'vitest';
import { placeholderIn } from '../../src/desired/placeholder.ts';

it.each([
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template leaves behind
  ['${S3_KEY}', 'S3_KEY'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template leaves behind
  ['${S3_KEY:-none}', 'S3_KEY'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template leaves behind
  ['${{ secrets.KEY }}', 'KEY'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template leaves behind
  ['${env:S3_KEY}', 'S3_KEY'],
  ['$(S3_KEY)', 'S3_KEY'],
  ['%S3_KEY%', 'S3_KEY'],
  ['#{S3_KEY}#', true],
  ['@@S3_KEY@@', true],
  ['__S3_KEY__', true],
  ['YOUR_ACCESS_KEY', true],
  ['your-bucket', true],
  ['$S3_KEY', 'S3_KEY'],
  ['{{s3_key}}', 's3_key'],
  ['{{ .Values.storage.key }}', true],
  ['{{ .Key }}', 'Key'],
  ['<your-bucket>', true],
  [' <your bucket> ', true],
  ['my-bucket', undefined],
  ['yourtube', undefined],
  ['[LIVE_SHOW]', undefined],
  ['your-show', undefined],
  ['@home', undefined],
  // What the documents of the service have in place of a key is taken as it stands.
  ['xxxxxxf', undefined],
  ['a$b', undefined],
  ['$5', undefined],
  ['<>', undefined],
  ['<a>b<c>', undefined],
  ['', undefined],
])('%s', (text, expected) => {
  expect(placeholderIn(text)).toBe(expected);
});
