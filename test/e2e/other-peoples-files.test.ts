import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI, folder, NODE, put, recording } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';

const LISTS = (spelling: string, uid = '1') =>
  recording(
    'a',
    `subscriptions: { audioUidList: { ${spelling}AudioUids: ["${uid}"] }, videoUidList: { ${spelling}VideoUids: ["${uid}"] } }\n`,
  );

const REGIONS = (...regions: string[]) =>
  recording(
    'a',
    `layout:\n  mixedVideoLayout: custom\n  layoutConfig:\n${regions.map((one) => `    - { ${one} }\n`).join('')}`,
  );

const at = (x: number, y: number, width: number, height: number) =>
  `x_axis: ${x}, y_axis: ${y}, width: ${width}, height: ${height}`;

async function validate(files: Record<string, string>, ...flags: string[]) {
  const cwd = await folder(files);
  const { code, stdout } = await run(['validate', '--json', '--no-cache', ...flags], { cwd });
  const { diagnostics, recordings } = JSON.parse(stdout);
  return { code, diagnostics, recordings, codes: diagnostics.map((one: { code: string }) => one.code) };
}

describe('what reaches the service', () => {
  it('is spelt as the file has it, and another spelling there is sent', async () => {
    const cwd = await folder({ 'recordings/a.yaml': LISTS('unsubscribe') });
    const sim = await simulator(cwd, [], { REELSTATE_UNSUBSCRIBE_SPELLING: 'unsubscribe' });
    const apply = async (...flags: string[]) => {
      expect((await run(['apply', '--yes', '--endpoint', sim.url, ...flags], { cwd })).code).toBe(0);
      return JSON.stringify((await sim.requests()).at(-1)?.body.clientRequest);
    };
    expect(await apply()).toContain('"unsubscribeAudioUids":["1"]');
    expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(0);
    await put(cwd, { 'recordings/a.yaml': LISTS('unSubscribe') });
    expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(2);
    expect(await apply()).toContain('"unSubscribeVideoUids":["1"]');
    await put(cwd, { 'recordings/a.yaml': LISTS('unsubscribe', '2') });
    expect(await apply('--unsubscribe-spelling', 'unSubscribe')).toContain('"unSubscribeAudioUids":["2"]');
  });

  it('a plan in a file keeps the spelling of the files, or of the flag', async () => {
    const cwd = await folder({
      'recordings/a.yaml': LISTS('unsubscribe'),
      'recordings/b.yaml': LISTS('unSubscribe').replaceAll('-a', '-b'),
    });
    const sim = await simulator(cwd);
    expect((await run(['plan', '--out', 'plan.json'], { cwd })).code).toBe(0);
    const done = await run(['apply', 'plan.json', '--yes', '--endpoint', sim.url], { cwd });
    expect([done.code, done.stderr]).toEqual([0, expect.any(String)]);
    const bodies = (await sim.requests()).map(({ body }) => JSON.stringify(body)).join();
    expect(bodies).toContain('"unsubscribeAudioUids"');
    expect(bodies).toContain('"unSubscribeAudioUids"');
  });

  it('takes what official samples hold, and leaves out what has no effect', async () => {
    const keys = 'bucket: b, accessKey: k, secretKey: { fromEnv: S }';
    const cwd = await folder({
      'recordings/a.yaml': REGIONS(`uid: "", ${at(0, 0, 0.5, 1)}`, `uid: "", ${at(0.5, 0, 0.5, 1)}`).replace(
        '"527841"',
        '"00527841"',
      ),
      'recordings/b.yaml': recording('b', 'layout: { mixedVideoLayout: 1, maxResolutionUid: "7" }\n'),
      'recordings/c.yaml': recording('c', `storage: { vendor: azure, ${keys} }\n`),
    });
    const sim = await simulator(cwd, [], { S: 's' });
    const { code, stderr } = await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env: { S: 's' } });
    expect([code, stderr]).toEqual([0, expect.stringContaining('recording-uid-zeros')]);
    const bodies = (await sim.requests()).map(({ body }) => body) as { cname: string; uid: string }[];
    expect(bodies.find(({ cname }) => cname === 'channel-a')).toMatchObject({
      uid: '00527841',
      clientRequest: { layoutConfig: [{ x_axis: 0 }, { x_axis: 0.5 }] },
    });
    expect(JSON.stringify(bodies)).not.toMatch(/maxResolutionUid|"uid":""/);
    expect(bodies.find(({ cname }) => cname === 'channel-c')).toMatchObject({
      clientRequest: { storageConfig: { vendor: 5, region: 0 } },
    });
  });
});

