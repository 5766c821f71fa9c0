import type { Clock } from '../model/ports.ts';
import type { ApplyEvent } from '../model/work.ts';

export interface Pace {
  take(event: ApplyEvent, counts: { applied: number }): void;
  /** Milliseconds until the last call is sent; undefined where that is too short or too uncertain to be told. */
  left(counts: { planned: number; applied: number; failed: number }): number | undefined;
}

/** An apply that takes less by its plan is over before a time is read, in milliseconds. */
const LONG = 3_000;
/** So many calls, and so many milliseconds of them, show how long a call really takes. */
const MEASURED = { calls: 10, ms: 3_000 };

/**
 * How long the rest of an apply takes: by the allowance, or as calls have gone so far where that is slower. After the
 * service has held everything back it is measured anew. What is to be repeated is not counted, as its time is not known.
 * @param perCall what a call takes of the allowance, in milliseconds
 */
export function makePace(clock: Pick<Clock, 'monotonic'>, perCall: number): Pace {
  let since: number | undefined;
  let before = 0;
  return {
    take(event, { applied }) {
      // What was waited for before that, such as another process, is no time of a call.
      since ??= clock.monotonic();
      if (event.type !== 'slowed') return;
      since = Math.max(since, clock.monotonic() + event.hold);
      before = applied;
    },
    left({ planned, applied, failed }) {
      const rest = planned - applied - failed;
      if (planned * perCall < LONG || rest <= 0) return undefined;
      const now = clock.monotonic();
      const [calls, ms] = [applied - before, now - (since ?? now)];
      const measured = calls >= MEASURED.calls && ms >= MEASURED.ms ? ms / calls : 0;
      return Math.max(0, -ms) + rest * Math.max(perCall, measured);
    },
  };
}
