import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/model/ports.ts';
import type { Refreshed } from '../../src/sources/rounds.ts';
import { type FolderListener, type WatchFolder, watchFolder } from '../../src/sources/watched-folders.ts';
import { systemClock } from '../../src/system-clock.ts';
import { Desk, recording } from './desk.ts';

const RED = '#FF0000';
const BLUE = '#0000FF';
const BLACK = '#000000';
const FILE = 'recordings/town.yaml';

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
});

afterEach(async () => {
  await desk.close();
});

/** In no look was the recording gone while nothing said that its file must be left alone. */
function expectNeverLost(name: string, file: string): void {
  for (const { set, byName } of desk.looks) expect(byName.has(name) || set.broken.includes(file)).toBe(true);
}

/** Every state that the recording was ever said to be in. */
function coloursSeen(name: string): Set<string | undefined> {
  return new Set(
    desk.looks.flatMap(({ byName }) => {
      const found = byName.get(name);
      return found ? [found.blocks().layout?.backgroundColor] : [];
    }),
  );
}

describe('saves, by events alone', () => {
  beforeEach(async () => {
    desk.put(FILE, recording('1', RED));
    desk.put('recordings/other.yaml', recording('2', RED));
    await desk.watch();
  });

  test('in place', async () => {
    desk.put(FILE, recording('1', BLUE));
    const look = await desk.untilColours({ other: RED, town: BLUE });
    expect(look.changed).toEqual(['town']);
    expect([...look.files]).toEqual([FILE]);
    expect(coloursSeen('town')).toEqual(new Set([RED, BLUE]));
  });

  test('in place: nothing is taken until it has stood still', async () => {
    desk.put(FILE, recording('1', BLUE));
    const moving = await desk.until(({ settling }) => settling.includes(FILE));
    expect(moving.byName.get('town')?.blocks().layout?.backgroundColor).toBe(RED);
    expect(moving.changed).toEqual([]);
    await desk.untilColours({ other: RED, town: BLUE });
  });

  test('in several pieces, each of which is a whole file by itself', async () => {
    const file = openSync(desk.path(FILE), 'w');
    const pieces = [recording('1', BLACK), 'subscriptions: {}\n', 'suspend: true\n'];
    for (const piece of pieces) {
      const before = desk.looks.length;
      writeSync(file, piece);
      await desk.until(({ settling }) => desk.looks.length > before && settling.includes(FILE));
    }
    closeSync(file);
    await desk.until(({ byName }) => byName.get('town')?.suspended === true);
    const states = desk.looks.map(({ byName }) => byName.get('town'));
    expect(
      states.filter(
        (state) => state?.suspended === false && state.blocks().layout?.backgroundColor === BLACK,
      ),
    ).toEqual([]);
  });

  test('emptied first, written later: the empty file is no change', async () => {
    const file = openSync(desk.path(FILE), 'w');
    await desk.until(({ settling }) => settling.includes(FILE));
    writeSync(file, recording('1', BLUE));
    closeSync(file);
    await desk.untilColours({ other: RED, town: BLUE });
    for (const { set } of desk.looks) expect(set.diagnostics).toEqual([]);
  });

  test('cut off within a line: has to stand still for longer', async () => {
    writeFileSync(desk.path(FILE), recording('1', BLUE).trimEnd());
    const first = await desk.until(({ again, settling }) => settling.includes(FILE) && (again ?? 0) > 100);
    expect(first.byName.get('town')?.blocks().layout?.backgroundColor).toBe(RED);
    appendFileSync(desk.path(FILE), '\nsuspend: true\n');
    await desk.until(({ byName }) => byName.get('town')?.suspended === true);
    expect(
      desk.looks.some(
        ({ byName }) =>
          byName.get('town')?.suspended === false &&
          byName.get('town')?.blocks().layout?.backgroundColor === BLUE,
      ),
    ).toBe(false);
  });

  test('vim: the old file becomes a backup, a new one is written', async () => {
    renameSync(desk.path(FILE), desk.path(`${FILE}~`));
    const file = openSync(desk.path(FILE), 'wx');
    const look = desk.until(({ settling }) => settling.includes(FILE));
    writeSync(file, recording('1', BLUE));
    await look;
    closeSync(file);
    unlinkSync(desk.path(`${FILE}~`));
    await desk.untilColours({ other: RED, town: BLUE });
    expectNeverLost('town', FILE);
    expect(coloursSeen('town')).toEqual(new Set([RED, BLUE]));
  });

  test('gone for a moment: nothing is forgotten', async () => {
    renameSync(desk.path(FILE), desk.path('recordings/town.bak'));
    const gone = await desk.until(({ byName }) => !byName.has('town'));
    expect(gone.set.broken).toEqual([FILE]);
    renameSync(desk.path('recordings/town.bak'), desk.path(FILE));
    const back = await desk.untilColours({ other: RED, town: RED });
    expect(back.set.broken).toEqual([]);
    expectNeverLost('town', FILE);
  });

  test('a broken file is told of, is left alone, and holds back no other', async () => {
    desk.replace(FILE, 'recording: [\n');
    const broken = await desk.until(({ set }) => set.diagnostics.length > 0);
    expect(broken.set.broken).toEqual([FILE]);
    desk.replace('recordings/other.yaml', recording('2', BLUE));
    await desk.untilColours({ other: BLUE });
    desk.replace(FILE, recording('1', BLUE));
    expect((await desk.untilColours({ other: BLUE, town: BLUE })).set.diagnostics).toEqual([]);
  });

  test('forty quick saves end at the last', async () => {
    for (let n = 1; n <= 40; n++)
      desk.replace(FILE, recording('1', `#0000${n.toString(16).padStart(2, '0')}`));
    const looks = desk.looks.length;
    await desk.untilColours({ other: RED, town: '#000028' });
    expect(desk.looks.length - looks).toBeLessThan(10);
  });

  test('what concerns nobody wakes nobody', async () => {
    const looks = desk.looks.length;
    desk.put('unrelated.txt', 'x');
    desk.put('recordings/.town.yaml.swp', 'x');
    desk.replace(FILE, recording('1', BLUE));
    await desk.untilColours({ other: RED, town: BLUE });
    expect(desk.looks.length).toBe(looks + 1);
  });
});

