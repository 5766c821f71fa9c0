import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type SimulateOptions, simulate } from '../../src/commands/simulate.ts';
import type { Io } from '../../src/model/ports.ts';
import { fakeIo } from '../support/io.ts';
import { BASIC, call, control, http, MIX, type Reachable } from './support.ts';

interface Run {
  at: Reachable;
  out: string[];
  err: string[];
  /** Ends the command as a signal would, and gives its exit code. */
  stop(): Promise<number>;
}

function ioFor(env: Io['env'], cwd: string, stop: AbortSignal, out: string[], err: string[]): Io {
  const into = (lines: string[]) => async (text: string) => void lines.push(text);
  return fakeIo({ env, cwd, stop, out: into(out), err: into(err) }).io;
}

/** Starts the command and waits for the address that it prints. */
async function start(options: SimulateOptions, env: Io['env'] = {}, cwd = '/'): Promise<Run> {
  const stopping = new AbortController();
  const [out, err]: [string[], string[]] = [[], []];
  const io = ioFor(env, cwd, stopping.signal, out, err);
  const print = io.out;
  const printed = new Promise<string>((resolve) => {
    io.out = async (text) => {
      await print(text);
      resolve(text.trimEnd());
    };
  });
  const exit = simulate({ listen: '127.0.0.1:0', ...options }, io);
  const never = exit.then(() => Promise.reject(new Error('ended before it served')));
  never.catch(() => undefined);
  const url = await Promise.race([printed, never]);
  const stop = () => {
    stopping.abort();
    return exit;
  };
  onTestFinished(async () => void (await stop()));
  const at = { url, port: Number(new URL(url).port), close: async () => void (await stop()) };
  return { at, out, err, stop };
}

async function refusal(options: SimulateOptions, env: Io['env'] = {}): Promise<unknown> {
  const io = ioFor(env, '/', AbortSignal.abort(), [], []);
  return simulate({ listen: '127.0.0.1:0', ...options }, io).then(
    () => undefined,
    (error) => error,
  );
}

test('prints its address and nothing else, serves, and ends with 0', async () => {
  const run = await start({});
  expect(run.out).toEqual([`http://127.0.0.1:${run.at.port}\n`]);
  expect((await control(run.at, 'GET', 'recordings')).json).toEqual([]);
  expect((await call(run.at, 'query', MIX)).status).toBe(404);
  expect(await run.stop()).toBe(0);
  await expect(http(run.at.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('flags: rate, faults, seed and latency', async () => {
  const { at } = await start({
    rate: '0',
    seed: '7',
    latency: '5-9',
    fault: ['503@endpoint=update', 'hang@nth=9'],
  });
  const { json } = await control(at, 'GET', 'faults');
  expect(json).toMatchObject([
    { id: 'f1', answer: '503' },
    { id: 'f2', connection: 'hang' },
    { id: 'latency', latency: [5, 9] },
  ]);
});

test('the allowance is 10 unless another is asked for', async () => {
  const status = async (rate: string | undefined) => {
    const { at } = await start({ rate });
    const found: number[] = [];
    for (let n = 0; n < 11; n++) found.push((await call(at, 'query', MIX)).status);
    return found.filter((each) => each === 429).length;
  };
  expect(await status(undefined)).toBe(1);
  expect(await status('8')).toBe(3);
  expect(await status('0')).toBe(0);
});

test('demands the credentials of the environment', async () => {
  const { at } = await start({}, { AGORA_CUSTOMER_ID: 'someone', AGORA_CUSTOMER_SECRET: 'else' });
  expect((await call(at, 'query', MIX, {}, { headers: { authorization: BASIC } })).status).toBe(401);
  const authorization = `Basic ${Buffer.from('someone:else').toString('base64')}`;
  expect((await call(at, 'query', MIX, {}, { headers: { authorization } })).status).toBe(404);
});

test('notes go to standard error from the chosen level up', async () => {
  const chatty = await start({ logLevel: 'debug' });
  await call(chatty.at, 'query', MIX);
  expect(chatty.err.join('')).toMatch(/1 GET \/v1\/apps\/.* 404/);
  const quiet = await start({ logLevel: 'error' });
  await call(quiet.at, 'query', MIX);
  expect(quiet.err).toEqual([]);
});

test('recordings named in files are running, and files that come later too after a reload', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'simulate-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const write = (name: string, sid: string) => {
    const { name: _name, ...identity } = { ...MIX, appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0', sid };
    const fields = Object.entries(identity).map(([field, value]) => `  ${field}: ${JSON.stringify(value)}\n`);
    return writeFile(join(dir, `${name}.yaml`), `recording:\n${fields.join('')}`);
  };
  const sids = ['38f8e3cfdc474cd56fc1ceba380d7e1a', '38f8e3cfdc474cd56fc1ceba380d7e1b'] as const;
  await write('one', sids[0]);
  const { at } = await start({ recordings: '.' }, {}, dir);
  const running = async () => (await control(at, 'GET', 'recordings')).json;
  expect(await running()).toMatchObject([{ name: 'one', sid: sids[0], cname: MIX.cname, mode: 'mix' }]);
  await write('two', sids[1]);
  expect((await control(at, 'POST', 'reload')).json).toEqual({ found: 2, added: [sids[1]] });
  expect(await running()).toHaveLength(2);
});

describe('what it does not start with', () => {
  test('a port that is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    expect(await refusal({ listen: `127.0.0.1:${port}` })).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('in use'),
    });
  });

  test('half of the credentials', async () => {
    const error = await refusal({}, { AGORA_CUSTOMER_ID: 'someone' });
    expect(error).toMatchObject({ exitCode: 1, message: expect.stringContaining('AGORA_CUSTOMER_SECRET') });
  });

  test.each<[string, SimulateOptions]>([
    ['--listen', { listen: '8799' }],
    ['--listen', { listen: '127.0.0.1:70000' }],
    ['--listen', { listen: '0.0.0.0:0' }],
    ['--rate', { rate: 'ten' }],
    ['--seed', { seed: '-1' }],
    ['--latency', { latency: 'slow' }],
    ['--latency', { latency: '9-5' }],
    ['--fault', { fault: ['teapot'] }],
    ['--fault', { fault: ['{"failover":{"forMs":5,"sid":"nobody"}}'] }],
    ['--log-level', { logLevel: 'loud' }],
  ])('a wrong %s (%o)', async (flag, options) => {
    const error = await refusal(options);
    expect(error).toMatchObject({ exitCode: 64 });
    expect(String(error)).toContain(flag);
  });
});
