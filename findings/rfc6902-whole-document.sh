#!/usr/bin/env bash
# rfc6902 5.4.0: the patch that createPatch() writes for a whole document is refused by its own applyPatch().
#
# Where a list becomes an object, as when a file of regions turns into one with named regions, the difference is the
# document itself. createPatch() says so with a `replace` whose path is empty, which RFC 6902 allows and other libraries
# apply. applyPatch() changes its argument in place, so it has no way to hand out another document: it answers
# MissingError, "Value required at path", although the document is there, and changes nothing.
#
# Seen:
#   createPatch writes: [{"op":"replace","path":"","value":{"regions":[]}}]
#   rfc6902 applies it: MissingError, document []
#   fast-json-patch applies it: document {"regions":[]}
#   immutable-json-patch applies it: document {"regions":[]}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  rfc6902@5.4.0 fast-json-patch@3.1.1 immutable-json-patch@6.0.3

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import fastJsonPatch from 'fast-json-patch';
import { immutableJSONPatch } from 'immutable-json-patch';
import { applyPatch, createPatch } from 'rfc6902';

const patch = createPatch([], { regions: [] });
const document = [];
const errors = applyPatch(document, structuredClone(patch));
const seen = [
  ['createPatch writes', JSON.stringify(patch)],
  ['rfc6902 applies it', `${errors.map((error) => error?.name)}, document ${JSON.stringify(document)}`],
  [
    'fast-json-patch applies it',
    `document ${JSON.stringify(fastJsonPatch.applyPatch([], structuredClone(patch)).newDocument)}`,
  ],
  ['immutable-json-patch applies it', `document ${JSON.stringify(immutableJSONPatch([], patch))}`],
];
for (const [what, result] of seen) console.log(`${what}: ${result}`);
assert.deepEqual(
  seen.map(([, result]) => result),
  [
    '[{"op":"replace","path":"","value":{"regions":[]}}]',
    'MissingError, document []',
    'document {"regions":[]}',
    'document {"regions":[]}',
  ],
);
JS
node check.mjs