describe('saves by rename', () => {
  /** With a settle time that no test outlives, whatever comes through has not waited for it. */
  async function watchWithoutSettling(): Promise<void> {
    desk.put(FILE, recording('1', RED));
    // At the first look the file must be old enough to be at rest.
    let ahead = 3_600_000;
    const clock = { ...systemClock, now: () => systemClock.now() + ahead };
    await desk.watch({ settleMs: 60_000, clock });
    ahead = 0;
  }

  test('are taken at once', async () => {
    await watchWithoutSettling();
    desk.replace(FILE, recording('1', BLUE));
    await desk.untilColours({ town: BLUE });
  });

  test('IntelliJ: the old file is moved aside, the new one put in its place', async () => {
    await watchWithoutSettling();
    desk.put(`${FILE}___jb_tmp___`, recording('1', BLUE));
    renameSync(desk.path(FILE), desk.path(`${FILE}___jb_old___`));
    renameSync(desk.path(`${FILE}___jb_tmp___`), desk.path(FILE));
    unlinkSync(desk.path(`${FILE}___jb_old___`));
    await desk.untilColours({ town: BLUE });
    expectNeverLost('town', FILE);
  });
});

describe('folders', () => {
  beforeEach(async () => {
    desk.put(FILE, recording('1', RED));
    desk.put('recordings/stage/two.yaml', recording('2', RED));
    await desk.watch();
  });

  test('files come, go and are renamed', async () => {
    desk.put('recordings/three.yaml', recording('3', BLUE));
    await desk.untilColours({ three: BLUE, town: RED, two: RED });
    renameSync(desk.path('recordings/three.yaml'), desk.path('recordings/four.yml'));
    const renamed = await desk.untilColours({ four: BLUE, town: RED, two: RED });
    expect(renamed.set.diagnostics).toEqual([]);
    unlinkSync(desk.path('recordings/four.yml'));
    const gone = await desk.until(({ set }) => set.files === 2 && set.broken.length === 0);
    expect(gone.changed).toContain('four');
    expect([...gone.files]).toContain('recordings/four.yml');
  });

  test('folders come, with files and folders in them, go and are renamed', async () => {
    desk.put('recordings/new/deep/three.yaml', recording('3', BLUE));
    await desk.untilColours({ three: BLUE, town: RED, two: RED });
    desk.replace('recordings/new/deep/three.yaml', recording('3', RED));
    await desk.untilColours({ three: RED, town: RED, two: RED });
    renameSync(desk.path('recordings/new'), desk.path('recordings/renamed'));
    await desk.until(({ byName }) => byName.get('three')?.file === 'recordings/renamed/deep/three.yaml');
    desk.replace('recordings/renamed/deep/three.yaml', recording('3', BLACK));
    await desk.untilColours({ three: BLACK, town: RED, two: RED });
    rmSync(desk.path('recordings/renamed'), { recursive: true });
    await desk.until(({ set }) => set.files === 2 && set.broken.length === 0);
  });

  test('the watched folder goes and comes back', async () => {
    rmSync(desk.path('recordings'), { recursive: true });
    const gone = await desk.until(({ set }) =>
      set.diagnostics.some(({ code }) => code === 'directory-not-found'),
    );
    expect(gone.set.broken).toContain('recordings');
    expect(gone.whole).toBe(true);
    desk.put(FILE, recording('1', BLUE));
    await desk.untilColours({ town: BLUE });
    desk.replace(FILE, recording('1', BLACK));
    await desk.untilColours({ town: BLACK });
  });

  test('another folder takes the place of the watched one', async () => {
    desk.put('next/town.yaml', recording('1', BLUE));
    renameSync(desk.path('recordings'), desk.path('before'));
    renameSync(desk.path('next'), desk.path('recordings'));
    await desk.untilColours({ town: BLUE });
    desk.replace(FILE, recording('1', BLACK));
    await desk.untilColours({ town: BLACK });
  });
});

