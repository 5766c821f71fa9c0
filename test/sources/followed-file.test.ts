import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FollowedFile, readSettled } from '../../src/sources/followed-file.ts';
import { FakeClock } from '../support/clock.ts';

/** A path in a folder of its own, and a clock that goes with the one of its times. */
function desk() {
  const folder = mkdtempSync(join(tmpdir(), 'reelstate-followed-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  clock.stepWall(Date.now() - clock.now());
  return { clock, path: join(folder, 'secret'), following: { clock, settleMs: 50 } };
}

const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString();

test('a file that is read once is read when its writer has finished it', async () => {
  const { clock, path, following } = desk();
  writeFileSync(path, 'secret-co');
  let read: unknown;
  const reading = readSettled(path, following).then((bytes) => {
    read = bytes;
  });
  // It ends within a line, so it is given more time.
  await clock.advance(1_900);
  expect(read).toBeUndefined();
  writeFileSync(path, 'secret-complete\n');
  await clock.advance(600);
  await reading;
  expect(text(read)).toBe('secret-complete\n');
});

test('one that has stood still for long is read at once, and a missing one is missing', async () => {
  const { clock, path, following } = desk();
  expect(await readSettled(path, following)).toBe('missing');
  writeFileSync(path, 'secret');
  clock.stepWall(10_000);
  expect(text(await readSettled(path, following))).toBe('secret');
});

test('one that is written all the time says so', async () => {
  const { clock, path } = desk();
  // The file's times go on, too.
  const following = {
    clock: {
      now: () => Date.now(),
      monotonic: () => clock.monotonic(),
      sleep: (ms: number) => clock.sleep(ms),
    },
    settleMs: 50,
  };
  let over = false;
  writeFileSync(path, '0\n');
  const reading = readSettled(path, following).finally(() => {
    over = true;
  });
  for (let n = 1; !over; n++) {
    writeFileSync(path, `${'x'.repeat(n)}\n`);
    await clock.advance(20);
  }
  expect(await reading).toEqual({ error: 'it is being written all the time' });
});

test('what ends within a line waits for two seconds, unless the file ended with this line before', async () => {
  const { clock, path, following } = desk();
  const file = new FollowedFile(path, following);
  const taken = async () => {
    const since = clock.monotonic();
    for (;;) {
      const sight = await file.check();
      if (sight.state === 'changed') return clock.monotonic() - since;
      await clock.advance(sight.state === 'settling' ? sight.again : 10);
    }
  };
  writeFileSync(path, 'one: 1\ntwo: 2');
  expect(await taken()).toBe(2_000);
  writeFileSync(path, 'one: 3\ntwo: 2');
  expect(await taken()).toBe(50);
  writeFileSync(path, 'one: 3\ntwo: 22');
  expect(await taken()).toBe(2_000);
  writeFileSync(path, 'one: 3\ntwo: 22\n');
  expect(await taken()).toBe(50);
  writeFileSync(path, '{ "one": 1 }');
  expect(await taken()).toBe(50);
});

test('knows for how long it has stood still, and that it came whole', async () => {
  const { clock, path, following } = desk();
  const file = new FollowedFile(path, following);
  writeFileSync(path, 'one\n');
  await file.check();
  await clock.advance(50);
  expect(await file.check()).toMatchObject({ state: 'changed' });
  expect(file.stoodStill).toBe(50);
  await clock.advance(1_000);
  expect(await file.check()).toEqual({ state: 'same' });
  expect(file.stoodStill).toBe(1_050);
  // The same once more: somebody is at it.
  expect(await file.check({ moved: false, written: true })).toEqual({ state: 'same' });
  expect(file.stoodStill).toBe(0);
  writeFileSync(`${path}.new`, 'two\n');
  renameSync(`${path}.new`, path);
  expect(await file.check({ moved: true, written: false })).toMatchObject({ state: 'changed' });
  expect(file.stoodStill).toBe(Number.POSITIVE_INFINITY);
});
