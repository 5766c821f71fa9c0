import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/main.ts';
import { CLI, folder, NODE, run } from '../support/cli.ts';
import { fakeIo } from '../support/io.ts';

/*
 * The help of every command, as the built command prints it.
 */

const helps = new Map<string, string>();
let cwd: string;

/** The commands that a help lists. */
function listed(help: string): string[] {
  const lines = /^Commands:\n((?: .*\n)*)/m.exec(help)?.[1] ?? '';
  return [...lines.matchAll(/^ {2}(\w+)/gm)].flatMap(([, name = '']) => (name === 'help' ? [] : [name]));
}

beforeAll(async () => {
  cwd = await folder();
  const read = async (path: string): Promise<void> => {
    const help = (await run([...path.split(' ').filter(Boolean), '--help'], { cwd })).stdout;
    helps.set(path, help);
    for (const name of listed(help)) await read(`${path} ${name}`.trim());
  };
  await read('');
});

it('there is one for each command and each command of a command', () => {
  expect(helps.size).toBeGreaterThan(20);
  expect([...helps.keys()]).toContain('state mv');
});

it("a command's own flags come first, those of every command under a heading of their own", () => {
  for (const help of helps.values()) {
    const common = help.indexOf('\nFlags of every command:\n');
    expect(common).toBeGreaterThan(0);
    for (const flag of ['--dir', '--state', '--no-color', '-h, --help'])
      expect(help.indexOf(`\n  ${flag} `)).toBeGreaterThan(common);
  }
  const plan = helps.get('plan') ?? '';
  expect(plan.indexOf('\n  --detailed-exitcode ')).toBeLessThan(plan.indexOf('\nFlags of every command:\n'));
});

it('what a command alone has comes before what several have for their files', () => {
  const flagsOf = (help: string) =>
    [...help.slice(0, help.indexOf('\nFlags of every command:\n')).matchAll(/^ {2}(--[\w-]+)/gm)].map(
      ([, flag]) => flag as string,
    );
  const all = [...helps.values()].map(flagsOf);
  const isAlone = (flag: string) => all.filter((each) => each.includes(flag)).length === 1;
  for (const flags of all) {
    const first = flags.findIndex((flag) => ['--secrets-dir', '--unsubscribe-spelling'].includes(flag));
    if (first < 0) continue;
    expect(first).toBeGreaterThan(0);
    expect(flags.slice(first).filter(isAlone)).toEqual([]);
  }
});

it('each says what its exit codes mean, and has an example that is a command line', async () => {
  for (const [path, help] of helps) {
    expect([path, /\nExit codes:\n(?: {2}\d.*\n(?: {6}.*\n)*)+/.exec(help)?.[0]]).toEqual([
      path,
      expect.stringMatching(/\n {2}0 {3}\S[\s\S]*\n {2}64 {2}the command line is wrong\n/),
    ]);
    const example = /\nExample:\n {2}reelstate (.*)\n$/.exec(help)?.[1] ?? '';
    expect([path, example]).toEqual([path, expect.stringMatching(new RegExp(`^${path}\\b`))]);
    // Its flags are known: with --help at its end it is a command line that does nothing.
    const words = example.replace(/ > .*/, '').split(' ');
    const ran = await run([...words.filter((word) => word !== '--help'), '--no-such-flag'], { cwd });
    expect([path, ran.stderr]).toEqual([path, expect.stringContaining("unknown option '--no-such-flag'")]);
  }
});

it('only plan ends with 2, and only plan says so', () => {
  const having = [...helps].filter(([, help]) => /\n {2}2 {3}/.test(help)).map(([path]) => path);
  expect(having).toEqual(['', 'plan']);
});

describe('the width', () => {
  const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

  it('is 80 columns where the help goes to no terminal', () => {
    for (const [path, help] of helps) {
      // What is to be copied stays in one line.
      const lines = help.split('\n').filter((line) => !/^ {2}(?:"yaml|# yaml|reelstate )/.test(line));
      expect([path, widest(lines.join('\n')) <= 80]).toEqual([path, true]);
    }
  });

  it.each([50, 60, 100, 140])('is that of a terminal of %i columns', async (columns) => {
    for (const command of ['plan', 'watch', 'import']) {
      const { io, said } = fakeIo({ columns, outIsTerminal: true });
      await main([command, '--help'], io);
      const lines = said.out.split('\n').filter((line) => !line.startsWith('  reelstate '));
      const wide = widest(lines.join('\n'));
      expect(wide).toBeLessThanOrEqual(columns);
      expect(wide).toBeGreaterThan(columns - 15);
    }
  });

  const hasTerminal = /util-linux/.test(
    spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '',
  );
  it.skipIf(!hasTerminal)('is that of a real terminal', () => {
    const shown = spawnSync('script', ['-qc', `stty cols 100; "${NODE}" "${CLI}" plan --help`, '/dev/null'], {
      cwd,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, TERM: 'xterm' },
    }).stdout.replaceAll('\r', '');
    expect(widest(shown)).toBeGreaterThan(85);
    expect(widest(shown)).toBeLessThanOrEqual(100);
  });
});
