import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, readdir, rename, stat, symlink } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { folder, NODE, put, recording, run, start } from '../support/cli.ts';
import { registry } from '../support/registry.ts';

/*
 * The package as it is published, installed into an empty folder by npm. What the build puts into dist/ is a
 * devDependency, so nothing of it may be missing there.
 */

const ROOT = join(import.meta.dirname, '../..');
/** Bytes that the package may have when it is unpacked. */
const LARGEST = 1_500_000;

const execute = promisify(execFile);
let home: string;
let installed: string;

beforeAll(async () => {
  home = await folder({ 'package.json': '{ "private": true }' });
  const { stdout } = await execute(
    'npm',
    ['pack', '--ignore-scripts', '--offline', '--silent', '--pack-destination', home],
    { cwd: ROOT },
  );
  const { url, close } = await registry();
  try {
    const tarball = `./${stdout.trim().split('\n').at(-1)}`;
    await execute(
      'npm',
      ['install', tarball, '--registry', url, '--cache', join(home, 'cache'), '--no-audit', '--no-fund'],
      { cwd: home },
    );
  } finally {
    await close();
  }
  installed = join(home, 'node_modules/reelstate');
}, 120_000);

function dependencies(): string[] {
  return Object.keys(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')).dependencies ?? {});
}

it('is small, without maps, and says the licences of what is bundled', async () => {
  const all = (await readdir(installed, { recursive: true })).filter(
    (path) => !path.startsWith('node_modules'),
  );
  const stats = await Promise.all(all.map((path) => stat(join(installed, path))));
  const bytes = stats.reduce((sum, each) => sum + (each.isFile() ? each.size : 0), 0);
  expect(bytes).toBeLessThan(LARGEST);
  expect(all.filter((path) => path.endsWith('.map'))).toEqual([]);
  const licences = readFileSync(join(installed, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of ['got', 'hono', 'yaml', 'prom-client', 'pg'])
    expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
  expect(licences).toContain('Permission is hereby granted');
  // Each text is whole and there once.
  expect(licences).toMatch(
    /provided that the above\s+copyright notice and this permission notice appear in all copies/,
  );
  expect(licences).not.toMatch(/^ {2}(copyright (notice|license) |\(c\) You)/m);
  expect(licences.match(/TERMS AND CONDITIONS FOR USE/g)).toHaveLength(1);
});

it('holds what its pages lead to, the README among them', async () => {
  const all = await readdir(installed, { recursive: true });
  const pages = all.filter((path) => path.endsWith('.md') && !path.startsWith('node_modules'));
  expect(pages).toContain('README.md');
  expect(pages.length).toBeGreaterThan(10);
  const dangling = pages.flatMap((page) =>
    [...readFileSync(join(installed, page), 'utf8').matchAll(/\]\(([^)#\s]+)/g)]
      .map(([, target]) => target as string)
      .filter((target) => !/^https?:/.test(target) && !existsSync(join(installed, page, '..', target)))
      .map((target) => `${page}: ${target}`),
  );
  expect(dangling).toEqual([]);
});

it('runs no script of its own where it is installed', () => {
  const { scripts } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare'];
  expect(hooks.filter((hook) => hook in scripts)).toEqual([]);
});

it('asks for nothing that is neither in it nor named as a dependency', () => {
  const dist = join(installed, 'dist');
  const asked = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) => [
      ...readFileSync(join(dist, path), 'utf8').matchAll(
        /\b(?:require|import)\(["'`]([^"'`.][^"'`]*)["'`]\)/g,
      ),
    ])
    .map(([, name]) => name as string);
  expect(asked).toContain('node:fs/promises');
  // The driver asks for it only where a program wants the native one; the database for that of the machine.
  const optional = /^(pg-native|@libsql\/\$\{\w+\})$/;
  const missing = asked.filter(
    (name) => !isBuiltin(name) && !dependencies().includes(name) && !optional.test(name),
  );
  expect(missing).toEqual([]);
});

it('says what is missing where the database has no binary for the machine', async () => {
  const cwd = await folder({
    'recordings/a.yaml': recording('a', 'layout: { backgroundColor: "#FF0000" }\n'),
  });
  const [binaries, aside] = ['node_modules/@libsql', 'aside'].map((name) => join(home, name)) as [
    string,
    string,
  ];
  await rename(binaries, aside);
  try {
    const ran = await run(['apply', '--yes'], { cwd, cli: join(installed, 'dist/cli.js') });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /^reelstate: the database that keeps the state cannot be loaded: Cannot find module '@libsql\/[\w-]+'\n {2}Its binary .*--omit=optional\.\n$/,
    );
  } finally {
    await rename(aside, binaries);
  }
});

it('runs', async () => {
  const cwd = await folder({
    'recordings/a.yaml': recording('a', 'layout: { backgroundColor: "#FF0000" }\n'),
  });
  const cli = join(installed, 'dist/cli.js');
  const reelstate = async (...args: string[]) => {
    const ran = await run(args, { cwd, cli });
    expect(ran).toMatchObject({ code: 0, signal: null });
    return ran.stdout;
  };
  expect(await reelstate('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await reelstate('validate')).toContain('1 file');
  expect(await reelstate('init', 'new')).toContain('new/schemas/recording.schema.json');
  await reelstate('plan', '--output', 'markdown', '--pictures-dir', 'pictures');
  expect(readdirSync(join(cwd, 'pictures'))).not.toEqual([]);
  await reelstate('preview', '--out', 'x.png');
  expect(readFileSync(join(cwd, 'x.png')).subarray(1, 4).toString()).toBe('PNG');
  const simulator = start(['simulate', '--listen', '127.0.0.1:0', '--recordings', 'recordings'], {
    cwd,
    cli,
  });
  const url = await simulator.shows(/http:\/\/127\.0\.0\.1:\d+/);
  expect(await reelstate('apply', '--endpoint', url)).toContain('1 call for 1 recording applied');
  await put(cwd, { 'recordings/a.yaml': recording('a', 'layout: { backgroundColor: "#0000FF" }\n') });
  const daemon = start(['watch', '--endpoint', url, '--listen', '127.0.0.1:0'], { cwd, cli });
  await daemon.shows(/"updateLayout"/, 'stderr');
  for (const { child, done } of [daemon, simulator]) {
    child.kill('SIGTERM');
    expect((await done).code).toBe(0);
  }
});

describe('as a library', () => {
  const node = (script: string) =>
    execute(NODE, ['--input-type=module', '--eval', script], {
      cwd: home,
      env: { PATH: process.env.PATH ?? '' },
    });

  it('gives its functions, its schema and nothing more', async () => {
    const { stdout } = await node(`
      import * as library from 'reelstate';
      import { schema } from 'reelstate/schema';
      console.log(JSON.stringify([Object.keys(library).filter((name) => name !== 'default' && name !== 'module.exports'), schema.title]));
    `);
    expect(JSON.parse(stdout)).toEqual([
      ['Failure', 'apply', 'plan', 'simulate', 'systemClock', 'watch'],
      'RecordingFile',
    ]);
  });

  it('says what is wrong with an option, and prints nothing', async () => {
    const { stdout, stderr } = await node(`
      import { Failure, plan } from 'reelstate';
      const told = async (options) => plan(options).then(() => { throw new Error('taken') }, (error) => {
        if (!(error instanceof Failure && error.exitCode === 64)) throw error;
        return error.message;
      });
      const all = [await told({}), await told({ cwd: '.', folder: 'x' }), await told({ cwd: '.', rate: -1 })];
      if (all.some((text, index) => !text.includes(['cwd', 'folder', '--rate'][index]))) throw new Error(all.join());
    `);
    expect(stdout + stderr).toBe('');
  });

  it('has types that a strict program is checked by', async () => {
    await put(home, {
      'use.ts': `import { apply, type ApplyResult, plan, simulate, watch } from 'reelstate';
import { type RecordingFile, schema } from 'reelstate/schema';
const service = await simulate({ faults: ['503@0.1'] });
const around = { cwd: '.', env: process.env, endpoint: service.url, err: process.stderr };
const result: ApplyResult = await apply({ ...around, onEvent: ({ type }) => console.log(type) });
const file: RecordingFile = { recording: { fromFile: 'x.json' } };
await watch({ ...around, signal: AbortSignal.abort() });
console.log((await plan(around)).summary.calls.update, result.complete, file, schema.title);
// @ts-expect-error there is no such option
await plan({ cwd: '.', folder: 'x' });
`,
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          ...{ module: 'NodeNext', target: 'ES2023', strict: true, noEmit: true, types: ['node'] },
          typeRoots: [join(ROOT, 'node_modules/@types')],
        },
        files: ['use.ts'],
      }),
    });
    await put(home, { 'package.json': '{ "private": true, "type": "module" }' });
    await execute(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], {
      cwd: home,
    });
  });

  it('serves in the tests of another program, for vitest and for node:test', async () => {
    await cp(join(ROOT, 'test/examples/library'), join(home, 'show'), { recursive: true });
    await symlink(join(ROOT, 'node_modules/vitest'), join(home, 'node_modules/vitest'));
    await put(home, { 'package.json': '{ "private": true, "type": "module" }' });
    const env = { PATH: process.env.PATH ?? '', HOME: home, CI: '1' };
    const files = join(home, 'vitest.config.js');
    await put(home, { 'vitest.config.js': "export default { test: { include: ['show/*.vitest.js'] } };" });
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const run = await execute(NODE, [vitest, 'run', '--config', files], { cwd: home, env });
    expect(run.stdout).toMatch(/2 passed/);
    const test = await execute(NODE, ['--test', '--test-reporter=tap', 'show/show.node.js'], {
      cwd: home,
      env,
    });
    expect(test.stdout).toMatch(/^# pass 1$/m);
  });
});
