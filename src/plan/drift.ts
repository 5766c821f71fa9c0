import type { Observation } from '../agora/query.ts';
import type { UpdateRequest } from '../model/recording.ts';

/** Blocks in which `query` differs from what was applied. */
export type Drift = 'onhold' | 'rtmp';

/**
 * Compares what was observed with what is desired. Drift is claimed only where something was really observed;
 * what is not managed cannot drift.
 * @param fingerprint of an observed URL, to compare with a sealed one
 */
export function driftOf(
  observed: Observation,
  desired: UpdateRequest | undefined,
  fingerprint: (value: string) => string | null,
): Drift[] {
  const drift: Drift[] = [];
  const onhold = desired?.webRecordingConfig?.onhold;
  if (onhold !== undefined && observed.onhold !== undefined && observed.onhold !== onhold)
    drift.push('onhold');
  const outputs = desired?.rtmpPublishConfig?.outputs;
  if (outputs && observed.outputs) {
    const real = observed.outputs.map(({ rtmpUrl }) => fingerprint(rtmpUrl)).sort();
    const wanted = outputs.map(({ rtmpUrl }) => rtmpUrl.sealed).sort();
    if (JSON.stringify(real) !== JSON.stringify(wanted)) drift.push('rtmp');
  }
  return drift;
}
