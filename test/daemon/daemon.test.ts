import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePrepare } from '../../src/apply/prepare.ts';
import type { Answer } from '../../src/model/answer.ts';
import { Vault } from '../../src/secrets/vault.ts';
import { daemonBench, fileOf } from '../support/daemon.ts';
import { answered, NOT_FOUND, OK, type Sent } from '../support/engine.ts';
import { desiredOf, planOf } from '../support/planning.ts';

const MINUTE = 60_000;
const REFUSED = answered(400, { code: 2, reason: 'parameters are wrong' });
const WRONG_CREDENTIALS = answered(401, { message: 'Invalid authentication credentials' });

describe('whatever the order of saves and answers', () => {
  /** A save, or a deletion, of one of three files; then some time passes. */
  const step = fc.record({
    n: fc.integer({ min: 1, max: 3 }),
    // Which recording the file claims, and by which name: mostly its own.
    which: fc.constantFrom(0, 0, 0, 1, 2, 3),
    called: fc.constantFrom('', '', '', 'rec-1', 'rec-2', 'other'),
    suspended: fc.constantFrom(false, false, false, true),
    what: fc.constantFrom('save', 'save', 'save', 'break', 'delete'),
    uid: fc.integer({ min: 1, max: 9 }),
    color: fc.constantFrom('#111111', '#222222'),
    pause: fc.constantFrom(0, 1, 40, 300, 5_000),
  });
  const trouble = fc.constantFrom<Answer>(
    OK,
    OK,
    answered(500, {}),
    answered(429, {}),
    NOT_FOUND,
    REFUSED,
    { kind: 'failure', message: 'cut', unsent: false, host: 'test' },
    { kind: 'failure', message: 'refused', unsent: true, host: 'test' },
  );

  it('the end is what the files say, one call at a time for each recording, ten in a second at most', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(trouble, fc.constantFrom(0, 20, 400)), { maxLength: 12 }),
        async (steps, answers) => {
          let healed = false;
          const b = daemonBench(async (_, n) => {
            const [answer, latency] = (healed ? undefined : answers[n - 1]) ?? [OK, 0];
            if (latency > 0) await b.clock.sleep(latency);
            return answer;
          });
          for (const { n, which, called, suspended, what, uid, color, pause } of steps) {
            const file = `${n}.yaml`;
            if (what === 'delete') b.source.files.delete(file);
            else if (what === 'break') b.source.files.set(file, 'name: [');
            else {
              const rest = suspended ? 'suspend: true\n' : '';
              const own = { uid: String(uid), color, name: called || `rec-${n}`, rest };
              b.source.files.set(file, fileOf(which || n, own));
            }
            b.daemon.hint([file]);
            await b.clock.advance(pause);
          }
          healed = true;
          // What was refused is not sent again as it is: everything is saved once more, as something new.
          for (const n of [1, 2, 3])
            b.source.files.set(`${n}.yaml`, fileOf(n, { uid: '77', color: '#777777' }));
          await b.look(10 * MINUTE);

          const desired = await desiredOf(Object.fromEntries(b.source.files));
          const { summary } = planOf(desired, b.state.known);
          expect(summary).toMatchObject({ to_create: 0, to_update: 0, to_forget: 0, unchanged: 3 });
          for (const n of [1, 2, 3])
            for (const endpoint of ['update', 'updateLayout'] as const)
              expect(last(b.sent, n, endpoint)).toBe(endpoint === 'update' ? '77' : '#777777');
          expect(b.mostInFlight()).toBeLessThanOrEqual(1);
          for (const [index, { at }] of b.sent.entries())
            expect((b.sent[index + 10]?.at ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThan(1000);
          expect(b.daemon.conditions()).toEqual({ Ready: 3, Reconciling: 0, Stalled: 0 });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('what takes effect late is not what stays in force', async () => {
    const late = fc.record({
      /** What comes of a call: an answer, or none while the service goes on with it for so long, in milliseconds. */
      delay: fc.constantFrom(0, 0, 500, 5_000, 20_000, 29_000),
      /** The next save, after so long. */
      pause: fc.constantFrom(0, 10, 1_000, 12_000, 70_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(late, { minLength: 1, maxLength: 12 }), async (steps) => {
        const force = new Map<string, string>();
        const b = daemonBench(async ({ sid, endpoint, mark }, n) => {
          const { delay } = steps[n - 1] ?? { delay: 0 };
          const take = () => force.set(`${sid} ${endpoint}`, mark);
          if (delay === 0) {
            take();
            return OK;
          }
          void b.clock.sleep(delay).then(take);
          return { kind: 'failure', message: 'cut', unsent: false, host: 'test' };
        });
        for (const [index, { pause }] of steps.entries()) {
          b.source.files.set('1.yaml', fileOf(1, { uid: String(index + 1), color: `#00000${index % 10}` }));
          b.daemon.hint(['1.yaml']);
          await b.clock.advance(pause);
          if (b.condition(1) !== 'Ready Applied') continue;
          // Ready says that it stays as it is.
          const now = new Map(force);
          await b.clock.advance(60_000);
          expect(new Map(force)).toEqual(now);
        }
        await b.look(10 * MINUTE);
        const at = steps.length - 1;
        expect(Object.fromEntries(force)).toEqual({
          'sid-1 update': String(at + 1),
          'sid-1 updateLayout': `#00000${at % 10}`,
        });
        expect(b.condition(1)).toBe('Ready Applied');
        expect(b.mostInFlight()).toBe(1);
      }),
      { numRuns: 100 },
    );
  });

  function last(sent: readonly Sent[], n: number, endpoint: Sent['endpoint']): string | undefined {
    return sent.filter((one) => one.sid === `sid-${n}` && one.endpoint === endpoint).at(-1)?.mark;
  }
});

describe('what waits to be sent', () => {
  /** Four recordings behind an account that is held back, so that their calls wait. */
  async function held(hadGap?: () => boolean) {
    const b = daemonBench((_, n) => (n === 1 ? answered(429, {}, 20_000) : OK), {}, hadGap);
    for (const n of [1, 2, 3, 4]) b.source.files.set(`${n}.yaml`, fileOf(n));
    await b.look(100);
    expect(b.sent).toHaveLength(1);
    return b;
  }
  const sids = (b: { sent: readonly Sent[] }) => new Set(b.sent.slice(1).map(({ sid }) => sid));

  it('is not sent when its file was deleted, also while another is broken', async () => {
    const b = await held();
    b.source.files.delete('1.yaml');
    await b.look(100);
    b.source.files.delete('2.yaml');
    b.source.files.set('3.yaml', 'name: [');
    await b.look(MINUTE);
    expect(sids(b)).toEqual(new Set(['sid-4']));
  });

  it('is not sent after the process stood still, before the files were looked at', async () => {
    let gap = false;
    const b = await held(() => {
      const was = gap;
      gap = false;
      return was;
    });
    // While it stands still, one file is deleted and one is changed; no event tells of it.
    b.source.files.delete('1.yaml');
    b.source.files.set('2.yaml', fileOf(2, { uid: '9', color: '#999999' }));
    gap = true;
    await b.clock.advance(MINUTE);
    expect(sids(b)).toEqual(new Set(['sid-2', 'sid-3', 'sid-4']));
    expect(b.sent.filter(({ sid }) => sid === 'sid-2').map(({ mark }) => mark)).toEqual(['9', '#999999']);
  });

  it('is not sent while the files cannot be looked at, and is when they can', async () => {
    const b = await held();
    b.source.failure = new Error('no disk');
    await b.look(MINUTE);
    expect(b.sent).toHaveLength(1);
    b.source.failure = undefined;
    await b.look(MINUTE);
    expect(sids(b).size).toBe(4);
    expect(b.daemon.conditions().Ready).toBe(4);
  });
});

describe('what stands in the way', () => {
  it('a look that fails is told, and over when the next succeeds', async () => {
    const b = daemonBench(() => OK);
    b.source.files.set('1.yaml', fileOf(1));
    b.source.failure = new Error('no disk');
    await b.look();
    expect(b.daemon.notReady()).toEqual(['the files cannot be read: no disk']);
    expect(b.sent).toEqual([]);
    b.source.failure = undefined;
    await b.look();
    expect(b.daemon.notReady()).toEqual([]);
    expect(b.sent).toHaveLength(2);
    expect(b.lines.at(-1)?.msg).toBe('applied');
    expect(b.lines.map(({ msg }) => msg)).toContain('recovered');
  });

  it('to start over is not forgotten by a look that fails', async () => {
    const b = daemonBench((_, n) => (n === 1 ? REFUSED : OK));
    b.source.files.set('1.yaml', fileOf(1));
    await b.look();
    expect(b.condition(1)).toBe('Stalled Refused');
    b.source.failure = new Error('no disk');
    b.daemon.resyncAll();
    await b.clock.advance(MINUTE);
    b.source.failure = undefined;
    await b.look();
    expect(b.condition(1)).toBe('Ready Applied');
  });

  it('it has begun when fresh files stand still, or after five seconds', async () => {
    const b = daemonBench(() => OK);
    b.source.files.set('1.yaml', fileOf(1));
    b.source.settling = ['recordings/1.yaml'];
    b.daemon.hint();
    const first = b.daemon.waitForInitialSync();
    await b.clock.advance(4_000);
    b.daemon.hint();
    await b.clock.advance(900);
    expect(b.daemon.notReady()).toEqual(['the files have not been read yet']);
    await b.clock.advance(200);
    b.daemon.hint();
    await first;
    await b.daemon.idle();
    expect(b.daemon.notReady()).toEqual([]);
  });

  it('an empty folder changes nothing, and what was owed is done when the files are back', async () => {
    const b = daemonBench(() => OK);
    b.source.files.set('1.yaml', fileOf(1));
    await b.look();
    b.source.files.clear();
    await b.look();
    expect(b.daemon.notReady()[0]).toMatch(/no recording files, but 1 recording is known/);
    expect(b.state.known.size).toBe(1);
    b.source.files.set('1.yaml', fileOf(1, { color: '#222222' }));
    await b.look();
    expect(b.sent.at(-1)?.mark).toBe('#222222');
    expect(b.daemon.notReady()).toEqual([]);
  });

  it('files of comments alone are an empty folder', async () => {
    const b = daemonBench(() => OK);
    b.source.files.set('1.yaml', fileOf(1));
    await b.look();
    b.source.files.set('1.yaml', fileOf(1).replaceAll(/^/gm, '# '));
    await b.look();
    expect(b.daemon.notReady()).toEqual([
      'nothing but comments in the files, but 1 recording is known: nothing is changed',
    ]);
    expect(b.state.known.size).toBe(1);
    expect(b.condition(1)).toBe('Ready Applied');
  });

  it('a broken file leaves its recording as it was, and no other is forgotten meanwhile', async () => {
    const b = daemonBench(() => OK);
    for (const n of [1, 2]) b.source.files.set(`${n}.yaml`, fileOf(n));
    await b.look();
    b.source.files.set('1.yaml', 'name: [');
    b.source.files.delete('2.yaml');
    await b.look();
    expect([b.condition(1), b.condition(2)]).toEqual(['Stalled Invalid', 'Stalled Invalid']);
    expect(b.state.known.size).toBe(2);
    b.source.files.set('1.yaml', fileOf(1));
    await b.look();
    expect(b.condition(1)).toBe('Ready Applied');
    expect(b.daemon.watched.has('rec-2')).toBe(false);
    expect(b.state.known.size).toBe(1);
    expect(b.sent).toHaveLength(4);
  });
});

describe('what the service shuts', () => {
  it('a stopped account is tried again after five minutes, with one call first', async () => {
    let good = false;
    const b = daemonBench(() => (good ? OK : WRONG_CREDENTIALS));
    for (const n of [1, 2, 3]) b.source.files.set(`${n}.yaml`, fileOf(n));
    const time = b.daemon.runTimers();
    await b.look(MINUTE);
    expect(b.sent).toHaveLength(1);
    expect(b.daemon.notReady()[0]).toMatch(/AGORA_CUSTOMER_ID/);
    await b.clock.advance(5 * MINUTE);
    expect(b.sent).toHaveLength(2);
    good = true;
    await b.clock.advance(6 * MINUTE);
    expect(b.daemon.notReady()).toEqual([]);
    expect(b.sent).toHaveLength(2 + 6);
    expect(b.daemon.conditions()).toMatchObject({ Ready: 3 });
    await b.daemon.stop();
    await b.clock.advance(MINUTE);
    await time;
  });

  it('an App ID without the service stalls its recordings, and no other', async () => {
    const other = 'ffffffffffffffffffffffffffffffff';
    const b = daemonBench(({ sid }) =>
      sid === 'sid-1' ? answered(400, { reason: 'appid is invalid' }) : OK,
    );
    b.source.files.set('1.yaml', fileOf(1));
    b.source.files.set('2.yaml', fileOf(2).replace('0f1e2d3c4b5a69788796a5b4c3d2e1f0', other));
    await b.look();
    expect([b.condition(1), b.condition(2)]).toEqual(['Stalled Refused', 'Ready Applied']);
    expect(b.sent.filter(({ sid }) => sid === 'sid-1')).toHaveLength(1);
  });

  it('what was refused is not sent again as it is; what is otherwise is, and so is all after a new start', async () => {
    let good = false;
    const b = daemonBench(({ endpoint }) => (good || endpoint === 'updateLayout' ? OK : REFUSED));
    b.source.files.set('1.yaml', fileOf(1));
    await b.look();
    const updates = () => b.sent.filter(({ endpoint }) => endpoint === 'update').length;
    expect([updates(), b.condition(1)]).toEqual([1, 'Stalled Refused']);
    for (const color of ['#222222', '#333333']) {
      b.source.files.set('1.yaml', fileOf(1, { color }));
      await b.look();
    }
    expect([updates(), b.condition(1)]).toEqual([1, 'Stalled Refused']);
    b.source.files.set('1.yaml', fileOf(1, { uid: '2' }));
    await b.look();
    expect(updates()).toBe(2);
    good = true;
    b.daemon.resyncAll();
    await b.clock.advance(MINUTE);
    expect([updates(), b.condition(1)]).toEqual([3, 'Ready Applied']);
  });

  it('an ended recording costs no more calls', async () => {
    const b = daemonBench(() => NOT_FOUND);
    b.source.files.set('1.yaml', fileOf(1));
    await b.look(5 * MINUTE);
    expect(b.condition(1)).toBe('Stalled Ended');
    const { length } = b.sent;
    await b.look(30 * MINUTE);
    expect(b.sent).toHaveLength(length);
  });
});

describe('credentials that a program prints', () => {
  const storage = 'storage: { vendor: s3, region: 0, bucket: b, credentials: { fromCommand: [print] } }\n';

  /** @param print what the program prints in its n-th run; undefined: it fails */
  function withProgram(
    print: (n: number, now: number) => object | undefined,
    answer: () => Answer = () => OK,
  ) {
    const vault = new Vault(new Uint8Array(32).fill(7));
    const runs: number[] = [];
    const { prepare, distrust } = makePrepare(
      async () => {
        runs.push(b.clock.monotonic());
        const printed = print(runs.length, b.clock.now());
        return printed ? { stdout: JSON.stringify({ Version: 1, ...printed }) } : { message: 'it failed' };
      },
      vault,
      { now: () => b.clock.now(), monotonic: () => b.clock.monotonic() },
      MINUTE,
    );
    const b = daemonBench(answer, { prepare, distrust, reveal: (secret) => vault.reveal(secret) });
    b.source.vault = vault;
    b.source.files.set('1.yaml', fileOf(1, { rest: storage }));
    return { ...b, runs, updates: () => b.sent.filter(({ endpoint }) => endpoint === 'update') };
  }

  it('are renewed in time for as long as the daemon lives', async () => {
    const b = withProgram((n, now) => ({
      ...{ AccessKeyId: `key-${n}`, SecretAccessKey: 'secret', SessionToken: `token-${n}` },
      Expiration: new Date(now + 30 * MINUTE).toISOString(),
    }));
    const time = b.daemon.runTimers();
    await b.look(4 * 60 * MINUTE);
    await b.daemon.stop();
    await b.clock.advance(MINUTE);
    await time;
    const at = b.updates().map((one) => one.at);
    const gaps = at.slice(1).map((each, index) => each - (at[index] as number));
    expect(gaps.length).toBeGreaterThan(240 / 30);
    for (const gap of gaps) {
      // Half of their life, less a quarter of that at most; and never again as soon as they are there.
      expect(gap).toBeLessThanOrEqual(15 * MINUTE + 15_000);
      expect(gap).toBeGreaterThan(7 * MINUTE);
    }
    expect(b.daemon.nextRenewal()).toBeGreaterThan(0);
  });

  it('a program that fails is run again after one minute, two, four; then all is well', async () => {
    const b = withProgram((n) =>
      n < 4 ? undefined : { AccessKeyId: 'key', SecretAccessKey: 'secret', SessionToken: 'token' },
    );
    const time = b.daemon.runTimers();
    await b.look(30_000);
    expect(b.condition(1)).toBe('Stalled CredentialsUnavailable');
    // Not even the layout: all of the recording is held back.
    expect(b.sent).toEqual([]);
    await b.clock.advance(10 * MINUTE);
    const gaps = b.runs.slice(1).map((each, index) => each - (b.runs[index] as number));
    for (const [index, minutes] of [1, 2, 4].entries()) {
      expect(gaps[index]).toBeGreaterThanOrEqual(minutes * MINUTE);
      expect(gaps[index]).toBeLessThanOrEqual(minutes * MINUTE + 15_000);
    }
    expect(b.condition(1)).toBe('Ready Applied');
    expect(b.updates()).toHaveLength(1);
    await b.daemon.stop();
    await b.clock.advance(MINUTE);
    await time;
  });

  it('a renewal that fails keeps no edit of the layout from being sent', async () => {
    let works = true;
    const b = withProgram((_, now) =>
      works
        ? {
            ...{ AccessKeyId: 'key', SecretAccessKey: 'secret', SessionToken: 'token' },
            Expiration: new Date(now + 30 * MINUTE).toISOString(),
          }
        : undefined,
    );
    const time = b.daemon.runTimers();
    await b.look(MINUTE);
    works = false;
    await b.clock.advance(20 * MINUTE);
    expect(b.condition(1)).toBe('Stalled CredentialsUnavailable');
    b.source.files.set('1.yaml', fileOf(1, { rest: storage, color: '#222222' }));
    await b.look(MINUTE);
    expect(b.sent.at(-1)?.mark).toBe('#222222');
    await b.daemon.stop();
    await b.clock.advance(MINUTE);
    await time;
  });

  it('those that expire within moments do not keep the service busy', async () => {
    const b = withProgram((n, now) => ({
      ...{ AccessKeyId: `key-${n}`, SecretAccessKey: 'secret', SessionToken: 'token' },
      Expiration: new Date(now + 2_000).toISOString(),
    }));
    const time = b.daemon.runTimers();
    await b.look(10 * MINUTE);
    expect(b.updates().length).toBeLessThanOrEqual(15);
    await b.daemon.stop();
    await b.clock.advance(MINUTE);
    await time;
  });

  it('those that the service refuses are left alone for a while, not for ever', async () => {
    let good = false;
    const b = withProgram(
      () => ({ AccessKeyId: 'key', SecretAccessKey: 'secret' }),
      () => (good ? OK : REFUSED),
    );
    const time = b.daemon.runTimers();
    await b.look(4 * MINUTE);
    expect(b.updates()).toHaveLength(1);
    good = true;
    await b.clock.advance(2 * MINUTE);
    expect(b.updates()).toHaveLength(2);
    await b.daemon.stop();
    await b.clock.advance(MINUTE);
    await time;
  });
});

describe('what a name stood for before', () => {
  it.each([
    [
      'waits for its file',
      (text: string) =>
        text.replace(/recording:\n( {2}.*\n)+/, 'recording: { fromFile: ../run/gone.json }\n'),
    ],
    [
      'is another recording, and suspended',
      (text: string) => `${text.replaceAll('sid-1', 'sid-9')}suspend: true\n`,
    ],
  ])('is called no more where the recording %s', async (_, change) => {
    const b = daemonBench(() => answered(503));
    b.source.files.set('1.yaml', fileOf(1));
    await b.look(500);
    const { length } = b.sent;
    expect(length).toBeGreaterThan(0);
    b.source.files.set('1.yaml', change(fileOf(1)));
    await b.look(5 * MINUTE);
    expect(b.sent).toHaveLength(length);
  });

  it.each([
    ['deleted', undefined, 'rec-1'],
    ['about another recording', fileOf(9, { name: 'rec-1' }), 'rec-1'],
    ['about another recording of another name', fileOf(9), 'rec-1'],
  ])('is forgotten, and called no more, where its file is %s', async (_, text, name) => {
    let release = () => {};
    const b = daemonBench(({ sid }) =>
      sid === 'sid-1' ? new Promise((resolve) => (release = () => resolve(answered(503)))) : OK,
    );
    for (const n of [1, 2]) b.source.files.set(`${n}.yaml`, fileOf(n));
    await b.look(500);
    if (text === undefined) b.source.files.delete('1.yaml');
    else b.source.files.set('1.yaml', text);
    await b.look(500);
    release();
    await b.clock.advance(5 * MINUTE);
    expect(b.sent.filter(({ sid }) => sid === 'sid-1')).toHaveLength(1);
    expect(b.entries.filter(({ event }) => event === 'forget')).toHaveLength(1);
    expect([...b.state.known.values()].map(({ identity }) => identity.sid).sort()).toEqual(
      text === undefined ? ['sid-2'] : ['sid-2', 'sid-9'],
    );
    expect(b.daemon.watched.has(name)).toBe(text?.includes(name) ?? false);
  });

  it('goes on where another name has taken it', async () => {
    let works = false;
    const b = daemonBench(() => (works ? OK : answered(503)));
    b.source.files.set('1.yaml', fileOf(1));
    await b.look(500);
    b.source.files.set('0.yaml', fileOf(1, { name: 'a-new-name', color: '#222222' }));
    b.source.files.set('1.yaml', fileOf(2));
    await b.look(MINUTE);
    works = true;
    await b.clock.advance(MINUTE);
    expect(b.sent.filter(({ sid }) => sid === 'sid-1').at(-1)?.mark).toBe('#222222');
    expect(b.daemon.conditions()).toMatchObject({ Ready: 2 });
  });
});

it('tells each problem of the files once, for as long as it stands', async () => {
  const b = daemonBench(() => OK);
  b.source.files.set('1.yaml', 'name: [');
  b.source.files.set('2.yaml', fileOf(2));
  await b.look();
  await b.look();
  const told = () => b.lines.filter((line) => line.level === 'error' && 'line' in line).length;
  const once = told();
  expect(once).toBeGreaterThan(0);
  b.source.files.set('1.yaml', fileOf(1));
  await b.look();
  b.source.files.set('1.yaml', 'name: [');
  await b.look();
  expect(told()).toBe(2 * once);
  expect(b.lines.filter(({ msg }) => msg === 'it has no error any more')).toHaveLength(1);
});
