import { readdirSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { main } from '../../src/main.ts';
import type { Io } from '../../src/model/ports.ts';
import { folder, run, stateWords } from '../support/cli.ts';
import { fakeIo } from '../support/io.ts';

/*
 * The specification of import: examples/MODE-CASE.json as it was given to start, beside it the recording file that
 * becomes of it (.yaml) and what is told on standard error (.err). The cases are those of Agora Cloud Recording
 * REST, start, with its placeholders. A new case is a .json; `npx vitest run -u` writes the other two.
 */

const EXAMPLES = join(import.meta.dirname, 'examples');
const cases = readdirSync(EXAMPLES)
  .filter((file) => file.endsWith('.json'))
  .map((file) => basename(file, '.json'));

const WHO = ['--app-id', 'app', '--sid', 'the-sid', '--resource-id', 'the-resource'];

/** Runs the command line in this process. */
async function reelstate(args: readonly string[], cwd: string, env: Io['env'] = {}) {
  const { io, said } = fakeIo({ env, cwd });
  const code = await main(args, io);
  return { code, out: said.out, err: said.err };
}

/** A working directory with START.json in it. */
async function withStart(json: unknown): Promise<string> {
  return folder({ 'START.json': typeof json === 'string' ? json : JSON.stringify(json, null, 2) });
}

function flagsOf(name: string): string[] {
  const mode = ['--mode', name.split('-', 1)[0] as string];
  return name.endsWith('client-request-only')
    ? [...WHO, ...mode, '--cname', 'lobby', '--uid', '7']
    : [...WHO, ...mode];
}

/** Every text under a secret's name in a JSON value. */
function secretsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    /secret|accessKey|stsToken|rtmpUrl/.test(key) && typeof item === 'string' ? [item] : secretsIn(item),
  );
}

describe.each(cases)('%s', (name) => {
  const json = join(EXAMPLES, `${name}.json`);

  test('becomes the file beside it', async () => {
    const cwd = await folder();
    await copyFile(json, join(cwd, 'START.json'));
    const { code, out, err } = await reelstate(
      ['import', 'START.json', ...flagsOf(name), '--name', name],
      cwd,
    );
    expect(code).toBe(0);
    await expect(out).toMatchFileSnapshot(join(EXAMPLES, `${name}.yaml`));
    await expect(err).toMatchFileSnapshot(join(EXAMPLES, `${name}.err`));
    const secrets = secretsIn(JSON.parse(await readFile(json, 'utf8')));
    for (const secret of secrets.filter((text) => text !== 'xxxxxx')) expect(out + err).not.toContain(secret);
    expect(await readdir(cwd)).toEqual(['START.json']);
  });

  test('with --applied the first plan is empty, and a changed secret is not', async () => {
    const cwd = await folder();
    await copyFile(json, join(cwd, 'START.json'));
    const out = ['--out', 'recordings/it.yaml', '--applied'];
    const imported = await reelstate(['import', 'START.json', ...flagsOf(name), ...out], cwd);
    expect(imported.code).toBe(0);
    const start = JSON.parse(await readFile(json, 'utf8'));
    const variables = [...imported.err.matchAll(/^ {2}([A-Z0-9_]+) +(\S+)$/gm)].map(
      ([, variable, path]) => [variable, at(start, path as string)] as const,
    );
    const env = Object.fromEntries(variables);
    expect(await reelstate(['plan', '--detailed-exitcode'], cwd, env)).toMatchObject({ code: 0, err: '' });
    for (const [variable] of variables) {
      const changed = { ...env, [variable as string]: `${env[variable as string]}-new` };
      expect(await reelstate(['plan', '--detailed-exitcode'], cwd, changed)).toMatchObject({ code: 2 });
    }
    const state = await stateWords(cwd);
    for (const value of Object.values(env)) expect(state).not.toContain(value);
  });
});

/** What stands at a path such as "clientRequest.storageConfig.accessKey" or "a.outputs[0].rtmpUrl". */
function at(json: unknown, path: string): string {
  const steps = path.split(/[.[\]]+/).filter(Boolean);
  return steps.reduce((value, step) => (value as Record<string, unknown>)[step], json) as string;
}

const STORAGE = { vendor: 1, region: 0, bucket: 'b', accessKey: 'key-text', secretKey: 'secret-text' };
const body = (clientRequest: unknown) => ({ cname: 'lobby', uid: '7', clientRequest });

