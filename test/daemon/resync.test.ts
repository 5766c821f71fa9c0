import { describe, expect, it } from 'vitest';
import { Resync, type ResyncOptions } from '../../src/daemon/resync.ts';
import type { Answer } from '../../src/model/answer.ts';
import type { Identity } from '../../src/model/recording.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import { daemonBench, fileOf, identityOf } from '../support/daemon.ts';
import { answered, NOT_FOUND, OK } from '../support/engine.ts';

const MINUTE = 60_000;

/** A web page recording that is not paused. */
function webFile(n: number): string {
  return `name: rec-${n}
${identityOf(n, 'web')}onhold: false
`;
}

/** What `query` answers of the first recording, of a web page (Agora Cloud Recording REST, query). */
function shown({ status = 5, onhold = false } = {}): Answer {
  return answered(200, {
    sid: 'sid-1',
    serverResponse: {
      status,
      extensionServiceState: [{ serviceName: 'web_recorder_service', payload: { onhold } }],
    },
  });
}

/** Recordings that are as their files say, and somebody who looks after them. */
async function resync(
  files: string[],
  query: (identity: Identity, n: number) => Answer | Promise<Answer>,
  options: Partial<ResyncOptions> = {},
) {
  let refuses = false;
  const b = daemonBench(() => (refuses ? answered(400, { code: 2, reason: 'no' }) : OK));
  for (const [index, text] of files.entries()) b.source.files.set(`${index + 1}.yaml`, text);
  await b.look();
  const applied = b.sent.length;
  const asked: { at: number; sid: string }[] = [];
  const drift: string[] = [];
  const healing = new Resync(
    {
      daemon: b.daemon,
      fleet: b.fleet,
      journal: b.journal,
      state: b.state,
      query: async (identity, way) => {
        if (!(await way.open()) || !way.mayLeave()) return undefined;
        way.departed();
        asked.push({ at: b.clock.monotonic(), sid: identity.sid });
        return query(identity, asked.length);
      },
      fingerprint: (value) => value,
      clock: b.clock,
      log: b.log,
      onDrift: (block) => drift.push(block),
    },
    { every: 10 * MINUTE, heal: true, force: false, ...options },
  );
  const stop = new AbortController();
  const run = healing.run(stop.signal);
  return {
    ...b,
    healing,
    asked,
    drift,
    /** What was sent since all of them were as their files say. */
    since: () => b.sent.slice(applied),
    /** From now on the service refuses every call. */
    refuse() {
      refuses = true;
    },
    async end() {
      stop.abort();
      await run;
    },
  };
}

