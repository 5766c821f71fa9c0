import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import type { CheckedFile } from '../../src/desired/checked.ts';
import { ManyFiles, type Unread } from '../../src/desired/threads.ts';
import { folder, put, run } from '../support/cli.ts';

/*
 * What several threads read is what one thread reads: with the built command, because only that has an entry for
 * them. The cache is left out, so that everything is read.
 */

const FIXTURES = new URL('../fixtures/diagnostics/', import.meta.url).pathname;

/** Enough files for several threads: every fixture several times, so that everything that can be wrong is among them. */
async function many(): Promise<{ cwd: string; files: Record<string, string> }> {
  const files: Record<string, string> = {};
  for (let copy = 0; copy < 3; copy++)
    for (const code of readdirSync(FIXTURES))
      for (const name of readdirSync(join(FIXTURES, code)).filter((file) => file.endsWith('.yaml')))
        files[`recordings/${copy}/${code}-${name}`] = readFileSync(join(FIXTURES, code, name), 'latin1');
  for (let index = 0; index < 300; index++)
    files[`recordings/room-${index}.yaml`] = `name: room-${index}
recording: { appId: a, cname: c${index}, uid: "1", resourceId: r, sid: s${index}, mode: mix }
layout: { mixedVideoLayout: bestFit, backgroundColor: "#00${String(index % 100).padStart(2, '0')}00" }
`;
  const cwd = await folder();
  await put(cwd, files);
  return { cwd, files };
}

test('files read by several threads say what each says by itself', async () => {
  const { cwd, files } = await many();
  expect(Object.keys(files).length).toBeGreaterThan(400);
  const all = await run(['plan', '--no-cache', '--json'], { cwd });
  expect(all.code).toBe(1);
  const together = JSON.parse(all.stdout);
  // Below a folder of their own there are too few for a second thread.
  const apart = await run(['plan', '--no-cache', '--json', '--dir', 'recordings/1'], { cwd });
  const alone = JSON.parse(apart.stdout);
  // What is wrong between files differs with the files; what is wrong within one does not.
  const within = ({ code }: { code: string }) => !code.startsWith('duplicate-');
  const found = together.diagnostics.filter(
    (diagnostic: { code: string; range: { filename: string } }) =>
      diagnostic.range.filename.startsWith('recordings/1/') && within(diagnostic),
  );
  expect(found).toEqual(alone.diagnostics.filter(within));
  const rooms = together.recordings.filter(({ name }: { name: string }) => name.startsWith('room-'));
  expect(rooms).toHaveLength(300);
  for (const { name, calls } of rooms.slice(0, 20)) {
    const shade = String(Number(name.slice(5)) % 100).padStart(2, '0');
    expect(calls[0].body.clientRequest.backgroundColor).toBe(`#00${shade}00`);
  }
  const again = await run(['plan', '--no-cache', '--json'], { cwd });
  expect({ ...JSON.parse(again.stdout), timestamp: '' }).toEqual({ ...together, timestamp: '' });
});

/** Stage A of many files, in their order. */
async function readFiles(
  files: readonly Unread[],
  { start, until }: { start?: () => Worker; until?: AbortSignal },
): Promise<CheckedFile[]> {
  const read: CheckedFile[] = [];
  const many = new ManyFiles(until, start);
  for (const [index, file] of files.entries())
    await many.add(file, (checked) => {
      read[index] = checked;
    });
  expect(await many.end()).toBe(true);
  return read;
}

describe('threads that fail', () => {
  const text = (n: number) => `recording: { appId: a, cname: c, uid: 1, resourceId: r, sid: "${n}" }\n`;
  const files = Array.from({ length: 500 }, (_, n) => ({
    file: `recordings/${n}.yaml`,
    bytes: new TextEncoder().encode(text(n)),
  }));
  const answering = (number: string) =>
    `parentPort.postMessage({ number: ${number}, files: files.map((file) => ({ file, documents: [], diagnostics: [] })) });`;

  test.each([
    ['at once', "throw new Error('no');"],
    ['by ending', 'process.exit(1);'],
    ['with the first portion', "parentPort.on('message', () => { throw new Error('no'); });"],
    [
      'after the first portion',
      `let done = false; parentPort.on('message', ({ number, files }) => { if (done) process.exit(0); done = true; ${answering('number')} });`,
    ],
    [
      'right after an answer',
      `parentPort.on('message', ({ number, files }) => { ${answering('number')} throw new Error('no'); });`,
    ],
  ])('%s: what they had is read all the same', async (_what, program) => {
    const started: Worker[] = [];
    const start = () => {
      const worker = new Worker(`const { parentPort } = require('node:worker_threads'); ${program}`, {
        eval: true,
      });
      started.push(worker);
      return worker;
    };
    const read = await readFiles(files, { start });
    expect(read.map(({ file }) => file)).toEqual(files.map(({ file }) => file));
    // What a thread answered stands; a portion is 40 files.
    const answered = read.filter(({ documents }) => documents.length === 0).length;
    expect(answered).toBeLessThanOrEqual(program.includes('postMessage') ? 40 * started.length : 0);
    expect(answered % 40).toBe(0);
    for (const { file, documents } of read)
      if (documents[0])
        expect(`recordings/${(documents[0].recording as { sid: string }).sid}.yaml`).toBe(file);
  });

  test.each([0, 1])('%i can be started, and no more: everything is read', async (possible) => {
    let started = 0;
    const start = () => {
      if (started++ === possible) throw new Error('EAGAIN');
      return new Worker("require('node:worker_threads').parentPort.on('message', () => process.exit());", {
        eval: true,
      });
    };
    const read = await readFiles(files, { start });
    expect(read.map(({ documents }) => documents.length)).toEqual(files.map(() => 1));
  });

  test('what goes wrong with a file that was read is told to whoever waits', async () => {
    const answer = answering('number');
    const start = () =>
      new Worker(
        `const { parentPort } = require('node:worker_threads'); parentPort.on('message', ({ number, files }) => { ${answer} });`,
        { eval: true },
      );
    const threads = new ManyFiles(undefined, start);
    for (const file of files)
      await threads.add(file, () => {
        throw new Error('this one');
      });
    await expect(threads.end()).rejects.toThrow('this one');
  });

  test('nobody waits for what is not wanted any more', async () => {
    const silent = () =>
      new Worker("require('node:worker_threads').parentPort.on('message', () => {});", { eval: true });
    const over = new AbortController();
    const reading = readFiles(files, { until: over.signal, start: silent });
    await new Promise((resolve) => setImmediate(resolve));
    over.abort();
    await expect(reading).rejects.toThrow('aborted');
    const late = readFiles(files, { until: over.signal, start: silent });
    await expect(late).rejects.toThrow('aborted');
  });

  test('none can be started: all is read here', async () => {
    // Where the program runs from its source it has no entry for them.
    const read = await readFiles(files, {});
    expect(read.map(({ documents }) => documents.length)).toEqual(files.map(() => 1));
  });
});
