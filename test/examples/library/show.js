/*
 * A backend as it might be: it starts a recording, and says in a file which one. What the recording shall look like is in
 * recordings/, and reelstate keeps it so.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const APP = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';

/** Starts a recording of a channel. @returns what start answered */
export async function startShow({ endpoint, customerId, customerSecret, storage, cname, uid, runFile }) {
  const authorization = `Basic ${Buffer.from(`${customerId}:${customerSecret}`).toString('base64')}`;
  const post = async (path, body) => {
    const response = await fetch(`${endpoint}/v1/apps/${APP}/cloud_recording/${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { resourceId } = await post('acquire', { cname, uid, clientRequest: {} });
  const started = await post(`resourceid/${resourceId}/mode/mix/start`, {
    cname,
    uid,
    clientRequest: { recordingConfig: { channelType: 1, streamTypes: 2 }, storageConfig: storage },
  });
  const identity = { appId: APP, cname, uid, resourceId, sid: started.sid, mode: 'mix' };
  await mkdir(dirname(runFile), { recursive: true });
  await writeFile(runFile, JSON.stringify(identity));
  return identity;
}
