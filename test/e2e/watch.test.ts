import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, put, recording, run, sid, stateWords } from '../support/cli.ts';
import { until, watching } from '../support/watching.ts';

const JSON_BODY = { 'content-type': 'application/json' };
const LAYOUT = (color: string) => `layout: { backgroundColor: "${color}" }\n`;
const BOTH =
  'subscriptions: { audioUidList: { subscribeAudioUids: ["1"] }, videoUidList: { subscribeVideoUids: ["1"] } }\n';
const color = (wanted: string) => (each: Record<string, never>) =>
  (each.layout as unknown as { backgroundColor?: string } | null)?.backgroundColor === wanted;

/** Two recordings that are as their files say. */
async function twoReady() {
  const cwd = await folder({
    'recordings/a.yaml': recording('a', LAYOUT('#000001')),
    'recordings/b.yaml': recording('b', LAYOUT('#000001')),
  });
  const w = await watching(cwd);
  await w.condition('a', 'Ready');
  await w.condition('b', 'Ready');
  return { cwd, w };
}

describe('reelstate watch', () => {
  it('applies what is there, then every edit, and ends with 0 on SIGTERM', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd);
    await w.condition('a', 'Ready');
    expect((await w.get('/readyz')).status).toBe(200);
    expect((await w.get('/healthz')).status).toBe(200);
    // Saved in place.
    await writeFile(join(cwd, 'recordings/a.yaml'), recording('a', LAYOUT('#000002')));
    await w.atService(sid('a'), color('#000002'));
    // Saved by rename.
    await writeFile(join(cwd, 'recordings/.a.yaml.swp'), recording('a', LAYOUT('#000003')));
    await rename(join(cwd, 'recordings/.a.yaml.swp'), join(cwd, 'recordings/a.yaml'));
    await w.atService(sid('a'), color('#000003'));
    const ended = await w.stop();
    expect(ended.code).toBe(0);
    for (const line of ended.stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('time');
    expect(ended.stderr).not.toContain('recovered');
    expect(ended.stdout).toBe('');
    expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(0);
  });

  it('ends when it is told to, also while it is still reading thousands of files', async () => {
    const names = Array.from({ length: 3_000 }, (_, n) => `room-${n}`);
    const files = names.map((name) => [`recordings/${name}.yaml`, recording(name, LAYOUT('#000001'))]);
    const cwd = await folder(Object.fromEntries(files));
    const w = await watching(cwd, [], { announced: false });
    await w.daemon.shows(/"msg":"listening"/, 'stderr');
    const ended = await w.stop();
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('"msg":"ended"');
    expect(ended.stderr).not.toMatch(/"msg":"watching"|"level":"error"/);
  });

  it('dozens of recordings whose calls are repeated fill the log with JSON, and with nothing else', async () => {
    const names = Array.from({ length: 15 }, (_, n) => `room-${n}`);
    const files = names.map((name) => [`recordings/${name}.yaml`, recording(name, LAYOUT('#000001'))]);
    const w = await watching(await folder(Object.fromEntries(files)), [], {
      sim: ['--fault', '404-worker@1'],
    });
    for (const name of names) await w.condition(name, 'Reconciling', 'Repeating');
    const ended = await w.stop();
    expect(ended.code).toBe(0);
    for (const line of ended.stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
  });

  it('forty quick saves make a handful of calls and end at the last', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000000')) });
    const w = await watching(cwd, [], { sim: ['--latency', '20'] });
    await w.condition('a', 'Ready');
    for (let i = 1; i <= 40; i++)
      await writeFile(
        join(cwd, 'recordings/a.yaml'),
        recording('a', LAYOUT(`#0000${String(i).padStart(2, '0')}`)),
      );
    await w.atService(sid('a'), color('#000040'));
    await w.condition('a', 'Ready');
    expect((await w.sim.requests()).length).toBeLessThan(15);
    expect(await w.sim.violations()).toEqual([]);
    await w.stop('SIGINT');
  });

  it('a broken file keeps its recording as it was, shows its diagnostic, and holds back no other', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', LAYOUT('#000001')),
      'recordings/b.yaml': recording('b', LAYOUT('#000001')),
    });
    const w = await watching(cwd);
    await w.condition('a', 'Ready');
    await put(cwd, {
      'recordings/a.yaml': 'recording: [\n',
      'recordings/b.yaml': recording('b', LAYOUT('#000002')),
    });
    await w.atService(sid('b'), color('#000002'));
    expect(await w.condition('a', 'Stalled', 'Invalid')).toMatchObject({ name: 'a' });
    await w.daemon.shows(/"code":"yaml-syntax"/, 'stderr');
    await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT('#000003')) });
    await w.atService(sid('a'), color('#000003'));
    expect(
      (await w.sim.recordings()).map(
        (each) => (each.updates as unknown as { updateLayout: number }).updateLayout,
      ),
    ).toEqual([2, 2]);
    await w.stop();
  });

  it('a broken file that claims what a healthy one claims leaves both as they were, until one of them gives way', async () => {
    const { cwd, w } = await twoReady();
    await put(cwd, { 'recordings/a.yaml': `name: b\n${recording('a', LAYOUT('red'))}` });
    await w.condition('a', 'Stalled', 'Invalid');
    await w.condition('b', 'Stalled', 'Invalid');
    await w.daemon.shows(/"code":"duplicate-name"/, 'stderr');
    await put(cwd, { 'recordings/b.yaml': recording('b', LAYOUT('#000002')) });
    await put(cwd, { 'recordings/a.yaml': `name: a\n${recording('b', LAYOUT('red'))}` });
    await w.daemon.shows(/"code":"duplicate-recording"/, 'stderr');
    expect((await w.sim.requests()).length).toBe(2);
    await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT('red')) });
    await w.atService(sid('b'), color('#000002'));
    await w.condition('b', 'Ready');
    await w.condition('a', 'Stalled', 'Invalid');
    await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT('#000003')) });
    await w.atService(sid('a'), color('#000003'));
    await w.stop();
  });

  it('new files, new folders, renamed and deleted ones; deleting makes no call', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd);
    await w.condition('a', 'Ready');
    await mkdir(join(cwd, 'recordings/new/deep'), { recursive: true });
    await put(cwd, { 'recordings/new/deep/b.yaml': recording('b', LAYOUT('#000002')) });
    await w.sim.json('/_sim/reload', { method: 'POST' });
    await w.atService(sid('b'), color('#000002'));
    await mkdir(join(cwd, 'recordings/newer'));
    await rename(join(cwd, 'recordings/new/deep/b.yaml'), join(cwd, 'recordings/newer/renamed.yaml'));
    // On its way nothing is wrong with it.
    const seen = new Set<string>();
    await until(async () => {
      const { recordings } = await w.api();
      for (const { conditions } of recordings)
        for (const { type, status } of conditions) if (status === 'True') seen.add(type);
      return recordings.every(({ name }) => name !== 'b');
    }, 'b forgotten');
    expect([...seen]).not.toContain('Stalled');
    await w.condition('renamed', 'Ready');
    const calls = (await w.sim.requests()).length;
    await rm(join(cwd, 'recordings/newer/renamed.yaml'));
    await w.daemon.shows(/"recording":"renamed"[^\n]*forgotten/, 'stderr');
    expect((await w.sim.requests()).length).toBe(calls);
    await w.stop();
  });

  it('an empty folder changes nothing and turns /readyz red; it heals when the files are back', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd, ['--sweep', '200ms']);
    await w.condition('a', 'Ready');
    await rename(join(cwd, 'recordings/a.yaml'), join(cwd, 'aside'));
    const red = await until(async () => {
      const response = await w.get('/readyz');
      return response.status === 503 && response.text();
    }, 'red');
    expect(red).toMatch(/no recording files, but 1 recording is known/);
    await rm(join(cwd, 'recordings'), { recursive: true });
    await until(
      async () => /does not exist|no such/.test(await (await w.get('/readyz')).text()),
      'missing folder',
    );
    await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT('#000009')) });
    await w.atService(sid('a'), color('#000009'));
    expect((await w.get('/readyz')).status).toBe(200);
    await w.stop();
  });

  it('a waiting recording begins when the backend writes its file, and a new sid is another recording', async () => {
    const who = (n: string) =>
      JSON.stringify({ appId: 'app', cname: 'c', uid: '7', resourceId: `r-${n}`, sid: n, mode: 'mix' });
    const cwd = await folder({
      'recordings/a.yaml': `recording: { fromFile: ../run/a.json }\n${LAYOUT('#000001')}`,
      'run/other': '',
    });
    const w = await watching(cwd);
    await w.condition('a', 'Reconciling', 'Waiting');
    const appear = async (n: string) => {
      await w.sim.json('/_sim/recordings', {
        method: 'POST',
        body: who(n),
        headers: { 'content-type': 'application/json' },
      });
      await put(cwd, { 'run/new': who(n) });
      await rename(join(cwd, 'run/new'), join(cwd, 'run/a.json'));
      await w.atService(n, color('#000001'));
    };
    await appear('first');
    await w.condition('a', 'Ready');
    await appear('second');
    await w.stop();
  });

  it('puts back what has drifted in web mode, and says for each block how certain it is', async () => {
    const web = recording(
      'web',
      'onhold: true\nrtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN_URL } }] }\n',
      'web',
    );
    const cwd = await folder({ 'recordings/web.yaml': web });
    const w = await watching(cwd, ['--resync', '300ms'], {
      env: { CDN_URL: 'rtmp://cdn.example.com/live/a-stream-key' },
    });
    await w.condition('web', 'Ready');
    const drift = {
      cname: 'channel-web',
      uid: '527841',
      clientRequest: {
        webRecordingConfig: { onhold: false },
        rtmpPublishConfig: { outputs: [{ rtmpUrl: 'rtmp://elsewhere/live/x' }] },
      },
    };
    await fetch(
      `${w.sim.url}/v1/apps/0f1e2d3c4b5a69788796a5b4c3d2e1f0/cloud_recording/resourceid/resource-web/sid/${sid('web')}/mode/web/update`,
      {
        method: 'POST',
        body: JSON.stringify(drift),
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from('customer:customer-secret').toString('base64')}`,
        },
      },
    );
    await w.atService(
      sid('web'),
      (each) => each.onhold === (true as never) && JSON.stringify(each.rtmp).includes('a-stream-key'),
    );
    await w.condition('web', 'Ready');
    const api = await until(async () => {
      const found = (await w.api()).recordings[0];
      return found?.blocks.onhold === 'observed' && found;
    }, 'observed');
    expect(api.blocks).toMatchObject({ onhold: 'observed', rtmp: 'observed' });
    const ended = await w.stop();
    expect(ended.stderr).toMatch(/drift: changed outside reelstate; it is put back/);
    expect(ended.stderr).not.toMatch(/a-stream-key/);
  });

  it('--no-self-heal only reports drift', async () => {
    const cwd = await folder({ 'recordings/web.yaml': recording('web', 'onhold: true\n', 'web') });
    const w = await watching(cwd, ['--resync', '300ms', '--no-self-heal']);
    await w.condition('web', 'Ready');
    await fetch(
      `${w.sim.url}/v1/apps/0f1e2d3c4b5a69788796a5b4c3d2e1f0/cloud_recording/resourceid/resource-web/sid/${sid('web')}/mode/web/update`,
      {
        method: 'POST',
        body: JSON.stringify({
          cname: 'channel-web',
          uid: '527841',
          clientRequest: { webRecordingConfig: { onhold: false } },
        }),
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from('customer:customer-secret').toString('base64')}`,
        },
      },
    );
    await w.daemon.shows(/it is left alone \(--no-self-heal\)/, 'stderr');
    expect((await w.sim.recordings())[0]).toMatchObject({ onhold: false });
    expect(await (await w.get('/metrics')).text()).toMatch(/reelstate_drift_total\{block="onhold"\} [1-9]/);
    await w.stop();
  });

  it('--log-format pretty is for people: a line each, what happened before where', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', LAYOUT('#000001')),
      'recordings/b.yaml': 'name: [\n',
    });
    const w = await watching(cwd, ['--log-format', 'pretty'], { announced: false });
    await w.daemon.shows(/yaml-syntax/, 'stderr');
    await w.daemon.shows(/applied/, 'stderr');
    const { code, stderr } = await w.stop();
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^\d\d:\d\d:\d\d error .*file=recordings\/b\.yaml line=\d column=\d code=yaml-syntax detail=.*$/m,
    );
    expect(stderr).toMatch(/^\d\d:\d\d:\d\d info {2}applied {2}recording=a .*endpoint=updateLayout ms=\d+$/m);
    expect(stderr).not.toMatch(/[{}]/);
  });

  it('--resync-force sends all of it again and again, and the recording stays Ready', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', `${LAYOUT('#000001')}${BOTH}`) });
    const w = await watching(cwd, ['--resync', '1s', '--resync-force']);
    await w.condition('a', 'Ready');
    await w.atService(sid('a'), ({ updates }) => {
      const { update, updateLayout } = updates as unknown as { update: number; updateLayout: number };
      return update > 1 && updateLayout > 1;
    });
    await w.condition('a', 'Ready');
    expect((await w.stop()).stderr).not.toMatch(/"level":"(warn|error)"/);
  });

  it('a recording that has ended is Stalled, costs no more calls, and comes back with a new sid', async () => {
    const cwd = await folder({ 'recordings/web.yaml': recording('web', 'onhold: true\n', 'web') });
    const w = await watching(cwd, ['--resync', '200ms']);
    await w.condition('web', 'Ready');
    // The service tells it in a query: the recording has exited.
    await w.sim.json('/_sim/faults', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '[]',
    });
    await fetch(
      `${w.sim.url}/v1/apps/0f1e2d3c4b5a69788796a5b4c3d2e1f0/cloud_recording/resourceid/resource-web/sid/${sid('web')}/mode/web/stop`,
      {
        method: 'POST',
        body: JSON.stringify({ cname: 'channel-web', uid: '527841', clientRequest: {} }),
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from('customer:customer-secret').toString('base64')}`,
        },
      },
    );
    await put(cwd, { 'recordings/web.yaml': recording('web2', 'onhold: true\n', 'web') });
    await w.sim.json('/_sim/reload', { method: 'POST' });
    await w.atService(sid('web2'), (each) => each.onhold === (true as never));
    await w.stop();
  });

  it('metrics are there, and say how many recordings are in which condition', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd);
    await w.condition('a', 'Ready');
    const text = await (await w.get('/metrics')).text();
    for (const line of [
      'reelstate_recordings{condition="Ready"} 1',
      'reelstate_rest_client_requests_total{code="200",endpoint="updateLayout"} 1',
      'reelstate_workqueue_depth 0',
      'reelstate_ready 1',
    ])
      expect(text).toContain(line);
    for (const name of [
      'reelstate_rest_client_rate_limiter_duration_seconds',
      'reelstate_reconcile_duration_seconds',
      'reelstate_storage_credentials_next_renewal_seconds',
    ])
      expect(text).toContain(`# HELP ${name}`);
    await w.stop();
  });

  it('wrong credentials stop the account, and /readyz says so', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', LAYOUT('#000001')),
      'recordings/b.yaml': recording('b', LAYOUT('#000001')),
    });
    const w = await watching(cwd, [], { env: { AGORA_CUSTOMER_SECRET: 'wrong' } });
    const red = await until(async () => {
      const response = await w.get('/readyz');
      return response.status === 503 && response.text();
    }, 'red');
    expect(red).toMatch(/Check AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET/);
    expect(await w.sim.requests()).toHaveLength(1);
    await w.stop();
  });

  it('credentials come from a program, and are renewed before they expire; a failing one stops nobody else', async () => {
    const storage =
      'storage: { vendor: s3, region: 0, bucket: b, credentials: { fromCommand: [../creds.sh] } }\n';
    const soon = new Date(Date.now() + 5 * 3600_000).toISOString();
    const script = (key: string) =>
      `#!/bin/sh\necho '{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"${key}","SessionToken":"token-${key}","Expiration":"${soon}"}'\n`;
    const cwd = await folder({
      'recordings/a.yaml': recording('a', storage),
      'recordings/b.yaml': recording('b', LAYOUT('#000001')),
      'creds.sh': '#!/bin/sh\nexit 9\n',
    });
    await chmod(join(cwd, 'creds.sh'), 0o755);
    const w = await watching(cwd);
    expect(await w.condition('a', 'Stalled', 'CredentialsUnavailable')).toMatchObject({
      last_error: { message: 'creds.sh gave no storage credentials: it ended with 9' },
    });
    await w.condition('b', 'Ready');
    await writeFile(join(cwd, 'creds.sh'), script('first-secret'));
    w.daemon.child.kill('SIGHUP');
    await w.atService(sid('a'), (each) => JSON.stringify(each.storage).includes('first-secret'));
    const ended = await w.stop();
    expect(ended.stderr).not.toMatch(/first-secret/);
    expect(await stateWords(cwd)).not.toMatch(/first-secret/);
  });

  it('SIGHUP ends it neither while it begins nor while it ends', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd, [], { announced: false, sim: ['--latency', '600'] });
    let over = false;
    const hup = (async () => {
      // From the moment that it says anything: before that Node itself may not listen yet.
      await w.daemon.shows(/"msg"/, 'stderr');
      while (!over) {
        w.daemon.child.kill('SIGHUP');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await w.daemon.shows(/watching/, 'stderr');
    // What comes after that is Node's own end.
    const last = w.daemon.shows(/"msg":"ended"/, 'stderr').then(() => {
      over = true;
    });
    const ended = await w.stop();
    await Promise.all([last, hup]);
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.stderr).toContain('"msg":"ended"');
  });

  it('a second daemon on the same state is told who holds it', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd);
    const second = await run(['watch', '--endpoint', w.sim.url], { cwd });
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(
      new RegExp(`in use by process ${w.daemon.child.pid} on \\S+ \\(reelstate watch`),
    );
    await w.stop();
  });

  it('ends within 5 s although a call hangs, and says on the next plan that its outcome is unknown', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd, ['--timeout', '60s'], { sim: ['--fault', 'hang'] });
    await until(async () => (await w.sim.requests()).length > 0, 'the call is at the service');
    expect((await w.stop()).code).toBe(0);
    expect((await run(['plan', '--json'], { cwd })).stdout).toMatch(/outcome-unknown/);
  });

  it('status --daemon asks the daemon', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd);
    await w.condition('a', 'Ready');
    const text = await run(['status', '--daemon', w.url], { cwd });
    expect(text).toMatchObject({ code: 0 });
    expect(text.stdout).toMatch(/^a +Ready/);
    // By name, in whatever order they came.
    for (const name of ['c', 'B', 'aa'])
      await put(cwd, { [`recordings/${name}.yaml`]: `suspend: true\n${recording(name)}` }).then(() =>
        w.condition(name, 'Ready'),
      );
    const said = JSON.parse((await run(['status', '--json', '--daemon', w.url], { cwd })).stdout);
    expect(said.recordings.map(({ name }: { name: string }) => name)).toEqual(['B', 'a', 'aa', 'c']);
    await w.stop();
  });

  it('ends with an error, and does not go on pretending, when the state cannot be written any more', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd);
    await w.condition('a', 'Ready');
    // Its file-size limit is lowered to what the database's log has now: the next event does not fit (prlimit(1)).
    const { size } = await stat(join(cwd, '.reelstate/state.db-wal'));
    execFileSync('prlimit', [`--pid=${w.daemon.child.pid}`, `--fsize=${size}:${size}`]);
    await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT('#000002')) });
    const ended = await w.daemon.done;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/the state cannot be written: .*state\.db/);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    await w.sim.stop();
  });

  it('what was refused is not sent again until the file changes, whatever else happens', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', `subscriptions: {}\n${LAYOUT('#000001')}`),
    });
    const w = await watching(cwd, [], {
      sim: ['--fault', JSON.stringify({ match: { endpoint: 'updateLayout' }, answer: '400', reason: 'no' })],
    });
    await w.condition('a', 'Stalled', 'Refused');
    const refused = async () =>
      (await w.sim.requests()).filter(({ endpoint }) => endpoint === 'updateLayout').length;
    expect(await refused()).toBe(1);
    await put(cwd, {
      'recordings/a.yaml': recording(
        'a',
        `subscriptions: { audioUidList: { subscribeAudioUids: ["5"] }, videoUidList: { subscribeVideoUids: ["5"] } }\n${LAYOUT('#000001')}`,
      ),
    });
    await w.atService(sid('a'), (each) => JSON.stringify(each.subscriptions).includes('"5"'));
    await w.condition('a', 'Stalled', 'Refused');
    expect(await refused()).toBe(1);
    await w.sim.json('/_sim/faults', { method: 'DELETE' });
    await put(cwd, { 'recordings/a.yaml': recording('a', `subscriptions: {}\n${LAYOUT('#000002')}`) });
    await w.atService(sid('a'), color('#000002'));
    await w.condition('a', 'Ready');
    await w.stop();
  });

  it('remembers the refusal of what was sent, not of what is newest: a revert to what was accepted is sent', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd);
    await w.condition('a', 'Ready');
    await w.sim.json('/_sim/faults', {
      method: 'PUT',
      headers: JSON_BODY,
      body: JSON.stringify([{ match: { times: 1 }, answer: '400', latency: 600 }]),
    });
    await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT('#000002')) });
    await until(async () => (await stateWords(cwd)).includes('#000002'), 'the bad one is on its way');
    for (const last of ['#000003', '#000004', '#000003']) {
      await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT(last)) });
      await w.atService(sid('a'), color(last));
    }
    await w.condition('a', 'Ready');
    await w.stop();
  });

  it('a refusal is about one recording: a corrected channel name, or another sid, is sent', async () => {
    const wrong = recording('a', LAYOUT('#000001')).replace('cname: channel-a', 'cname: another');
    const cwd = await folder({ 'recordings/a.yaml': recording('a', LAYOUT('#000001')) });
    const w = await watching(cwd);
    await w.condition('a', 'Ready');
    await put(cwd, { 'recordings/a.yaml': wrong.replace('#000001', '#000002') });
    await w.condition('a', 'Stalled', 'Refused');
    await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT('#000002')) });
    await w.atService(sid('a'), color('#000002'));
    await w.condition('a', 'Ready');
    await w.stop();
  });

  it('a call in flight to a recording whose file is deleted is not repeated', async () => {
    const { cwd, w } = await twoReady();
    await w.sim.json('/_sim/faults', {
      method: 'PUT',
      headers: JSON_BODY,
      body: JSON.stringify([{ match: { sid: sid('a') }, answer: '503', latency: 500 }]),
    });
    await put(cwd, { 'recordings/a.yaml': recording('a', LAYOUT('#000002')) });
    await until(async () => (await stateWords(cwd)).includes('#000002'), 'on its way');
    await rm(join(cwd, 'recordings/a.yaml'));
    await w.daemon.shows(/"recording":"a"[^\n]*forgotten/, 'stderr');
    const before = await until(
      async () =>
        (await w.sim.requests()).filter((each) => each.sid === sid('a') && each.status === 503).length,
      'answered',
    );
    // Long enough for the first repetition: something else is done meanwhile, and seen to be done.
    for (const last of ['#000005', '#000006', '#000007', '#000008']) {
      await put(cwd, { 'recordings/b.yaml': recording('b', LAYOUT(last)) });
      await w.atService(sid('b'), color(last));
      await new Promise((resolve) => setTimeout(resolve, 350));
    }
    expect(
      (await w.sim.requests()).filter((each) => each.sid === sid('a') && each.status === 503).length,
    ).toBe(before);
    await w.stop();
    expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(0);
  });

  it('ends at once although a credentials program runs, and ends that too', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording(
        'a',
        'storage: { vendor: s3, region: 0, bucket: b, credentials: { fromCommand: [../creds.sh] } }\n',
      ),
      'creds.sh': '#!/bin/sh\necho $$ > pid\nsleep 300\n',
    });
    await chmod(join(cwd, 'creds.sh'), 0o755);
    const w = await watching(cwd);
    const pid = Number(
      await until(
        async () => (await readFile(join(cwd, 'pid'), 'utf8').catch(() => '')).trim(),
        'the program runs',
      ),
    );
    const began = performance.now();
    expect((await w.stop()).code).toBe(0);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(() => process.kill(pid, 0)).toThrow();
  });

  it('says where a secret is missing, once, and that it is no longer', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', 'rtmp: { outputs: [{ rtmpUrl: { fromFile: ../url } }] }\n', 'web'),
    });
    const w = await watching(cwd, ['--sweep', '200ms']);
    await w.condition('a', 'Stalled', 'SecretUnresolved');
    await w.daemon.shows(/"level":"error"[^\n]*"file":"recordings\/a\.yaml","line":8/, 'stderr');
    await put(cwd, { url: 'rtmp://cdn.example.com/live/a-stream-key' });
    await w.condition('a', 'Ready');
    const { stderr } = await w.stop();
    expect(stderr.match(/"code":"secret-file-missing"|secret-file-unreadable/g)).toHaveLength(1);
  });
});
