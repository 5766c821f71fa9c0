#!/usr/bin/env bash
# rfc6902 5.4.0: a `test` operation that fails stops nothing, the operations after it are applied.
#
# A patch is guarded by a `test`, here of a revision that has moved on in the meantime. RFC 6902 says that a patch with
# an operation that fails is not successful. Only two of four libraries leave the document as it was:
# - rfc6902 throws nothing, returns the error as an item of a list, and applies the operation after the failed test;
# - fast-json-patch 3.1.1 throws, and what stood before the test stays applied, since it changes its document in place;
# - json8-patch 1.0.6 throws, and the document is as it was;
# - immutable-json-patch 6.0.3 throws, and the document is as it was.
#
# Seen (the patch sets mixedVideoLayout to 3, tests the revision, sets backgroundColor to #FF0000):
#   rfc6902: returns null, TestError, null; layout 3, colour #FF0000
#   fast-json-patch: throws; layout 3, colour #000000
#   json8-patch: throws; layout 0, colour #000000
#   immutable-json-patch: throws; layout 0, colour #000000
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  rfc6902@5.4.0 fast-json-patch@3.1.1 json8-patch@1.0.6 immutable-json-patch@6.0.3

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import fastJsonPatch from 'fast-json-patch';
import { immutableJSONPatch } from 'immutable-json-patch';
import json8Patch from 'json8-patch';
import { applyPatch } from 'rfc6902';

const patch = [
  { op: 'replace', path: '/mixedVideoLayout', value: 3 },
  { op: 'test', path: '/revision', value: 1 },
  { op: 'replace', path: '/backgroundColor', value: '#FF0000' },
];

function outcome(apply) {
  const document = { revision: 2, mixedVideoLayout: 0, backgroundColor: '#000000' };
  let says;
  try {
    says = `returns ${apply(document, structuredClone(patch))}`;
  } catch {
    says = 'throws';
  }
  return `${says}; layout ${document.mixedVideoLayout}, colour ${document.backgroundColor}`;
}

const seen = {
  rfc6902: outcome((document, operations) =>
    applyPatch(document, operations)
      .map((result) => result?.name ?? 'null')
      .join(', '),
  ),
  'fast-json-patch': outcome((document, operations) => fastJsonPatch.applyPatch(document, operations)),
  'json8-patch': outcome((document, operations) => json8Patch.apply(document, operations)),
  'immutable-json-patch': outcome((document, operations) => immutableJSONPatch(document, operations)),
};
for (const [library, result] of Object.entries(seen)) console.log(`${library}: ${result}`);
assert.deepEqual(seen, {
  rfc6902: 'returns null, TestError, null; layout 3, colour #FF0000',
  'fast-json-patch': 'throws; layout 3, colour #000000',
  'json8-patch': 'throws; layout 0, colour #000000',
  'immutable-json-patch': 'throws; layout 0, colour #000000',
});
JS
node check.mjs
