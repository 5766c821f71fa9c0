import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultRule } from '../../src/simulator/fault-rule.ts';
import {
  CLI,
  CREDENTIALS,
  folder,
  NODE,
  put,
  recording,
  run,
  sid,
  simulator,
  start,
} from '../support/cli.ts';
import { inside } from '../support/inside.ts';

/*
 * A service that misbehaves: each row of what an answer can mean is produced, and the built program watched from
 * outside. Where minutes pass they pass on a clock that is handed in.
 */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const who = (n: string) => ({
  appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  cname: `channel-${n}`,
  uid: '527841',
  resourceId: `resource-${n}`,
  sid: sid(n),
  mode: 'mix',
  name: n,
});
const SUBSCRIBED =
  'subscriptions:\n  audioUidList: { subscribeAudioUids: ["1"] }\n  videoUidList: { subscribeVideoUids: ["1"] }\n';

async function scene(
  names: string[],
  faults: FaultRule[] = [],
  blocks = 'layout: { mixedVideoLayout: bestFit }\n',
  rate = 0,
) {
  const cwd = await folder(
    Object.fromEntries(names.map((name) => [`recordings/${name}.yaml`, recording(name, blocks)])),
  );
  const made = await inside({ cwd, recordings: names.map(who), faults, rate });
  open.push(made);
  return { ...made, cwd };
}

const gaps = (requests: { mono: number }[]) =>
  requests.slice(1).map(({ mono }, i) => (mono - (requests[i]?.mono as number)) / 1000);
const close = (...seconds: number[]) => seconds.map((value) => expect.closeTo(value, 0));

