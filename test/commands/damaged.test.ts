import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Io } from '../../src/model/ports.ts';
import { systemClock } from '../../src/system-clock.ts';
import { folder, put, recording, run, simulator } from '../support/cli.ts';
import { fakeIo } from '../support/io.ts';
import { watching } from '../support/watching.ts';

/*
 * JSON from outside, a plan in a file and what a daemon answers, with each of its values replaced by others of all
 * types: it is told as damaged, or does what it says, and is never a defect.
 */

const CDN_URL = 'rtmp://cdn.example.com/live/the-stream-key';
const FILES = {
  'recordings/a.yaml': recording(
    'a',
    'layout:\n  mixedVideoLayout: custom\n  backgroundColor: "#FF0000"\n  layoutConfig: [{ uid: "1", x_axis: 0, y_axis: 0, width: 1, height: 1 }]\nsubscriptions:\n  audioUidList: { subscribeAudioUids: ["1"] }\n  videoUidList: { subscribeVideoUids: ["1"] }\n',
  ),
  'recordings/web.yaml': recording(
    'web',
    'onhold: true\nrtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN_URL } }] }\n',
    'web',
  ),
};

/** Stands for what is nested deeper than anything here can go through. */
const DEEP = '(deep)';
const OTHERS: readonly unknown[] = [
  ...[null, true, 0, -1.5, 1e300, '', 'x', '\u0000', [], {}, [null], ['x'], [{}]],
  { toString: 1, toJSON: 1, length: 3, sealed: 1, reference: {} },
  DEEP,
];

/** Every variant of a value in which one node is another, and one in which it is gone. */
function* variants(value: unknown): Generator<unknown> {
  for (const other of OTHERS) yield other;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    const place = (other: unknown) =>
      Array.isArray(value)
        ? value.map((each, index) => (String(index) === key ? other : each))
        : { ...value, [key]: other };
    for (const other of variants(item)) yield place(other);
    if (!Array.isArray(value)) {
      const { [key]: _, ...rest } = value as Record<string, unknown>;
      yield rest;
    }
  }
}

/** Some of many: each node gets some of the values, and another one gets others. */
function* each<T>(nth: number, all: Iterable<T>): Generator<T> {
  let index = 0;
  for (const one of all) if (index++ % nth === 0) yield one;
}

/** As JSON. */
function written(variant: unknown): string {
  return (JSON.stringify(variant) ?? '').replace(`"${DEEP}"`, `${'['.repeat(5_000)}${']'.repeat(5_000)}`);
}

/** The built program in this process. */
async function reelstate(args: string[], cwd: string, env: Io['env']) {
  const { main } = (await import(join(import.meta.dirname, '../../dist/main.js'))) as {
    main: (argv: string[], io: Io) => Promise<number>;
  };
  const { io, said } = fakeIo({ cwd, env, clock: systemClock });
  const code = await main(args, io);
  return { code, out: said.out, err: said.err };
}

/** Neither a defect nor a stack trace. @returns whether it was told as damaged */
function judge(ran: { code: number; out: string; err: string }, variant: unknown): boolean {
  const told = {
    code: ran.code,
    err: ran.err.slice(0, 400),
    variant: JSON.stringify(variant)?.slice(0, 300),
  };
  expect(told, JSON.stringify(told)).toMatchObject({
    code: expect.toSatisfy((code: number) => [0, 1, 64].includes(code)),
    err: expect.not.stringMatching(/defect|\n {4}at |TypeError|RangeError|\[object/),
  });
  if (ran.code !== 0) expect(ran.err, JSON.stringify(variant)?.slice(0, 300)).not.toBe('');
  return / damaged\n/.test(ran.err);
}

it('a plan in a file', { timeout: 120_000 }, async () => {
  const cwd = await folder(FILES);
  await run(['plan', '--out', 'p.json'], { cwd, env: { CDN_URL } });
  // Without credentials it ends before anything is sent, and the next one finds the state as it was.
  const apply = () => reelstate(['apply', 'p.json', '--no-cache'], cwd, { CDN_URL });
  expect((await apply()).err).toContain('AGORA_CUSTOMER_ID');
  const plan = JSON.parse(await readFile(join(cwd, 'p.json'), 'utf8')) as unknown;
  let [all, damaged] = [0, 0];
  for (const variant of each(4, variants(plan))) {
    await put(cwd, { 'p.json': written(variant) });
    const ran = await apply();
    expect(ran.code).not.toBe(0);
    all += 1;
    if (judge(ran, variant)) damaged += 1;
  }
  expect(all).toBeGreaterThan(150);
  expect(damaged).toBeGreaterThan(all / 3);
});

it('what a daemon answers', { timeout: 120_000 }, async () => {
  const cwd = await folder(FILES);
  const w = await watching(cwd, [], { env: { CDN_URL } });
  for (const name of ['a', 'web']) await w.condition(name, 'Ready');
  const answers = {
    '/api/known': (await (await w.get('/api/known')).json()) as unknown,
    '/api/recordings': (await (await w.get('/api/recordings')).json()) as unknown,
  };
  await w.stop();
  let answer: unknown;
  const server = createServer((_, response) => response.end(written(answer)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await put(cwd, { 'recordings/a.yaml': recording('a') });
  for (const [path, command, forms] of [
    ['/api/known', ['plan', '--against', url], ['text', 'json', 'markdown', 'html']],
    ['/api/recordings', ['status', '--daemon', url], ['text', 'json', 'markdown']],
  ] as const) {
    answer = answers[path];
    expect(await reelstate([...command], cwd, {})).toMatchObject({ code: 0, err: '' });
    let [all, damaged] = [0, 0];
    for (const variant of each(4, variants(answers[path]))) {
      answer = variant;
      const form = forms[all % forms.length] as string;
      const ran = await reelstate([...command, '--output', form], cwd, {});
      all += 1;
      if (judge(ran, variant)) damaged += 1;
    }
    expect(all).toBeGreaterThan(100);
    expect(damaged).toBeGreaterThan(all / 3);
  }
});

it('what is no daemon is told so', async () => {
  const cwd = await folder(FILES);
  const sim = await simulator(cwd);
  expect(await run(['status', '--daemon', sim.url], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no reelstate daemon answers at .*: it answers 404/),
  });
  await sim.stop();
});
