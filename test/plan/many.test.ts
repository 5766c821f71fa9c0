import { expect, it } from 'vitest';
import { KnownMap } from '../../src/model/known-map.ts';
import type { KnownRecording } from '../../src/model/plan.ts';
import { overviewOf } from '../../src/render/overview.ts';
import { statusText } from '../../src/render/status.ts';
import { styleFor } from '../../src/render/style.ts';
import { identity } from '../support/engine.ts';
import { desiredOf, NOW, planOf } from '../support/planning.ts';

/** More than a call takes as arguments. */
const MANY = 150_000;

it('more recordings than a call takes as arguments are forgotten, and told of', async () => {
  const known = new KnownMap(
    Array.from({ length: MANY }, (_, n): [string, KnownRecording] => [
      `key-${n}`,
      {
        ...{ key: `key-${n}`, name: `room-${n}`, file: `recordings/${n}.yaml`, identity: identity(n) },
        update: {
          applied: { request: { webRecordingConfig: { onhold: true } }, at: NOW, seq: n },
          unknown: [],
        },
        updateLayout: { unknown: [] },
      },
    ]),
  );
  const plan = planOf(await desiredOf({}), known, { allowEmpty: true });
  expect(plan.summary.to_forget).toBe(MANY);
  const overview = overviewOf([...known.values()], plan);
  expect(statusText(overview, styleFor(false), NOW).split('\n').length).toBeGreaterThan(MANY);
});