describe('what is wrong is told at its place in the JSON', () => {
  const transcoding = (transcodingConfig: unknown) => body({ recordingConfig: { transcodingConfig } });
  const storage = (fields: object) => body({ storageConfig: { ...STORAGE, ...fields } });
  const outputs = (rtmpUrl: unknown) =>
    body({
      extensionServiceConfig: {
        extensionServices: [
          { serviceName: 'rtmp_publish_service', serviceParam: { outputs: [{ rtmpUrl }] } },
        ],
      },
    });
  const config = 'clientRequest.recordingConfig';
  const place = 'clientRequest.extensionServiceConfig.extensionServices[0].serviceParam.outputs[0].rtmpUrl';
  test.each<[string, unknown, string]>([
    ['mix', storage({ region: 99 }), 'clientRequest.storageConfig.region: '],
    ['mix', storage({ vendor: 'nobody' }), 'clientRequest.storageConfig.vendor: '],
    [
      'mix',
      storage({ accessKey: 5 }),
      'clientRequest.storageConfig.accessKey: must be a text that is not empty',
    ],
    [
      'mix',
      storage({ secretKey: '' }),
      'clientRequest.storageConfig.secretKey: must be a text that is not empty',
    ],
    ['mix', storage({ fileNamePrefix: ['a_b'] }), 'clientRequest.storageConfig.fileNamePrefix[0]: '],
    ['mix', body({ storageConfig: [] }), 'clientRequest.storageConfig: must be a JSON object'],
    ['mix', body({ recordingConfig: { streamTypes: 3 } }), `${config}.streamTypes: `],
    [
      'mix',
      body({ recordingConfig: { subscribeAudioUids: ['1', 'x'] } }),
      `${config}.subscribeAudioUids[1]: `,
    ],
    ['mix', transcoding({ mixedVideoLayout: 9 }), `${config}.transcodingConfig.mixedVideoLayout: `],
    ['mix', transcoding({ backgroundColor: 'red' }), `${config}.transcodingConfig.backgroundColor: `],
    [
      'mix',
      transcoding({ mixedVideoLayout: 3, layoutConfig: {} }),
      `${config}.transcodingConfig.layoutConfig: `,
    ],
    [
      'mix',
      transcoding({ mixedVideoLayout: 3, layoutConfig: [{ x_axis: 0.6, y_axis: 0, width: 0.5, height: 1 }] }),
      `${config}.transcodingConfig.layoutConfig[0].width: `,
    ],
    ['web', outputs('https://example.com'), `${place}: `],
    ['web', outputs(7), `${place}: must be a text that is not empty`],
  ])('%s %j: its block is left out', async (mode, json, told) => {
    const cwd = await withStart(json);
    const args = ['import', 'START.json', ...WHO, '--mode', mode, '--out', 'recordings/it.yaml'];
    const { code, out, err } = await reelstate(args, cwd);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`START.json: ${told}`);
    expect(err).not.toMatch(/defect|\n {4}at /);
    expect(err).not.toContain('secret-text');
    expect(await reelstate(['validate', '--strict'], cwd)).toMatchObject({ code: 0 });
  });

  test.each<[unknown, string]>([
    [{ cname: 5, uid: '7', clientRequest: {} }, 'cname: '],
    [{ cname: 'lobby', uid: '0', clientRequest: {} }, 'uid: '],
    [{ cname: 'lobby', uid: '7', clientRequest: null }, 'clientRequest must be a JSON object'],
    [{ hello: 1 }, 'it has no clientRequest'],
    [[], 'a JSON object is needed'],
  ])('%j: which recording it is cannot be said, so nothing is written', async (json, told) => {
    const cwd = await withStart(json);
    const args = [
      'import',
      'START.json',
      ...WHO,
      '--mode',
      'mix',
      '--out',
      'recordings/it.yaml',
      '--applied',
    ];
    const { code, out, err } = await reelstate(args, cwd);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`START.json: ${told}`);
    expect(err).not.toMatch(/defect|\n {4}at /);
    expect(await readdir(cwd)).toEqual(['START.json']);
  });

  test('a broken JSON: line and column, and nothing of the text', async () => {
    const cwd = await withStart('{\n  "clientRequest": { "secretKey": "secret-text" "x": 1 }\n}\n');
    const { code, err } = await reelstate(['import', 'START.json', ...WHO, '--mode', 'mix'], cwd);
    expect(code).toBe(1);
    expect(err).toMatch(/^reelstate: START\.json:2:\d+: the file is no JSON/);
    expect(err).not.toContain('secret');
  });

  test('a JSON that ends too early is told at its end', async () => {
    const cwd = await withStart('{\n  "clientRequest": {\n');
    const { err } = await reelstate(['import', 'START.json', ...WHO, '--mode', 'mix'], cwd);
    expect(err).toMatch(/START\.json:[23]:\d+: /);
  });
});

