import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { folder, put, run } from '../support/cli.ts';

/*
 * `reelstate import` of several bodies, through the built command: a list, a body a line, files, a folder, standard
 * input; and --share, which writes equal blocks once.
 */

interface Options {
  n: number | string;
  cname?: unknown;
  storage?: object;
  transcoding?: object;
  more?: object;
}

const KEYS = { accessKey: 'the-key', secretKey: 'the-secret' };
const GRID = { mixedVideoLayout: 1, backgroundColor: '#112233' };

/** A body as a backend may have kept it, with what start answered beside it. */
function body({ n, cname = `room-${n}`, storage = {}, transcoding = GRID, more = {} }: Options) {
  return {
    ...{ appId: 'app', resourceId: `resource-${n}`, sid: `sid-${n}`, cname, uid: '7', mode: 'mix' },
    clientRequest: {
      recordingConfig: {
        ...{ streamTypes: 2, subscribeAudioUids: ['#allstream#'], subscribeVideoUids: ['#allstream#'] },
        transcodingConfig: transcoding,
      },
      storageConfig: { vendor: 1, region: 14, bucket: 'b', ...KEYS, ...storage },
    },
    ...more,
  };
}

const THREE = [1, 2, 3].map((n) => body({ n }));
const ENV = { S3_KEY: 'the-key', S3_SECRET: 'the-secret' };

