import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type * as Library from '../src/library-types.ts';
import { CREDENTIALS, folder, recording } from './support/cli.ts';

/*
 * What a program without types may hand to the built library: an option that is not understood must not count as absent,
 * because without it more is sent, or more is allowed.
 */

const library: typeof Library = await import(join(import.meta.dirname, '../dist/library.js'));
const LAYOUT = 'layout: { backgroundColor: "#000001" }\n';

async function around() {
  const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT) });
  return { cwd, env: { ...CREDENTIALS }, endpoint: 'http://127.0.0.1:9' };
}

describe('an option of another kind is refused', () => {
  it.each([
    ['plan', { select: 'show=evening' }, 'select must be a list of texts'],
    ['plan', { select: [1] }, 'select must be a list of texts'],
    ['plan', { allowEnv: 'S3_*' }, 'allowEnv must be a list of texts'],
    ['plan', { untrusted: 'true' }, 'untrusted must be true or false'],
    ['plan', { git: 1 }, 'git must be true or false'],
    ['plan', { dir: ['recordings'] }, 'dir must be a text'],
    ['plan', { rate: '5' }, 'rate must be a number'],
    ['plan', { endpoint: 5 }, 'endpoint must be a text or a list of texts'],
    ['plan', { names: 'a' }, 'names must be a list of texts'],
    ['plan', { constructor: 'a' }, 'there is no option "constructor"'],
    ['apply', { names: 'a' }, 'names must be a list of texts'],
    ['apply', { select: 'show=evening' }, 'select must be a list of texts'],
    ['apply', { timeout: 5 }, 'timeout must be a text'],
    ['watch', { selfHeal: 'false' }, 'selfHeal must be true or false'],
    ['watch', { verifySignatures: 'yes' }, 'verifySignatures must be true or false'],
    ['watch', { resync: true }, 'resync must be a text'],
    ['watch', { notify: 'https://chat.example.com' }, 'notify must be a list of texts'],
    ['simulate', { faults: '503' }, 'faults must be a list of texts'],
    ['simulate', { port: '0' }, 'port must be a number'],
  ] as const)('%s(%j)', async (name, options, message) => {
    const act = library[name] as (options: object) => Promise<unknown>;
    const here = name === 'simulate' ? {} : await around();
    await expect(act({ ...here, ...options })).rejects.toMatchObject({
      name: 'Failure',
      exitCode: 64,
      message,
    });
  });
});

it('false is an answer, and a variable counts only where an option is left out', async () => {
  const here = await around();
  await writeFile(join(here.cwd, 'recordings/a.yaml'), `labels: { show: e }\n${recording('a', LAYOUT)}`);
  const env = { ...here.env, REELSTATE_GIT: '1', REELSTATE_SELECT: 'show=other' };
  const planned = await library.plan({ ...here, env, git: false, select: ['show=e'] });
  expect(planned.recordings.map(({ name }) => name)).toEqual(['a']);
  await expect(library.plan({ ...here, env })).rejects.toMatchObject({ name: 'Failure' });
  // Left out, as a program says it that hands on what it was given.
  expect(
    (await library.plan({ ...here, dir: undefined, select: undefined } as Library.PlanOptions)).summary,
  ).toMatchObject({
    recordings: 1,
  });
});
