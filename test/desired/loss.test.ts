import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayGoOn, standing, standingOf, takesAway } from '../../src/desired/loss.ts';
import { readRecordingFile } from '../../src/desired/read.ts';
import type { KnownRecording } from '../../src/model/plan.ts';

const read = (text: string) => readRecordingFile(Buffer.from(text), 'recordings/hall.yaml');
const identity = (mode = 'mix', sid = 's') =>
  `recording: { appId: app, cname: c, uid: 1, resourceId: r, sid: ${sid}, mode: ${mode} }\n`;

const REGION = (uid: string, more = '') =>
  `    - { uid: "${uid}", x_axis: 0.${uid}, y_axis: 0, width: 0.1, height: 1${more} }\n`;
const LAYOUT = `layout:\n  mixedVideoLayout: custom\n  backgroundColor: "#FF0000"\n  layoutConfig:\n${REGION('1')}${REGION('2', ', alpha: 0.5')}${REGION('3')}`;
const LISTS =
  'subscriptions:\n  audioUidList: { subscribeAudioUids: ["1", "2"] }\n  videoUidList: { subscribeVideoUids: ["1"] }\n';
const STORAGE =
  'storage: { vendor: s3, region: US_EAST_1, bucket: b, accessKey: k, secretKey: { fromEnv: S }, fileNamePrefix: [a, b] }\n';
const MIX = `${identity()}${LISTS}${LAYOUT}`;
const WEB = `${identity('web')}onhold: true\nrtmp: { outputs: [{ rtmpUrl: "rtmp://a/b/c" }] }\n${STORAGE}`;
const TWO = `---\nname: one\n${MIX}---\nname: two\n${identity('mix', 't')}${LAYOUT}`;

const SHARED = `${identity()}layout:\n  fromFile: ../duo.yaml\n  backgroundColor: "#FF0000"\n  seats: { host: "1", guest: "2" }\n`;

const losing = (before: string, after: string) => takesAway(read(before).documents, read(after));

test.each([
  ['the same', MIX, MIX],
  ['another colour', MIX, MIX.replace('#FF0000', '#00FF00')],
  ['a region elsewhere', MIX, MIX.replace('x_axis: 0.2', 'x_axis: 0.25')],
  ['another UID in a region', MIX, MIX.replace('uid: "3"', 'uid: "9"')],
  ['another UID in a list', MIX, MIX.replace('["1", "2"]', '["1", "9"]')],
  ['a region more, in front', MIX, MIX.replace(REGION('1'), `${REGION('4')}${REGION('1')}`)],
  ['a block more', MIX, `${MIX}${STORAGE}`],
  ['a default left out', MIX.replace('#FF0000', '#000000'), MIX.replace(/ {2}backgroundColor.*\n/, '')],
  ['no hold any more', WEB, WEB.replace('onhold: true', 'onhold: false')],
  ['another person in a seat', SHARED, SHARED.replace('"2"', '"9"')],
  ['another shared file', SHARED, SHARED.replace('duo', 'trio')],
  ['a block of its own in place of a shared one', SHARED, MIX],
  ['a secret from elsewhere', WEB, WEB.replace('accessKey: k', 'accessKey: { fromEnv: K }')],
  ['another name', `name: a\n${MIX}`, `name: b\n${MIX}`],
  ['another recording', MIX, MIX.replace('sid: s', 'sid: t')],
  ['an error, which holds all back', MIX, `${identity()}layout: { backgroundColor: red }\n`],
  ['an error in the syntax', MIX, 'recording: [\n'],
  ['an error in one of two', TWO, TWO.replace('name: two', 'name: two\nnonsense: 1')],
  ['every stream, by no list', `${identity()}subscriptions: {}\n`, identity()],
])('%s takes nothing away', (_what, before, after) => {
  expect(losing(before, after)).toBe(false);
});

