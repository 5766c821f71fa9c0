import { readRecordingFile } from '../../src/desired/read.ts';
import { resolveFile } from '../../src/desired/resolve.ts';
import type { JournalEvent, State } from '../../src/model/journal.ts';
import type { Known, Plan } from '../../src/model/plan.ts';
import type { DesiredSet } from '../../src/model/recording.ts';
import { makePlan, type PlanOptions } from '../../src/plan/plan.ts';
import { recordBookkeeping } from '../../src/reconcile.ts';
import { Vault } from '../../src/secrets/vault.ts';
import { fold } from '../../src/state/fold.ts';
import { assemble } from './assemble.ts';

export const NOW = Date.parse('2026-01-02T03:04:05.000Z');
const KEY = new Uint8Array(32).fill(7);

/** Files by name → what they ask for, through both stages and with no disk. */
export async function desiredOf(
  files: Record<string, string>,
  env: Record<string, string> = {},
  run: Record<string, string> = {},
  vault = new Vault(KEY),
): Promise<DesiredSet> {
  const surroundings = {
    cwd: '/',
    env,
    vault,
    readFile: async (path: string) =>
      path in run ? new TextEncoder().encode(run[path]) : ('missing' as const),
  };
  const read = Object.entries(files).map(([name, text]) =>
    resolveFile(readRecordingFile(new TextEncoder().encode(text), `recordings/${name}`), surroundings),
  );
  return assemble(await Promise.all(read), { diagnostics: [], broken: [], files: read.length });
}

export function planOf(
  desired: DesiredSet,
  known: Known = new Map(),
  options: Partial<PlanOptions> = {},
): Plan {
  return makePlan(desired, known, { now: NOW, rate: 10, dir: 'recordings', ...options });
}

/** Writes into the state what apply would, every call answered with success. */
export async function applied(plan: Plan, state: State, at = NOW): Promise<void> {
  const append = async (event: JournalEvent) => {
    const seq = state.serial + 1;
    fold(state, { seq, at: new Date(at).toISOString(), ...event });
    return seq;
  };
  await recordBookkeeping(plan, state.known, { append });
  for (const recording of plan.recordings) {
    const { key, name, file, identity, calls } = recording;
    if (!key || !identity || recording.unresolved.length > 0) continue;
    for (const { endpoint, reason, request } of calls) {
      const of = await append({ event: 'intent', key, name, file, identity, endpoint, reason, request });
      await append({ event: 'answer', key, endpoint, of, outcome: 'applied', status: 200 });
    }
  }
}
