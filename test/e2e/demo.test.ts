import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI, folder, NODE } from '../support/cli.ts';

const ROOT = join(dirname(CLI), '..');

/** What a clone has of the project, as far as the demo needs it, committed in a repository of its own. */
async function checkout({ built }: { built: boolean }): Promise<string> {
  const path = await folder();
  for (const name of ['package.json', '.gitignore', 'recordings', 'schemas', 'src', 'test/demo'])
    cpSync(join(ROOT, name), join(path, name), { recursive: true });
  const git = (...args: string[]) => execFileSync('git', ['-C', path, ...args], { encoding: 'utf8' });
  git('init', '-q');
  git('add', '.');
  git('-c', 'user.name=demo', '-c', 'user.email=demo@example.com', 'commit', '-qm', 'clone');
  // What `npm ci` brings.
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
  if (built) cpSync(dirname(CLI), join(path, 'dist'), { recursive: true });
  return path;
}

async function startDemo(path: string, temporary: string) {
  const home = await folder();
  const child = spawn(NODE, [join(path, 'test/demo/demo.js')], {
    cwd: path,
    // Whoever has settings for real recordings must not see them used.
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      TMPDIR: temporary,
      REELSTATE_DIR: 'nowhere',
      REELSTATE_OUTPUT: 'json',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.stderr += text;
  });
  const done = once(child, 'close').then(([code]) => ({ code: code as number | null, ...ran }));
  return { child, ran, done };
}

/** What the demo must show, in this order. */
const SHOWN = [
  '$ reelstate plan\n6 recordings\n+ fireside-london, fireside-tokyo, interviews, keynote, panel, town-hall\n',
  'Plan: 6 to create, 0 to change, 0 to forget, 0 unchanged.\n',
  '$ reelstate apply --yes\n',
  'Apply: 7 calls for 6 recordings applied.\n',
  '\n-   backgroundColor: "#1B2A41"\n',
  '      goes back to its default, because the file no longer sets it:\n      ! backgroundColor   "#1B2A41" → "#000000"\n',
  'Apply: 1 call for 1 recording applied.\n',
  '$ reelstate plan\nPlan: 0 to create, 0 to change, 0 to forget, 6 unchanged.\nNothing to do.\n',
  '$ reelstate status\nfireside-london  Ready ',
  '\n+   backgroundColour: "#1B2A41"\n',
  '$ reelstate validate\nrecordings/town-hall.yaml:20:3: error[unknown-field]: ',
  'Did you mean backgroundColor?\n',
  'What next?',
];

describe('npm run demo', () => {
  it.each([{ built: true }, { built: false }])(
    'shows the main job and leaves the checkout as it was (built before: $built)',
    async ({ built }) => {
      const path = await checkout({ built });
      const temporary = await folder();
      const { code, stdout, stderr } = await (await startDemo(path, temporary)).done;
      expect(stderr.replace(/^ {2}ok .*\n/gm, '')).toBe('');
      let from = 0;
      for (const part of SHOWN) {
        expect(stdout.slice(from)).toContain(part);
        from = stdout.indexOf(part, from) + part.length;
      }
      expect(stdout).not.toContain('\u001b');
      expect(code).toBe(0);
      const status = execFileSync('git', ['-C', path, 'status', '--porcelain'], { encoding: 'utf8' });
      // The link in the place of the installed packages is this test's.
      expect(status).toBe('?? node_modules\n');
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

  it('obeys Ctrl-C and leaves nothing behind', async () => {
    const path = await checkout({ built: true });
    const temporary = await folder();
    const { child, ran, done } = await startDemo(path, temporary);
    while (!ran.stdout.includes('$ reelstate plan')) await once(child.stdout, 'data');
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(ran.stdout) ?? [];
    child.kill('SIGINT');
    const { code, stderr } = await done;
    expect(code).toBe(130);
    expect(stderr).toBe('');
    expect(readdirSync(temporary)).toEqual([]);
    await expect(fetch(`${url}/_sim/recordings`)).rejects.toThrow();
  });

  it('ends quietly when its reader has gone', async () => {
    const path = await checkout({ built: true });
    const temporary = await folder();
    const { child, ran, done } = await startDemo(path, temporary);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const { code } = await done;
    expect(ran.stderr).not.toMatch(/did not go|at .*\.js/);
    expect(code).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