test.each([
  ['a block', MIX, MIX.replace(LISTS, '')],
  ['a field', MIX, MIX.replace(/ {2}backgroundColor.*\n/, '')],
  ['a region', MIX, MIX.replace(REGION('3'), '')],
  ['a region in the middle', MIX, MIX.replace(REGION('1'), '')],
  ['a field of a region', MIX, MIX.replace(', alpha: 0.5', '')],
  ['all regions', MIX, MIX.replace(/custom[\s\S]*/, 'bestFit\n  backgroundColor: "#FF0000"\n')],
  ['a UID', MIX, MIX.replace('["1", "2"]', '["1"]')],
  ['a list', MIX, MIX.replace(/ {2}videoUidList.*\n/, '')],
  ['the hold', WEB, WEB.replace('onhold: true\n', '')],
  ['an output', WEB, WEB.replace(/rtmp:.*\n/, '')],
  ['storage', WEB, WEB.replace(STORAGE, '')],
  ['a field of storage', WEB, WEB.replace(', fileNamePrefix: [a, b]', '')],
  ['a part of a list in storage', WEB, WEB.replace('[a, b]', '[a]')],
  ['a person in a seat', SHARED, SHARED.replace('"2"', 'null')],
  ['a seat', SHARED, SHARED.replace(', guest: "2"', '')],
  ['a field beside a shared file', SHARED, SHARED.replace(/ {2}backgroundColor.*\n/, '')],
  ['a shared block', SHARED, identity()],
  ['a block that may be in a file now', MIX, SHARED],
  ['a document', TWO, TWO.split('---\nname: two')[0] as string],
  ['that it is left alone', `${MIX}suspend: true\n`, MIX],
])('%s is taken away', (_what, before, after) => {
  expect(losing(before, after)).toBe(true);
});

test('what has an error goes on standing as it was without one', () => {
  const before = read(TWO).documents;
  expect(standing(before, read('recording: [\n'))).toBe(before);
  const now = standing(before, read(TWO.replace('name: two', 'name: two\nnonsense: 1')));
  expect(now.map(({ name }) => name)).toEqual(['one', 'two']);
  expect(takesAway(now, read(TWO.replace(REGION('3'), '').replace('---\nname: two', '---\nname: two')))).toBe(
    true,
  );
});

test('what was last sent stands for a file that is seen for the first time', () => {
  const known = {
    ...{ key: 'app/r/s', name: 'hall', file: 'recordings/hall.yaml' },
    identity: { appId: 'app', cname: 'c', uid: '1', resourceId: 'r', sid: 's', mode: 'mix' },
    update: { unknown: [] },
    updateLayout: {
      unknown: [],
      applied: {
        ...{ at: 1, seq: 1 },
        request: { mixedVideoLayout: 0, backgroundColor: '#FF0000' },
      },
    },
  } as KnownRecording;
  const before = [standingOf(known)];
  expect(takesAway(before, read(identity()))).toBe(true);
  expect(takesAway(before, read(`${identity()}layout: { backgroundColor: "#00FF00" }\n`))).toBe(false);
});

test('a list at the end of a new file may go on; what is over does not', () => {
  const goesOn = (text: string) => mayGoOn(read(text), Buffer.from(text));
  expect(goesOn(MIX)).toBe(true);
  expect(goesOn(MIX.replace(REGION('3'), ''))).toBe(true);
  expect(goesOn(`${MIX}suspend: false\n`)).toBe(false);
  expect(goesOn(`${identity()}layout: { backgroundColor: "#FF0000" }\n`)).toBe(false);
  expect(goesOn(`${identity()}layout:\n  backgroundColor: "#FF0000"\n`)).toBe(false);
});

test('of the beginning of a file, cut at any line, no document counts that is not whole', () => {
  fc.assert(
    fc.property(fc.constantFrom(MIX, WEB, TWO), fc.nat(), (text, at) => {
      const lines = text.split(/(?<=\n)/);
      const whole = read(text).documents;
      const beginning = read(lines.slice(0, at % lines.length).join(''));
      if (takesAway(whole, beginning)) return;
      const before = new Map(whole.map((one) => [one.name, one.blocks()]));
      for (const { name, blocks } of beginning.documents) expect(blocks()).toEqual(before.get(name));
      // And all that stood before goes on standing.
      const names = standing(whole, beginning).map(({ name }) => name);
      expect(names).toEqual(whole.map(({ name }) => name));
    }),
    { numRuns: 500 },
  );
});
