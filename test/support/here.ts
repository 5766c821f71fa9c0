import { join } from 'node:path';
import type { Io } from '../../src/model/ports.ts';
import { systemClock } from '../../src/system-clock.ts';
import { CREDENTIALS, controls, endpointOf, type Ran, serves, whenTestEnds } from './cli.ts';
import { fakeIo } from './io.ts';

/*
 * `run` and `simulator` of cli.ts without processes of their own: the built command in this one, where nothing of the
 * process itself is in question (signals, streams, what other processes see of it). A fifth of the time.
 */

interface Surroundings {
  cwd: string;
  env?: Record<string, string>;
}

async function begin(args: readonly string[], { cwd, env }: Surroundings, more: Partial<Io> = {}) {
  const { main } = (await import(join(import.meta.dirname, '../../dist/main.js'))) as {
    main: (argv: readonly string[], io: Io) => Promise<number>;
  };
  const around = {
    PATH: process.env.PATH ?? '',
    HOME: cwd,
    ...CREDENTIALS,
    REELSTATE_YES: '1',
    ...endpointOf(cwd),
  };
  const { io, said } = fakeIo({ cwd, env: { ...around, ...env }, clock: systemClock, ...more });
  const done = (): Promise<Ran> =>
    main(args, io).then((code) => ({ code, signal: null, stdout: said.out, stderr: said.err }));
  return { io, done };
}

export async function runHere(
  args: readonly string[],
  surroundings: Surroundings,
  more: Partial<Io> = {},
): Promise<Ran> {
  return (await begin(args, surroundings, more)).done();
}

export async function simulatorHere(cwd: string, args: readonly string[] = [], env?: Record<string, string>) {
  const stopping = new AbortController();
  whenTestEnds(() => stopping.abort());
  const { io, done } = await begin(
    ['simulate', '--listen', '127.0.0.1:0', '--recordings', 'recordings', ...args],
    env ? { cwd, env } : { cwd },
    { stop: stopping.signal },
  );
  let ended: Promise<Ran> | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    io.out = async (text) => {
      const shown = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
      if (shown) resolve(serves(cwd, shown[0]));
    };
    ended = done();
    ended.then(({ stderr }) => reject(new Error(`ended without an address:\n${stderr}`)), reject);
  });
  return {
    ...controls(url),
    async stop() {
      stopping.abort();
      return ended;
    },
  };
}
