import { setMaxListeners } from 'node:events';
import type { Clock } from './model/ports.ts';

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      // Longer than setTimeout can count (2^31 - 1 ms) fires at once: the caller looks again anyway. Of a time that has
      // passed Node 24 warns on standard error.
      const timer = setTimeout(done, Math.max(0, Math.min(ms, 0x7fffffff)));
      if (!signal) return;
      // A thousand recordings may wait for one signal: that is no leak, so Node's warning is turned off.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', done);
    }),
};

/** Chance as it comes: uniform in [0, 1). */
export const systemRandom = (): number => Math.random();
