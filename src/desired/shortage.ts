import { setTimeout as sleep } from 'node:timers/promises';

/*
 * A process, or the system, that has no file handle to give has one again soon: callers wait. A file that cannot be
 * opened for this reason is neither gone nor broken.
 */

/** Milliseconds between two attempts, and altogether. */
const CHECK = 20;
const LONGEST = 30_000;

/** Whether the process (EMFILE) or the system (ENFILE) has no file handle to give (open(2)). */
export function isShortage(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** Does what opens a file, again and again for as long as there is no handle for it. @throws what it throws otherwise */
export async function waitingOut<T>(act: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += CHECK) {
    try {
      return await act();
    } catch (error) {
      if (!isShortage(error) || waited >= LONGEST) throw error;
    }
    await sleep(CHECK);
  }
}
