import { Agent, request } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/server.ts';
import { call, callUrl, control, FakeClock, type Json, look, MIX, simulator, WEB } from './support.ts';

const LAYOUT = { mixedVideoLayout: 1 };

async function layoutNow(at: Simulator): Promise<number> {
  return (await look(at, MIX)).layout.mixedVideoLayout;
}

async function put(at: Simulator, ...rules: Json[]): Promise<void> {
  const answer = await control(at, 'PUT', 'faults', rules);
  expect(answer.status, answer.text).toBe(200);
}

async function lastRequest(at: Simulator): Promise<Json> {
  return (await control(at, 'GET', 'requests')).json.at(-1);
}

describe('answers', () => {
  test.each<[string, number, Json]>([
    ['206', 206, { code: 65, reason: 'request not completed', sid: MIX.sid }],
    ['400', 400, { code: 2, reason: 'invalid parameter' }],
    ['400-appid', 400, { message: 'appid is invalid' }],
    ['401', 401, { message: 'Invalid authentication credentials' }],
    ['404-worker', 404, { code: 404, reason: 'failed to find worker' }],
    ['404-worker-payload', 404, { serverResponse: { payload: { message: 'failed to find worker' } } }],
    ['404-route', 404, { message: 'no Route matched with those values' }],
    ['429', 429, { message: 'API rate limit exceeded' }],
    ['432', 432, { code: 432 }],
    ['433', 433, { code: 433 }],
    ['500', 500, { message: expect.any(String) }],
    ['502', 502, { message: expect.any(String) }],
    ['503', 503, { message: expect.any(String) }],
    ['504', 504, { message: expect.any(String) }],
    ['code62', 400, { code: 62 }],
    ['wrong-body', 200, { sid: 'f'.repeat(32) }],
    ['empty-object', 200, {}],
    ['302', 302, { message: 'Found' }],
  ])('%s takes the place of the service’s, which does nothing', async (answer, status, body) => {
    const at = await simulator();
    await put(at, { answer });
    const got = await call(at, 'updateLayout', MIX, LAYOUT);
    expect(got.status).toBe(status);
    expect(got.json).toMatchObject(body);
    expect(await layoutNow(at)).toBe(0);
    expect(await lastRequest(at)).toMatchObject({ status, fault: 'f1', endpoint: 'updateLayout' });
  });

  test('200 with something that is not JSON', async () => {
    const at = await simulator();
    await put(at, 'not-json');
    const got = await call(at, 'updateLayout', MIX, LAYOUT);
    expect(got.status).toBe(200);
    expect(got.headers['content-type']).toBe('text/html');
    expect(() => JSON.parse(got.text)).toThrow();
  });

  test('a redirect leads back to the same call', async () => {
    const at = await simulator();
    await put(at, '302@times=1');
    const { headers } = await call(at, 'updateLayout', MIX, LAYOUT);
    expect(`${at.url}${headers.location}`).toBe(`${callUrl(at, 'updateLayout', MIX)}?redirected=1`);
  });

  test('reason, status and Retry-After can be chosen', async () => {
    const at = await simulator();
    await put(at, { answer: '400', reason: 'too red' }, { answer: '503' });
    expect((await call(at, 'update', MIX)).json.reason).toBe('too red');
    await put(at, { answer: 'code62', status: 503 });
    expect(await call(at, 'update', MIX)).toMatchObject({ status: 503, json: { code: 62 } });
    await put(at, { answer: '429', retryAfter: 7 });
    expect((await call(at, 'update', MIX)).headers['retry-after']).toBe('7');
    await put(at, { answer: '429' });
    expect((await call(at, 'update', MIX)).headers).not.toHaveProperty('retry-after');
  });

  test('an answer that hides that the call took effect', async () => {
    const at = await simulator();
    await put(at, { answer: '503', applied: true });
    expect((await call(at, 'updateLayout', MIX, LAYOUT)).status).toBe(503);
    expect(await layoutNow(at)).toBe(1);
    expect((await call(at, 'updateLayout', MIX, { mixedVideoLayout: 9 })).status).toBe(503);
    expect(await layoutNow(at)).toBe(1);
  });
});

describe('a call that takes effect late', () => {
  test.each([['late@5000'], ['504@late=5000'], ['cut-before@late=5000']])('%s', async (rule) => {
    const clock = new FakeClock();
    const at = await simulator({ clock });
    await put(at, `${rule},times=1`);
    await call(at, 'updateLayout', MIX, { mixedVideoLayout: 1 }).then(
      ({ status }) => expect(status).toBe(504),
      ({ code }) => expect(code).toBe('ECONNRESET'),
    );
    expect((await call(at, 'updateLayout', MIX, { mixedVideoLayout: 2, maxResolutionUid: '1' })).status).toBe(
      200,
    );
    clock.advance(4_999);
    expect(await layoutNow(at)).toBe(2);
    clock.advance(1);
    expect(await layoutNow(at)).toBe(1);
  });
});