describe('a run file', () => {
  const known = 'recording: { appId: app, mode: mix, streamTypes: 2, fromFile: ../run/a.json }\n';
  const answer = { cname: 'c', uid: '5', resourceId: 'r', sid: 's' };
  const layout = 'layout: { mixedVideoLayout: 1 }\n';

  it('may be what start has answered, beside what is known beforehand', async () => {
    const cwd = await folder({ 'recordings/a.yaml': known + layout });
    const plan = async () => JSON.parse((await run(['plan', '--json'], { cwd })).stdout).recordings[0];
    expect((await plan()).action).toBe('waiting');
    for (const more of [{}, { code: 200, serverResponse: { fileList: [] }, appId: 'app', mode: 'mix' }]) {
      await put(cwd, { 'run/a.json': JSON.stringify({ ...answer, ...more }) });
      expect(await plan()).toMatchObject({
        action: 'create',
        sid: 's',
        mode: 'mix',
        calls: [{ body: { cname: 'c', uid: '5' } }],
      });
    }
  });

  it.each([
    ['a contradiction', { uid: '6' }, 'uid: 5, ', 'identity-contradiction', 'recordings/a.yaml'],
    ['another mode', { mode: 'web' }, '', 'identity-contradiction', 'recordings/a.yaml'],
    ['a wrong type', { cname: 7 }, '', 'wrong-type', 'run/a.json'],
    ['a lack', { sid: undefined }, '', 'missing-field', 'run/a.json'],
    [
      'a failure',
      { ...answer, resourceId: undefined, sid: undefined, code: 2 },
      '',
      'missing-field',
      'run/a.json',
    ],
  ])('%s is an error at its place', async (_name, change, beside, code, filename) => {
    const file = known.replace('appId', `${beside}appId`) + layout;
    const found = await validate({
      'recordings/a.yaml': file,
      'run/a.json': JSON.stringify({ ...answer, ...change }),
    });
    expect([found.code, found.recordings]).toEqual([1, 0]);
    for (const diagnostic of found.diagnostics)
      expect(diagnostic).toMatchObject({ code, range: { filename } });
  });

  it('lets the blocks be held against a mode that is known before it is there', async () => {
    const { codes } = await validate({ 'recordings/a.yaml': known.replace('mix', 'web') + layout });
    expect(codes).toEqual(['block-against-mode']);
  });
});

describe('what people do is no finding, with --strict neither', () => {
  const third = '0.333333';
  it.each([
    ['picture-in-picture', REGIONS(at(0, 0, 1, 1), at(0.7, 0.7, 0.25, 0.25), at(0.05, 0.7, 0.25, 0.25))],
    ['a region that touches the edge of the one it lies on', REGIONS(at(0, 0, 1, 1), at(0.5, 0, 0.5, 1))],
    ['three levels', REGIONS(at(0, 0, 1, 1), at(0.5, 0.5, 0.5, 0.5), at(0.6, 0.6, 0.1, 0.1))],
    [
      'columns of a third',
      REGIONS(
        `x_axis: 0, y_axis: 0, width: 0.333334, height: 1`,
        `x_axis: ${third}, y_axis: 0, width: 0.333334, height: 1`,
        `x_axis: 0.666667, y_axis: 0, width: 0.333334, height: 1`,
      ),
    ],
    [
      'anchors below x-',
      `x-grid: &grid { mixedVideoLayout: 1, backgroundColor: "#112233" }\n${recording('a', 'layout: { <<: *grid, backgroundColor: "#445566" }\n')}`,
    ],
    ['a document of comments', `# one\n---\n# two\n---\nname: a\n${recording('a')}---\n# three\n`],
  ])('%s', async (_name, file) => {
    expect(await validate({ 'recordings/a.yaml': file }, '--strict')).toMatchObject({
      ...{ code: 0, codes: [], recordings: 1 },
    });
  });

  it.each(Array.from({ length: 16 }, (_, index) => index + 2))('columns of 1/%i', async (n) => {
    for (const digits of [6, 4, 3]) {
      const rounded = (value: number) => Number(value.toFixed(digits));
      const columns = Array.from({ length: n }, (_, i) => {
        const x = rounded(i / n);
        return at(x, 0, Math.min(rounded(1 / n), 1 - x), 1);
      });
      expect(await validate({ 'recordings/a.yaml': REGIONS(...columns) }, '--strict')).toMatchObject({
        ...{ code: 0, codes: [] },
      });
    }
  });

  it('a file of comments alone is none, and forgets nothing where it is the only one', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const sim = await simulator(cwd);
    expect((await run(['apply', '--yes', '--endpoint', sim.url], { cwd })).code).toBe(0);
    await put(cwd, { 'recordings/a.yaml': recording('a').replaceAll(/^/gm, '# ') });
    expect((await run(['validate', '--strict'], { cwd })).stdout).toBe('Valid: 0 recordings in 1 file.\n');
    const { code, stderr } = await run(['plan'], { cwd });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('nothing but comments in the files of recordings'),
    ]);
    expect((await run(['plan', '--allow-empty'], { cwd })).stdout).toContain('1 to forget');
  });
});

