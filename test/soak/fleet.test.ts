import { expect, it } from 'vitest';
import { withoutServer } from '../support/postgres.ts';
import { fleetRun } from './fleet/run.ts';

/*
 * Daemons of one database, killed, stopped, cut off and their database restarted, while their files are edited all the
 * time; judged by the requests as they arrive at the service. README.md beside this file says how it is made shorter.
 */

const SEED = Number(process.env.REELSTATE_SOAK_SEED ?? 1);
const FAULTS = Number(process.env.REELSTATE_SOAK_FLEET_FAULTS ?? 200);
/** A fault and the time until all is well again, in milliseconds. */
const LONGEST = 60_000;

it.skipIf(withoutServer() !== undefined)(
  `${FAULTS} faults of three daemons with seed ${SEED}`,
  async () => {
    const { violations, ...figures } = await fleetRun(SEED, FAULTS);
    console.log(JSON.stringify(figures));
    expect(violations, `REELSTATE_SOAK_SEED=${SEED} repeats it`).toEqual([]);
  },
  FAULTS * LONGEST,
);
