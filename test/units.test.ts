import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CLI, folder, NODE, put } from './support/cli.ts';

/*
 * The systemd unit in src/docs/watch.md is one that systemd takes, and starts the command with flags that it knows.
 */

const page = readFileSync(join(import.meta.dirname, '../src/docs/watch.md'), 'utf8');
const unit = /```ini\n([\s\S]*?)```/.exec(page)?.[1] ?? '';

it('the unit starts watch with flags that it knows', () => {
  const flags = /^ExecStart=.* watch (.*)$/m.exec(unit)?.[1]?.match(/--[\w-]+/g) ?? [];
  expect(flags.length).toBeGreaterThan(0);
  const help = execFileSync(NODE, [CLI, 'watch', '--help'], { encoding: 'utf8' });
  for (const flag of flags) expect(help).toContain(`${flag} `);
});

const isAnalyzed = spawnSync('systemd-analyze', ['--version']).error === undefined;

it.skipIf(!isAnalyzed)('systemd-analyze finds nothing wrong with the unit', async () => {
  const cwd = await folder();
  // Verified where the program, the user and the folders stand on any machine.
  await put(cwd, {
    'reelstate.service': unit
      .replace(/^User=.*$/m, 'User=daemon')
      .replace('/usr/bin/node /opt/reelstate/dist/cli.js', `${NODE} ${CLI}`),
  });
  const checked = spawnSync('systemd-analyze', ['verify', '--man=no', join(cwd, 'reelstate.service')], {
    encoding: 'utf8',
  });
  expect(
    `${checked.stdout}${checked.stderr}`.split('\n').filter((line) => line.includes('reelstate.service')),
  ).toEqual([]);
});
