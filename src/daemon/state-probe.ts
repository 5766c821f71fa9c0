import type { Clock } from '../model/ports.ts';
import type { Writer } from '../model/store.ts';
import type { Logger } from './log.ts';

/** Between two probes, in milliseconds. */
const PERIOD = 1_000;

/** Looks whether the state is where it was, whether or not anything is sent. Runs until `stop` aborts. */
export async function probeState(
  store: Pick<Writer, 'checkPlace' | 'trouble'>,
  clock: Clock,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  let trouble: string | undefined;
  while (!stop.aborted) {
    await clock.sleep(PERIOD, stop);
    if (stop.aborted) return;
    await store.checkPlace();
    if (store.trouble !== undefined && trouble === undefined)
      log.error(`${store.trouble}: nothing is sent until it is there again`);
    if (store.trouble === undefined && trouble !== undefined) log.info('the database is there again');
    trouble = store.trouble;
  }
}
