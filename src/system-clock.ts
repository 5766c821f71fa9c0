import type { Clock } from './model/ports.ts';

/**
 * What wakes those who sleep until a signal. One listener serves for all of them: thousands may wait for one signal, and
 * it looks through all of its listeners for each that comes.
 */
const asleep = new WeakMap<EventTarget, Set<() => void>>();

function wakeAll({ target }: Event): void {
  for (const wake of asleep.get(target as AbortSignal) ?? []) wake();
}

function wakeWith(signal: AbortSignal, wake: () => void): void {
  const others = asleep.get(signal);
  if (others) {
    others.add(wake);
    return;
  }
  asleep.set(signal, new Set([wake]));
  signal.addEventListener('abort', wakeAll);
}

/** The last one takes the listener away, which would keep the signal. */
function forget(signal: AbortSignal, wake: () => void): void {
  const others = asleep.get(signal);
  others?.delete(wake);
  if (others?.size !== 0) return;
  asleep.delete(signal);
  signal.removeEventListener('abort', wakeAll);
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        if (signal) forget(signal, done);
        resolve();
      };
      // Longer than setTimeout can count (2^31 - 1 ms) fires at once: the caller looks again anyway. Of a time that has
      // passed Node 24 warns on standard error.
      const timer = setTimeout(done, Math.max(0, Math.min(ms, 0x7fffffff)));
      if (signal) wakeWith(signal, done);
    }),
};

/** Chance as it comes: uniform in [0, 1). */
export const systemRandom = (): number => Math.random();
