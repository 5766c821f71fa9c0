#!/usr/bin/env bash
# image-size 2.1.0: a BMP of 640 x 360 with the short OS/2 header is said to be 23593600 x 1572865.
#
# A background image is a JPG or a BMP. A BMP may have the header BITMAPCOREHEADER, of 12 bytes, with a width and a
# height of 16 bits each; the usual BITMAPINFOHEADER has 40 bytes and 32 bits each. The first number of the header is
# its length, which tells them apart. image-size does not look at it: it reads 32 bits at the places of the usual
# header, so the width is taken from the width and the height together, and the height from planes and bits per pixel.
# probe-image-size 7.5.0 looks.
#
# Seen:
#   usual header: image-size 640 x 360, probe-image-size 640 x 360
#   short header: image-size 23593600 x 1572865, probe-image-size 640 x 360
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . image-size@2.1.0 probe-image-size@7.5.0

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import { imageSize } from 'image-size';
import probe from 'probe-image-size';

const width = 640;
const height = 360;
const pixels = Buffer.alloc(width * 3 * height);

function bitmap(header) {
  const start = Buffer.alloc(14);
  start.write('BM');
  start.writeUInt32LE(start.length + header.length + pixels.length, 2);
  start.writeUInt32LE(start.length + header.length, 10);
  return Buffer.concat([start, header, pixels]);
}

function usualHeader() {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(header.length, 0);
  header.writeInt32LE(width, 4);
  header.writeInt32LE(height, 8);
  header.writeUInt16LE(1, 12);
  header.writeUInt16LE(24, 14);
  return header;
}

function shortHeader() {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(header.length, 0);
  header.writeUInt16LE(width, 4);
  header.writeUInt16LE(height, 6);
  header.writeUInt16LE(1, 8);
  header.writeUInt16LE(24, 10);
  return header;
}

const size = (found) => `${found.width} x ${found.height}`;
const both = (file) => `image-size ${size(imageSize(file))}, probe-image-size ${size(probe.sync(file))}`;
const usual = both(bitmap(usualHeader()));
const short = both(bitmap(shortHeader()));
console.log(`usual header: ${usual}`);
console.log(`short header: ${short}`);
assert.equal(usual, 'image-size 640 x 360, probe-image-size 640 x 360');
assert.equal(short, 'image-size 23593600 x 1572865, probe-image-size 640 x 360');
JS
node check.mjs
