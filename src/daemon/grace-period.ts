import type { Clock } from '../model/ports.ts';
import type { Writer } from '../model/store.ts';

/** What is in flight has this long to be answered when the daemon is told to end, in milliseconds; all of it takes under 5 s. */
const LONGEST = 4_000;
/** The same where the database is away, and how often that is looked at. */
const LONGEST_AWAY = 1_000;
const LOOK = 100;

/** The longest that calls in flight are waited for. What waits for a database that is away is not recorded any more. */
export async function gracePeriod(
  store: Pick<Writer, 'trouble'>,
  clock: Clock,
  answered: AbortSignal,
): Promise<void> {
  const began = clock.monotonic();
  const waited = () => clock.monotonic() - began;
  while (waited() < LONGEST && !answered.aborted) {
    if (store.trouble !== undefined && waited() > LONGEST_AWAY) return;
    await clock.sleep(LOOK, answered);
  }
}
