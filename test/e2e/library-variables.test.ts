import { expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { main } from '../../src/main.ts';
import { environment } from '../../src/process-io.ts';
import { folder, recording, run } from '../support/cli.ts';
import { fakeIo } from '../support/io.ts';

/*
 * The YAML library prints what it reads to standard output where these variables are set, and a cloud may well set them
 * for a purpose of its own.
 */
const LOUD = { LOG_STREAM: 'stdout', LOG_TOKENS: '1' };

const START = JSON.stringify({
  appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  resourceId: 'r'.repeat(40),
  sid: '38f8e3cfdc474cd56fc1ceba380d7e1a',
  cname: 'gala',
  uid: '527841',
  clientRequest: { recordingConfig: { channelType: 1 } },
});
const COMMANDS = {
  plan: ['plan', '--json'],
  import: ['import', 'start.json', '--mode', 'mix'],
};

function files(count: number): Promise<string> {
  const many = Array.from({ length: count }, (_, n) => [`recordings/${n}.yaml`, recording(`r${n}`)]);
  return folder({ ...Object.fromEntries(many), 'start.json': START });
}

function check(count: number, { plan, imported }: { plan: string; imported: string }): void {
  expect(JSON.parse(plan).summary).toMatchObject({ recordings: count, to_create: count });
  expect(parse(imported)).toMatchObject({ recording: { cname: 'gala', mode: 'mix' } });
}

it('the built command prints its results and nothing else, whatever libraries log', async () => {
  // So many that other threads read some of them.
  const cwd = await files(400);
  const plan = await run(COMMANDS.plan, { cwd, env: LOUD });
  const imported = await run(COMMANDS.import, { cwd, env: LOUD });
  expect([plan.code, imported.code], plan.stderr + imported.stderr).toEqual([0, 0]);
  check(400, { plan: plan.stdout, imported: imported.stdout });
});

it('and so does the source', async () => {
  const cwd = await files(2);
  const before = process.env;
  onTestFinished(() => {
    process.env = before;
    vi.restoreAllMocks();
  });
  process.env = { ...before, ...LOUD };
  const printed = [vi.spyOn(console, 'log'), vi.spyOn(console, 'dir'), vi.spyOn(process.stdout, 'write')];
  const env = environment();
  // A file may still name them.
  expect(env).toMatchObject(LOUD);
  const [plan, imported] = [fakeIo({ cwd, env }), fakeIo({ cwd, env })];
  expect(await main(COMMANDS.plan, plan.io)).toBe(0);
  expect(await main(COMMANDS.import, imported.io)).toBe(0);
  for (const each of printed) expect(each).not.toHaveBeenCalled();
  check(2, { plan: plan.said.out, imported: imported.said.out });
});

it('the library of PostgreSQL is asked for no binary of its own, whatever a machine has set for other programs', async () => {
  const cwd = await files(1);
  const env = { NODE_PG_FORCE_NATIVE: '1' };
  const { code, stderr } = await run(['status', '--state', 'postgres://x@127.0.0.1:1/db'], { cwd, env });
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be reached') });
});

it('the database is looked for in its package, whatever those who work on it have set', async () => {
  const cwd = await files(1);
  const env = { LIBSQL_JS_DEV: '1' };
  const args = [...COMMANDS.import, '--out', 'recordings/gala.yaml', '--applied'];
  const { code, stderr } = await run(args, { cwd, env });
  expect(code, stderr).toBe(0);
});
