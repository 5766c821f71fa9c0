import { join } from 'node:path';
import type { Io } from '../../src/model/ports.ts';
import { systemClock } from '../../src/process-io.ts';
import { CREDENTIALS, type Ran } from './cli.ts';
import { fakeIo } from './io.ts';

/**
 * `run` of cli.ts without a process of its own: the built command in this one, where nothing of the process itself
 * is in question (signals, streams, what other processes see of it). A tenth of the time.
 */
export async function runHere(
  args: readonly string[],
  { cwd, env }: { cwd: string; env?: Record<string, string> },
): Promise<Ran> {
  const { main } = (await import(join(import.meta.dirname, '../../dist/main.js'))) as {
    main: (argv: readonly string[], io: Io) => Promise<number>;
  };
  const around = { PATH: process.env.PATH ?? '', HOME: cwd, ...CREDENTIALS, REELSTATE_YES: '1' };
  const { io, said } = fakeIo({ cwd, env: { ...around, ...env }, clock: systemClock });
  const code = await main(args, io);
  return { code, signal: null, stdout: said.out, stderr: said.err };
}