test('the folder may come later than the watcher', async () => {
  await desk.watch();
  expect(desk.last.set.diagnostics.map(({ code }) => code)).toEqual(['directory-not-found']);
  desk.put(FILE, recording('1', RED));
  await desk.untilColours({ town: RED });
});

describe('links', () => {
  function swap(target: string, link: string): void {
    symlinkSync(target, desk.path(`${link}.new`));
    renameSync(desk.path(`${link}.new`), desk.path(link));
  }

  test('the watched folder is a link that is led elsewhere, as git-sync does', async () => {
    desk.put('worktrees/one/town.yaml', recording('1', RED));
    desk.put('worktrees/two/town.yaml', recording('1', BLUE));
    symlinkSync('worktrees/one', desk.path('recordings'));
    await desk.watch();
    swap('worktrees/two', 'recordings');
    await desk.untilColours({ town: BLUE });
    desk.replace('worktrees/two/town.yaml', recording('1', BLACK));
    await desk.untilColours({ town: BLACK });
  });

  test('a link further up is led elsewhere', async () => {
    desk.put('one/recordings/town.yaml', recording('1', RED));
    desk.put('two/recordings/town.yaml', recording('1', BLUE));
    symlinkSync('one', desk.path('current'));
    await desk.watch({ dir: 'current/recordings' });
    swap('two', 'current');
    await desk.untilColours({ town: BLUE });
  });

  test('Kubernetes: every file is a link over one that is led elsewhere', async () => {
    desk.put('recordings/..one/town.yaml', recording('1', RED));
    symlinkSync('..one', desk.path('recordings/..data'));
    symlinkSync('..data/town.yaml', desk.path(FILE));
    await desk.watch();
    expect(desk.last.byName.size).toBe(1);
    desk.put('recordings/..two/town.yaml', recording('1', BLUE));
    swap('..two', 'recordings/..data');
    rmSync(desk.path('recordings/..one'), { recursive: true });
    await desk.untilColours({ town: BLUE });
    expectNeverLost('town', FILE);
  });

  test('what a link leads to is edited, is taken away, and comes back', async () => {
    desk.put('elsewhere/town.yaml', recording('1', RED));
    mkdirSync(desk.path('recordings'));
    symlinkSync('../elsewhere/town.yaml', desk.path(FILE));
    await desk.watch();
    desk.replace('elsewhere/town.yaml', recording('1', BLUE));
    await desk.untilColours({ town: BLUE });
    unlinkSync(desk.path('elsewhere/town.yaml'));
    const lost = await desk.until(({ set }) => set.broken.length > 0);
    expect(lost.set.broken).toEqual([FILE]);
    desk.put('elsewhere/town.yaml', recording('1', BLACK));
    await desk.untilColours({ town: BLACK });
  });
});

