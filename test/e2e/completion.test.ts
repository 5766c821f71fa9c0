import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLI, folder, NODE, put, recording, run } from '../support/cli.ts';

/*
 * Each shell completes command lines by the script that the built command prints for it.
 */

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const has = (shell: Shell) => spawnSync(shell, ['-c', 'true']).status === 0;

let cwd: string;
beforeAll(async () => {
  cwd = await folder({
    'recordings/town-hall.yaml': recording('a'),
    'recordings/deep/keynote.yml': recording('b'),
    'recordings/.hidden.yaml': recording('c'),
    'recordings/notes.txt': '',
    // A name that a shell would run, if it evaluated it.
    'recordings/$(touch run).yaml': recording('d'),
    'shows/town-square.yaml': recording('e'),
    'plan.json': '{}',
    'a file.json': '{}',
  });
  const scripts: Record<string, string> = {};
  for (const shell of SHELLS)
    scripts[`completion.${shell}`] = (await run(['completion', shell], { cwd })).stdout;
  await put(cwd, scripts);
});

const RUN: Record<Shell, (words: readonly string[]) => string[]> = {
  // Words as bash makes them: it splits at =.
  bash: (words) => [
    '--norc',
    '-c',
    `source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _reelstate; printf "%s\\n" "\${COMPREPLY[@]}"`,
    'bash',
    ...words.flatMap((word) => word.split(/(?<=^--[\w-]+)(=)/)).filter((word, at) => word !== '' || at > 0),
  ],
  // What is added, without the editor that would show it.
  zsh: (words) => [
    '-f',
    '-c',
    `compdef() { : }
     compset() { words[CURRENT]=\${words[CURRENT]#*=} }
     compadd() { shift; print -l -- "$@" }
     _files() { if [[ $1 == -/ ]]; then print -l -- *(N/); else print -l -- *(N); fi }
     _describe() { local each; for each in "\${(@P)@[-1]}"; do print -- \${each%%:*}; done }
     source ./completion.zsh; words=("$@"); CURRENT=$#; _reelstate`,
    'zsh',
    ...words,
  ],
  fish: (words) => ['-N', '-c', `source completion.fish; complete -C ${JSON.stringify(words.join(' '))}`],
};

