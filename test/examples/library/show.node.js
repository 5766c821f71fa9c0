import assert from 'node:assert/strict';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { simulate, watch } from 'reelstate';
import { startShow } from './show.js';

const credentials = { customerId: 'customer', customerSecret: 'secret' };
const storage = { vendor: 1, region: 0, bucket: 'shows', accessKey: 'key', secretKey: 'secret' };
let service;

before(async () => {
  service = await simulate({ credentials });
});
after(() => service.close());

test('a show that starts while the files are watched is recorded as its file says', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'show-'));
  await mkdir(join(cwd, 'recordings'));
  await writeFile(
    join(cwd, 'recordings/gala.yaml'),
    'recording: { fromFile: ../run/gala.json }\nlayout: { mixedVideoLayout: bestFit }\n',
  );
  const stopping = new AbortController();
  let applied;
  const isApplied = new Promise((resolve) => {
    applied = resolve;
  });
  const ended = watch({
    cwd,
    env: { AGORA_CUSTOMER_ID: 'customer', AGORA_CUSTOMER_SECRET: 'secret' },
    endpoint: service.url,
    signal: stopping.signal,
    onLog: ({ endpoint, msg }) => {
      if (endpoint === 'updateLayout' && msg === 'applied') applied();
    },
  });
  const runFile = join(cwd, 'run/gala.json');
  await startShow({ endpoint: service.url, ...credentials, storage, cname: 'gala', uid: '527841', runFile });
  // Where watching fails, so does the test.
  await Promise.race([isApplied, ended.then(() => assert.fail('watch has ended'))]);
  assert.equal(service.recordings()[0].layout.mixedVideoLayout, 1);
  stopping.abort();
  await ended;
});
