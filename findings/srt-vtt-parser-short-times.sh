#!/usr/bin/env bash
# @plussub/srt-vtt-parser 2.0.5: a caption of 1.5 s lasts two minutes when its time has no hours and its place is set.
#
# WebVTT lets a time leave out its hours, 00:02.500, and a cue may have settings behind its times, such as line:0 for
# captions at the top of a picture. One would guess that settings leave the times alone. They do while there are hours.
# Without hours the setting gets into the end: 00:02.500 line:0 becomes two minutes, and an end before align:start is no
# number. The start is right, and nothing is reported. node-webvtt 2.0.0 and webvtt-parser 2.2.0 read all of them.
#
# Seen (from when to when, in seconds):
#   00:00:01.000 --> 00:00:02.500 line:0: srt-vtt-parser 1-2.5, node-webvtt 1-2.5, webvtt-parser 1-2.5
#   00:01.000 --> 00:02.500: srt-vtt-parser 1-2.5, node-webvtt 1-2.5, webvtt-parser 1-2.5
#   00:01.000 --> 00:02.500 line:0: srt-vtt-parser 1-120, node-webvtt 1-2.5, webvtt-parser 1-2.5
#   00:01.000 --> 00:02.500 align:start: srt-vtt-parser 1-NaN, node-webvtt 1-2.5, webvtt-parser 1-2.5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @plussub/srt-vtt-parser@2.0.5 node-webvtt@2.0.0 webvtt-parser@2.2.0

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import { parse } from '@plussub/srt-vtt-parser';
import nodeWebvtt from 'node-webvtt';
import webvttParser from 'webvtt-parser';

const readers = {
  'srt-vtt-parser': (captions) => parse(captions).entries.map(({ from, to }) => [from / 1000, to / 1000]),
  'node-webvtt': (captions) => nodeWebvtt.parse(captions).cues.map(({ start, end }) => [start, end]),
  'webvtt-parser': (captions) =>
    new webvttParser.WebVTTParser().parse(captions).cues.map(({ startTime, endTime }) => [startTime, endTime]),
};

function line(times) {
  const captions = `WEBVTT\n\n${times}\nGood morning\n`;
  const read = Object.entries(readers).map(([library, reader]) => {
    const [[start, end]] = reader(captions);
    return `${library} ${start}-${end}`;
  });
  return `${times}: ${read.join(', ')}`;
}

const seen = [
  '00:00:01.000 --> 00:00:02.500 line:0',
  '00:01.000 --> 00:02.500',
  '00:01.000 --> 00:02.500 line:0',
  '00:01.000 --> 00:02.500 align:start',
].map(line);
for (const result of seen) console.log(result);
assert.deepEqual(seen, [
  '00:00:01.000 --> 00:00:02.500 line:0: srt-vtt-parser 1-2.5, node-webvtt 1-2.5, webvtt-parser 1-2.5',
  '00:01.000 --> 00:02.500: srt-vtt-parser 1-2.5, node-webvtt 1-2.5, webvtt-parser 1-2.5',
  '00:01.000 --> 00:02.500 line:0: srt-vtt-parser 1-120, node-webvtt 1-2.5, webvtt-parser 1-2.5',
  '00:01.000 --> 00:02.500 align:start: srt-vtt-parser 1-NaN, node-webvtt 1-2.5, webvtt-parser 1-2.5',
]);
JS
node check.mjs
