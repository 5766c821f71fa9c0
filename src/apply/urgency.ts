import type { Call } from '../model/plan.ts';

/** The order of calls when the allowance is short; larger is sooner. */
export const URGENCY = {
  onhold: 60,
  credentials: 50,
  rtmp: 40,
  subscriptions: 30,
  layout: 20,
  storage: 10,
  /** Once more to a recording that is not found. */
  repetition: 5,
  resync: 0,
} as const;

/** By how much the second call of a recording goes before first calls: less than lies between any two of these. */
export const FOLLOWING = 1;

/** Queries come behind everything that is to be sent. */
export const OBSERVATION = -10;

/** A call is as urgent as the most urgent thing that it changes. */
export function urgencyOf({ reason, changes, request, endpoint }: Call): number {
  if (reason === 'resync') return URGENCY.resync;
  if (reason === 'credentials-expiring') return URGENCY.credentials;
  // Where the state is uncertain, everything in the request may be a change.
  const blocks =
    changes.length > 0
      ? changes.map(({ path }) => path.split('/')[1] as string)
      : blocksOf(endpoint, request);
  return Math.max(...blocks.map((block) => URGENCY[block as keyof typeof URGENCY] ?? URGENCY.resync));
}

function blocksOf(endpoint: Call['endpoint'], request: Call['request']): string[] {
  if (endpoint === 'updateLayout') return ['layout'];
  const names = {
    streamSubscribe: 'subscriptions',
    webRecordingConfig: 'onhold',
    rtmpPublishConfig: 'rtmp',
    storageConfig: 'storage',
  };
  return Object.keys(request).map((section) => names[section as keyof typeof names]);
}