describe('resync', () => {
  it('looks at each recording once in the interval, spread over it', async () => {
    const files = Array.from({ length: 5 }, (_, n) => fileOf(n + 1));
    const r = await resync(files, () => shown());
    await r.clock.advance(20 * MINUTE + 1);
    await r.end();
    expect(r.asked).toHaveLength(10);
    for (const [index, { at, sid }] of r.asked.entries()) {
      expect(sid).toBe(`sid-${(index % 5) + 1}`);
      if (index > 0) expect(at - (r.asked[index - 1]?.at as number)).toBe(2 * MINUTE);
    }
    expect(r.since()).toEqual([]);
  });

  it('ways half of the allowance free, however many there are', async () => {
    const files = Array.from({ length: 50 }, (_, n) => fileOf(n + 1));
    const r = await resync(files, () => shown(), { every: 1_000 });
    await r.clock.advance(10_000);
    await r.end();
    expect(r.asked.length).toBeGreaterThan(45);
    expect(r.asked.length).toBeLessThanOrEqual(50);
  });

  it('never looks where it is turned off', async () => {
    const r = await resync([fileOf(1)], () => shown(), { every: 0 });
    await r.clock.advance(60 * MINUTE);
    await r.end();
    expect(r.asked).toEqual([]);
  });

  it('puts back what has drifted', async () => {
    let onhold = true;
    const r = await resync([webFile(1)], () => shown({ onhold }));
    await r.clock.advance(10 * MINUTE + 1);
    expect(r.drift).toEqual(['onhold']);
    await r.clock.advance(MINUTE);
    expect(r.since().map(({ endpoint }) => endpoint)).toEqual(['update']);
    onhold = false;
    await r.clock.advance(30 * MINUTE);
    await r.end();
    expect(r.since()).toHaveLength(1);
    expect(r.condition(1)).toBe('Ready Applied');
  });

  it('only tells of it where that is asked for', async () => {
    const r = await resync([webFile(1)], () => shown({ onhold: true }), { heal: false });
    await r.clock.advance(10 * MINUTE + 1);
    await r.end();
    expect(r.drift).toEqual(['onhold']);
    expect(r.since()).toEqual([]);
    expect(r.warned().at(-1)).toMatch(/left alone \(--no-self-heal\)/);
  });

  it('does not take an answer for drift that is older than what was applied meanwhile', async () => {
    let answer = (_: Answer) => {};
    const r = await resync([webFile(1)], (_, n) =>
      n === 1 ? new Promise((resolve) => (answer = resolve)) : shown({ onhold: true }),
    );
    await r.clock.advance(10 * MINUTE + 1);
    expect(r.asked).toHaveLength(1);
    r.source.files.set('1.yaml', webFile(1).replace('onhold: false', 'onhold: true'));
    await r.look(1_000);
    answer(shown({ onhold: false }));
    await r.clock.advance(5 * MINUTE);
    await r.end();
    expect(r.drift).toEqual([]);
    expect(r.since()).toHaveLength(1);
  });

  it('sends everything once more to a recording that was not found, should it answer again', async () => {
    const r = await resync([fileOf(1)], (_, n) => (n === 1 ? NOT_FOUND : shown()));
    await r.clock.advance(10 * MINUTE + 1);
    await r.clock.advance(MINUTE);
    await r.end();
    expect(r.since().map(({ endpoint }) => endpoint)).toEqual(['update', 'updateLayout']);
    expect(r.condition(1)).toBe('Ready Applied');
  });

  it('ways a recording alone that has ended', async () => {
    const r = await resync([webFile(1)], () => shown({ status: 8, onhold: true }));
    await r.clock.advance(60 * MINUTE);
    await r.end();
    expect(r.asked).toHaveLength(1);
    expect(r.condition(1)).toBe('Stalled Ended');
    expect(r.since()).toEqual([]);
  });

  it('sends the whole state again and again only where that is asked for', async () => {
    const r = await resync([fileOf(1)], () => shown(), { force: true });
    await r.clock.advance(21 * MINUTE);
    await r.end();
    expect(r.since().map(({ endpoint }) => endpoint)).toEqual([
      'update',
      'updateLayout',
      'update',
      'updateLayout',
    ]);
  });

  it('asks nothing of a recording of which nothing was applied', async () => {
    const r = await resync([fileOf(1)], () => shown());
    r.state.known.delete(recordingKey(r.daemon.watched.get('rec-1')?.plan?.identity as Identity));
    await r.clock.advance(20 * MINUTE);
    await r.end();
    expect(r.asked).toEqual([]);
  });

  it('an answer about another recording says nothing of this one', async () => {
    const other = shown({ status: 8, onhold: true }) as Extract<Answer, { kind: 'answer' }>;
    const r = await resync([webFile(1)], () => ({
      ...other,
      body: { ...(other.body as object), sid: 'another' },
    }));
    await r.clock.advance(30 * MINUTE + 1);
    await r.end();
    expect([r.drift, r.since(), r.condition(1)]).toEqual([[], [], 'Ready Applied']);
  });

  it('what was asked of a recording that its name no longer stands for is dropped', async () => {
    let answer = (_: Answer) => {};
    const r = await resync([fileOf(1)], () => new Promise((resolve) => (answer = resolve)), { force: true });
    await r.clock.advance(10 * MINUTE + 1);
    r.source.files.set('1.yaml', fileOf(2, { name: 'rec-1' }));
    r.source.files.set('3.yaml', fileOf(3));
    await r.look(1_000);
    const { length } = r.sent;
    answer(shown());
    await r.clock.advance(MINUTE);
    await r.end();
    expect(r.sent).toHaveLength(length);
    expect(r.mostInFlight()).toBe(1);
  });

  it('claims no drift from what was refused', async () => {
    const r = await resync([webFile(1)], () => shown({ onhold: false }));
    const known = r.state.known.get(recordingKey(r.daemon.watched.get('rec-1')?.plan?.identity as Identity));
    expect(known?.update.applied).toBeDefined();
    r.refuse();
    r.source.files.set('1.yaml', webFile(1).replace('onhold: false', 'onhold: true'));
    await r.look(1_000);
    expect(r.condition(1)).toBe('Stalled Refused');
    await r.clock.advance(30 * MINUTE);
    await r.end();
    expect([r.drift, r.since().length]).toEqual([[], 1]);
  });

  it('says how long what was asked still counts', async () => {
    const r = await resync([fileOf(1)], () => shown());
    expect(r.healing.cooling).toBe(0);
    await r.clock.advance(10 * MINUTE);
    expect(r.healing.cooling).toBe(1_150);
    await r.clock.advance(1_000);
    expect(r.healing.cooling).toBe(150);
    await r.end();
  });

  it('an answer that is none changes nothing', async () => {
    const r = await resync([webFile(1)], () => answered(200, '<html>'));
    await r.clock.advance(30 * MINUTE + 1);
    await r.end();
    expect(r.asked).toHaveLength(3);
    expect([r.drift, r.since(), r.condition(1)]).toEqual([[], [], 'Ready Applied']);
  });
});
