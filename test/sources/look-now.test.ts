import { rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RefreshQueue } from '../../src/daemon/refresh-queue.ts';
import { Vault } from '../../src/secrets/vault.ts';
import type { Refreshed } from '../../src/sources/rounds.ts';
import type { WatchFolder } from '../../src/sources/watched-folders.ts';
import { FileSource } from '../../src/sources/watcher.ts';
import { systemClock } from '../../src/system-clock.ts';
import { coloursOf, Desk, KEY, recording } from './desk.ts';

/*
 * What whoever is about to send relies on: after `hint` and `settled` everything that had happened to the files before
 * is in the last look. A file counts as it is, or is named as one in motion, and then what it held before stands.
 */

const RED = '#FF0000';
const BLUE = '#0000FF';
const NEVER = 600_000;
const deaf: WatchFolder = () => ({ ready: Promise.resolve(), close() {} });

let desk: Desk;
let source: FileSource;
let looks: RefreshQueue;
let last: Refreshed;
/** Of each look, the names that it told of. */
let told: (readonly string[])[];
const stop = new AbortController();

beforeEach(() => {
  desk = new Desk();
  told = [];
});

afterEach(async () => {
  await looks.idle();
  await source.close();
  await desk.close();
});

/** Nothing is heard of any change, and no sweep comes. */
async function watch(settleMs = 50): Promise<void> {
  source = new FileSource({
    ...{ dir: 'recordings', cwd: desk.cwd, env: {}, vault: new Vault(KEY), clock: systemClock },
    ...{ settleMs, sweepMs: NEVER, pollMs: NEVER, watchFolder: deaf },
    onChange: () => looks.hint([]),
    onTrouble: () => {},
  });
  looks = new RefreshQueue({
    clock: systemClock,
    stop: stop.signal,
    refresh: async (hint) => {
      last = await source.refresh(hint);
      told.push(last.changed);
    },
    onFailure: (error) => expect.fail(String(error)),
    onRefresh: () => {},
  });
  await now();
  while (last.settling.length > 0) {
    await systemClock.sleep(10);
    await now();
  }
}

/** Looks at what is named, or at everything. */
async function now(paths?: readonly string[]): Promise<Refreshed> {
  looks.hint(paths?.map((path) => desk.path(path)));
  await looks.idle();
  return last;
}

describe('a look that is asked for', () => {
  beforeEach(async () => {
    desk.put('recordings/a.yaml', recording('1', RED));
    desk.put('recordings/deep/b.yaml', recording('2', RED));
    await watch();
  });

  test.each([
    ['everything', undefined],
    ['the path', ['recordings/deep/b.yaml']],
    ['the folder', ['recordings/deep']],
  ])('finds what is gone: %s', async (_what, paths) => {
    unlinkSync(desk.path('recordings/deep/b.yaml'));
    const look = await now(paths);
    expect([...look.byName.keys()]).toEqual(['a']);
    // For a moment it may come back; until then nothing is forgotten.
    expect(look.set.broken).toEqual(['recordings/deep/b.yaml']);
    expect(told.flat()).toContain('b');
  });

  test.each([
    ['everything', undefined],
    ['the folder above', ['recordings']],
    ['the folder itself', ['recordings/deep']],
  ])('finds a folder that is gone: %s', async (_what, paths) => {
    rmSync(desk.path('recordings/deep'), { recursive: true });
    expect([...(await now(paths)).byName.keys()]).toEqual(['a']);
  });

  test.each([
    ['everything', undefined],
    ['the path', ['recordings/a.yaml']],
  ])('finds what is written, as one in motion: %s', async (_what, paths) => {
    desk.put('recordings/a.yaml', recording('1', BLUE));
    const look = await now(paths);
    expect(look.settling).toEqual(['recordings/a.yaml']);
    expect(coloursOf(look)).toEqual({ a: RED, b: RED });
  });

  test('finds what is gone that was in motion, and what is in motion that was gone', async () => {
    desk.put('recordings/a.yaml', recording('1', BLUE));
    expect((await now()).settling).toEqual(['recordings/a.yaml']);
    unlinkSync(desk.path('recordings/a.yaml'));
    const gone = await now();
    expect(gone.byName.has('a')).toBe(false);
    expect(gone.set.broken).toEqual(['recordings/a.yaml']);
    desk.put('recordings/a.yaml', recording('1', BLUE));
    const back = await now();
    expect(back.settling).toEqual(['recordings/a.yaml']);
    expect(back.set.broken).toEqual(['recordings/a.yaml']);
  });
});

test('covers thousands of files, and what changes at those that a look has passed already', async () => {
  const COUNT = 1_500;
  for (let n = 0; n < COUNT; n++) desk.put(`recordings/r${n}.yaml`, recording(`${n}`, RED));
  await watch(1);
  for (let n = 0; n < COUNT; n++) desk.put(`recordings/r${n}.yaml`, recording(`${n}`, BLUE));
  await systemClock.sleep(5);
  looks.hint();
  await systemClock.sleep(1);
  unlinkSync(desk.path('recordings/r0.yaml'));
  desk.put('recordings/r1.yaml', 'recording: [\n');
  const look = await now();
  expect(look.byName.has('r0')).toBe(false);
  const open = new Set([...look.settling, ...look.set.broken]);
  for (const [name, colour] of Object.entries(coloursOf(look)))
    expect(colour === BLUE || open.has(join('recordings', `${name}.yaml`))).toBe(true);
});
