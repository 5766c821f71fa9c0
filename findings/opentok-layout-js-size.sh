#!/usr/bin/env bash
# opentok-layout-js 5.5.1: in Node.js the documented call lays out 640 x 480, whatever size it is given.
#
# The library computes where each video stands. That serves to write the regions of a layout where no page is, too, and
# its README has a form for it: the one argument holds the options, containerWidth and containerHeight among them. One
# would guess that they count. In Node.js, which has no `window`, none of them is read, and no error says so: regions
# for a canvas of 1280 x 720 come out half as wide and cut off below. With a `window` the same call reads them, and
# without one they are read as the second argument.
#
# Seen (two videos):
#   one argument, 640 x 480: 320 x 480 at 0,0 and 320 x 480 at 320,0
#   one argument, 1280 x 720: 320 x 480 at 0,0 and 320 x 480 at 320,0
#   one argument, 360 x 640: 320 x 480 at 0,0 and 320 x 480 at 320,0
#   second argument, 1280 x 720: 640 x 720 at 0,0 and 640 x 720 at 640,0
#   one argument and a window, 1280 x 720: 640 x 720 at 0,0 and 640 x 720 at 640,0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . opentok-layout-js@5.5.1

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import initLayoutContainer from 'opentok-layout-js';

const videos = [1, 2].map(() => ({ width: 640, height: 360 }));
const options = (containerWidth, containerHeight) => ({ containerWidth, containerHeight });

const regions = (container) =>
  container
    .getLayout(videos)
    .boxes.map(({ left, top, width, height }) => `${width} x ${height} at ${left},${top}`)
    .join(' and ');

const seen = [
  ...[
    [640, 480],
    [1280, 720],
    [360, 640],
  ].map(
    ([width, height]) =>
      `one argument, ${width} x ${height}: ${regions(initLayoutContainer(options(width, height)))}`,
  ),
  `second argument, 1280 x 720: ${regions(initLayoutContainer(undefined, options(1280, 720)))}`,
];
globalThis.window = { HTMLElement: class {} };
seen.push(`one argument and a window, 1280 x 720: ${regions(initLayoutContainer(options(1280, 720)))}`);
for (const line of seen) console.log(line);
assert.deepEqual(seen, [
  'one argument, 640 x 480: 320 x 480 at 0,0 and 320 x 480 at 320,0',
  'one argument, 1280 x 720: 320 x 480 at 0,0 and 320 x 480 at 320,0',
  'one argument, 360 x 640: 320 x 480 at 0,0 and 320 x 480 at 320,0',
  'second argument, 1280 x 720: 640 x 720 at 0,0 and 640 x 720 at 640,0',
  'one argument and a window, 1280 x 720: 640 x 720 at 0,0 and 640 x 720 at 640,0',
]);
JS
node check.mjs
