import { describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { call, callUrl, control, FakeClock, http, type Json, look, MIX, simulator, WEB } from './support.ts';

const STORAGE = {
  vendor: 1,
  region: 0,
  bucket: 'bucket',
  accessKey: 'AK-hush',
  secretKey: 'SK-hush',
  stsToken: 'ST-hush',
  stsExpiration: new FakeClock().now() / 1000 + 5 * 3600,
};
const RTMP = { outputs: [{ rtmpUrl: 'rtmp://user:pw-hush@cdn.example.com/live/key-hush' }] };

describe('secrets', () => {
  test('are replaced in recordings and requests unless they are asked for', async () => {
    const at = await simulator();
    await call(at, 'update', WEB, { storageConfig: STORAGE, rtmpPublishConfig: RTMP });
    await http(callUrl(at, 'update', WEB), { method: 'POST', raw: '{"accessKey":"AK-hush"' });
    for (const path of ['recordings', 'requests', `recordings/${WEB.sid}`]) {
      const hidden = await control(at, 'GET', path);
      expect(hidden.text).not.toContain('hush');
      const shown = await control(at, 'GET', `${path}?secrets=1`);
      for (const secret of ['AK-hush', 'SK-hush', 'ST-hush', 'key-hush'])
        expect(shown.text).toContain(secret);
    }
    expect(await look(at, WEB)).toMatchObject({
      storage: { bucket: 'bucket', accessKey: '(sensitive)', secretKey: '(sensitive)' },
      storageSet: true,
      rtmp: { outputs: [{ rtmpUrl: 'rtmp://cdn.example.com/(sensitive)' }] },
      rtmpSet: true,
    });
    expect((await look(at, WEB, true)).storage).toEqual(STORAGE);
  });
});

describe('the log of arrivals', () => {
  test('holds what came, when, and what was answered', async () => {
    const clock = new FakeClock();
    const at = await simulator({ clock });
    await call(at, 'updateLayout', MIX, { mixedVideoLayout: 1 });
    clock.advance(250);
    await http(`${at.url}/nowhere?a=1`);
    const { json } = await control(at, 'GET', 'requests');
    expect(json).toEqual([
      {
        n: 1,
        at: new FakeClock().now(),
        mono: 5000,
        method: 'POST',
        path: new URL(callUrl(at, 'updateLayout', MIX)).pathname,
        sid: MIX.sid,
        endpoint: 'updateLayout',
        status: 200,
        done: 5000,
        fault: null,
        body: { cname: MIX.cname, uid: MIX.uid, clientRequest: { mixedVideoLayout: 1 } },
        overlapped: false,
      },
      expect.objectContaining({
        n: 2,
        mono: 5250,
        path: '/nowhere',
        status: 404,
        endpoint: null,
        body: null,
      }),
    ]);
  });

  test('keeps the newest, can be read on from a number and cleared', async () => {
    const at = await simulator({ remembered: 3 });
    for (let n = 0; n < 5; n++) await call(at, 'query', MIX);
    const numbers = async (path: string) => (await control(at, 'GET', path)).json.map(({ n }: Json) => n);
    expect(await numbers('requests')).toEqual([3, 4, 5]);
    expect(await numbers('requests?since=4')).toEqual([5]);
    expect((await control(at, 'DELETE', 'requests')).status).toBe(200);
    expect(await numbers('requests')).toEqual([]);
    await call(at, 'query', MIX);
    expect(await numbers('requests')).toEqual([6]);
  });
});

describe('overlapping calls', () => {
  async function overlapped(second: typeof MIX, endpoint: string): Promise<Json> {
    const clock = new FakeClock();
    const at = await simulator({ clock, faults: [{ latency: 100, match: { endpoint: 'update' } }] });
    const first = call(at, 'update', MIX);
    await clock.sleeping();
    await call(at, endpoint, second);
    clock.advance(50);
    await clock.sleeping();
    clock.advance(50);
    await first;
    await call(at, 'updateLayout', MIX);
    const marks = (await control(at, 'GET', 'requests')).json.map((each: Json) => each.overlapped);
    return { marks, violations: (await control(at, 'GET', 'violations')).json };
  }

  test('two changing calls on one recording break the rule', async () => {
    const { marks, violations } = await overlapped(MIX, 'updateLayout');
    expect(marks).toEqual([true, true, false]);
    expect(violations).toEqual([
      expect.objectContaining({
        kind: 'overlap',
        n: 2,
        sid: MIX.sid,
        detail: expect.stringContaining('update (1)'),
      }),
    ]);
  });

  test('a query beside a change, or calls on two recordings, do not', async () => {
    expect(await overlapped(MIX, 'query')).toEqual({ marks: [false, false, false], violations: [] });
    expect(await overlapped(WEB, 'stop')).toEqual({ marks: [false, false, false], violations: [] });
  });

  test('violations can be cleared', async () => {
    const at = await simulator({ rate: 1 });
    await call(at, 'query', MIX);
    await call(at, 'query', MIX);
    expect((await control(at, 'GET', 'violations')).json).toHaveLength(1);
    await control(at, 'DELETE', 'violations');
    expect((await control(at, 'GET', 'violations')).json).toEqual([]);
  });
});

describe('recordings', () => {
  const NEW = { ...MIX, sid: 'new', resourceId: 'r' };

  test('can be added and ended', async () => {
    const at = await simulator();
    expect((await call(at, 'query', NEW)).status).toBe(404);
    const added = await control(at, 'POST', 'recordings', { ...NEW, mode: undefined });
    expect(added).toMatchObject({ status: 201, json: { sid: 'new', mode: 'mix', status: 'running' } });
    expect((await call(at, 'query', NEW)).status).toBe(200);
    expect((await control(at, 'POST', 'recordings', NEW)).status).toBe(409);
    expect((await control(at, 'DELETE', 'recordings/new')).json.status).toBe('ended');
    expect((await control(at, 'DELETE', 'recordings/new')).status).toBe(404);
    expect((await call(at, 'query', NEW)).status).toBe(404);
  });

  test('an identity that lacks something is refused', async () => {
    const at = await simulator();
    const refused = await control(at, 'POST', 'recordings', { ...NEW, uid: 5 });
    expect(refused).toMatchObject({ status: 400, json: { error: expect.stringContaining('recording.uid') } });
  });

  test('are read again on demand: new ones appear, those there stay as they are', async () => {
    const folder = [MIX];
    const at = await simulator({ recordings: [MIX], reload: async () => folder });
    await call(at, 'updateLayout', MIX, { mixedVideoLayout: 1 });
    folder.push(NEW);
    const { json } = await control(at, 'POST', 'reload');
    expect(json).toEqual({ found: 2, added: ['new'] });
    expect((await look(at, MIX)).layout.mixedVideoLayout).toBe(1);
    expect((await control(await simulator(), 'POST', 'reload')).status).toBe(409);
  });
});

describe('rules while it runs', () => {
  test('can be added, replaced, shown and ended', async () => {
    const at = await simulator({ faults: [{ answer: '500' }] });
    await control(at, 'POST', 'faults', ['503@sid=a', { latency: 5, id: 'mine' }]);
    const ids = async () => (await control(at, 'GET', 'faults')).json.map(({ id }: Json) => id);
    expect(await ids()).toEqual(['f1', 'f2', 'mine']);
    expect((await control(at, 'DELETE', 'faults/f2')).status).toBe(200);
    expect((await control(at, 'DELETE', 'faults/f2')).status).toBe(404);
    await control(at, 'POST', 'faults', { id: 'mine', latency: 6 });
    expect((await control(at, 'GET', 'faults')).json[1]).toMatchObject({ id: 'mine', latency: 6, fired: 0 });
    expect((await control(at, 'PUT', 'faults', ['hang', 'nonsense'])).status).toBe(400);
    expect(await ids()).toEqual(['f1', 'mine']);
    const nobody = { failover: { sid: 'nobody', forMs: 5 } };
    expect((await control(at, 'PUT', 'faults', nobody)).json.error).toContain('nobody');
    expect(await ids()).toEqual(['f1', 'mine']);
    await control(at, 'PUT', 'faults', 'hang');
    expect(await ids()).toEqual(['f1']);
    await control(at, 'DELETE', 'faults');
    expect(await ids()).toEqual([]);
  });
});

describe('who may talk to it', () => {
  test.each(['evil.example.com', '192.168.1.5:8799', 'localhost.evil.example.com'])(
    'not Host %s',
    async (host) => {
      const at = await simulator();
      expect((await http(`${at.url}/_sim/recordings`, { headers: { host } })).status).toBe(403);
    },
  );

  test.each(['localhost:8799', '127.0.0.1', '[::1]:80'])('Host %s', async (host) => {
    const at = await simulator();
    expect((await http(`${at.url}/_sim/recordings`, { headers: { host } })).status).toBe(200);
  });

  test('not a page of another site', async () => {
    const at = await simulator();
    const from = async (origin: string) =>
      (await http(`${at.url}/_sim/faults`, { method: 'DELETE', headers: { origin } })).status;
    expect(await from('https://evil.example.com')).toBe(403);
    expect(await from('null')).toBe(403);
    expect(await from('http://localhost:3000')).toBe(200);
  });

  test.each(['0.0.0.0', '192.168.1.5', '::', 'example.com', ''])(
    'it does not listen on "%s"',
    async (host) => {
      await expect(startSimulator({ clock: new FakeClock(), host })).rejects.toThrow(RangeError);
    },
  );

  test('unknown endpoints of its own are 404', async () => {
    const at = await simulator();
    for (const path of ['nothing', 'requests/1', 'faults/a/b', 'recordings/x']) {
      expect((await control(at, 'GET', path)).status).toBe(404);
    }
    expect((await control(at, 'PATCH', 'faults')).status).toBe(404);
    expect((await control(at, 'GET', 'recordings/%zz')).status).toBe(400);
  });
});
