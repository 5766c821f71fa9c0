import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ConditionType, setCondition, type Watched } from '../../src/daemon/conditions.ts';
import { makeLog } from '../../src/daemon/log.ts';
import { type Notice, Notices } from '../../src/daemon/notices.ts';
import { Notifier } from '../../src/daemon/notifier.ts';
import type { Io } from '../../src/model/ports.ts';
import { styleFor } from '../../src/render/style.ts';
import { FakeClock } from '../support/clock.ts';

function bench() {
  const clock = new FakeClock();
  const sent: Notice[] = [];
  const all = new Map<string, Watched>();
  const notices = new Notices({
    watched: (name) => all.get(name),
    commit: () => ({ sha: 'abc', author: 'Ada', subject: 'x' }),
    clock,
    stop: new AbortController().signal,
    send: (notice) => sent.push(notice),
  });
  const watched: Watched = {
    name: 'keynote',
    file: 'recordings/keynote.yaml',
    condition: { type: 'Reconciling', reason: 'New', message: '', since: clock.now() },
    tell: (each, before) => notices.changed(each, before),
  };
  all.set('keynote', watched);
  return {
    ...{ clock, sent, all, notices, watched },
    is: async (type: ConditionType, reason = 'Applied', ms = 10_000) => {
      setCondition(watched, type, reason, `because ${reason}`, clock.now());
      await clock.advance(ms);
    },
    events: () => sent.map(({ event, reason }) => `${event} ${reason}`),
  };
}

describe('what is told', () => {
  it('is that a recording is Stalled, and that it is Ready again; each once', async () => {
    const b = bench();
    await b.is('Ready');
    expect(b.events()).toEqual([]);
    await b.is('Stalled', 'Refused');
    const since = new Date(b.watched.condition.since).toISOString();
    expect(b.sent).toEqual([
      {
        format_version: '1.0',
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        event: 'stalled',
        recording: 'keynote',
        file: 'recordings/keynote.yaml',
        condition: 'Stalled',
        reason: 'Refused',
        message: 'because Refused',
        since,
        commit: 'abc',
        text: 'keynote is Stalled (Refused): because Refused',
      },
    ]);
    await b.clock.advance(3_600_000);
    await b.is('Reconciling', 'Applying');
    await b.is('Stalled', 'Refused');
    expect(b.events()).toEqual(['stalled Refused']);
    await b.is('Stalled', 'Ended');
    await b.is('Reconciling', 'Applying', 100);
    await b.is('Ready');
    await b.is('Ready', 'Suspended');
    expect(b.events()).toEqual(['stalled Refused', 'stalled Ended', 'ready Applied']);
    expect(new Set(b.sent.map(({ id }) => id)).size).toBe(3);
  });

  it('is nothing that has not held for ten seconds', async () => {
    const b = bench();
    await b.is('Ready');
    for (let i = 0; i < 20; i++) {
      await b.is('Stalled', 'Refused', 9_000);
      await b.is('Ready', 'Applied', 9_000);
    }
    await b.clock.advance(60_000);
    expect(b.events()).toEqual([]);
    await b.is('Stalled', 'Refused', 10_000);
    await b.is('Ready', 'Applied', 5_000);
    await b.is('Stalled', 'Refused', 60_000);
    expect(b.events()).toEqual(['stalled Refused']);
  });

  it('is nothing of a recording whose file is gone', async () => {
    const b = bench();
    await b.is('Stalled', 'Refused', 1_000);
    b.all.delete('keynote');
    await b.clock.advance(60_000);
    expect(b.events()).toEqual([]);
  });

  it('is a drift at once, and the same drift once', async () => {
    const b = bench();
    b.watched.drift = { since: b.clock.now(), blocks: ['onhold'] };
    b.notices.observed(b.watched, ['onhold']);
    b.notices.observed(b.watched, ['onhold']);
    expect(b.sent.map(({ text }) => text)).toEqual([
      'keynote has drifted (onhold): changed outside reelstate',
    ]);
    const again = async (ms: number) => {
      delete b.watched.drift;
      b.notices.observed(b.watched, []);
      await b.clock.advance(ms);
      b.watched.drift = { since: b.clock.now(), blocks: ['onhold', 'rtmp'] };
      b.notices.observed(b.watched, ['onhold', 'rtmp']);
    };
    await again(9_000);
    expect(b.sent).toHaveLength(1);
    await again(10_000);
    expect(b.events()).toEqual(['drift onhold', 'drift onhold and rtmp']);
  });
});