describe('files that recordings refer to', () => {
  const KEYS =
    'storage: { vendor: s3, region: US_EAST_1, bucket: b, accessKey: k, secretKey: { fromFile: ../secrets/key } }\n';
  const sealed = () => desk.last.byName.get('town')?.blocks().storage?.secretKey?.sealed;

  test('a backend writes which recording it is', async () => {
    mkdirSync(desk.path('run'));
    desk.put(FILE, 'recording: { fromFile: ../run/town.json }\nonhold: true\n');
    await desk.watch();
    expect(desk.last.byName.get('town')?.waitingFor).toBe('run/town.json');
    const which = { appId: 'a', cname: 'c', uid: '1', resourceId: 'r', sid: 's', mode: 'web' };
    writeFileSync(desk.path('run/town.json'), JSON.stringify(which));
    const started = await desk.until(({ byName }) => byName.get('town')?.identity !== undefined);
    expect(started.changed).toEqual(['town']);
    for (const { set } of desk.looks) expect(set.diagnostics).toEqual([]);
    unlinkSync(desk.path('run/town.json'));
    await desk.until(({ byName }) => byName.get('town')?.waitingFor !== undefined);
  });

  test('a secret is replaced', async () => {
    desk.put('secrets/key', 'one\n');
    desk.put(FILE, recording('1', RED, KEYS));
    desk.put('recordings/other.yaml', recording('2', RED));
    await desk.watch();
    const before = sealed();
    expect(before).toMatch(/^hmac/);
    desk.replace('secrets/key', 'two\n');
    const look = await desk.until(() => sealed() !== before);
    expect(look.changed).toEqual(['town']);
  });

  test('a secret is led elsewhere', async () => {
    desk.put('secrets/..one/key', 'one');
    symlinkSync('..one', desk.path('secrets/..data'));
    symlinkSync('..data/key', desk.path('secrets/key'));
    desk.put(FILE, recording('1', RED, KEYS));
    await desk.watch();
    const before = sealed();
    desk.put('secrets/..two/key', 'two');
    symlinkSync('..two', desk.path('secrets/..new'));
    renameSync(desk.path('secrets/..new'), desk.path('secrets/..data'));
    await desk.until(() => sealed() !== before);
    expect(sealed()).toMatch(/^hmac/);
  });
});

