import { createHash } from 'node:crypto';
import type { UnsubscribeSpelling } from '../agora/requests.ts';
import type { Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { Reader } from '../model/store.ts';
import { type Asked, callsSince, type Now, type SavedPlan, savedRecordings } from '../plan/saved.ts';
import { printable } from '../render/style.ts';
import { writeOwn } from './write-file.ts';

/** Hashes what each recording file held. */
export function fileHashes(): {
  hashes: Record<string, string>;
  onFile: (shown: string, bytes: Uint8Array) => void;
} {
  const hashes: Record<string, string> = {};
  return {
    hashes,
    onFile: (shown, bytes) => {
      hashes[shown] = createHash('sha256').update(bytes).digest('hex');
    },
  };
}

/**
 * Writes a plan that `apply FILE` takes, readable by its owner alone.
 * @throws Failure where it cannot be written
 */
export async function savePlan(
  out: string,
  plan: Plan,
  made: {
    asked: Asked;
    spelling: UnsubscribeSpelling | undefined;
    store: Reader;
    files: Readonly<Record<string, string>>;
  },
  io: Io,
): Promise<void> {
  const saved: SavedPlan = {
    reelstate: 'plan',
    format_version: '1.0',
    timestamp: plan.timestamp,
    applyable: plan.applyable,
    asked: made.asked,
    unsubscribe_spelling: made.spelling,
    state: { id: made.store.id as string, serial: made.store.state.serial },
    commit: plan.commit ?? null,
    files: made.files,
    recordings: savedRecordings(plan),
  };
  // Without indentation: of a hundred thousand recordings it would be longer than a text can be.
  await writeOwn(out, `${JSON.stringify(saved)}\n`, io);
  const use = plan.applyable
    ? 'reelstate apply takes it, once, while the state and the files are as they are now.'
    : 'It cannot be applied: see above.';
  await io.err(`Wrote ${printable(out)}. ${use}\n`);
}

/** The state as a saved plan is held against it. */
export function stateNow(
  { state }: SavedPlan,
  { id, state: { serial, known } }: Reader,
): Pick<Now, 'stateId' | 'serial' | 'since'> {
  return { stateId: id as string, serial, since: callsSince(known.values(), state.serial) };
}
