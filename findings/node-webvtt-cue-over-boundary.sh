#!/usr/bin/env bash
# node-webvtt 2.0.0: a caption that runs into the next segment is missing there when a pause follows it.
#
# A recording in HLS is cut into segments, and its captions are cut to match. RFC 8216 (3.5) wants every segment of
# captions to hold all cues that are shown while it lasts, so that a viewer who starts there sees them. hlsSegment() is
# asked for segments of 10 s. A cue from 8 s to 12 s is written into both segments, as one would guess, while the next
# cue follows soon. Where the next cue is 10 s or more behind it, the cue is written into the first segment alone: a
# player that begins at 10 s is not given it.
#
# Seen (a first cue that is shown over the boundary at 10 s, and one that follows):
#   8-12, 15-17: 0-10 holds first, 10-17 holds first and next
#   8-12, 21-23: 0-10 holds first, 10-23 holds first and next
#   8-12, 22-24: 0-10 holds first, 10-24 holds next
#   pause below 10 s: missing in 0 of 360 files; pause of 10 s or more: missing in 360 of 360 files
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . node-webvtt@2.0.0

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import webvtt from 'node-webvtt';

const length = 10;
const stamp = (second) => `00:00:${String(second).padStart(2, '0')}.000`;
const cue = ([start, end], text) => `${stamp(start)} --> ${stamp(end)}\n${text}\n`;

/** The segments that the library makes of two cues: from when to when each lasts, and which cues it holds. */
function segments(first, next) {
  const captions = ['WEBVTT\n', cue(first, 'first'), cue(next, 'next')].join('\n');
  const playlist = webvtt.hls.hlsSegmentPlaylist(captions, length);
  const durations = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)].map((match) => Number(match[1]));
  let start = 0;
  return webvtt.hls.hlsSegment(captions, length).map(({ content }, index) => {
    const end = start + durations[index];
    const segment = { start, end, holds: ['first', 'next'].filter((text) => content.includes(`\n${text}\n`)) };
    start = end;
    return segment;
  });
}

function line(first, next) {
  const held = segments(first, next).map(({ start, end, holds }) => `${start}-${end} holds ${holds.join(' and ')}`);
  return `${first.join('-')}, ${next.join('-')}: ${held.join(', ')}`;
}

/** How many files lack the first cue in a segment during which it is shown, for the pauses that are given. */
function lacking(pauses) {
  const files = [];
  for (let start = 1; start < 10; start += 1)
    for (let end = 11; end < 15; end += 1)
      for (const pause of pauses) files.push([[start, end], [end + pause, end + pause + 2]]);
  const lack = files.filter(([first, next]) =>
    segments(first, next).some(
      ({ start, end, holds }) => first[0] < end && first[1] > start && !holds.includes('first'),
    ),
  );
  return `missing in ${lack.length} of ${files.length} files`;
}

const upTo = (first, count) => Array.from({ length: count }, (_, index) => first + index);
const seen = [
  line([8, 12], [15, 17]),
  line([8, 12], [21, 23]),
  line([8, 12], [22, 24]),
  `pause below 10 s: ${lacking(upTo(0, 10))}; pause of 10 s or more: ${lacking(upTo(10, 10))}`,
];
for (const result of seen) console.log(result);
assert.deepEqual(seen, [
  '8-12, 15-17: 0-10 holds first, 10-17 holds first and next',
  '8-12, 21-23: 0-10 holds first, 10-23 holds first and next',
  '8-12, 22-24: 0-10 holds first, 10-24 holds next',
  'pause below 10 s: missing in 0 of 360 files; pause of 10 s or more: missing in 360 of 360 files',
]);
JS
node check.mjs
