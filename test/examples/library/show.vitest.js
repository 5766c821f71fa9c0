import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apply, plan, simulate } from 'reelstate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShow } from './show.js';

const credentials = { customerId: 'customer', customerSecret: 'secret' };
const storage = { vendor: 1, region: 0, bucket: 'shows', accessKey: 'key', secretKey: 'secret' };
let service;
let around;

beforeAll(async () => {
  service = await simulate({ credentials });
  const cwd = await mkdtemp(join(tmpdir(), 'show-'));
  await mkdir(join(cwd, 'recordings'));
  await writeFile(
    join(cwd, 'recordings/gala.yaml'),
    'recording: { fromFile: ../run/gala.json }\nlayout: { mixedVideoLayout: bestFit }\n',
  );
  const env = { AGORA_CUSTOMER_ID: 'customer', AGORA_CUSTOMER_SECRET: 'secret' };
  around = { cwd, env, endpoint: service.url };
});
afterAll(() => service.close());

test('a show is recorded as its file says', async () => {
  expect((await plan(around)).recordings).toMatchObject([{ name: 'gala', action: 'waiting' }]);

  const runFile = join(around.cwd, 'run/gala.json');
  const { sid } = await startShow({
    endpoint: service.url,
    ...credentials,
    storage,
    cname: 'gala',
    uid: '527841',
    runFile,
  });
  expect(await apply(around)).toMatchObject({ complete: true, changes: { applied: 1 } });

  const recording = service.recordings().find((each) => each.sid === sid);
  expect(recording.layout.mixedVideoLayout).toBe(1);
  expect((await plan(around)).summary).toMatchObject({ to_update: 0, unchanged: 1 });
});

test('a service that refuses is told', async () => {
  service.setFaults(['400']);
  const refused = await apply({ ...around, resync: true });
  expect(refused).toMatchObject({ complete: false, changes: { failed: 1 } });
  service.setFaults([]);
});
