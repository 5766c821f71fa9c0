#!/usr/bin/env bash
# hls-parser 0.16.1: two lines of a playlist mean something else after it was only read and written again.
#
# - An attribute of a project's own in EXT-X-DATERANGE may be a hexadecimal sequence: X-UID=0x0102 (RFC 8216, 4.3.2.7).
#   It is read as bytes, and stringify() writes them as a quoted text of decimal numbers, "1,2". A decimal number in the
#   same place comes out as it went in.
# - Agora's guide to recorded files has #EXTINF with the duration alone; the RFC has a comma after it. The parser takes
#   that line without a complaint and makes up a title, the word "undefined" as text, which stringify() writes.
# m3u8parse 5.0.2 keeps the sequence and makes up no title.
#
# Seen:
#   X-UID=0x0102: hls-parser X-UID="1,2", m3u8parse X-UID=0x0102
#   X-UID=258: hls-parser X-UID=258, m3u8parse X-UID=258
#   #EXTINF:5.248000,: hls-parser #EXTINF:5.248,, m3u8parse #EXTINF:5.248,
#   #EXTINF:5.248000: hls-parser #EXTINF:5.248,undefined, m3u8parse #EXTINF:5.248,
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . hls-parser@0.16.1 m3u8parse@5.0.2

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import hls from 'hls-parser';
import m3u8parse from 'm3u8parse';

const playlist = (uid, duration) => `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:6
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T09:00:00.000Z
#EXT-X-DATERANGE:ID="talk",START-DATE="2026-01-01T09:00:00.000Z",${uid}
${duration}
standup_20260101090000000.ts
#EXT-X-ENDLIST
`;

/** What the libraries make of one piece of a playlist, found again by its beginning. */
function written(piece, text, found) {
  const [one, other] = [hls.stringify(hls.parse(text)), String(m3u8parse(text))].map((out) => found.exec(out)[0]);
  return `${piece}: hls-parser ${one}, m3u8parse ${other}`;
}

const seen = [
  ...['X-UID=0x0102', 'X-UID=258'].map((uid) => written(uid, playlist(uid, '#EXTINF:5.248000,'), /X-UID=.*/)),
  ...['#EXTINF:5.248000,', '#EXTINF:5.248000'].map((duration) =>
    written(duration, playlist('X-UID=258', duration), /#EXTINF.*/),
  ),
];
for (const line of seen) console.log(line);
assert.deepEqual(seen, [
  'X-UID=0x0102: hls-parser X-UID="1,2", m3u8parse X-UID=0x0102',
  'X-UID=258: hls-parser X-UID=258, m3u8parse X-UID=258',
  '#EXTINF:5.248000,: hls-parser #EXTINF:5.248,, m3u8parse #EXTINF:5.248,',
  '#EXTINF:5.248000: hls-parser #EXTINF:5.248,undefined, m3u8parse #EXTINF:5.248,',
]);
JS
node check.mjs
