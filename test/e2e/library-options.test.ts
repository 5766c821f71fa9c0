import { appendFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLI, folder, recording, sid } from '../support/cli.ts';

/* A program without types hands in what it likes. What is passed over would be sent otherwise than it was meant. */

type Library = typeof import('../../src/library.ts');
const { plan, apply, watch, simulate }: Library = await import(
  pathToFileURL(join(dirname(CLI), 'library.js')).href
);

const CREDENTIALS = { customerId: 'customer', customerSecret: 'secret' };
const ENV = { AGORA_CUSTOMER_ID: 'customer', AGORA_CUSTOMER_SECRET: 'secret' };
const SUBSCRIPTIONS =
  'subscriptions: { audioUidList: { subscribeAudioUids: ["1"] }, videoUidList: { subscribeVideoUids: ["1"] } }\n';
const NAMES = ['one', 'two', 'three'];

async function place() {
  const cwd = await folder(
    Object.fromEntries(NAMES.map((name) => [`recordings/${name}.yaml`, recording(name)])),
  );
  const service = await simulate({
    credentials: CREDENTIALS,
    recordings: NAMES.map((name) => ({
      ...{ appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0', cname: `channel-${name}`, uid: '527841' },
      ...{ resourceId: `resource-${name}`, sid: sid(name), mode: 'mix' },
    })),
  });
  onTestFinished(() => service.close());
  return { service, around: { cwd, env: ENV, endpoint: service.url } };
}

describe('an option of another kind is an error and not passed over', () => {
  it.each([
    [{ select: 'show=evening' }, 'select must be a list of texts, not a text'],
    [{ select: { show: 'evening' } }, 'select must be a list of texts, not an object'],
    [{ select: [{ show: 'evening' }] }, 'select must be a list of texts'],
    [{ select: null }, 'select must be a list of texts, not nothing'],
    [{ names: 'one' }, 'names must be a list of texts, not a text'],
    [{ allowCommand: '/usr/bin/true' }, 'allowCommand must be a list of texts, not a text'],
    [{ git: 'true' }, 'git must be true or false, not a text'],
    [{ allowEmpty: 1 }, 'allowEmpty must be true or false, not a number'],
    [{ dir: ['recordings'] }, 'dir must be a text, not a list of texts'],
    [{ rate: '10' }, 'rate must be a number, not a text'],
    [{ endpoint: 8911 }, 'endpoint must be a text or a list of texts, not a number'],
    [{ cwd: new URL('file:///srv/shows/') }, 'cwd must be a text, not an object'],
    [{ env: 'AGORA_CUSTOMER_ID' }, 'env must be an object, not a text'],
  ])('%j', async (wrong, message) => {
    const { around, service } = await place();
    const options = { ...around, ...wrong } as never;
    const said = { message: expect.stringContaining(message), exitCode: 64 };
    await expect(plan(options)).rejects.toMatchObject(said);
    await expect(apply(options)).rejects.toMatchObject(said);
    await expect(watch({ ...(options as object), signal: AbortSignal.timeout(50) } as never)).rejects.toThrow(
      Object.keys(wrong)[0],
    );
    expect(service.requests()).toEqual([]);
  });

  it('names restrict plan and apply alone: watch would send all the others as well', async () => {
    const { around, service } = await place();
    const options = { ...around, names: ['one'], signal: AbortSignal.timeout(5_000) } as never;
    await expect(watch(options)).rejects.toMatchObject({
      message: 'there is no option "names"',
      exitCode: 64,
    });
    expect(service.requests()).toEqual([]);
  });

  it('no options at all', async () => {
    const bare = plan as () => Promise<unknown>;
    await expect(bare()).rejects.toMatchObject({ message: 'the options must be an object', exitCode: 64 });
    await expect(plan(null as never)).rejects.toMatchObject({ exitCode: 64 });
    await expect(plan({} as never)).rejects.toThrow('cwd is missing');
  });

  it('of the service', async () => {
    const rules = { faults: '503@0.1' } as never;
    await expect(simulate(rules)).rejects.toMatchObject({
      message: 'faults must be a list of texts, not a text',
    });
    await expect(simulate({ port: '0' } as never)).rejects.toMatchObject({ exitCode: 64 });
    const { service } = await place();
    expect(() => service.setFaults('503' as never)).toThrow('faults must be a list of texts, not a text');
  });
});

describe('an error of the function that is told', () => {
  it('ends apply when the calls in flight are answered, and is thrown then', async () => {
    const { around, service } = await place();
    const onEvent = () => {
      throw new Error('mine');
    };
    await expect(apply({ ...around, onEvent })).rejects.toThrow('mine');
    // What had left is known, so the rest alone is sent, and the state has a writer no more.
    const sent = service.requests().length;
    expect(sent).toBeLessThan(NAMES.length);
    expect(await apply(around)).toMatchObject({ complete: true, changes: { applied: NAMES.length - sent } });
    expect(service.requests()).toHaveLength(NAMES.length);
  });

  it('ends watch', async () => {
    const { around } = await place();
    const onLog = () => {
      throw new Error('mine');
    };
    await expect(watch({ ...around, onLog, signal: AbortSignal.timeout(20_000) })).rejects.toThrow('mine');
  });
});

it('false is an answer, and a variable counts only where an option is left out', async () => {
  const { around } = await place();
  const here = { ...around, names: ['one'] };
  await writeFile(join(here.cwd, 'recordings/one.yaml'), `labels: { show: e }\n${recording('one')}`);
  const env = { ...here.env, REELSTATE_GIT: '1', REELSTATE_SELECT: 'show=other' };
  const planned = await plan({ ...here, env, git: false, select: ['show=e'] });
  expect(planned.recordings.map(({ name }) => name)).toEqual(['one']);
  await expect(plan({ ...here, env })).rejects.toMatchObject({ name: 'Failure' });
  // Left out, as a program says it that hands on what it was given.
  expect((await plan({ ...here, dir: undefined, select: undefined } as never)).summary).toMatchObject({
    recordings: 1,
  });
});

it('a clock that a test holds still does not hold the state still', async () => {
  const { around, service } = await place();
  const files = NAMES.map((name) => join(around.cwd, `recordings/${name}.yaml`));
  for (const file of files) await appendFile(file, SUBSCRIPTIONS);
  const clock = { now: () => 1.7e12, monotonic: () => 0, sleep: () => new Promise<void>(() => {}) };
  expect(await apply({ ...around, clock })).toMatchObject({ complete: true });
  expect(service.requests()).toHaveLength(2 * NAMES.length);
});