describe('what an answer means', () => {
  it.each([
    ['206, code 65', { answer: '206' }, [3, 6]],
    ['500', { answer: '500' }, [1, 3, 6]],
    ['502', { answer: '502' }, [1]],
    ['503', { answer: '503' }, [1, 3]],
    ['504', { answer: '504', applied: true }, [1]],
    ['code 62', { answer: 'code62' }, [1, 3]],
    ['no JSON', { answer: 'not-json' }, [1, 3]],
    ['an answer for another recording', { answer: 'wrong-body' }, [1]],
    ['the connection cut before it took effect', { connection: 'cut-before' }, [1, 3]],
    ['the connection cut after it took effect', { connection: 'cut-after' }, [1, 3]],
    ['the connection cut in the middle of the answer', { connection: 'cut-mid-response' }, [1]],
    ['404, for a while', { answer: '404-worker' }, [5, 10]],
    ['503 with Retry-After', { answer: '503', retryAfter: 9 }, [9]],
    ['200 that names no recording', { answer: '500', status: 200 }, [1]],
    ['a redirect', { answer: '302' }, [5, 15]],
    ['no Route matched', { answer: '404-route' }, [5, 15, 30]],
    ["a gateway's 403", { answer: '500', status: 403 }, [5]],
    ['a 400 that is no verdict', { answer: '500', status: 400 }, [1, 2]],
  ] as const)('%s: sent again until it is applied', async (_, fault, waits) => {
    const s = await scene(['a'], [{ ...fault, match: { times: waits.length } } as FaultRule]);
    const applied = await s.run('apply', '--retry-for', '10m');
    expect(applied.code).toBe(0);
    const requests = await s.requests();
    expect(gaps(requests)).toEqual(close(...waits));
    expect((await s.recordings())[0]).toMatchObject({ layout: { mixedVideoLayout: 1 } });
    expect((await s.run('plan', '--detailed-exitcode')).code).toBe(0);
  });

  it.each([
    [
      '400, with the reason',
      { answer: '400', reason: 'backgroundColor is invalid' },
      /\(400\): backgroundColor is invalid/,
    ],
    ['432', { answer: '432' }, /\(432\)/],
    ['433', { answer: '433' }, /\(433\)/],
    [
      '500 with code 2',
      { answer: '400', status: 500, reason: 'body check failed' },
      /\(500\): body check failed/,
    ],
  ] as const)('%s: not repeated', async (_, fault, message) => {
    const s = await scene(['a'], [fault as FaultRule]);
    const applied = await s.run('apply');
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(message);
    expect(await s.requests()).toHaveLength(1);
  });

  it('401 stops the account after the first call, and names the variables', async () => {
    const names = Array.from({ length: 25 }, (_, i) => `r${i}`);
    const s = await scene(names, [{ answer: '401' }]);
    const applied = await s.run('apply');
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(/Check AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET/);
    expect(applied.stdout).toMatch(/1 failed, 24 not attempted/);
    expect(await s.requests()).toHaveLength(1);
  });

  it('an App ID without the service stops its recordings, and no other', async () => {
    const s = await scene(['a', 'b', 'c'], [{ answer: '400-appid', match: { times: 1 } }]);
    const applied = await s.run('apply');
    expect(applied.stdout).toMatch(/appid is invalid/);
    expect(applied.stdout).toMatch(/1 failed, 2 not attempted/);
  });

  it('429 holds everything back, then goes on slower, and nothing is lost', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `r${i}`);
    const s = await scene(names, [{ answer: '429', match: { nth: 3, times: 1 }, retryAfter: 4 }]);
    const applied = await s.run('apply');
    expect(applied.code).toBe(0);
    expect(applied.stderr).toMatch(/429: all calls are held back for 4 s, then 5 a second/);
    const requests = await s.requests();
    expect(requests).toHaveLength(13);
    const last = requests.filter(({ status }) => status === 429).at(-1)?.mono as number;
    const later = requests.filter(({ mono, n }) => mono > last + 500 && n > 3).map(({ mono }) => mono);
    expect((later[0] as number) - last).toBeGreaterThan(3_900);
  });

  it('404 for more than 90 s means ended; the next apply asks once more', async () => {
    const s = await scene(['a'], [{ answer: '404-worker' }]);
    const applied = await s.run('apply');
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(/for more than 90 s: it has ended/);
    const requests = await s.requests();
    expect(((requests.at(-1)?.mono as number) - (requests[0]?.mono as number)) / 1000).toBeGreaterThan(90);
    expect(gaps(requests).slice(0, 4)).toEqual(close(5, 10, 15, 30));
    expect(JSON.parse((await s.run('status', '--json')).stdout).recordings).toMatchObject([
      { condition: 'Ended' },
    ]);
    const count = requests.length;
    expect((await s.run('apply')).code).toBe(1);
    expect(await s.requests()).toHaveLength(count + 1);
    await s.faults([]);
    expect((await s.run('apply')).code).toBe(0);
    expect(JSON.parse((await s.run('status', '--json')).stdout).recordings).toMatchObject([
      { condition: 'Ready' },
    ]);
  });

  it('after a move to another server the whole state is sent again', async () => {
    const s = await scene(['a'], [], `${SUBSCRIBED}layout: { mixedVideoLayout: bestFit }\n`);
    expect((await s.run('apply')).code).toBe(0);
    await put(s.cwd, {
      'recordings/a.yaml': recording(
        'a',
        `${SUBSCRIBED}layout: { mixedVideoLayout: bestFit, backgroundColor: "#123456" }\n`,
      ),
    });
    await s.faults([{ failover: { sid: sid('a'), forMs: 40_000 } }]);
    expect((await s.run('apply')).code).toBe(0);
    expect((await s.recordings())[0]).toMatchObject({
      layout: { mixedVideoLayout: 1, backgroundColor: '#123456' },
      subscriptions: { audioUidList: { subscribeAudioUids: ['1'] } },
    });
  });

  it('gives up after --retry-for, says that it does not know, and the next plan sends it again, also when the file is back', async () => {
    const s = await scene(['a']);
    await s.run('apply');
    await put(s.cwd, { 'recordings/a.yaml': recording('a', 'layout: { mixedVideoLayout: floating }\n') });
    await s.faults([{ connection: 'cut-after' }]);
    const applied = await s.run('apply', '--retry-for', '20s');
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(/whether it took effect is not known/);
    await s.faults([]);
    await put(s.cwd, { 'recordings/a.yaml': recording('a') });
    const plan = JSON.parse((await s.run('plan', '--json')).stdout);
    expect(plan.recordings).toMatchObject([
      {
        action: 'update',
        calls: [
          {
            endpoint: 'updateLayout',
            reason: 'outcome-unknown',
            body: { clientRequest: { mixedVideoLayout: 1 } },
          },
        ],
      },
    ]);
    expect((await s.run('apply')).code).toBe(0);
    expect((await s.recordings())[0]).toMatchObject({ layout: { mixedVideoLayout: 1 } });
  });

  it('an abandoned call that may land late is overwritten once more, and until then the plan shows what is owed', async () => {
    const s = await scene(['a']);
    await s.faults([{ connection: 'cut-before' }]);
    expect((await s.run('apply', '--retry-for', '0s')).code).toBe(1);
    await s.faults([]);
    await put(s.cwd, { 'recordings/a.yaml': recording('a', 'layout: { mixedVideoLayout: vertical }\n') });
    // Interrupted while it waits: what it has sent is applied, and what is owed is told.
    const stop = new AbortController();
    const interrupted = s.runUntil(stop, /delayed|sent once more/, 'apply');
    const first = await interrupted;
    expect(first).toMatchObject({ code: 1 });
    expect(first.stdout).toContain('1 not attempted');
    const planned = await s.run('plan', '--json', '--detailed-exitcode');
    expect(planned.code).toBe(2);
    expect(JSON.parse(planned.stdout).recordings[0].calls).toMatchObject([
      {
        endpoint: 'updateLayout',
        reason: 'outcome-unknown',
        not_before: expect.stringMatching(/Z$/),
        changes: [],
      },
    ]);
    expect((await s.run('plan')).stdout).toMatch(/may still take effect: it is sent once more at /);
    expect((await s.run('status')).stdout).toMatch(/a {2}Unknown/);
    expect((await s.run('apply')).code).toBe(0);
    expect((await s.run('plan', '--detailed-exitcode')).code).toBe(0);
    expect((await s.run('status')).stdout).toMatch(/a {2}Ready/);
    const requests = (await s.requests()).filter(({ status }) => status === 200);
    const began = (await s.requests())[0]?.mono as number;
    expect(requests).toHaveLength(2);
    expect((requests[1]?.mono as number) - began).toBeGreaterThan(29_900);
  });

  it('an abandoned call outlives its file: where that comes back, what it asks for is sent once more, too', async () => {
    const s = await scene(['a', 'b'], [{ match: { sid: sid('a') }, connection: 'cut-before' } as FaultRule]);
    expect((await s.run('apply', '--retry-for', '0s')).code).toBe(1);
    await s.faults([]);
    await rm(join(s.cwd, 'recordings/a.yaml'));
    expect((await s.run('apply')).stdout).toMatch(/forgotten/i);
    await put(s.cwd, { 'recordings/a.yaml': recording('a', 'layout: { mixedVideoLayout: floating }\n') });
    expect((await s.run('apply')).code).toBe(0);
    const requests = (await s.requests()).filter((request) => request.sid === sid('a'));
    expect(requests.map(({ body }) => body.clientRequest.mixedVideoLayout)).toEqual([1, 0, 0]);
    expect((requests[2]?.mono as number) - (requests[0]?.mono as number)).toBeGreaterThan(29_900);
  });

  it('two calls of one recording never overlap, whatever the latency', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `r${i}`);
    const s = await scene(
      names,
      [{ latency: [20, 400] }],
      `${SUBSCRIBED}layout: { mixedVideoLayout: bestFit }\n`,
    );
    expect((await s.run('apply')).code).toBe(0);
    expect(await (await fetch(`${s.url}/_sim/violations`)).json()).toEqual([]);
    expect(await s.requests()).toHaveLength(16);
  });
});