async function imported(
  files: Record<string, string>,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
) {
  const cwd = await folder(files);
  const ran = await run(['import', ...args], { cwd, ...options });
  expect(ran.stderr).not.toMatch(/the-key|the-secret|defect/);
  const names = readdirSync(cwd, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  const read = (name: string) => readFileSync(join(cwd, name), 'utf8');
  return { ...ran, cwd, names, read };
}

const lines = (bodies: readonly unknown[]) => bodies.map((one) => JSON.stringify(one)).join('\n');
const OUT = ['--out', 'recordings'];
const ROOMS = ['recordings/room-1.yaml', 'recordings/room-2.yaml', 'recordings/room-3.yaml'];

it.each<[string, Record<string, string>, string[], string?]>([
  ['a list', { 'all.json': JSON.stringify(THREE) }, ['all.json']],
  ['a body a line', { 'all.jsonl': `${lines(THREE)}\n` }, ['all.jsonl']],
  ['lines in a file of another name', { 'all.log': `${lines(THREE)}\n\n` }, ['all.log']],
  [
    'several files',
    { 'a.json': JSON.stringify(THREE[0]), 'b.json': JSON.stringify(THREE.slice(1)) },
    ['a.json', 'b.json'],
  ],
  [
    'a folder',
    {
      'kept/a.json': JSON.stringify(THREE[0]),
      'kept/more/b.ndjson': lines(THREE.slice(1)),
      'kept/.hidden.json': 'not looked at',
      'kept/README.txt': 'nor this',
    },
    ['kept'],
  ],
  ['standard input', {}, ['-'], lines(THREE)],
])('takes %s', async (_, files, names, input) => {
  const all = await imported(files, [...names, ...OUT], input === undefined ? {} : { input });
  expect(all.code, all.stderr).toBe(0);
  expect(all.names).toEqual(ROOMS);
  expect(parse(all.read('recordings/room-2.yaml'))).toMatchObject({
    name: 'room-2',
    recording: { cname: 'room-2', sid: 'sid-2', mode: 'mix' },
    layout: { mixedVideoLayout: 'bestFit' },
  });
  expect(await run(['validate', '--strict'], { cwd: all.cwd, env: ENV })).toMatchObject({ code: 0 });
  const plan = await run(['plan', '--json'], { cwd: all.cwd, env: ENV });
  expect(JSON.parse(plan.stdout).summary).toMatchObject({ recordings: 3, to_create: 3 });
  // What holds for all of them is told once.
  expect(all.stderr.match(/S3_KEY/g)).toHaveLength(1);
});

it('gives each file a name of its own, which every file system takes', async () => {
  const channels = ['Hall', 'hall', 'a b/c', 'a b:c', '..', '', undefined, 'hall-2'];
  const bodies = channels.map((cname, n) => {
    const { clientRequest } = body({ n });
    return { ...(cname === undefined ? {} : { cname }), uid: '7', clientRequest };
  });
  const all = await imported({ 'all.json': JSON.stringify(bodies) }, ['all.json', ...OUT]);
  expect(all.code, all.stderr).toBe(0);
  expect(all.names).toEqual(
    ['Hall', 'a-b-c-2', 'a-b-c', 'hall-2-2', 'hall-2', 'recording-2', 'recording-3', 'recording']
      .map((name) => `recordings/${name}.yaml`)
      .sort(),
  );
  expect(await run(['validate', '--strict'], { cwd: all.cwd, env: ENV })).toMatchObject({ code: 0 });
});

it('gives a variable to each value, and each value one name', async () => {
  const bodies = [
    body({ n: 1 }),
    body({ n: 2, storage: { accessKey: 'the-key-of-another', secretKey: 'the-secret-of-another' } }),
    body({ n: 3 }),
  ];
  const all = await imported({ 'all.json': JSON.stringify(bodies) }, ['all.json', ...OUT]);
  const keys = ROOMS.map((name) => parse(all.read(name)).storage.accessKey.fromEnv);
  expect(keys).toEqual(['S3_KEY', 'S3_KEY_2', 'S3_KEY']);
  expect(all.stderr).toMatch(/ {2}S3_KEY +all\.json\[0\]: clientRequest\.storageConfig\.accessKey\n/);
  expect(all.stderr).toMatch(/ {2}S3_KEY_2 +all\.json\[1\]: clientRequest\.storageConfig\.accessKey\n/);
});

it('tells all mistakes in one run, each with its place, and writes the rest', async () => {
  const bodies = [
    body({ n: 1 }),
    body({ n: 2, storage: { region: 99 } }),
    'no body',
    body({ n: 4, more: { sid: undefined } }),
    body({ n: 1, cname: 'again' }),
    body({ n: 6, cname: 5 }),
  ];
  const all = await imported(
    { 'all.json': JSON.stringify(bodies), 'b.json': '{ "x": ', 'c.jsonl': `${lines(THREE.slice(2))}\n{\n` },
    ['all.json', 'b.json', 'c.jsonl', 'd.json', ...OUT],
  );
  expect(all.code).toBe(1);
  expect(all.names).toEqual(ROOMS);
  for (const told of [
    'all.json[1]: clientRequest.storageConfig.region: ',
    'all.json[1]: not in its file, because of what is wrong with it: storage.',
    'all.json[2]: a JSON object is needed: the body that start was given',
    'all.json[3]: sid is missing',
    'all.json[4]: this recording is described by all.json[0] as well',
    'all.json[5]: cname: ',
    'b.json:1:7: the file is no JSON from here on',
    'c.jsonl:2: the line is no JSON',
    'd.json does not exist',
  ])
    expect(all.stderr).toContain(`${told}`);
  expect(parse(all.read('recordings/room-2.yaml'))).not.toHaveProperty('storage');
});

it('writes nothing over, and says what is there', async () => {
  const all = await imported({ 'all.json': JSON.stringify(THREE), 'recordings/room-2.yaml': 'mine' }, [
    'all.json',
    ...OUT,
  ]);
  expect(all.code).toBe(1);
  expect(all.stderr).toContain('all.json[1]: recordings/room-2.yaml is there already, and is left as it is');
  expect(all.read('recordings/room-2.yaml')).toBe('mine');
  expect(all.names).toEqual(ROOMS);
  const again = await run(['import', 'all.json', ...OUT], { cwd: all.cwd });
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toContain('reelstate: nothing was written\n');
});

it('counts what is many, and says what is waited for', async () => {
  const bodies = Array.from({ length: 30 }, (_, n) => {
    const { cname, uid, clientRequest } = body({ n, transcoding: { mixedVideoLayout: 2 } });
    return { cname, uid, clientRequest };
  });
  const all = await imported({ 'all.json': JSON.stringify(bodies) }, ['all.json', '--app-id', 'app', ...OUT]);
  expect(all.code).toBe(0);
  expect(all.stderr).toContain('Written: 30 files in recordings\n');
  expect(all.stderr).toContain('Waiting for run/NAME.json: 30 recordings.');
  expect(all.stderr).toContain('Taken for mode mix: 30 recordings.');
  // A warning about each of them is one.
  expect(all.stderr).toMatch(
    /^all\.json\[0\] and 29 more: clientRequest\.recordingConfig\.transcodingConfig/,
  );
  expect(all.stderr.split('\n').length).toBeLessThan(15);
  expect(parse(all.read('recordings/room-7.yaml')).recording).toEqual({
    fromFile: '../run/room-7.json',
    appId: 'app',
  });
  const which = { cname: 'room-7', uid: '7', resourceId: 'r', sid: 's', mode: 'mix' };
  await put(all.cwd, { 'run/room-7.json': JSON.stringify(which) });
  const plan = await run(['plan'], { cwd: all.cwd, env: ENV });
  expect(plan.stdout).toContain('Plan: 1 to create, 0 to change, 0 to forget, 29 unchanged.');
});

it('records all of them as applied', async () => {
  const all = await imported({ 'all.json': JSON.stringify(THREE) }, ['all.json', '--applied', ...OUT]);
  expect(all.code, all.stderr).toBe(0);
  expect(all.stderr).toContain('Recorded as applied: 3 recordings.');
  expect(await run(['plan', '--detailed-exitcode'], { cwd: all.cwd, env: ENV })).toMatchObject({ code: 0 });
  const { clientRequest } = body({ n: 4 });
  const later = await imported(
    { 'all.json': JSON.stringify([{ cname: 'c', uid: '7', clientRequest }, body({ n: 5 })]) },
    ['all.json', '--applied', ...OUT],
  );
  expect(later.code).toBe(1);
  expect(later.stderr).toContain('all.json[0]: --applied needs appId, resourceId and sid');
  expect(later.names).toEqual(['recordings/room-5.yaml']);
});

it('tells what is in the state already, and records the rest', async () => {
  const all = await imported({ 'all.json': JSON.stringify(THREE.slice(0, 1)) }, [
    'all.json',
    '--applied',
    ...OUT,
  ]);
  expect(all.code).toBe(0);
  await put(all.cwd, { 'all.json': JSON.stringify([...THREE, body({ n: 4 })]) });
  const again = await run(['import', 'all.json', '--applied', '--out', 'more'], { cwd: all.cwd });
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('all.json[0]: this recording is in the state folder already, as room-1');
  expect(again.stderr).toContain('Recorded as applied: 3 recordings.');
  expect(readdirSync(join(all.cwd, 'more')).sort()).toEqual(['room-2.yaml', 'room-3.yaml', 'room-4.yaml']);
});

it.each([
  [['all.json'], '--out must name a folder for the files of 3 recordings'],
  [['all.json', '--out', 'all.yaml'], '--out must name a folder for the files of 3 recordings'],
  [['one.json', '--share'], '--out must name a folder for --share'],
  [['all.json', '--sid', 's', ...OUT], '--sid is about one recording'],
  [['all.json', '--name', 'n', ...OUT], '--name is about one recording'],
  [['one.json', '--out', 'recordings'], 'the name must end in .yaml or .yml'],
])('%j is refused', async (args, told) => {
  const all = await imported(
    { 'all.json': JSON.stringify(THREE), 'one.json': JSON.stringify(THREE[0]) },
    args,
  );
  expect(all).toMatchObject({ code: 64, stdout: '', names: [] });
  expect(all.stderr).toContain(told);
});

it('takes a single body to a folder, and a list of one to a file', async () => {
  const one = JSON.stringify(THREE[0]);
  const slash = await imported({ 'one.json': one }, ['one.json', '--out', 'recordings/']);
  expect([slash.code, slash.names]).toEqual([0, ['recordings/room-1.yaml']]);
  const there = await imported({ 'one.json': one, 'recordings/x.txt': '' }, ['one.json', ...OUT]);
  expect([there.code, there.names]).toEqual([0, ['recordings/room-1.yaml']]);
  const list = await imported({ 'list.json': `[${one}]` }, ['list.json', '--out', 'recordings/it.yaml']);
  expect([list.code, list.names]).toEqual([0, ['recordings/it.yaml']]);
  const none = await imported({ 'kept/a.txt': '' }, ['kept', ...OUT]);
  expect(none.code).toBe(1);
  expect(none.stderr).toContain('kept holds no bodies of start');
});

it('takes a list that is longer than a recording file may be', async () => {
  const bodies = Array.from({ length: 40 }, (_, n) => ({
    ...body({ n }),
    note: 'x'.repeat(40_000),
  }));
  const all = await imported({ 'all.json': JSON.stringify(bodies) }, ['all.json', ...OUT]);
  expect(all.code, all.stderr.slice(0, 500)).toBe(0);
  expect(all.names).toHaveLength(40);
});

/** The blocks of a recording file, with what it takes from others put in. */
function whole(all: { read(name: string): string }, name: string): Record<string, object> {
  const document = parse(all.read(name));
  for (const [block, value] of Object.entries(document) as [string, { fromFile?: string }][]) {
    if (block === 'recording' || !value.fromFile) continue;
    const { fromFile, ...own } = value;
    document[block] = { ...parse(all.read(join(dirname(name), fromFile))), ...own };
  }
  return document;
}

it('writes equal blocks once, and what differs beside the reference', async () => {
  const custom = {
    mixedVideoLayout: 3,
    layoutConfig: [{ uid: '1', x_axis: 0, y_axis: 0, width: 1, height: 1 }],
  };
  const bodies = [
    body({ n: 1, storage: { fileNamePrefix: ['one'] } }),
    body({ n: 2, storage: { fileNamePrefix: ['two'] }, transcoding: custom }),
    body({ n: 3 }),
    body({ n: 4, storage: { bucket: 'other' }, transcoding: custom }),
    body({ n: 5, storage: { bucket: 'single' }, transcoding: { ...GRID, backgroundColor: '#445566' } }),
    body({ n: 6, storage: { bucket: 'other' }, transcoding: { ...GRID, backgroundColor: '#FFFFFF' } }),
  ];
  const files = { 'all.json': JSON.stringify(bodies) };
  const plain = await imported(files, ['all.json', ...OUT]);
  const all = await imported(files, ['all.json', '--share', ...OUT]);
  expect(all.code, all.stderr).toBe(0);
  expect(all.names.filter((name) => !name.startsWith('recordings/'))).toEqual([
    'layouts/bestFit.yaml',
    'layouts/custom.yaml',
    'shared/storage-2.yaml',
    'shared/storage.yaml',
    'shared/subscriptions.yaml',
  ]);
  expect(all.read('recordings/room-2.yaml')).toContain(`subscriptions:
  fromFile: ../shared/subscriptions.yaml
layout:
  fromFile: ../layouts/custom.yaml
storage:
  fromFile: ../shared/storage.yaml
  fileNamePrefix: [two]
`);
  expect(
    all.read('shared/storage.yaml'),
  ).toBe(`# Shared: recordings take it with storage: { fromFile: … }, and what stands beside fromFile wins.
vendor: s3
region: ${parse(plain.read('recordings/room-1.yaml')).storage.region}
bucket: b
accessKey: { fromEnv: S3_KEY }
secretKey: { fromEnv: S3_SECRET }
`);
  // A block that one recording alone has stays where it is.
  expect(parse(all.read('recordings/room-5.yaml'))).toMatchObject({
    layout: { backgroundColor: '#445566' },
    storage: { bucket: 'single' },
  });
  for (const name of plain.names) expect(whole(all, name), name).toEqual(parse(plain.read(name)));
  expect(all.stderr).toContain('Written: shared/storage.yaml, shared by 3 recordings\n');
  expect(all.stderr).toContain('Written: layouts/custom.yaml, shared by 2 recordings\n');
  // What would be sent is the same, call by call.
  const planned = async ({ cwd }: { cwd: string }) => {
    const { code, stdout, stderr } = await run(['plan', '--json'], { cwd, env: ENV });
    expect([code, stderr]).toEqual([0, '']);
    const { timestamp: _, ...plan } = JSON.parse(stdout);
    return plan;
  };
  const plan = await planned(all);
  expect(plan).toEqual(await planned(plain));
  expect(plan.summary).toMatchObject({ to_create: 6, calls: { update: 6, updateLayout: 6 } });
});

it('shares the prefix, too, where it is the same, and takes a file that is there as it is, or another name', async () => {
  const bodies = [1, 2].map((n) => body({ n, storage: { fileNamePrefix: ['shows'] } }));
  const first = await imported({ 'all.json': JSON.stringify(bodies) }, ['all.json', '--share', ...OUT]);
  expect(parse(first.read('shared/storage.yaml'))).toMatchObject({ fileNamePrefix: ['shows'] });
  expect(parse(first.read('recordings/room-1.yaml')).storage).toEqual({ fromFile: '../shared/storage.yaml' });
  const again = await imported(
    {
      'all.json': JSON.stringify(bodies),
      'shared/storage.yaml': first.read('shared/storage.yaml'),
      'layouts/bestFit.yaml': 'mine\n',
    },
    ['all.json', '--share', ...OUT],
  );
  expect(again.code).toBe(0);
  expect(again.read('layouts/bestFit.yaml')).toBe('mine\n');
  expect(parse(again.read('recordings/room-2.yaml'))).toMatchObject({
    layout: { fromFile: '../layouts/bestFit-2.yaml' },
    storage: { fromFile: '../shared/storage.yaml' },
  });
  expect(again.stderr).toContain('Taken as it was: shared/storage.yaml, shared by 2 recordings\n');
  expect(again.stderr).toContain('Written: layouts/bestFit-2.yaml, shared by 2 recordings\n');
});

it('keeps what is shared out of the folder that is read for recordings', async () => {
  const files = { 'all.json': JSON.stringify(THREE) };
  const all = await imported(files, ['all.json', '--share', '--out', 'recordings/live/hall']);
  expect(all.code, all.stderr).toBe(0);
  expect(all.names).toEqual([
    'layouts/bestFit.yaml',
    ...[1, 2, 3].map((n) => `recordings/live/hall/room-${n}.yaml`),
    'shared/storage.yaml',
    'shared/subscriptions.yaml',
  ]);
  expect(parse(all.read('recordings/live/hall/room-1.yaml')).layout).toEqual({
    fromFile: '../../../layouts/bestFit.yaml',
  });
});
