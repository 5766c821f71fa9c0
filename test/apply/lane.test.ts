import { describe, expect, it } from 'vitest';
import {
  dropWork,
  endRepetition,
  isBusy,
  type LaneState,
  newLane,
  nextCall,
  putBack,
  takeWork,
  wake,
} from '../../src/apply/lane.ts';
import type { Call } from '../../src/model/plan.ts';
import { FakeClock } from '../support/clock.ts';
import { call, work } from '../support/engine.ts';

const clock = new FakeClock();
const update = call('update', '1');
const later = { ...call('updateLayout', '#111111'), notBefore: clock.now() + 5_000 } as Call;

/** A lane with these calls that waits; `ended` says whether its wait was ended. */
function waiting(state: 'resting' | 'repeating', calls: Call[], isAsked = false) {
  const lane = newLane(work(1, calls));
  takeWork(lane, lane.work, clock);
  let ended = false;
  const end = () => {
    ended = true;
  };
  const states: Record<typeof state, LaneState> = {
    resting: { is: 'resting', end },
    repeating: { is: 'repeating', end, endpoint: 'update', isAsked },
  };
  lane.state = states[state];
  return { lane, ended: () => ended };
}

describe('a newer plan', () => {
  it.each([
    ['resting', false, [later], true],
    ['resting', false, [update, later], true],
    ['repeating', false, [update], false],
    ['repeating', false, [call('update', '1', 'outcome-unknown')], false],
    ['repeating', false, [update, call('updateLayout', '#222222')], false],
    ['repeating', false, [call('update', '2')], true],
    ['repeating', true, [call('update', '2')], false],
  ] as const)(
    'of a lane that is %s (asked: %s) ends its wait only where it has to',
    (is, isAsked, calls, ends) => {
      const { lane, ended } = waiting(is, is === 'resting' ? [later] : [update], isAsked);
      takeWork(lane, work(1, [...calls]), clock);
      expect(ended()).toBe(ends);
      expect([...lane.waiting.keys()]).toEqual(calls.map(({ endpoint }) => endpoint));
    },
  );

  it('takes a dropped lane up again', () => {
    const { lane } = waiting('repeating', [update]);
    dropWork(lane);
    expect([isBusy(lane), lane.waiting.size]).toEqual([false, 0]);
    // The call that was in flight when it was dropped does not come back.
    putBack(lane, update);
    expect(lane.waiting.size).toBe(0);
    takeWork(lane, work(1, [update]), clock);
    expect([isBusy(lane), nextCall(lane, clock.monotonic())]).toEqual([true, update]);
  });
});

describe('the end of a wait', () => {
  it.each([
    ['drop', dropWork, [true, false, false]],
    ['resume', endRepetition, [false, true, false]],
    ['stop', wake, [true, true, true]],
  ] as const)('by %s', (_, end, expected) => {
    const lanes = [
      waiting('resting', [later]),
      waiting('repeating', [update]),
      waiting('repeating', [update], true),
    ];
    for (const { lane } of lanes) end(lane);
    expect(lanes.map(({ ended }) => ended())).toEqual(expected);
  });
});

it('a lane is busy while a call waits or is sent', () => {
  const lane = newLane(work(1, []));
  expect(isBusy(lane)).toBe(false);
  lane.state = { is: 'sending' };
  expect(isBusy(lane)).toBe(true);
});

it('of two calls the one whose time has come is next, else the time is told', () => {
  const { lane } = waiting('resting', [update, later]);
  expect(nextCall(lane, clock.monotonic())).toBe(update);
  lane.waiting.delete('update');
  expect(nextCall(lane, clock.monotonic())).toBe(5_000);
});