describe('in real time', () => {
  it('a call that hangs is given up after --timeout, and its outcome is unknown', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const sim = await simulator(cwd, ['--fault', JSON.stringify({ connection: 'hang' })]);
    const applied = await run(['apply', '--timeout', '300ms', '--retry-for', '0', '--endpoint', sim.url], {
      cwd,
    });
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(/no answer within 0\.3 s; whether it took effect is not known/);
    await sim.stop();
  });

  it('says that nothing listens there', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const there = ['--endpoint', 'http://127.0.0.1:9'];
    const applied = await run(['apply', '--retry-for', '0', ...there], { cwd });
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(/connection refused/);
    const { stdout } = await run(['status', '--json', ...there], { cwd });
    expect(JSON.parse(stdout).recordings).toMatchObject([{ updateLayout: { unknown_since: null } }]);
  });

  it('Ctrl-C ends it after the calls in flight are answered and recorded; what is left was not attempted', async () => {
    const cwd = await folder(
      Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`recordings/r${i}.yaml`, recording(`r${i}`)])),
    );
    const sim = await simulator(cwd, ['--latency', '150']);
    const applying = start(['apply', '--log-level', 'debug', '--endpoint', sim.url], { cwd });
    await applying.shows(/ok r/, 'stderr');
    applying.child.kill('SIGINT');
    const ended = await applying.done;
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/Stopped: interrupted\./);
    expect(ended.stdout).toMatch(/Not attempted:/);
    const answered = (await sim.requests()).filter(({ status }) => status === 200).length;
    expect(ended.stdout).toMatch(
      new RegExp(`${answered} calls? for ${answered} recordings? applied, ${30 - answered} not attempted`),
    );
    const { recordings } = JSON.parse((await run(['status', '--json'], { cwd })).stdout);
    expect(recordings.every(({ condition }: { condition: string }) => condition === 'Ready')).toBe(true);
    expect(recordings).toHaveLength(answered);
    await sim.stop();
  });

  it('a second Ctrl-C ends it at once, and what was in flight is unknown', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const sim = await simulator(cwd, ['--fault', JSON.stringify({ connection: 'hang' })]);
    const applying = start(['apply', '--log-level', 'debug', '--endpoint', sim.url], { cwd });
    await applying.shows(/> a/, 'stderr');
    applying.child.kill('SIGINT');
    await applying.shows(/Stopping when/, 'stderr');
    applying.child.kill('SIGINT');
    expect((await applying.done).code).toBe(130);
    expect(JSON.parse((await run(['plan', '--json'], { cwd })).stdout).recordings).toMatchObject([
      { calls: [{ reason: 'outcome-unknown' }] },
    ]);
    await sim.stop();
  });

  it('never more than 10 in any second at the service: a burst, a restart within the second, and all is applied', async () => {
    const files = (blocks: string) =>
      Object.fromEntries(
        Array.from({ length: 25 }, (_, i) => [`recordings/r${i}.yaml`, recording(`r${i}`, blocks)]),
      );
    const cwd = await folder(files('layout: { mixedVideoLayout: bestFit }\n'));
    // The simulator counts and answers 429, so a limit that does not hold shows in the log.
    const sim = await simulator(cwd);
    expect((await run(['apply', '--endpoint', sim.url], { cwd })).code).toBe(0);
    await put(cwd, files('layout: { mixedVideoLayout: floating }\n'));
    expect((await run(['apply', '--endpoint', sim.url], { cwd })).code).toBe(0);
    const requests = await sim.requests();
    expect(requests.map(({ status }) => status)).toEqual(Array(50).fill(200));
    for (const { mono } of requests)
      expect(
        requests.filter((other) => other.mono >= mono && other.mono < mono + 1000).length,
      ).toBeLessThanOrEqual(10);
    await sim.stop();
  });
});

