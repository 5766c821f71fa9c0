import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadRecordings } from '../../src/desired/load.ts';
import { Vault } from '../../src/secrets/vault.ts';
import { WatchedFiles } from '../../src/sources/files.ts';
import type { Hint } from '../../src/sources/followed-file.ts';
import { FakeClock } from '../support/clock.ts';
import { told } from '../support/told.ts';
import { KEY, recording } from './desk.ts';

/** A clock by which everything takes a while, when it is told so. */
class HurriedClock extends FakeClock {
  hurried = false;
  #passed = 0;

  override monotonic(): number {
    if (this.hurried) this.#passed += 3;
    return super.monotonic() + this.#passed;
  }
}

let cwd: string;
let clock: HurriedClock;
let files: WatchedFiles;

beforeEach(start);
afterEach(finish);

function start(): void {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'reelstate-files-')));
  clock = new HurriedClock();
  // The clock that files are stamped by.
  clock.stepWall(Date.now() - clock.now());
  files = new WatchedFiles({ ...options(), clock, settleMs: 50 });
}

function finish(): void {
  rmSync(cwd, { recursive: true, force: true });
}

function options() {
  return { dir: 'recordings', cwd, env: { SET: 'value' }, vault: new Vault(KEY) };
}

const NOTHING: ReadonlyMap<string, Hint> = new Map();

/** Looks again until nothing is in motion. */
async function settled(hints = NOTHING, everything = true) {
  let look = await files.refresh(hints, everything);
  const changed = new Set(look.changed);
  while (look.again !== undefined || look.more) {
    if (!look.more) await clock.advance(look.again ?? 0);
    look = await files.refresh(NOTHING, false);
    for (const name of look.changed) changed.add(name);
  }
  return { ...look, changed: [...changed] };
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(cwd, path)), { recursive: true });
  writeFileSync(join(cwd, path), text);
}

describe('a look', () => {
  test('costs no plan where nothing has changed', async () => {
    put('recordings/a.yaml', recording('1'));
    const first = await settled();
    const second = await files.refresh(NOTHING, true);
    expect(second.set).toBe(first.set);
    expect(second).toMatchObject({ changed: [], whole: false, settling: [] });
  });

  test('reads again what may have changed within one tick of the clock of its times', async () => {
    put('recordings/a.yaml', recording('1', '#FF0000'));
    await settled();
    put('recordings/a.yaml', recording('1', '#0000FF'));
    const { byName } = await settled();
    expect(byName.get('a')?.blocks().layout?.backgroundColor).toBe('#0000FF');
  });

  test('what changes has to stand still, also where this clock is ahead of the one of its times', async () => {
    put('recordings/a.yaml', recording('1', '#000001'));
    await settled();
    clock.stepWall(60_000);
    put('recordings/a.yaml', recording('1', '#000002').split('layout:')[0] as string);
    const torn = await files.refresh(NOTHING, true);
    expect(torn.again).toBeGreaterThan(0);
    expect(torn.changed).toEqual([]);
    put('recordings/a.yaml', recording('1', '#000002'));
    const whole = await settled();
    expect(whole.byName.get('a')?.blocks().layout?.backgroundColor).toBe('#000002');
  });

  test('a file that has never been seen at rest is held, not gone', async () => {
    put('recordings/a.yaml', recording('1'));
    const look = await files.refresh(NOTHING, true);
    expect(look.set).toMatchObject({ recordings: [], broken: ['recordings/a.yaml'], files: 1 });
    expect(look).toMatchObject({ settling: ['recordings/a.yaml'], again: 50 });
    await clock.advance(49);
    expect((await files.refresh(NOTHING, false)).byName.size).toBe(0);
    await clock.advance(1);
    expect((await files.refresh(NOTHING, false)).set).toMatchObject({ broken: [] });
  });

  test('an event about writing in the middle of a look undoes what events have said before it', async () => {
    put('recordings/a.yaml', recording('1', '#FF0000'));
    await settled();
    put('new', recording('1', '#0000FF'));
    renameSync(join(cwd, 'new'), join(cwd, 'recordings/a.yaml'));
    const hint = { moved: true, written: false };
    const looking = files.refresh(new Map([[join(cwd, 'recordings/a.yaml'), hint]]), false);
    hint.written = true;
    const look = await looking;
    expect(look.settling).toEqual(['recordings/a.yaml']);
    expect(look.byName.get('a')?.blocks().layout?.backgroundColor).toBe('#FF0000');
  });

  test('a new duplicate concerns both, and so does its end', async () => {
    put('recordings/a.yaml', recording('1'));
    put('recordings/b.yaml', recording('2'));
    await settled();
    put('recordings/b.yaml', recording('1'));
    const twice = await settled();
    expect(twice.changed.sort()).toEqual(['a', 'b']);
    expect(twice.byName.size).toBe(0);
    rmSync(join(cwd, 'recordings/b.yaml'));
    const once = await settled();
    expect(once.changed.sort()).toEqual(['a', 'b']);
    expect([...once.byName.keys()]).toEqual(['a']);
  });
});

