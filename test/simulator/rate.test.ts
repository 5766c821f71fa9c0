import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlidingSecond } from '../../src/simulator/rate.ts';
import { call, control, FakeClock, type Json, MIX, simulator, WEB } from './support.ts';

test('the eleventh request in a sliding second is turned away, of whatever kind', async () => {
  const clock = new FakeClock();
  const at = await simulator({ clock, rate: 10 });
  const status = async (endpoint = 'query') => (await call(at, endpoint, MIX)).status;
  for (let n = 0; n < 5; n++) expect(await status()).toBe(200);
  clock.advance(600);
  for (let n = 0; n < 5; n++) expect(await status(n % 2 ? 'update' : 'updateLayout')).toBe(200);
  clock.advance(399);
  const over = await call(at, 'query', WEB);
  expect(over.status).toBe(429);
  expect(over.json).toEqual({ message: 'API rate limit exceeded' });
  clock.advance(1);
  for (let n = 0; n < 5; n++) expect(await status()).toBe(200);
  expect(await status()).toBe(429);
  const { json: violations } = await control(at, 'GET', 'violations');
  expect(violations.map(({ kind, n }: Json) => [kind, n])).toEqual([
    ['rate', 11],
    ['rate', 17],
  ]);
});

test('the allowance is the account’s; what no account makes and /_sim do not count', async () => {
  const at = await simulator({ rate: 2 });
  const status = async (authorization: string) =>
    (await call(at, 'query', MIX, {}, { headers: { authorization } })).status;
  const [a, b] = ['a:x', 'b:x'].map((text) => `Basic ${Buffer.from(text).toString('base64')}`);
  for (let n = 0; n < 5; n++) {
    expect(await status('')).toBe(401);
    expect((await control(at, 'GET', 'recordings')).status).toBe(200);
  }
  expect([await status(a ?? ''), await status(a ?? ''), await status(a ?? '')]).toEqual([200, 200, 429]);
  expect(await status(b ?? '')).toBe(200);
});

test('a call over the limit changes nothing', async () => {
  const at = await simulator({ rate: 1 });
  await call(at, 'updateLayout', MIX, { mixedVideoLayout: 1 });
  await call(at, 'updateLayout', MIX, { mixedVideoLayout: 0 });
  const { json } = await control(at, 'GET', `recordings/${MIX.sid}`);
  expect(json.layout.mixedVideoLayout).toBe(1);
});

test('no second holds more than the limit, and a refusal means that one was full', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 12 }), (waits, most) => {
      const limiter = new SlidingSecond(most);
      const admitted: number[] = [];
      let mono = 0;
      for (const wait of waits) {
        mono += wait;
        const recent = admitted.filter((at) => at > mono - 1000).length;
        const within = limiter.admit('a', mono);
        if (within !== recent < most) return false;
        if (within) admitted.push(mono);
      }
      return true;
    }),
  );
});