it('a state that can be written no more: applied, sent and not recorded, not attempted are told apart', async () => {
  const names = Array.from({ length: 40 }, (_, n) => `n${n}`);
  const files = Object.fromEntries(names.map((name) => [`recordings/${name}.yaml`, recording(name)]));
  const sim = await simulator(await folder(files), ['--latency', '80', '--rate', '0']);
  const args = ['apply', '--json', '--no-cache', '--endpoint', sim.url];
  let unrecorded = 0;
  // A limit of the shell, in pieces of 1,024 bytes: what exceeds it fails as a full disk does, at one write or another.
  for (const limit of [64, 90, 120]) {
    const cwd = await folder(files);
    await sim.json('/_sim/requests', { method: 'DELETE' });
    const { status, stdout } = spawnSync(
      'bash',
      ['-c', `ulimit -f ${limit}; exec "$0" "$@"`, NODE, CLI, ...args],
      {
        ...{ cwd, encoding: 'utf8' },
        env: { ...CREDENTIALS, PATH: process.env.PATH, HOME: cwd, REELSTATE_YES: '1' },
      },
    );
    const { changes, calls, stopped } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect({ status, stopped, failed: changes.failed }).toEqual({
      status: 1,
      stopped: expect.stringMatching(/the state cannot be written/),
      failed: 0,
    });
    const { applied, sent_not_recorded: sent = 0, not_attempted } = changes;
    expect(applied + sent + not_attempted).toBe(names.length);
    expect(applied + sent).toBe((await sim.requests()).length);
    const told = (calls as { result: string; outcome?: string }[]).filter(
      ({ result, outcome }) => result === 'sent-not-recorded' && outcome === 'unknown',
    );
    expect(told).toHaveLength(sent);
    unrecorded += told.length;
  }
  expect(unrecorded).toBeGreaterThan(0);
  await sim.stop();
});
