import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { folder, put, recording, run, start } from '../support/cli.ts';

/*
 * The package as it is published, in a folder of its own with nothing but the dependencies that it names. What the
 * build puts into dist/ is a devDependency.
 */

const ROOT = join(import.meta.dirname, '../..');

let installed: string;

beforeAll(async () => {
  const cwd = await folder();
  const packed = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--offline', '--silent', '--pack-destination', cwd],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  execFileSync('tar', ['-xzf', packed.trim().split('\n').at(-1) as string], { cwd });
  installed = join(cwd, 'package');
  for (const name of dependencies()) {
    const place = join(installed, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), place);
  }
});

function dependencies(): string[] {
  return Object.keys(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')).dependencies ?? {});
}

it('asks for nothing that is neither in it nor named as a dependency', () => {
  const dist = join(installed, 'dist');
  const asked = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) => [
      ...readFileSync(join(dist, path), 'utf8').matchAll(/\b(?:require|import)\(["']([^"'.][^"']*)["']\)/g),
    ])
    .map(([, name]) => name as string);
  expect(asked).toContain('node:fs/promises');
  expect(asked.filter((name) => !isBuiltin(name) && !dependencies().includes(name))).toEqual([]);
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
