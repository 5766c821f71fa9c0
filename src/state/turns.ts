/** Steps of long work between which others have a turn: answers and signals must not wait for all of it. */
const STEPS = 16;

/** Called at every step: now and then it gives something to wait for. */
export function takingTurns(): () => Promise<void> | undefined {
  let steps = 0;
  return () => {
    steps++;
    return steps % STEPS === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined;
  };
}