describe('without events', () => {
  const deaf: WatchFolder = () => ({ ready: Promise.resolve(), close() {} });
  const refused = (code: string) => ({
    ready: Promise.reject(Object.assign(new Error('no more'), { code })),
    close() {},
  });

  test('the sweep finds what no event told', async () => {
    desk.put(FILE, recording('1', RED));
    await desk.watch({ watchFolder: deaf, sweepMs: 20 });
    desk.put(FILE, recording('1', BLUE));
    await desk.untilColours({ town: BLUE });
    unlinkSync(desk.path(FILE));
    await desk.until(({ set }) => set.files === 0 && set.broken.length === 0);
    expect(desk.troubles).toEqual([]);
  });

  describe('where a look at everything takes long', () => {
    const SWEEP = 20;
    /** A clock by which everything takes a while, and that nobody waits long for. */
    function slowClock(slept: number[]): Clock {
      let passed = 0;
      return {
        now: () => systemClock.now(),
        monotonic: () => ++passed,
        sleep: (ms, signal) => {
          slept.push(ms);
          return systemClock.sleep(Math.min(ms, 1), signal);
        },
      };
    }

    test.each([
      ['it rests for longer', 100_000, (rest: number) => rest > 10 * SWEEP && rest < 100_000],
      ['but for no longer than it may', 50, (rest: number) => rest === 50],
      ['and not where somebody has said how often to look', undefined, (rest: number) => rest === SWEEP],
    ])('%s', async (_what, longestRestMs, isRight) => {
      const slept: number[] = [];
      for (let n = 0; n < 9; n++) desk.put(`recordings/${n}.yaml`, recording(String(n), RED));
      await desk.watch({
        ...{ watchFolder: deaf, sweepMs: SWEEP, settleMs: 1, clock: slowClock(slept) },
        ...(longestRestMs === undefined ? {} : { longestRestMs }),
      });
      // What it sleeps for less is for other things. At first nobody knows what a sweep takes.
      const rests = () => slept.filter((ms) => ms >= SWEEP);
      expect(rests()[0]).toBe(SWEEP);
      const looked = desk.looks.length;
      // On a busy machine several rests are over before the first sweep is.
      await desk.until(() => desk.looks.length > looked + 5 && rests().slice(1).some(isRight));
      if (longestRestMs === undefined) expect(rests().every(isRight)).toBe(true);
      else expect(Math.max(...rests())).toBeLessThanOrEqual(longestRestMs);
    });
  });

  test.each(['ENOSPC', 'EMFILE'])('%s: says so once, and polls', async (code) => {
    const refusing: WatchFolder = () => refused(code);
    desk.put(FILE, recording('1', RED));
    await desk.watch({ watchFolder: refusing, pollMs: 20 });
    desk.put(FILE, recording('1', BLUE));
    await desk.untilColours({ town: BLUE });
    expect(desk.troubles).toHaveLength(1);
    expect(desk.troubles[0]).toContain(code);
  });

  test('a watch that fails later: says so, polls, and does not spin', async () => {
    const failing: WatchFolder = (_folder, { onError }: FolderListener) => {
      setImmediate(() => onError(Object.assign(new Error('no more'), { code: 'EMFILE' })));
      return { ready: Promise.resolve(), close() {} };
    };
    desk.put(FILE, recording('1', RED));
    await desk.watch({ watchFolder: failing, pollMs: 50 });
    await desk.until(() => desk.troubles.length > 0);
    const looks = desk.looks.length;
    desk.put(FILE, recording('1', BLUE));
    await desk.untilColours({ town: BLUE });
    expect(desk.looks.length - looks).toBeLessThan(20);
  });

  test('once there are watches again, events do', async () => {
    let full = true;
    const some: WatchFolder = (folder, listener) =>
      full ? refused('ENOSPC') : watchFolder(folder, listener);
    desk.put(FILE, recording('1', RED));
    await desk.watch({ watchFolder: some });
    full = false;
    await desk.look();
    desk.replace(FILE, recording('1', BLUE));
    await desk.untilColours({ town: BLUE });
  });
});

describe('git', () => {
  const COUNT = 1_000;
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'gc.auto=0', ...args], {
      cwd,
      stdio: 'ignore',
    });

  /** Commits all files in this colour. */
  function commit(cwd: string, colour: string): void {
    for (let n = 0; n < COUNT; n++) writeFileSync(join(cwd, `r${n}.yaml`), recording(`${n}`, colour));
    git(cwd, 'add', '-A');
    git(cwd, 'commit', '-qm', colour);
  }

  /** Runs git beside the watcher, as a user would. */
  async function alongside(cwd: string, ...args: string[]): Promise<void> {
    const running = spawn('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd,
      stdio: 'ignore',
    });
    const [code] = await once(running, 'exit');
    expect(code).toBe(0);
  }

  const all = (colour: string) => (look: Refreshed) =>
    look.byName.size === COUNT &&
    look.set.broken.length === 0 &&
    [...look.byName.values()].every(({ blocks }) => blocks().layout?.backgroundColor === colour);

  test('checkout and pull of a thousand files', { timeout: 180_000 }, async () => {
    const origin = desk.path('origin');
    mkdirSync(origin);
    git(origin, 'init', '-q', '-b', 'main');
    commit(origin, RED);
    git(desk.cwd, 'clone', '-q', 'origin', 'recordings');
    const work = desk.path('recordings');
    await desk.watch();
    expect(all(RED)(desk.last)).toBe(true);
    commit(origin, BLUE);
    const before = desk.looks.length;
    await alongside(work, 'pull', '-q', '--ff-only');
    await desk.until(all(BLUE));
    await alongside(work, 'checkout', '-q', 'HEAD~1');
    await desk.until(all(RED));
    expect(desk.looks.length - before).toBeLessThan(COUNT / 5);
    for (const { set, byName } of desk.looks) {
      expect(set.diagnostics).toEqual([]);
      const heldBack = new Set(set.broken);
      for (let n = 0; n < COUNT; n++)
        if (!byName.has(`r${n}`) && !heldBack.has(`recordings/r${n}.yaml`)) expect.fail(`r${n} was lost`);
    }
  });
});
