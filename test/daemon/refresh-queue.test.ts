import { expect, it } from 'vitest';
import { RefreshQueue } from '../../src/daemon/refresh-queue.ts';
import { FakeClock, settle } from '../support/clock.ts';

/** Looks that last until a test ends them. */
function looks() {
  const clock = new FakeClock();
  const stop = new AbortController();
  const begun: (readonly string[] | undefined)[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const failures: string[] = [];
  const results: [number, string][] = [];
  const subject = new RefreshQueue({
    clock,
    stop: stop.signal,
    refresh: (hint) => {
      begun.push(hint);
      return new Promise((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
    },
    onFailure: (error) => failures.push((error as Error).message),
    onRefresh: (seconds, result) => results.push([seconds, result]),
  });
  return { clock, stop, subject, begun, ends, failures, results };
}

it('gathers what is said while a look is under way for one more look', async () => {
  const { subject, begun, ends } = looks();
  subject.hint(['a']);
  expect(subject.isAsked).toBe(false);
  for (const path of ['b', 'c', 'b']) subject.hint([path]);
  expect(subject.isAsked).toBe(true);
  ends[0]?.();
  await settle();
  expect(begun).toEqual([['a'], ['b', 'c']]);
  subject.hint(['d']);
  subject.hint();
  subject.hint(['e']);
  ends[1]?.();
  await settle();
  // Whoever looks at everything looks at those paths, too.
  expect(begun[2]).toBeUndefined();
  ends[2]?.();
  await subject.idle();
  expect(begun).toHaveLength(3);
});

it('tells of a look that failed, and goes on with the next', async () => {
  const { subject, begun, ends, failures, results, clock } = looks();
  subject.hint(['a']);
  await clock.advance(1_500);
  subject.hint(['b']);
  ends[0]?.(new Error('no disk'));
  await settle();
  expect(failures).toEqual(['no disk']);
  expect(begun).toEqual([['a'], ['b']]);
  ends[1]?.();
  await subject.idle();
  expect(results).toEqual([
    [1.5, 'failed'],
    [0, 'ok'],
  ]);
});

it('knows for how long a look has been under way', async () => {
  const { subject, ends, clock } = looks();
  expect(subject.lasting).toBe(0);
  subject.hint();
  await clock.advance(61_000);
  expect(subject.lasting).toBe(61_000);
  ends[0]?.();
  await subject.idle();
  expect(subject.lasting).toBe(0);
});

it('looks no more when it is stopped, and a look that breaks off then is no failure', async () => {
  const { subject, stop, begun, ends, failures } = looks();
  subject.hint(['a']);
  subject.hint(['b']);
  stop.abort();
  ends[0]?.(new Error('broken off'));
  await subject.idle();
  expect(begun).toEqual([['a']]);
  expect(failures).toEqual([]);
});