describe('connections', () => {
  test.each([
    ['cut-before', 0],
    ['cut-after', 1],
    ['cut-mid-response', 1],
  ])('%s', async (connection, layout) => {
    const at = await simulator();
    await put(at, { connection });
    await expect(call(at, 'updateLayout', MIX, LAYOUT)).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(await layoutNow(at)).toBe(layout);
    expect(await lastRequest(at)).toMatchObject({ status: null, fault: 'f1' });
  });

  test('cut-mid-response sends a part of the body', async () => {
    const at = await simulator();
    await put(at, 'cut-mid-response');
    const body = JSON.stringify({ cname: MIX.cname, uid: MIX.uid, clientRequest: {} });
    const received = await new Promise<{ promised: number; text: string }>((resolve, reject) => {
      const headers = { authorization: 'Basic YTpi', 'content-type': 'application/json' };
      const options = { method: 'POST', headers, agent: false as const };
      const outgoing = request(callUrl(at, 'update', MIX), options, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('error', () => undefined);
        response.on('close', () => resolve({ promised: Number(response.headers['content-length']), text }));
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
    expect(received.text).toMatch(/^\{"cname"/);
    expect(received.text.length).toBeLessThan(received.promised);
  });

  test('a slow body comes in pieces and is whole', async () => {
    const clock = new FakeClock();
    const at = await simulator({ clock });
    await put(at, { connection: 'slow-body', dripMs: 30 });
    let over = false;
    const answer = call(at, 'updateLayout', MIX, LAYOUT).finally(() => {
      over = true;
    });
    while (!over) {
      await Promise.race([clock.sleeping(), answer]);
      clock.advance(30);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const got = await answer;
    expect(got.json).toMatchObject({ sid: MIX.sid });
    expect(got.pieces).toBeGreaterThan(2);
    expect(await lastRequest(at)).toMatchObject({ status: 200, fault: 'f1' });
    expect(await layoutNow(at)).toBe(1);
  });

  test.each([
    [undefined, 0],
    [true, 1],
  ])('a hang never answers (applied: %s)', async (applied, layout) => {
    const at = await simulator();
    await put(at, { connection: 'hang', applied });
    const giveUp = new AbortController();
    const hung = call(at, 'updateLayout', MIX, LAYOUT, { signal: giveUp.signal });
    const noticed = expect(hung).rejects.toThrow('abort');
    // A call to another recording is answered meanwhile, so the server has had its turn with the first one.
    while ((await lastRequest(at))?.body == null) await call(at, 'query', WEB);
    expect((await control(at, 'GET', 'requests')).json[0]).toMatchObject({ status: null, done: null });
    giveUp.abort();
    await noticed;
    expect(await layoutNow(at)).toBe(layout);
  });

  test('closing ends calls that hang and connections that are kept', async () => {
    const at = await simulator();
    const agent = new Agent({ keepAlive: true });
    await put(at, 'hang@endpoint=update');
    const hung = call(at, 'update', MIX);
    const noticed = expect(hung).rejects.toMatchObject({ code: 'ECONNRESET' });
    while ((await lastRequest(at))?.endpoint !== 'update') await call(at, 'query', WEB);
    await new Promise((resolve, reject) => {
      const kept = request(`${at.url}/_sim/faults`, { agent }, (response) => {
        response.resume();
        response.on('end', resolve);
      });
      kept.on('error', reject);
      kept.end();
    });
    await at.close();
    await noticed;
    await expect(call(at, 'query', WEB)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    agent.destroy();
  });
});

describe('latency', () => {
  test('half of it passes before the call takes effect, half after', async () => {
    const clock = new FakeClock();
    const at = await simulator({ clock, faults: [{ latency: 100 }] });
    const answer = call(at, 'updateLayout', MIX, LAYOUT);
    await clock.sleeping();
    clock.advance(49);
    expect(await layoutNow(at)).toBe(0);
    clock.advance(1);
    await clock.sleeping();
    expect(await layoutNow(at)).toBe(1);
    expect(await lastRequest(at)).toMatchObject({ done: null });
    clock.advance(50);
    expect((await answer).status).toBe(200);
    const { mono, done } = await lastRequest(at);
    expect(done - mono).toBe(100);
  });

  test('a call whose client gives up before that does not take effect', async () => {
    const clock = new FakeClock();
    const at = await simulator({ clock, faults: [{ latency: 100 }] });
    const giveUp = new AbortController();
    const call1 = call(at, 'updateLayout', MIX, LAYOUT, { signal: giveUp.signal });
    const noticed = expect(call1).rejects.toThrow('abort');
    await clock.sleeping();
    giveUp.abort();
    await noticed;
    while ((await lastRequest(at)).done === null) await look(at, MIX);
    clock.advance(1000);
    expect(await layoutNow(at)).toBe(0);
  });
});

describe('a failover', () => {
  test('404 for a while, then the recording is back and has forgotten every update', async () => {
    const clock = new FakeClock();
    const at = await simulator({ clock });
    await call(at, 'updateLayout', MIX, LAYOUT);
    await call(at, 'update', MIX, { streamSubscribe: { audioUidList: { subscribeAudioUids: ['1'] } } });
    await control(at, 'POST', 'faults', { failover: { sid: MIX.sid, forMs: 60_000 } });
    for (const endpoint of ['query', 'update', 'updateLayout', 'stop']) {
      const answer = await call(at, endpoint, MIX);
      expect(answer.status).toBe(404);
      expect(answer.json.reason).toBe('failed to find worker');
    }
    expect((await look(at, MIX)).status).toBe('away');
    expect((await call(at, 'query', WEB)).status).toBe(200);
    clock.advance(59_999);
    expect((await call(at, 'query', MIX)).status).toBe(404);
    clock.advance(1);
    expect((await call(at, 'query', MIX)).status).toBe(200);
    expect(await look(at, MIX)).toMatchObject({
      status: 'running',
      subscriptions: null,
      layout: { mixedVideoLayout: 0, backgroundColor: '#000000' },
    });
  });

  test('can begin with a call, and begins once', async () => {
    const clock = new FakeClock();
    const at = await simulator({ clock });
    await put(at, 'failover@name=town-hall,for=500');
    expect((await call(at, 'update', WEB)).status).toBe(200);
    expect((await call(at, 'updateLayout', MIX, LAYOUT)).status).toBe(404);
    clock.advance(500);
    expect((await call(at, 'updateLayout', MIX, LAYOUT)).status).toBe(200);
    expect(await layoutNow(at)).toBe(1);
  });
});

describe('which calls a rule hits', () => {
  const statuses = async (at: Simulator, ...calls: [string, typeof MIX][]) => {
    const found: number[] = [];
    for (const [endpoint, recording] of calls) found.push((await call(at, endpoint, recording)).status);
    return found;
  };

  test('by endpoint, by recording, the nth, so many times', async () => {
    const at = await simulator();
    const calls: [string, typeof MIX][] = [
      ['update', MIX],
      ['update', WEB],
      ['query', MIX],
      ['update', MIX],
      ['update', MIX],
    ];
    await put(at, '503@endpoint=update');
    expect(await statuses(at, ...calls)).toEqual([503, 503, 200, 503, 503]);
    await put(at, `503@sid=${MIX.sid},times=2`);
    expect(await statuses(at, ...calls)).toEqual([503, 200, 503, 200, 200]);
    await put(at, '503@name=town-hall,endpoint=update,nth=2');
    expect(await statuses(at, ...calls)).toEqual([200, 200, 200, 503, 200]);
  });

  test('the first rule with an effect decides; a latency may come from another', async () => {
    const clock = new FakeClock();
    const at = await simulator({ clock });
    await put(at, { id: 'slow', latency: 10 }, { id: 'a', answer: '503' }, { id: 'b', answer: '500' });
    const answer = call(at, 'update', MIX);
    await clock.sleeping();
    clock.advance(5);
    await clock.sleeping();
    clock.advance(5);
    expect((await answer).status).toBe(503);
    expect((await lastRequest(at)).fault).toBe('slow+a');
    const { json: rules } = await control(at, 'GET', 'faults');
    expect(rules.map(({ id, fired }: Json) => [id, fired])).toEqual([
      ['slow', 1],
      ['a', 1],
      ['b', 0],
    ]);
  });

  test('a call that is turned away at the gate uses up no fault', async () => {
    const at = await simulator();
    await put(at, '503@times=1');
    expect((await call(at, 'update', MIX, {}, { headers: { authorization: '' } })).status).toBe(401);
    expect((await call(at, 'update', MIX)).status).toBe(503);
  });
});

describe('the seed', () => {
  const draws = async (seed: number, order: (typeof MIX)[]) => {
    const at = await simulator({ seed, faults: [{ answer: '503', rate: 0.5 }] });
    const found: Record<string, number[]> = {};
    for (const recording of order) {
      const { status } = await call(at, 'query', recording);
      found[recording.sid] = [...(found[recording.sid] ?? []), status];
    }
    return found;
  };
  const inTurn = Array.from({ length: 40 }, (_, n) => (n % 2 ? MIX : WEB));

  test('the same seed repeats the same faults, another draws others', async () => {
    const first = await draws(7, inTurn);
    expect(await draws(7, inTurn)).toEqual(first);
    expect(await draws(8, inTurn)).not.toEqual(first);
    const hits = Object.values(first)
      .flat()
      .filter((status) => status === 503).length;
    expect(hits).toBeGreaterThan(8);
    expect(hits).toBeLessThan(32);
  });

  test('what hits a recording does not depend on how others came between', async () => {
    const after = [...inTurn.filter((each) => each === MIX), ...inTurn.filter((each) => each === WEB)];
    expect(await draws(7, after)).toEqual(await draws(7, inTurn));
  });

  test('putting the rules anew draws the same numbers anew', async () => {
    const at = await simulator();
    const run = async () => {
      await put(at, '503@0.5');
      const found: number[] = [];
      for (let n = 0; n < 20; n++) found.push((await call(at, 'query', MIX)).status);
      return found;
    };
    expect(await run()).toEqual(await run());
  });
});
