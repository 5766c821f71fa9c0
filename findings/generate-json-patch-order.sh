#!/usr/bin/env bash
# generate-json-patch 1.2.9: with objectHash some patches lead to another order than the one they were made for.
#
# With objectHash the library compares regions by their UID and writes moves in place of rewritten regions. From
# 1,2,3,4 to 3,4,2,1 it moves 2 to the index that it has in the end, although 1, which is moved after it, still stands
# before it: 4 ends up behind 2. The patch is valid and applies without an error. Of all pairs of lists of up to four
# regions 72 of 4,225 go wrong. rfc6902 5.4.0, and jsondiffpatch 0.7.7 with an objectHash and its own formatter for
# JSON Patch, get all of them right.
#
# Seen:
#   from 1,2,3,4 to 3,4,2,1 the patch leads to 3,2,4,1
#   generate-json-patch: 72 of 4225 patches lead elsewhere
#   rfc6902: 0 of 4225 patches lead elsewhere
#   jsondiffpatch: 0 of 4225 patches lead elsewhere
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  generate-json-patch@1.2.9 rfc6902@5.4.0 jsondiffpatch@0.7.7 fast-json-patch@3.1.1

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import fastJsonPatch from 'fast-json-patch';
import { generateJSONPatch } from 'generate-json-patch';
import { create } from 'jsondiffpatch';
import JsonPatchFormatter from 'jsondiffpatch/formatters/jsonpatch';
import { createPatch } from 'rfc6902';

const objectHash = (region) => region.uid;
const differ = create({ objectHash });
const formatter = new JsonPatchFormatter();
const generators = {
  'generate-json-patch': (before, after) => generateJSONPatch(before, after, { objectHash }),
  rfc6902: (before, after) => createPatch(before, after),
  jsondiffpatch: (before, after) => {
    const delta = differ.diff(before, after);
    return delta === undefined ? [] : formatter.format(delta, before);
  },
};

const layout = (uids) => ({ layoutConfig: uids.map((uid) => ({ uid })) });

/** The UIDs in the order in which the patch of a generator leaves them. */
function led(generate, before, after) {
  const patch = structuredClone(generate(layout(before), layout(after)));
  const { newDocument } = fastJsonPatch.applyPatch(layout(before), patch, true);
  return newDocument.layoutConfig.map(({ uid }) => uid).join();
}

/** All lists of different items, of every length. */
function lists(items) {
  const longer = items.flatMap((item) =>
    lists(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
  return [[], ...longer];
}

const all = lists(['1', '2', '3', '4']);
const pairs = all.flatMap((before) => all.map((after) => [before, after]));
const one = led(generators['generate-json-patch'], ['1', '2', '3', '4'], ['3', '4', '2', '1']);
console.log(`from 1,2,3,4 to 3,4,2,1 the patch leads to ${one}`);
const elsewhere = {};
for (const [name, generate] of Object.entries(generators)) {
  elsewhere[name] = pairs.filter(([before, after]) => led(generate, before, after) !== after.join()).length;
  console.log(`${name}: ${elsewhere[name]} of ${pairs.length} patches lead elsewhere`);
}
assert.equal(one, '3,2,4,1');
assert.equal(pairs.length, 4225);
assert.deepEqual(elsewhere, { 'generate-json-patch': 72, rfc6902: 0, jsondiffpatch: 0 });
JS
node check.mjs
