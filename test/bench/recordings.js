/*
 * Recordings for the benchmark: a file of some 1.2 KB each, with two lists of 8 UIDs and 9 regions.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const APP_ID = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
export const RESOURCE_ID = 'JyvK8nXHuV1BE64GDkAaBGEscvtHW7v8BrQoRPCHxmeVxwY';

/** @param color of the background, so that files can be changed */
export function writeRecordings(path, count, color = '#1B2A41') {
  mkdirSync(path, { recursive: true });
  for (let n = 0; n < count; n++) writeFileSync(join(path, `recording-${n}.yaml`), recordingText(n, color));
}

function recordingText(n, color) {
  const uids = Array.from({ length: 9 }, (_, index) => `"${100 + index + (n % 50)}"`);
  const third = (index) => [0, 0.333333, 0.666666][index];
  const regions = uids.map(
    (uid, index) =>
      `    - { uid: ${uid}, x_axis: ${third(index % 3)}, y_axis: ${third(Math.floor(index / 3))}, width: 0.33, height: 0.33 }`,
  );
  return `# A recording of the benchmark.
name: recording-${n}
recording:
  appId: ${APP_ID}
  cname: channel-${n}
  uid: "${500_000 + n}"
  resourceId: ${RESOURCE_ID}
  sid: f${n.toString(16).padStart(31, '0')}
  mode: mix
  streamTypes: 2
subscriptions:
  audioUidList:
    subscribeAudioUids: [${uids.slice(0, 8).join(', ')}]
  videoUidList:
    subscribeVideoUids: [${uids.slice(0, 8).join(', ')}]
layout:
  mixedVideoLayout: custom
  backgroundColor: "${color}"
  layoutConfig:
${regions.join('\n')}
`;
}
