import type { ShownLayout } from './layout.ts';
import { masked } from './mask.ts';
import type { Recording, RunningRecording } from './recording.ts';
import type { StoredConfig } from './storage.ts';
import type { Subscribed } from './subscriptions.ts';

/** A recording as `GET /_sim/recordings` shows it. */
export interface ShownRecording extends RunningRecording {
  /** away: between two servers, calls answer 404 */
  status: 'running' | 'away' | 'ended';
  /** null: every stream of the channel; also in web mode, which has none */
  subscriptions: Subscribed | null;
  /** Completed to the defaults; null in the modes that have none. */
  layout: ShownLayout | null;
  /** null but in web mode */
  onhold: boolean | null;
  /** null where none was ever set */
  rtmp: { outputs: { rtmpUrl: string }[] } | null;
  rtmpSet: boolean;
  storage: StoredConfig | null;
  storageSet: boolean;
  /** Calls that took effect, by endpoint. */
  updates: Recording['counts'];
  /** When one last did, wall clock in milliseconds. */
  lastUpdate: Recording['lastUpdate'];
  /** Wall clock, milliseconds. */
  startedAt: number;
  endedAt: number | null;
}

/**
 * What a recording looks like now.
 * @param mono the monotonic clock, milliseconds
 * @param secrets whether storage keys and stream keys are shown as they are
 */
export function shown(recording: Recording, mono: number, secrets: boolean): ShownRecording {
  const { identity, state, startedAt, endedAt } = recording;
  const away = mono < recording.awayUntil;
  const { rtmp, storage } = secrets ? state : (masked(state) as typeof state);
  return {
    ...identity,
    status: endedAt !== undefined ? 'ended' : away ? 'away' : 'running',
    subscriptions: state.subscriptions,
    layout: identity.mode === 'mix' ? state.layout : null,
    onhold: identity.mode === 'web' ? state.onhold : null,
    rtmp,
    rtmpSet: state.rtmp !== null,
    storage,
    storageSet: state.storage !== null,
    updates: recording.counts,
    lastUpdate: recording.lastUpdate,
    startedAt,
    endedAt: endedAt ?? null,
  };
}
