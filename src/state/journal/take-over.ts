import type { StateDump } from '../../model/store.ts';
import { keptKey, newKey } from '../key.ts';
import type { OldState } from './read.ts';

/**
 * The state of version 0.1 as an exported one: what it knows is bound to no service and no account yet.
 * @param keyText of REELSTATE_STATE_KEY, for a state that has no key yet
 * @param now milliseconds since 1970
 */
export function dumpOfJournal(
  { state, key, calls }: OldState,
  keyText: string | undefined,
  now: number,
): StateDump {
  const { serial, known, orphaned } = state;
  const { kept, check } = key === undefined ? newKey(keyText) : keptKey(key);
  return {
    reelstate: 'state',
    format_version: '1.0',
    exported_at: new Date(now).toISOString(),
    serial,
    key: kept,
    key_check: check,
    recordings: [...known.values()],
    orphaned: [...orphaned],
    calls,
  };
}
