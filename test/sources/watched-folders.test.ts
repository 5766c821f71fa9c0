import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WatchedFolders, watchFolder } from '../../src/sources/watched-folders.ts';
import { until } from '../support/watching.ts';

let cwd: string;
let events: [string, string | undefined][];
let watched: WatchedFolders;

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'reelstate-folders-')));
  events = [];
  watched = new WatchedFolders(watchFolder, (kind, path) => events.push([kind, path]));
});

afterEach(() => {
  watched.close();
  rmSync(cwd, { recursive: true, force: true });
});

function folder(name: string, files = 0): string {
  const path = join(cwd, name);
  mkdirSync(path);
  for (let n = 0; n < files; n++) writeFileSync(join(path, `r${n}.yaml`), 'x');
  return path;
}

const heard = (kind: string, path: string | undefined) =>
  until(async () => events.some(([k, p]) => k === kind && p === path), `${kind} ${path}`);

/** How many watches this process has (proc(5), fdinfo of inotify). */
function watches(): number {
  const infos = readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    } catch {
      // The handle with which the folder was listed.
      return '';
    }
  });
  return infos.join('\n').match(/^inotify wd:/gm)?.length ?? 0;
}

test('one watch a folder, however many files, and none once it is closed', async () => {
  const before = watches();
  const paths = [folder('a', 50), folder('b', 50)];
  expect(await watched.follow(new Set(paths))).toBe(true);
  expect(watches() - before).toBe(2);
  expect(await watched.follow(new Set(paths))).toBe(false);
  await watched.follow(new Set(paths.slice(1)));
  await until(async () => watches() - before === 1, 'a is left');
  watched.close();
  await until(async () => watches() === before, 'both are left');
});

test('closed while it begins, it leaves no watch open', async () => {
  const before = watches();
  const following = watched.follow(new Set([folder('a', 500), folder('b')]));
  watched.close();
  await following;
  await until(async () => watches() === before, 'nothing is watched');
});

test.each(['plain', 'back\\slash', 'with~', '.town.yaml.swp', '[a]*', 'two  words'])(
  'a folder may be called %s',
  async (name) => {
    const path = folder(name, 1);
    await watched.follow(new Set([path]));
    writeFileSync(join(path, 'r0.yaml'), 'y');
    await heard('change', join(path, 'r0.yaml'));
  },
);

test('tells a rename into place from a write in place', async () => {
  const path = folder('a', 2);
  writeFileSync(join(cwd, 'new'), 'y');
  await watched.follow(new Set([path]));
  renameSync(join(cwd, 'new'), join(path, 'r0.yaml'));
  writeFileSync(join(path, 'r1.yaml'), 'y');
  await heard('rename', join(path, 'r0.yaml'));
  await heard('change', join(path, 'r1.yaml'));
  expect(events).not.toContainEqual(['change', join(path, 'r0.yaml')]);
  expect(events).not.toContainEqual(['rename', join(path, 'r1.yaml')]);
});

test('a folder that is removed and made again at once is watched anew', async () => {
  const path = folder('a');
  await watched.follow(new Set([path]));
  for (let round = 0; round < 5; round++) {
    const { birthtimeMs } = statSync(path);
    // The clock of the file system goes in steps of some milliseconds.
    do {
      rmSync(path, { recursive: true });
      folder('a');
    } while (statSync(path).birthtimeMs === birthtimeMs);
    expect(await watched.follow(new Set([path]))).toBe(true);
    writeFileSync(join(path, `r${round}.yaml`), 'x');
    await heard('rename', join(path, `r${round}.yaml`));
  }
});

test('a folder that is not there is no limit, and is watched once it is', async () => {
  expect(await watched.follow(new Set([join(cwd, 'gone')]))).toBe(false);
  expect(watched.limit).toBeUndefined();
  const path = folder('gone');
  expect(await watched.follow(new Set([path]))).toBe(true);
});

test('where chokidar is told to poll, a change of the folder is one of anything in it', async () => {
  process.env.CHOKIDAR_USEPOLLING = '1';
  try {
    const path = folder('a');
    await watched.follow(new Set([path]));
    // As the clock of the file system goes in steps, the first change may not show.
    await until(async () => {
      writeFileSync(join(path, `r${Math.random()}.yaml`), 'x');
      return events.some(([kind, at]) => kind === 'change' && at === undefined);
    }, 'the change');
  } finally {
    delete process.env.CHOKIDAR_USEPOLLING;
  }
});
