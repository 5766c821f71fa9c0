#!/usr/bin/env bash
# js-yaml 4.1.1 and 4.2.0: a minor release turns a name such as 2026_11_29 from a number into text.
#
# A recording that is called by its day, 2026_11_29, is text for YAML 1.2, so yaml 2.9.1 writes it without quotes. Read
# by js-yaml 4.1.1 it is the number 20261129, without the underscores: 12:30, a number in YAML 1.1 as well, is text
# for it already. 4.2.0 reads both as text, so within one range, ^4.1.1, an update changes what the same file says.
# With dashes it is still a date in 4.2.0, and text in 5.5.0.
#
# Seen (what yaml 2.9.1 writes for the text, and what is read):
#   name: 2026_11_29: yaml 2.9.1 "2026_11_29", js-yaml 4.1.1 20261129, 4.2.0 "2026_11_29", 5.5.0 "2026_11_29"
#   name: 2026-11-29: yaml 2.9.1 "2026-11-29", js-yaml 4.1.1 a Date, 4.2.0 a Date, 5.5.0 "2026-11-29"
#   name: 12:30: yaml 2.9.1 "12:30", js-yaml 4.1.1 "12:30", 4.2.0 "12:30", 5.5.0 "12:30"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  yaml@2.9.1 js-yaml-411@npm:js-yaml@4.1.1 js-yaml-420@npm:js-yaml@4.2.0 js-yaml-550@npm:js-yaml@5.5.0

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import { load as load411 } from 'js-yaml-411';
import { load as load420 } from 'js-yaml-420';
import { load as load550 } from 'js-yaml-550';
import { parse, stringify } from 'yaml';

const word = (value) => (value instanceof Date ? 'a Date' : JSON.stringify(value));

function line(name) {
  const text = stringify({ name });
  const read = [
    ['yaml 2.9.1', parse],
    ['js-yaml 4.1.1', load411],
    ['4.2.0', load420],
    ['5.5.0', load550],
  ].map(([library, reader]) => `${library} ${word(reader(text).name)}`);
  return `${text.trim()}: ${read.join(', ')}`;
}

const seen = ['2026_11_29', '2026-11-29', '12:30'].map(line);
for (const result of seen) console.log(result);
assert.deepEqual(seen, [
  'name: 2026_11_29: yaml 2.9.1 "2026_11_29", js-yaml 4.1.1 20261129, 4.2.0 "2026_11_29", 5.5.0 "2026_11_29"',
  'name: 2026-11-29: yaml 2.9.1 "2026-11-29", js-yaml 4.1.1 a Date, 4.2.0 a Date, 5.5.0 "2026-11-29"',
  'name: 12:30: yaml 2.9.1 "12:30", js-yaml 4.1.1 "12:30", 4.2.0 "12:30", 5.5.0 "12:30"',
]);
JS
node check.mjs