/** What a shell offers for the last word. */
function offered(shell: Shell, line: string, env: Record<string, string> = {}): string[] {
  const words = line.split(' ');
  const shown = execFileSync(shell, RUN[shell](words), {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const last = words.at(-1) ?? '';
  return shown
    .split('\n')
    .map((each) => each.replace(/\t.*/, ''))
    .map((each) => (shell === 'fish' ? each.replace(/^--[\w-]+=/, '') : each))
    .filter((each) => each !== '' && each.startsWith(last.replace(/^--[\w-]+=/, '')));
}

describe.each(SHELLS)('%s', (shell) => {
  const isThere = has(shell);
  if (!isThere) it.skip('is not tested, because it is not installed here', () => {});

  it.skipIf(!isThere)('completes commands, aliases and commands of commands', () => {
    const commands = offered(shell, 'reelstate ');
    for (const name of ['plan', 'diff', 'apply', 'watch', 'state', 'completion', 'help'])
      expect(commands).toContain(name);
    expect(offered(shell, 'reelstate pl')).toEqual(['plan']);
    expect(offered(shell, 'reelstate state re')).toEqual(['rebind']);
    expect(offered(shell, 'reelstate --dir plan --json pl')).toEqual(['plan']);
    expect(offered(shell, 'reelstate help prev')).toEqual(['preview']);
  });

  it.skipIf(!isThere)("completes a command's own flags and those of every command", () => {
    expect(offered(shell, 'reelstate plan --pic').sort()).toEqual([
      '--pictures',
      '--pictures-dir',
      '--pictures-url',
    ]);
    expect(offered(shell, 'reelstate diff --detail')).toEqual(['--detailed-exitcode']);
    expect(offered(shell, 'reelstate plan --st')).toEqual(['--state']);
    expect(offered(shell, 'reelstate validate --pic')).toEqual([]);
    expect(offered(shell, 'reelstate state rm --y')).toEqual(['--yes']);
  });

  it.skipIf(!isThere)('completes the values of flags that take one of a few', () => {
    expect(offered(shell, 'reelstate status --output ').sort()).toEqual(['json', 'markdown', 'text']);
    expect(offered(shell, 'reelstate preview --output p')).toEqual(['png']);
    expect(offered(shell, 'reelstate status --output=m')).toEqual(['markdown']);
    expect(offered(shell, 'reelstate watch --region ').sort()).toEqual(['ap', 'cn', 'eu', 'us']);
    expect(offered(shell, 'reelstate completion f')).toEqual(['fish']);
    // Where watch takes a duration, plan has a switch.
    expect(offered(shell, 'reelstate watch --resync ')).toEqual([]);
    expect(offered(shell, 'reelstate plan --resync key')).toEqual(['keynote']);
  });

  it.skipIf(!isThere)(
    'completes the names of recordings after their files, and runs none of them',
    async () => {
      expect(
        offered(shell, 'reelstate plan ')
          .filter((name) => !name.includes('('))
          .sort(),
      ).toEqual(['keynote', 'town-hall']);
      expect(offered(shell, 'reelstate state show town')).toEqual(['town-hall']);
      expect(offered(shell, 'reelstate plan --dir shows town')).toEqual(['town-square']);
      expect(offered(shell, 'reelstate plan town', { REELSTATE_DIR: 'shows' })).toEqual(['town-square']);
      expect(offered(shell, 'reelstate plan --dir=shows town')).toEqual(['town-square']);
      expect(offered(shell, 'reelstate plan --dir no-such ')).toEqual([]);
      const files = execFileSync('ls', { cwd, encoding: 'utf8' });
      expect(files).not.toMatch(/^run$/m);
    },
  );

  it.skipIf(!isThere)('completes files and folders where they are taken', () => {
    expect(offered(shell, 'reelstate apply pl')).toEqual(['plan.json']);
    expect(offered(shell, 'reelstate plan --out pl')).toEqual(['plan.json']);
    expect(offered(shell, 'reelstate plan --dir sh').map((name) => name.replace(/\/$/, ''))).toEqual([
      'shows',
    ]);
    expect(offered(shell, 'reelstate plan --rate ')).toEqual([]);
  });
});

it('offers exactly the values that the command takes', async () => {
  const script = (await run(['completion', 'bash'], { cwd })).stdout;
  const cases = [...script.matchAll(/^ {4}(?:'(\w+):|\*:)(--[\w-]+)'?\) _reelstate_words '([^']+)' ;;$/gm)];
  expect(cases.length).toBeGreaterThan(8);
  const commandOf: Record<string, string[]> = {
    '--log-format': ['watch'],
    '--mode': ['import', 'plan.json'],
    '--ci': ['init', 'new'],
  };
  for (const [, command, flag = '', words] of cases) {
    const line = command ? [command] : (commandOf[flag] ?? ['apply']);
    const { code, stderr } = await run([...line, flag, 'no-such'], { cwd });
    expect([flag, code]).toEqual([flag, 64]);
    const taken = /must be one of (.*)/.exec(stderr)?.[1]?.split(', ').sort();
    expect([flag, taken]).toEqual([flag, words?.split(' ').sort()]);
  }
});

it('an unknown shell is a mistake', async () => {
  const { code, stderr } = await run(['completion', 'tcsh'], { cwd });
  expect([code, stderr]).toEqual([64, 'reelstate: completion "tcsh": must be one of bash, zsh, fish\n']);
});

it('the scripts are the same wherever they are made', () => {
  const made = execFileSync(NODE, [CLI, 'completion', 'zsh'], { cwd: join(cwd, 'shows'), encoding: 'utf8' });
  expect(made).toMatch(/^#compdef reelstate\n/);
  expect(made).not.toContain(cwd);
});
