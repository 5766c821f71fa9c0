import type { Identity } from './recording.ts';

/** What makes a recording the one it is: another `sid` or `resourceId` is another recording. */
export function recordingKey({
  appId,
  resourceId,
  sid,
}: Pick<Identity, 'appId' | 'resourceId' | 'sid'>): string {
  return `${appId}/${resourceId}/${sid}`;
}

/** The App ID in a `recordingKey`. */
export function appIdIn(key: string): string {
  return key.slice(0, key.indexOf('/'));
}