describe('a look at many files', () => {
  const COUNT = 200;
  const COLOURS = ['#FF0000', '#0000FF'] as const;
  const paint = (folder: string, colour: string) => {
    for (let n = 0; n < COUNT; n++) put(`${folder}/r${n}.yaml`, recording(`${n}`, colour));
  };

  /** One refresh while events come in; each question for the time takes a while. */
  async function hurried(hints = NOTHING, everything = false) {
    clock.hurried = true;
    const look = await files.refresh(hints, everything, AbortSignal.abort());
    clock.hurried = false;
    return look;
  }

  test('gives way to an edit, and tells of nothing before its end', async () => {
    paint('recordings/show', COLOURS[0]);
    put('recordings/other.yaml', recording('other', COLOURS[0]));
    await settled();
    renameSync(join(cwd, 'recordings/show'), join(cwd, 'recordings/moved'));
    put('new', recording('other', COLOURS[1]));
    let look = await hurried(NOTHING, true);
    expect(look).toMatchObject({ more: true, changed: [] });
    renameSync(join(cwd, 'new'), join(cwd, 'recordings/other.yaml'));
    const edit = new Map([[join(cwd, 'recordings/other.yaml'), { moved: true, written: false }]]);
    look = await hurried(edit);
    expect(look).toMatchObject({ more: true, changed: ['other'] });
    expect(look.byName.get('other')?.blocks().layout?.backgroundColor).toBe(COLOURS[1]);
    expect(look.byName.get('r0')?.file).toBe('recordings/show/r0.yaml');
    // Nothing counts as deleted meanwhile.
    expect(look.set.broken.length).toBeGreaterThan(0);
    const changes: number[] = [];
    while (look.more) {
      look = await hurried();
      changes.push(look.changed.length);
    }
    expect(changes.find((changed) => changed > 0)).toBe(COUNT);
    expect(changes.length).toBeGreaterThan(1);
    expect(look.byName.get('r0')?.file).toBe('recordings/moved/r0.yaml');
  });

  test('has its turn, however many edits there are', async () => {
    paint('recordings', COLOURS[0]);
    await settled();
    paint('recordings', COLOURS[1]);
    let look = await hurried(NOTHING, true);
    const edit = () => new Map([[join(cwd, 'recordings/r0.yaml'), { moved: false, written: true }]]);
    const isThere = () => look.byName.get('r199')?.blocks().layout?.backgroundColor === COLOURS[1];
    for (let looks = 0; looks < 500 && !isThere(); looks++) look = await hurried(edit());
    expect(isThere()).toBe(true);
  });
});

test('a broken file that claims what a healthy one claims concerns that one, and so does its end', async () => {
  put('recordings/a.yaml', recording('1'));
  put('recordings/b.yaml', recording('2'));
  await settled();
  put('recordings/b.yaml', `${recording('1')}nonsense: 1\n`);
  const twice = await settled();
  expect(twice.changed.sort()).toEqual(['a', 'b']);
  expect(twice.byName.size).toBe(0);
  expect(twice.set).toMatchObject({ recordings: [], broken: ['recordings/a.yaml', 'recordings/b.yaml'] });
  put('recordings/b.yaml', `${recording('2')}nonsense: 1\n`);
  const once = await settled();
  expect([...once.byName.keys()]).toEqual(['a']);
  expect(once.set.broken).toEqual(['recordings/b.yaml']);
});