describe('the command line', () => {
  test.each([
    [['--sid'], '--sid is missing'],
    [['--app-id'], '--app-id is missing'],
    [['--resource-id'], '--resource-id is missing'],
  ])('without %s', async ([flag], told) => {
    const cwd = await withStart(body({}));
    const all = [...WHO, '--mode', 'mix'];
    const at = all.indexOf(flag as string);
    const { code, err } = await reelstate(['import', 'START.json', ...all.toSpliced(at, 2)], cwd);
    expect(code).toBe(64);
    expect(err).toContain(told);
  });

  test('the mode is as the JSON has it, else web where there is its service, and mix', async () => {
    const web = {
      extensionServiceConfig: {
        extensionServices: [{ serviceName: 'web_recorder_service', serviceParam: { onhold: true } }],
      },
    };
    for (const [json, mode] of [
      [body({}), 'mix'],
      [{ ...(body({}) as object), mode: 'individual' }, 'individual'],
      [body(web), 'web'],
    ] as const) {
      const { code, out, err } = await reelstate(['import', 'START.json', ...WHO], await withStart(json));
      expect(code).toBe(0);
      expect(out).toContain(`mode: ${mode}\n`);
      expect(err.includes(`in mode ${mode}: if`)).toBe(mode !== 'individual');
    }
  });

  test('which recording it is may stand in the JSON, or come later from a file', async () => {
    const kept = { ...(body({}) as object), appId: 'app', resourceId: 'resource', sid: 'sid-1' };
    const whole = await reelstate(['import', 'START.json'], await withStart(kept));
    expect(whole.code).toBe(0);
    expect(whole.out).toMatch(/appId: app\n[\s\S]*resourceId: resource\n[\s\S]*sid: sid-1\n/);

    const cwd = await withStart(body({ recordingConfig: { streamTypes: 2, channelType: 0 } }));
    const later = await reelstate(['import', 'START.json', '--out', 'recordings/hall.yaml'], cwd);
    expect(later.code).toBe(0);
    expect(later.err).toContain('Until run/hall.json is there the recording is waiting');
    const plan = await reelstate(['plan', '--json'], cwd);
    expect(JSON.parse(plan.out)).toMatchObject({
      recordings: [{ name: 'hall', action: 'waiting' }],
      diagnostics: [],
    });
    await mkdir(join(cwd, 'run'));
    const run = { appId: 'a', cname: 'c', uid: '1', resourceId: 'r', sid: 's', mode: 'mix' };
    await writeFile(join(cwd, 'run/hall.json'), JSON.stringify(run));
    expect(JSON.parse((await reelstate(['plan', '--json'], cwd)).out).recordings).toMatchObject([
      { name: 'hall', sid: 's', mode: 'mix' },
    ]);
    // Half of what says it is a mistake, and nothing that is given is passed over.
    for (const [flag, missing] of [
      ['--app-id', '--resource-id is missing'],
      ['--uid', '--app-id is missing'],
    ] as const)
      expect(await reelstate(['import', 'START.json', flag, 'x'], cwd)).toMatchObject({
        code: 64,
        err: expect.stringContaining(missing),
      });
    const applied = await reelstate(['import', 'START.json', '--applied'], cwd);
    expect(applied).toMatchObject({ code: 64, err: expect.stringContaining('--applied needs') });
  });

  test.each([
    [['--mode', 'raw'], '--mode "raw": must be one of individual, mix, web'],
    [['--mode', 'mix', '--out', 'x.txt'], 'must end in .yaml or .yml'],
    [['--mode', 'mix', '--out', '.x.yaml'], 'must not begin with a dot'],
  ])('%j', async (flags, told) => {
    const cwd = await withStart(body({}));
    const { code, err } = await reelstate(['import', 'START.json', ...WHO, ...flags], cwd);
    expect({ code, told: err.includes(told) }).toEqual({ code: 64, told: true });
  });

  test('cname and uid: needed where the JSON has none, and taken before those of the JSON', async () => {
    const alone = await withStart({ storageConfig: STORAGE });
    const args = ['import', 'START.json', ...WHO, '--mode', 'mix'];
    expect(await reelstate(args, alone)).toMatchObject({
      code: 64,
      err: expect.stringContaining('--cname is missing'),
    });
    expect(await reelstate([...args, '--cname', 'x'], alone)).toMatchObject({
      code: 64,
      err: expect.stringContaining('--uid is missing'),
    });
    const whole = await withStart(body({ storageConfig: STORAGE }));
    const { out } = await reelstate([...args, '--cname', 'x', '--uid', '99'], whole);
    expect(out).toContain('cname: x\n  uid: "99"\n');
    expect((await reelstate([...args, '--uid', 'nine'], whole)).err).toMatch(/^--uid: /);
  });

  test('a file that is not there', async () => {
    const { code, err } = await reelstate(['import', 'NO.json', ...WHO, '--mode', 'mix'], await folder());
    expect({ code, err }).toEqual({ code: 1, err: 'reelstate: NO.json does not exist\n' });
  });

  test('--out never overwrites, also not with --applied', async () => {
    const cwd = await withStart(body({ storageConfig: STORAGE }));
    await writeFile(join(cwd, 'it.yaml'), 'mine\n');
    const args = ['import', 'START.json', ...WHO, '--mode', 'mix', '--out', 'it.yaml'];
    for (const more of [[], ['--applied']]) {
      const { code, err } = await reelstate([...args, ...more], cwd);
      expect({ code, err: err.split('\n')[0] }).toEqual({
        code: 1,
        err: 'reelstate: it.yaml is there already, and is left as it is',
      });
    }
    expect(await readFile(join(cwd, 'it.yaml'), 'utf8')).toBe('mine\n');
    expect(await readdir(cwd)).toEqual(['START.json', 'it.yaml']);
  });

  test('--applied does not speak over what is known already', async () => {
    const cwd = await withStart(body({ storageConfig: STORAGE }));
    const args = ['import', 'START.json', ...WHO, '--mode', 'mix', '--applied', '--out'];
    expect((await reelstate([...args, 'recordings/one.yaml'], cwd)).code).toBe(0);
    const again = await reelstate([...args, 'recordings/two.yaml'], cwd);
    expect(again.code).toBe(1);
    expect(again.err).toContain('in the state folder already, as one (recordings/one.yaml)');
    expect(await readdir(join(cwd, 'recordings'))).toEqual(['one.yaml']);
  });

  test('says which variables hold something else now', async () => {
    const cwd = await withStart(body({ storageConfig: STORAGE }));
    const env = { S3_KEY: 'another', S3_SECRET: STORAGE.secretKey };
    const { err } = await reelstate(['import', 'START.json', ...WHO, '--mode', 'mix'], cwd, env);
    expect(err).toMatch(
      /S3_KEY .*\(now set to something else\)\n {2}S3_SECRET +clientRequest.storageConfig.secretKey\n/,
    );
    expect(err).not.toContain('another');
  });
});

test('the built command: import, plan and schema', async () => {
  const cwd = await withStart(body({ storageConfig: STORAGE }));
  const args = [
    'import',
    'START.json',
    ...WHO,
    '--mode',
    'mix',
    '--out',
    'recordings/lobby.yaml',
    '--applied',
  ];
  expect(await run(args, { cwd })).toMatchObject({ code: 0, stdout: '' });
  const env = { S3_KEY: STORAGE.accessKey, S3_SECRET: STORAGE.secretKey };
  expect(await run(['plan', '--detailed-exitcode'], { cwd, env })).toMatchObject({ code: 0, stderr: '' });
  const schema = await run(['schema'], { cwd });
  expect(schema.code).toBe(0);
  const file = join(import.meta.dirname, '../../schemas/recording.schema.json');
  expect(JSON.parse(schema.stdout)).toEqual(JSON.parse(await readFile(file, 'utf8')));
  expect(schema.stderr).toContain('# yaml-language-server: $schema=../schemas/recording.schema.json');
  expect((await run(['schema', '--help'], { cwd })).stdout).toContain('reelstate schema > schemas/');
});
