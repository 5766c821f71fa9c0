import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/model/answer.ts';
import type { Call } from '../../src/model/plan.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import { answered, bench, call, identity, NOT_FOUND, OK, work } from '../support/engine.ts';

const kinds = (events: { type: string }[]) => events.map(({ type }) => type);
const gaps = (sent: { at: number }[]) => sent.slice(1).map(({ at }, i) => at - (sent[i]?.at as number));

/** Answers from a list, then 200 for ever. */
function answers(...list: Answer[]) {
  return (_: unknown, n: number) => list[n - 1] ?? OK;
}

describe('the engine', () => {
  it('sends update and updateLayout of one recording one after the other, the urgent one first', async () => {
    const b = bench(() => OK);
    b.engine.submit(work(1, [call('updateLayout', '#111111'), call('update', 'a')]));
    await b.finish();
    expect(b.sent.map(({ endpoint }) => endpoint)).toEqual(['update', 'updateLayout']);
    expect(b.entries.map(({ event }) => event)).toEqual(['intent', 'answer', 'intent', 'answer']);
    expect(b.state.known.get(recordingKey(identity(1)))?.updateLayout.applied?.request.backgroundColor).toBe(
      '#111111',
    );
  });

  it('sends recordings side by side', async () => {
    const waiting: (() => void)[] = [];
    const b = bench((_, n) => (n === 1 ? OK : new Promise((resolve) => waiting.push(() => resolve(OK)))));
    for (let i = 0; i < 6; i++) b.engine.submit(work(i, [call('update', 'a')]));
    await b.clock.advance(100);
    expect(b.sent).toHaveLength(6);
    expect(waiting).toHaveLength(5);
    for (const answer of waiting) answer();
    await b.finish();
  });

  it('sends only the newest of what has been desired meanwhile', async () => {
    let release = () => {};
    const b = bench((_, n) => (n === 1 ? new Promise((resolve) => (release = () => resolve(OK))) : OK));
    b.engine.submit(work(1, [call('update', 'first')]));
    await b.clock.advance(10);
    for (const mark of ['second', 'third', 'last']) b.engine.submit(work(1, [call('update', mark)]));
    await b.clock.advance(10);
    release();
    await b.finish();
    expect(b.sent.map(({ mark }) => mark)).toEqual(['first', 'last']);
  });

  it('does not send again what a newer plan asks for and has just been applied', async () => {
    let release = () => {};
    const b = bench(() => new Promise((resolve) => (release = () => resolve(OK))));
    b.engine.submit(work(1, [call('update', 'same')]));
    await b.clock.advance(10);
    b.engine.submit(work(1, [call('update', 'same', 'outcome-unknown')]));
    release();
    await b.finish();
    expect(b.sent).toHaveLength(1);
  });

  it('repeats the newest state, not the one that failed', async () => {
    const b = bench(answers(answered(503)));
    b.engine.submit(work(1, [call('update', 'old')]));
    await b.clock.advance(500);
    b.engine.submit(work(1, [call('update', 'new')]));
    await b.finish();
    expect(b.sent.map(({ mark }) => mark)).toEqual(['old', 'new']);
  });

  it('a newer state does not wait for the repetition of the one before, unless the service has said how long', async () => {
    for (const [retryAfter, at] of [
      [undefined, 500],
      [40_000, 40_000],
    ] as const) {
      const b = bench(answers(answered(503, {}, retryAfter)));
      b.engine.submit(work(1, [call('update', 'old')]));
      await b.clock.advance(500);
      const began = b.sent[0]?.at as number;
      b.engine.submit(work(1, [call('update', 'new')]));
      await b.finish();
      expect(b.sent.map(({ mark }) => mark)).toEqual(['old', 'new']);
      expect((b.sent[1]?.at as number) - began).toBe(at);
    }
  });

  it('an edit of the layout brings no attempt of the update forward that is to be repeated', async () => {
    const b = bench(answers(answered(503)));
    b.engine.submit(work(1, [call('update', 'same')]));
    await b.clock.advance(500);
    b.engine.submit(work(1, [call('update', 'same'), call('updateLayout', '#222222')]));
    await b.finish();
    expect(b.sent.map(({ endpoint }) => endpoint)).toEqual(['update', 'update', 'updateLayout']);
    expect((b.sent[1]?.at as number) - (b.sent[0]?.at as number)).toBeGreaterThanOrEqual(1_000);
  });

  it('what is to be sent once more waits for its time, and a newer state does not', async () => {
    const b = bench(() => OK);
    const later = {
      ...call('updateLayout', '#111111', 'outcome-unknown'),
      notBefore: b.clock.now() + 25_000,
    } as Call;
    const began = b.clock.monotonic();
    b.engine.submit(work(1, [later]));
    await b.clock.advance(10_000);
    expect(b.sent).toEqual([]);
    expect(b.events).toContainEqual(expect.objectContaining({ type: 'delayed', after: 25_000 }));
    // A step of the wall clock brings nothing forward, and the same plan again does not begin anew.
    b.clock.stepWall(3_600_000);
    b.engine.submit(work(1, [later]));
    await b.clock.advance(10_000);
    expect(b.sent).toEqual([]);
    b.engine.submit(work(1, [call('updateLayout', '#222222')]));
    await b.clock.advance(10);
    expect(b.sent.map(({ mark, at }) => [mark, at - began])).toEqual([['#222222', 20_000]]);
    b.engine.submit(work(1, [{ ...later, notBefore: b.clock.now() + 5_000 } as Call]));
    b.engine.submit(work(1, [{ ...later, notBefore: b.clock.now() + 5_000 } as Call, call('update', 'a')]));
    await b.finish();
    expect(b.sent.slice(1).map(({ mark, at }) => [mark, at - began])).toEqual([
      ['a', 20_010],
      ['#111111', 25_010],
    ]);
  });

  it('a wait for the time of a call ends with the engine', async () => {
    const b = bench(() => OK);
    b.engine.submit(
      work(1, [{ ...call('updateLayout', '#111111'), notBefore: b.clock.now() + 40_000 } as Call]),
    );
    await b.clock.advance(10);
    b.engine.stop();
    await b.finish(10);
    expect(b.sent).toEqual([]);
  });

  it('asks right before a call leaves whether it is still wanted', async () => {
    const asked: string[] = [];
    const b = bench(() => OK, {}, { stillWanted: async ({ name }) => asked.push(name) > 1 });
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.finish();
    expect(b.sent).toEqual([]);
    expect(b.entries).toEqual([]);
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.finish();
    expect(b.sent).toHaveLength(1);
  });

  it('a newer plan without the call takes it back, up to the last moment', async () => {
    const b = bench(
      () => OK,
      {},
      {
        stillWanted: async ({ calls }) => {
          if (calls[0]?.endpoint === 'update') b.engine.submit(work(1, [call('updateLayout', '#222222')]));
          return true;
        },
      },
    );
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.finish();
    expect(b.sent.map(({ mark }) => mark)).toEqual(['#222222']);
  });

  it('a 400 that is no verdict holds the account back three times, then only its own recording', async () => {
    const b = bench(({ sid }) => (sid === 'sid-1' ? answered(400, { message: 'slow down' }) : OK));
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.clock.advance(120_000);
    const slowed = b.events.filter(({ type }) => type === 'slowed');
    expect(slowed).toHaveLength(3);
    const gapsOfIt = gaps(b.sent);
    expect(gapsOfIt.at(-1)).toBeGreaterThanOrEqual(15_000);
    b.engine.submit(work(2, [call('update', 'b')]));
    await b.clock.advance(1_000);
    expect(b.sent.at(-1)?.mark).toBe('b');
    b.engine.stop();
    await b.finish(10);
  });

  it('a plan that asks for the same again leaves the wait as it is', async () => {
    const b = bench(answers(answered(503)));
    b.engine.submit(work(1, [call('update', 'same')]));
    await b.clock.advance(500);
    // Even for another reason: it is the same that was not answered.
    b.engine.submit(work(1, [call('update', 'same', 'outcome-unknown')]));
    await b.finish();
    expect((b.sent[1]?.at as number) - (b.sent[0]?.at as number)).toBeGreaterThanOrEqual(1_000);
  });

  it('keeps both candidates while an outcome is unknown', async () => {
    const b = bench((_, n) => (n <= 2 ? answered(500) : OK));
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.clock.advance(10);
    b.engine.submit(work(1, [call('update', 'b')]));
    await b.clock.advance(500);
    const known = b.state.known.get(recordingKey(identity(1)));
    expect(
      known?.update.unknown.map(({ request }) => request.streamSubscribe?.audioUidList?.subscribeAudioUids),
    ).toEqual([['a'], ['b']]);
    await b.finish();
    expect(b.state.known.get(recordingKey(identity(1)))?.update.unknown).toEqual([]);
  });

  it('a refusal of the repetition leaves the first attempt unknown', async () => {
    const b = bench(answers(answered(500), answered(400, { code: 2, reason: 'no' })));
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.finish();
    expect(b.state.known.get(recordingKey(identity(1)))?.update.unknown).toHaveLength(1);
  });

  it.each([
    [
      '5xx: 1, 3, 6 s, then doubled up to 30 s',
      answered(503),
      [1000, 3000, 6000, 12000, 24000, 30000, 30000],
    ],
    ['206: 3, then 6 s', answered(206, { code: 65 }), [3000, 6000]],
    ['200 that is no JSON', { ...OK, body: undefined } as Answer, [1000, 3000]],
    ['no answer', { kind: 'failure', message: 'reset', unsent: false, host: 'h' } as Answer, [1000, 3000]],
    [
      'no connection',
      { kind: 'failure', message: 'refused', unsent: true, host: 'h' } as Answer,
      [1000, 3000],
    ],
    ['code 62', answered(200, { code: 62 }), [1000]],
    ['404, failed to find worker', NOT_FOUND, [5000, 10000, 15000, 30000, 30000]],
  ])('waits as the table says: %s', async (_, answer, waits) => {
    const b = bench((_sent, n) => (n <= waits.length ? answer : OK));
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.finish();
    expect(gaps(b.sent)).toEqual(waits);
    expect(kinds(b.events).at(-1)).toBe('applied');
  });

  it('obeys Retry-After of a 503', async () => {
    const b = bench(answers(answered(503, {}, 20_000)));
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.finish();
    expect(gaps(b.sent)).toEqual([20_000]);
  });

  it('calls a recording ended only after more than 90 s of 404', async () => {
    const b = bench(() => NOT_FOUND);
    b.engine.submit(work(1, [call('update', 'a'), call('updateLayout', '#111111')]));
    await b.finish();
    const span = (b.sent.at(-1)?.at as number) - (b.sent[0]?.at as number);
    expect(span).toBeGreaterThan(90_000);
    expect(b.events.at(-1)).toMatchObject({ type: 'failed', ended: true });
    expect(b.sent.every(({ endpoint }) => endpoint === 'update')).toBe(true);
    expect(b.state.known.get(recordingKey(identity(1)))?.ended).toBeDefined();
  });

  it('one more 404 is enough for a recording that had ended before', async () => {
    const b = bench(() => NOT_FOUND);
    b.engine.submit(work(1, [call('update', 'a')], { ended: true }));
    await b.finish();
    expect(b.sent).toHaveLength(1);
  });

  it('sends the whole state again when a recording answers after a gap', async () => {
    const whole = {
      update: call('update', 'a').request,
      updateLayout: call('updateLayout', '#222222').request,
    } as never;
    const b = bench(answers(NOT_FOUND, NOT_FOUND));
    b.engine.submit(work(1, [call('update', 'a')], { whole }));
    await b.finish();
    expect(b.sent.map(({ endpoint }) => endpoint)).toEqual(['update', 'update', 'update', 'updateLayout']);
    expect(b.sent.at(-1)?.mark).toBe('#222222');
  });

  it('doubts what was applied before as soon as a 404 comes, in case it does not live to see the end', async () => {
    const b = bench(answers(OK, NOT_FOUND));
    b.engine.submit(work(1, [call('updateLayout', '#111111')]));
    await b.finish();
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.clock.advance(100);
    expect(b.state.known.get(recordingKey(identity(1)))?.updateLayout.unknown).toHaveLength(1);
    await b.finish();
  });

  it('stops the account after the first 401, and says which variables to check', async () => {
    const b = bench(() => answered(401, { message: 'Invalid authentication credentials' }));
    for (let i = 0; i < 30; i++) b.engine.submit(work(i, [call('update', 'a')]));
    await b.finish();
    expect(b.sent).toHaveLength(1);
    expect(b.events.filter(({ type }) => type === 'stopped')).toHaveLength(1);
    expect(JSON.stringify(b.events)).toMatch(/AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET/);
  });

  it('goes on one call at a time until an answer shows that the credentials are good', async () => {
    let release = () => {};
    const second = new Promise<Answer>((resolve) => {
      release = () => resolve(answered(401));
    });
    const b = bench((_, n) => (n === 1 ? answered(503) : n === 2 ? second : OK));
    for (let i = 0; i < 12; i++) b.engine.submit(work(i, [call('update', 'a')]));
    await b.clock.advance(900);
    expect(b.sent).toHaveLength(2);
    release();
    await b.finish();
    expect(b.sent).toHaveLength(2);
  });

  it('an outage brings no more attempts in a second than calls, however many recordings wait', async () => {
    const refused: Answer = { kind: 'failure', message: 'refused', unsent: true, host: 'h' };
    // The first answer shows that the credentials are good, so that nobody waits for anybody.
    const b = bench((_, n) => (n === 1 || n > 120 ? OK : refused));
    for (let i = 0; i < 60; i++) b.engine.submit(work(i, [call('update', 'a')]));
    await b.finish();
    const times = b.sent.map(({ at }) => at);
    expect(times.length).toBeGreaterThan(150);
    for (const from of times)
      expect(times.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(10);
  });

  it('stops an App ID for which the service is not enabled, and goes on with the others', async () => {
    const b = bench(({ sid }) => (sid === 'sid-other' ? OK : answered(400, { message: 'appid is invalid' })));
    for (let i = 0; i < 5; i++) b.engine.submit(work(i, [call('update', 'a')]));
    b.engine.submit(
      work('other', [call('update', 'a')], { identity: { ...identity('other'), appId: 'app-2' } }),
    );
    await b.finish();
    expect(b.sent).toHaveLength(2);
  });

  it('does not repeat a refused call, and tells the reason', async () => {
    const b = bench(() => answered(400, { code: 2, reason: 'backgroundColor is invalid' }));
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.finish();
    expect(b.sent).toHaveLength(1);
    expect(b.events.at(-1)).toMatchObject({ type: 'failed', outcome: 'refused' });
    expect(JSON.stringify(b.events.at(-1))).toMatch(/backgroundColor is invalid/);
  });

  it('holds the whole account back after a 429', async () => {
    const b = bench((_, n) => (n === 3 ? answered(429, { message: 'API rate limit exceeded' }) : OK));
    for (let i = 0; i < 8; i++) b.engine.submit(work(i, [call('update', 'a')]));
    await b.finish();
    expect(b.sent).toHaveLength(9);
    expect(b.events.filter(({ type }) => type === 'applied')).toHaveLength(8);
    expect(b.events.find(({ type }) => type === 'slowed')).toMatchObject({ hold: 1_000, rate: 5 });
  });

  it('gives up after a while where it is told to, and says that the outcome is unknown', async () => {
    const b = bench(() => answered(503), { retryFor: 30_000 });
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.finish();
    expect(b.events.at(-1)).toMatchObject({ type: 'failed', outcome: 'unknown' });
    expect(gaps(b.sent)).toEqual([1_000, 3_000, 6_000, 12_000]);
  });

  it('stops when told to: what is in flight is recorded, the rest is not attempted', async () => {
    let release = () => {};
    const b = bench(() => new Promise((resolve) => (release = () => resolve(OK))));
    for (let i = 0; i < 3; i++) b.engine.submit(work(i, [call('update', 'a')]));
    await b.clock.advance(10);
    b.engine.stop();
    release();
    await b.finish();
    expect(b.sent).toHaveLength(1);
    expect(b.entries.map(({ event }) => event)).toEqual(['intent', 'answer']);
  });

  it('lets the more urgent go first when the allowance is short', async () => {
    const b = bench(() => OK, { rate: 1 });
    const urgent = { ...call('update', 'u'), request: { webRecordingConfig: { onhold: true } } } as never;
    b.engine.submit(work('first', [call('updateLayout', '#000001')]));
    await b.clock.advance(10);
    b.engine.submit(work('gate', [call('updateLayout', '#000002')]));
    b.engine.submit(work('layout', [call('updateLayout', '#000003')]));
    b.engine.submit(work('pause', [urgent]));
    await b.finish();
    const order = b.sent.map(({ sid }) => sid);
    expect(order.indexOf('sid-pause')).toBeLessThan(order.indexOf('sid-layout'));
  });

  it('sends the two calls of a recording back to back, whatever else is as urgent', async () => {
    const b = bench(() => OK, { rate: 1 });
    for (let n = 0; n < 20; n++)
      b.engine.submit(work(n, [call('update', 'a'), call('updateLayout', '#000001')]));
    await b.finish();
    const names = Array.from({ length: 20 }, (_, n) => `sid-${n}`);
    expect(b.sent.map(({ sid }) => sid)).toEqual(names.flatMap((name) => [name, name]));
    expect(b.mostInFlight()).toBe(1);
  });

  it.each([
    [10, 50, 0, 8_300],
    [4, 20, 0, 20_000],
    // Of an odd number of places one has none beside it.
    [5, 50, 8, 16_600],
    // Where answers take long a place is not left idle for so long, but for those that have begun by then.
    [10, 1_500, 10, 14_600],
  ])(
    'lets no recording wait for its second call, at %i a second and %i ms',
    async (rate, latency, late, total) => {
      const b = bench(() => b.clock.sleep(latency).then(() => OK), { rate });
      const count = 40;
      for (let n = 0; n < count; n++)
        b.engine.submit(work(n, [call('update', 'a'), call('updateLayout', '#000001')]));
      await b.finish();
      expect(b.sent).toHaveLength(2 * count);
      const apart = Array.from({ length: count }, (_, n) =>
        gaps(b.sent.filter(({ sid }) => sid === `sid-${n}`)),
      );
      expect(apart.flat().filter((gap) => gap > latency + 5).length).toBeLessThanOrEqual(late);
      // All of it takes no longer than the allowance says.
      expect((b.sent.at(-1)?.at ?? 0) - (b.sent[0]?.at ?? 0)).toBeLessThan(total);
    },
  );

  it('keeps no place for a second call that does not follow', async () => {
    const b = bench(({ sid }) => (sid === 'sid-1' ? answered(503) : OK), { rate: 2, retryFor: 500 });
    b.engine.submit(work(1, [call('update', 'a'), call('updateLayout', '#000001')]));
    for (let n = 2; n < 12; n++) b.engine.submit(work(n, [call('update', 'a')]));
    await b.finish();
    expect(b.events.filter(({ type }) => type === 'applied')).toHaveLength(10);
    expect(Math.max(...gaps(b.sent))).toBeLessThanOrEqual(1_010);
  });

  it('lets what is more urgent go between the two calls of a recording', async () => {
    const b = bench(() => OK, { rate: 1 });
    const urgent = { ...call('update', 'u'), request: { webRecordingConfig: { onhold: true } } } as never;
    for (const n of [1, 2]) b.engine.submit(work(n, [call('update', 'a'), call('updateLayout', '#000001')]));
    await b.clock.advance(10);
    b.engine.submit(work('pause', [urgent]));
    await b.finish();
    expect(b.sent.map(({ sid }) => sid)).toEqual(['sid-1', 'sid-pause', 'sid-1', 'sid-2', 'sid-2']);
  });

  it('lets a recording that is edited again and again go before others only for the other half', async () => {
    const b = bench(
      ({ sid }, n) => {
        // Each answer finds a newer edit of both halves.
        if (sid === 'sid-busy' && n < 20)
          b.engine.submit(work('busy', [call('update', `u${n}`), call('updateLayout', `#00000${n % 10}`)]));
        return OK;
      },
      { rate: 1 },
    );
    b.engine.submit(work('busy', [call('update', 'u'), call('updateLayout', '#000000')]));
    await b.clock.advance(10);
    for (const n of [1, 2]) b.engine.submit(work(n, [call('update', 'a')]));
    await b.finish();
    const order = b.sent.map(({ sid }) => sid);
    expect(Math.max(order.indexOf('sid-1'), order.indexOf('sid-2'))).toBeLessThan(6);
  });

  it('sends what is only said again after what is new, also where its other half has just left', async () => {
    const b = bench(() => OK, { rate: 1 });
    b.engine.submit(work(1, [call('update', 'a'), call('updateLayout', '#000001', 'resync')]));
    b.engine.submit(work(2, [call('update', 'a')]));
    await b.finish();
    expect(b.sent.map(({ sid }) => sid)).toEqual(['sid-1', 'sid-2', 'sid-1']);
  });

  it('says so, and sends nothing, where a secret is not at hand', async () => {
    const b = bench(() => OK);
    const secret = { sealed: null, reference: 'env:CDN_URL', shown: '(sensitive)' };
    const rtmp = {
      ...call('update', 'x'),
      request: { rtmpPublishConfig: { outputs: [{ rtmpUrl: secret }] } },
    } as never;
    b.engine.submit(work(1, [rtmp]));
    await b.finish();
    expect(b.sent).toHaveLength(0);
    expect(b.events.filter(({ type }) => type !== 'admitted')).toMatchObject([
      { type: 'failed', message: expect.stringContaining('env:CDN_URL') },
    ]);
  });

  it('sends nothing more when the journal cannot be written', async () => {
    const b = bench(() => OK);
    const full = new Error('ENOSPC');
    b.engine.submit(work(1, [call('update', 'a')]));
    await b.finish();
    b.entries.push = () => {
      throw full;
    };
    b.engine.submit(work(2, [call('update', 'a')]));
    await expect(b.finish()).rejects.toThrow('ENOSPC');
    expect(b.sent).toHaveLength(1);
  });

  it('whatever the service answers: the end is the newest state, one call at a time, within the allowance', async () => {
    const answer = fc.constantFrom<Answer>(
      OK,
      answered(503),
      answered(206, { code: 65 }),
      answered(429),
      NOT_FOUND,
      {
        kind: 'failure',
        message: 'reset',
        unsent: false,
        host: 'h',
      },
    );
    const edit = fc.record({
      recording: fc.integer({ min: 0, max: 3 }),
      wait: fc.integer({ min: 0, max: 4_000 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { maxLength: 12 }),
        fc.array(edit, { minLength: 1, maxLength: 12 }),
        async (list, edits) => {
          const b = bench((_, n) => list[n - 1] ?? OK);
          const last = new Map<string, string>();
          for (const [i, { recording, wait }] of edits.entries()) {
            b.engine.submit(work(recording, [call('update', `edit-${i}`)]));
            last.set(`sid-${recording}`, `edit-${i}`);
            await b.clock.advance(wait);
          }
          await b.finish(3_600_000);
          for (const [sid, mark] of last)
            expect(b.sent.filter((sent) => sent.sid === sid).at(-1)?.mark).toBe(mark);
          expect(b.mostInFlight()).toBe(1);
          for (const { at } of b.sent)
            expect(
              b.sent.filter((other) => other.at >= at && other.at < at + 1000).length,
            ).toBeLessThanOrEqual(10);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('leave from the state', () => {
  it('a call that may not leave at the last moment is withdrawn, and sent with the next leave', async () => {
    const b = bench(() => OK);
    let asked = 0;
    b.journal.mayLeave = () => ++asked > 1;
    b.engine.submit(work(1, [call('updateLayout', 'red')]));
    await b.finish();
    expect(b.sent.map(({ mark }) => mark)).toEqual(['red']);
    expect(b.entries.map(({ event }) => event)).toEqual(['intent', 'withdraw', 'intent', 'answer']);
  });

  it('nothing is sent for an account that another process holds, and all of it once that is won', async () => {
    const b = bench(() => OK);
    b.journal.held = false;
    b.engine.submit(work(1, [call('updateLayout', 'red')]));
    b.engine.submit(work(2, [call('updateLayout', 'blue')]));
    await b.finish();
    expect(await b.engine.observe(identity(1), async () => OK)).toBeUndefined();
    expect([b.sent, b.entries]).toEqual([[], []]);
    b.journal.held = true;
    b.journal.won();
    await b.finish();
    expect(b.sent.map(({ mark }) => mark).sort()).toEqual(['blue', 'red']);
  });
});
