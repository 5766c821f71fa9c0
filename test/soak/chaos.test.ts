import { expect, it } from 'vitest';
import { tally } from './chaos/judge.ts';
import { chaos } from './chaos/run.ts';

/*
 * The built daemon between files that several writers edit and a service that misbehaves in every way it can, killed,
 * stopped and restarted; judged by the requests as they arrive at the service. README.md beside this file says how a
 * run is repeated and made shorter.
 */

const ONE = process.env.REELSTATE_SOAK_SEED;
const SEEDS = Number(process.env.REELSTATE_SOAK_SEEDS ?? 10);
const SECONDS = Number(process.env.REELSTATE_SOAK_SECONDS ?? 300);
/** For settling, and for everything that is run beside the daemon, in milliseconds. */
const AFTERWARDS = (Number(process.env.REELSTATE_SOAK_SETTLE ?? 240) + 120) * 1_000;

/** Violations of each law that are told in full. */
const SHOWN = 5;

const seeds = ONE ? [Number(ONE)] : Array.from({ length: SEEDS }, (_, n) => n + 1);

it.each(seeds)(
  `chaos for ${SECONDS} s with seed %i`,
  async (seed) => {
    const { violations, ...figures } = await chaos(seed, SECONDS);
    const counts = tally(violations.map(({ law }) => law));
    console.log(JSON.stringify({ ...figures, violations: counts }));
    for (const law of Object.keys(counts))
      for (const { detail } of violations.filter((each) => each.law === law).slice(0, SHOWN))
        console.log(`seed ${seed}: ${law}: ${detail}`);
    expect(counts, `REELSTATE_SOAK_SEED=${seed} repeats it`).toEqual({});
  },
  SECONDS * 1_000 + AFTERWARDS,
);
