#!/usr/bin/env bash
# @eyevinn/m3u8 0.5.9: two finished playlists that are merged make one that never ends.
#
# A recording of several sessions has several playlists, which merge() joins. Each says with EXT-X-ENDLIST that nothing
# follows, and one would guess that the joined one says so, too. Without EXT-X-PLAYLIST-TYPE, which a playlist need
# not have (RFC 8216, 4.3.3.5), it does not: what comes out is the playlist of a live stream, which players load again
# and again. m3u8 0.0.10, which has the same interface, keeps the end, and writes the type VOD, which neither had.
#
# Seen (what the joined playlist says):
#   without a type: @eyevinn/m3u8 2 segments, no type, no end; m3u8 2 segments, VOD, end
#   VOD: @eyevinn/m3u8 2 segments, VOD, end; m3u8 2 segments, VOD, end
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @eyevinn/m3u8@0.5.9 m3u8@0.0.10

cat > check.cjs <<'JS'
const assert = require('node:assert/strict');
const { once } = require('node:events');

const libraries = {
  '@eyevinn/m3u8': require('@eyevinn/m3u8'),
  m3u8: require('m3u8'),
};

const playlist = (segment, type) => `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-TARGETDURATION:6
${type}#EXTINF:5.248,
${segment}
#EXT-X-ENDLIST
`;

async function read(library, text) {
  const parser = library.createStream();
  const parsed = once(parser, 'm3u');
  parser.write(text);
  parser.end();
  return (await parsed)[0];
}

async function joined(library, type) {
  const first = await read(library, playlist('standup_20260101090000000.ts', type));
  const second = await read(library, playlist('standup_20260101093000000.ts', type));
  const text = first.merge(second).toString();
  const segments = text.match(/\.ts$/gm).length;
  const said = /#EXT-X-PLAYLIST-TYPE:(\w+)/.exec(text)?.[1] ?? 'no type';
  return `${segments} segments, ${said}, ${text.includes('#EXT-X-ENDLIST') ? 'end' : 'no end'}`;
}

async function line(name, type) {
  const said = [];
  for (const [library, api] of Object.entries(libraries)) said.push(`${library} ${await joined(api, type)}`);
  return `${name}: ${said.join('; ')}`;
}

async function main() {
  const seen = [await line('without a type', ''), await line('VOD', '#EXT-X-PLAYLIST-TYPE:VOD\n')];
  for (const result of seen) console.log(result);
  assert.deepEqual(seen, [
    'without a type: @eyevinn/m3u8 2 segments, no type, no end; m3u8 2 segments, VOD, end',
    'VOD: @eyevinn/m3u8 2 segments, VOD, end; m3u8 2 segments, VOD, end',
  ]);
}

main().catch((error) => {
  console.log(error);
  process.exit(1);
});
JS
node check.cjs
