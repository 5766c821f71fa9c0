import { expect, it } from 'vitest';
import { DueNames } from '../../src/daemon/due-names.ts';

it('what has just changed comes first, and each name once', () => {
  const due = new DueNames();
  for (const name of ['a', 'b', 'c']) due.add(name);
  expect([...due.takeInHand(['c', 'd'])]).toEqual(['c', 'd', 'a', 'b']);
  expect([...due.takeInHand([])]).toEqual([]);
});

it('a name is due until it was planned, and again where that is asked for meanwhile', () => {
  const due = new DueNames();
  for (const name of ['a', 'b', 'c', 'd']) due.add(name);
  const planned: string[] = [];
  for (const name of due.takeInHand([])) {
    planned.push(name);
    // Planned out of turn: it is passed over.
    if (name === 'a') due.remove('c');
    if (name === 'b') due.add('b');
    due.done(name);
  }
  expect(planned).toEqual(['a', 'b', 'd']);
  expect(['a', 'b', 'c', 'd'].filter((name) => due.has(name))).toEqual(['b']);
});

it('what a refresh leaves is due at the next', () => {
  const due = new DueNames();
  for (const name of ['a', 'b']) due.add(name);
  due.takeInHand([]);
  due.done('a');
  expect([due.has('a'), due.has('b')]).toEqual([false, true]);
  due.putBack();
  expect([...due.takeInHand(['c'])]).toEqual(['c', 'b']);
});

it('everything is due at the start, and when it is asked for: once each', () => {
  const due = new DueNames();
  expect([due.takeEverything(), due.takeEverything()]).toEqual([true, false]);
  due.addEverything();
  expect([due.takeEverything(), due.takeEverything()]).toEqual([true, false]);
});