/** A recording with regions for these UIDs. */
function custom(...uids: string[]): string {
  const regions = uids.map(
    (uid) => `    - { uid: "${uid}", x_axis: 0.${uid}, y_axis: 0, width: 0.1, height: 1 }\n`,
  );
  return `${recording('1').replace('bestFit', 'custom')}  layoutConfig:\n${regions.join('')}`;
}

/** What may be written into a file of recordings. */
const CONTENTS = [
  `${recording('1')}nonsense: 1\n`,
  `name: one\n${recording('4')}nonsense: 1\n`,
  'name: one\nrecording: { fromFile: ../run/which.json }\nnonsense: 1\n',
  recording('1'),
  recording('2', '#FF0000'),
  `name: one\n${recording('3')}`,
  `---\nname: one\n${recording('1')}---\nname: two\n${recording('4')}`,
  'recording: { fromFile: ../run/which.json }\nonhold: true\n',
  `name: keys\n${recording('5', '#00FF00', 'storage: { vendor: s3, region: US_EAST_1, bucket: b, accessKey: { fromEnv: SET }, secretKey: { fromFile: ../run/key } }\n')}`,
  'recording: [\n',
  '',
  recording('6').trimEnd(),
  custom('1'),
  custom('1', '2', '3'),
];
const WHICH = JSON.stringify({ appId: 'a', cname: 'c', uid: '1', resourceId: 'r', sid: '1', mode: 'web' });
const PATHS = [
  'recordings/a.yaml',
  'recordings/b.yml',
  'recordings/deep/c.yaml',
  'recordings/deep/er/d.yaml',
];
const FOLDERS = ['recordings', 'recordings/deep', 'recordings/deep/er'];
const REFERENCES = ['run/which.json', 'run/key'];

type Step =
  | { act: 'save' | 'replace'; path: string; text: string }
  | { act: 'remove'; path: string }
  | { act: 'move' | 'link'; path: string; to: string }
  | { act: 'look'; hints: string[] | undefined; wait: number; hurried: boolean };

const path = fc.constantFrom(...PATHS);
const anything = fc.constantFrom(...PATHS, ...FOLDERS, ...REFERENCES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constantFrom('save' as const, 'replace' as const),
      path,
      text: fc.constantFrom(...CONTENTS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constantFrom('save' as const, 'replace' as const),
      path: fc.constantFrom(...REFERENCES),
      text: fc.constantFrom(WHICH, WHICH.slice(0, 20), 'secret\n', 'other'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('remove' as const), path: anything }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constantFrom('move' as const, 'link' as const),
      path: anything,
      to: anything,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('look' as const),
      hints: fc.option(fc.array(anything, { maxLength: 3 }), { nil: undefined }),
      wait: fc.constantFrom(0, 10, 60, 600, 2_100),
      hurried: fc.boolean(),
    }),
  },
);

async function take(one: Step): Promise<void> {
  if (one.act === 'look') {
    await clock.advance(one.wait);
    const hints = new Map((one.hints ?? []).map((each) => [join(cwd, each), { moved: true, written: true }]));
    // Events come in all the time, and a look at many files has to give way to them.
    clock.hurried = one.hurried;
    await files.refresh(hints, one.hints === undefined, one.hurried ? AbortSignal.abort() : undefined);
    clock.hurried = false;
    return;
  }
  const here = join(cwd, one.path);
  try {
    if (one.act === 'save') put(one.path, one.text);
    if (one.act === 'replace') {
      put('new', one.text);
      mkdirSync(dirname(here), { recursive: true });
      renameSync(join(cwd, 'new'), here);
    }
    if (one.act === 'remove') rmSync(here, { recursive: true, force: true });
    if (one.act === 'move') renameSync(here, join(cwd, one.to));
    if (one.act === 'link' && !existsSync(join(cwd, one.to))) symlinkSync(here, join(cwd, one.to));
  } catch (error) {
    // The system refuses what makes no sense, such as to move a folder into itself.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

test('whatever happened, in the end it is what loading all files gives', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc
      .asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        for (const one of steps) await take(one);
        const { set, byName } = await settled();
        const fresh = await loadRecordings(options());
        expect(told(set)).toEqual(told(fresh));
        expect([...byName.keys()].sort()).toEqual(fresh.recordings.map(({ name }) => name).sort());
      })
      .beforeEach(() => {
        finish();
        start();
      }),
    { numRuns: 300 },
  );
});
