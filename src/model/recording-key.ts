import type { Identity } from './recording.ts';

/** What makes a recording the one it is: another `sid` or `resourceId` is another recording. */
export function recordingKey({
  appId,
  resourceId,
  sid,
}: Pick<Identity, 'appId' | 'resourceId' | 'sid'>): string {
  return `${appId}/${resourceId}/${sid}`;
}