describe('handing over', () => {
  function notifier(script: (n: number, body: string) => number | undefined, secret?: string) {
    const clock = new FakeClock();
    const lines: { level: string; msg: string; notify?: string }[] = [];
    const io = { clock, err: async (text: string) => void lines.push(JSON.parse(text)) };
    const posts: { at: number; headers: Readonly<Record<string, string>>; body: string }[] = [];
    const made = new Notifier({
      url: new URL('https://chat.example.com/hooks/a-secret-path?token=a-secret-token'),
      secret,
      post: async (_url, headers, body) => {
        posts.push({ at: clock.monotonic(), headers, body });
        return script(posts.length, body);
      },
      clock,
      random: () => 0.5,
      log: makeLog(io as unknown as Io, 'debug', 'json', styleFor(false)),
      stop: new AbortController().signal,
    });
    const send = (recording: string) => made.send({ recording } as Notice);
    return { clock, posts, lines, send, said: () => posts.map(({ body }) => JSON.parse(body).recording) };
  }

  it('signs what it posts', async () => {
    const n = notifier(() => 204, 'a-secret');
    n.send('a');
    await n.clock.advance(1);
    const [{ headers, body }] = n.posts as [(typeof n.posts)[0]];
    expect(headers['x-reelstate-signature']).toBe(
      `sha256=${createHmac('sha256', 'a-secret').update(body).digest('hex')}`,
    );
    const bare = notifier(() => 204);
    bare.send('a');
    await bare.clock.advance(1);
    expect(bare.posts[0]?.headers).not.toHaveProperty('x-reelstate-signature');
  });

  it('repeats what is not taken, in its order, each time after twice as long', async () => {
    const n = notifier((times) => [undefined, 503, 429, 200, 200][times - 1]);
    n.send('a');
    n.send('b');
    await n.clock.advance(60_000);
    expect(n.said()).toEqual(['a', 'a', 'a', 'a', 'b']);
    const begun = n.posts[0]?.at ?? 0;
    expect(n.posts.map(({ at }) => at - begun)).toEqual([0, 1_000, 3_000, 7_000, 7_000]);
    const told = n.lines.filter(({ level }) => level !== 'debug').map(({ msg }) => msg);
    expect(told).toEqual([
      'a notification is not taken yet: there was no answer',
      'notifications are taken again',
    ]);
    expect(JSON.stringify(n.lines)).not.toContain('a-secret');
  });

  it('drops what is refused, and what has waited for hours', async () => {
    const refused = notifier((times) => (times === 1 ? 404 : 200));
    refused.send('a');
    refused.send('b');
    await refused.clock.advance(1_000);
    expect(refused.said()).toEqual(['a', 'b']);
    expect(refused.lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      'error a notification is refused and dropped: the answer was 404',
    ]);
    const away = notifier(() => 500);
    away.send('a');
    await away.clock.advance(7 * 3_600_000);
    expect(away.lines.at(-1)?.msg).toBe('a notification is given up: the answer was 500');
    expect(away.posts.length).toBeLessThan(100);
  });

  it('keeps the newest when too many wait', async () => {
    let status = 500;
    const n = notifier(() => status);
    for (let i = 0; i < 1_100; i++) n.send(`r${i}`);
    status = 200;
    await n.clock.advance(60_000);
    const said = new Set(n.said());
    expect([said.size, said.has('r0'), said.has('r50'), said.has('r1099')]).toEqual([
      1_000,
      true,
      false,
      true,
    ]);
  });
});