describe('what is passed over', () => {
  it.each([
    [{ 'recordings/a.json': '{}' }, '; a file with another ending is not read (a.json)'],
    [{ 'recordings/eu/a.json': '{}', 'recordings/.b': '', 'recordings/c.txt': '' }, ' (c.txt, a.json)'],
    [{ 'recordings/.keep': '' }, 'no recording files in "recordings"'],
  ])('is said where nothing else is there', async (files, said) => {
    const { code, diagnostics } = await validate(files as Record<string, string>);
    expect(code).toBe(0);
    expect(diagnostics).toMatchObject([{ severity: 'warning', code: 'no-recording-files' }]);
    expect(diagnostics[0].summary).toContain(said);
    expect((await validate(files as Record<string, string>, '--strict')).code).toBe(1);
  });
});

it('one file name in two folders is told how to keep it', async () => {
  const { diagnostics } = await validate({
    'recordings/eu/standup.yaml': recording('eu'),
    'recordings/us/standup.yaml': recording('us'),
  });
  expect(diagnostics.map(({ detail }: { detail: string }) => detail)).toEqual([
    expect.stringContaining('name: eu-standup'),
    expect.stringContaining('name: us-standup'),
  ]);
});

it.each([
  [
    ['eu/prod/a.yaml', 'us/prod/a.yaml', 'us/test/a.yaml'],
    ['one a name of its own: name: eu-prod-a', 'name: us-prod-a', 'name: us-test-a'],
  ],
  [
    ['a.yaml', 'eu/a.yaml'],
    ['the other one a name of its own: name: eu-a', 'give one a name of its own: name: eu-a'],
  ],
  [
    ['a.yaml', 'a.yml'],
    ['rename one of the two files', 'rename one of the two files'],
  ],
])('of %j each is told another name', async (files, names) => {
  const all = files.map((file, index) => [`recordings/${file}`, recording(`of-${index}`)]);
  const { diagnostics } = await validate(Object.fromEntries(all));
  expect(diagnostics.map(({ detail }: { detail: string }) => detail)).toEqual(
    names.map((name) => expect.stringMatching(new RegExp(`${name}$|${name}\\.$`))),
  );
});

describe('Node.js', () => {
  /** Runs the command where Node says that it is of another version. */
  const runOn = (version: string, ...args: string[]) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const faked = `
        const value = ${JSON.stringify(version)};
        Object.defineProperty(process, 'version', { value: 'v' + value });
        Object.defineProperty(process, 'versions', { value: { ...process.versions, node: value } });
        const load = require('node:module')._load;
        require('node:module')._load = (name, ...rest) => {
          if (/^\\.\\/(?!chunks\\/version-)/.test(name)) process.stderr.write('loaded ' + name + '\\n');
          return load(name, ...rest);
        };`;
      const preload = `data:text/javascript,import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(CLI)});${encodeURIComponent(faked)}`;
      execFile(NODE, ['--import', preload, CLI, ...args], (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });

  it.each(['18.20.8', '20.18.3', '16.0.0', '9.11.2'])(
    '%s is told before anything is loaded',
    async (version) => {
      for (const args of [['validate'], ['--version'], ['--help']])
        expect(await runOn(version, ...args)).toEqual({
          code: 1,
          stdout: '',
          stderr: `reelstate: this needs Node.js 20.19.0 or newer, and runs on v${version}\n`,
        });
    },
  );

  it.each(['20.19.0', '20.20.0', '22.0.0', '100.1.0'])('%s is new enough', async (version) => {
    const { code, stderr } = await runOn(version, '--help');
    expect([code, stderr]).toEqual([0, expect.stringContaining(join('.', 'main.js'))]);
  });
});
