import { get } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LastLook } from '../../src/daemon/last-look.ts';
import { News } from '../../src/daemon/news.ts';
import { PageViews } from '../../src/daemon/page-views.ts';
import { serve } from '../../src/daemon/server.ts';
import type { PastCall } from '../../src/model/journal.ts';
import { daemonBench, fileOf, identityOf } from '../support/daemon.ts';
import { answered, OK, type Sent } from '../support/engine.ts';

/*
 * The pages of a daemon in this process: files in memory, a scripted service, and real requests.
 */

const WEB = `name: web
${identityOf('w', 'web')}onhold: true
rtmp: { outputs: [{ rtmpUrl: "rtmp://cdn.example.com/live/a-stream-key" }] }
`;
const REFUSED = answered(400, { code: 2, reason: 'no such UID' });

async function serving(
  files: Record<string, string>,
  script: (sent: Sent) => typeof OK = () => OK,
  past: PastCall[] = [],
) {
  const b = daemonBench(script, { reveal: ({ shown }) => shown });
  for (const [file, text] of Object.entries(files)) b.source.files.set(file, text);
  const look = new LastLook(b.clock);
  const news = new News(b.clock);
  const asked: (string | undefined)[] = [];
  const views = new PageViews({
    ...{
      daemon: b.daemon,
      fleet: b.fleet,
      state: b.state,
      look,
      clock: b.clock,
      news,
      source: 'folder recordings',
    },
    history: async (name) => {
      asked.push(name);
      return past.filter((call) => name === undefined || call.name === name).reverse();
    },
  });
  const server = await serve(
    '127.0.0.1',
    0,
    {
      notReady: () => b.daemon.notReady(),
      notHealthy: () => [],
      metrics: async () => ({ type: 'text/plain', text: '' }),
      recordings: () => ({}),
      standby: () => undefined,
      known: async () => ({}),
      pages: views,
      news,
      monotonic: () => b.clock.monotonic(),
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    { hosts: [] },
  );
  onTestFinished(() => server.close());
  let taken = 0;
  return {
    ...{ b, views, news, asked, url: server.url },
    async look(ms = 1_000) {
      await b.look(ms);
      await look.of(b.source).refresh();
      for (const event of b.events.slice(taken)) views.take(event);
      taken = b.events.length;
      views.looked();
      await b.clock.advance(250);
    },
    page: async (path: string) => (await fetch(`${server.url}${path}`)).text(),
  };
}

/** The text of a table's rows, below a heading. */
function rows(page: string, id: string): string[] {
  const section = page.slice(page.indexOf(`<section id="${id}"`)).split('</section>')[0] ?? '';
  return (section.match(/<tr role="row" data-key[\s\S]*?<\/tr>/g) ?? []).map((row) =>
    row
      .replaceAll(/<svg[\s\S]*?<\/svg>/g, '')
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  );
}

describe('the status page', () => {
  it('has what needs attention first, with its place, then every recording with what is known of it', async () => {
    const s = await serving(
      { '1.yaml': fileOf(1), '2.yaml': fileOf(2), 'w.yaml': WEB, 'bad.yaml': 'name: [\n' },
      ({ sid }) => (sid === 'sid-2' ? REFUSED : OK),
    );
    await s.look();
    const page = await s.page('/');
    expect(rows(page, 'attention')).toEqual([
      'rec-2 Stalled Refused the service refuses the call (400): no such UID, code 2 1 s ago recordings/2.yaml:1',
      expect.stringMatching(/^no recording yet File yaml-\S+ .* recordings\/bad\.yaml:1$/),
    ]);
    expect(rows(page, 'recordings')).toEqual([
      'rec-1 Ready since 1 s ago mix subscriptions: assumed layout: assumed 1 s ago',
      'rec-2 Stalled since 1 s ago Refused: the service refuses the call (400): no such UID, code 2 mix never',
      'web Ready since 1 s ago web onhold: assumed rtmp: assumed 1 s ago',
    ]);
    expect(page).toContain('<title>1 Stalled · reelstate</title>');
    expect(rows(page, 'calls')).toHaveLength(5);
    expect(page + (await s.page('/recording?name=web')) + (await s.page('/calls'))).not.toContain(
      'a-stream-key',
    );
  });

  it('draws a layout on the canvas that its file names, upright where that is', async () => {
    const tall = 'canvas: { width: 720, height: 1280 }\n';
    const s = await serving({ '1.yaml': fileOf(1), '2.yaml': `${fileOf(2)}${tall}` });
    await s.look();
    const page = await s.page('/');
    expect(
      [...page.matchAll(/<svg class="small" [^>]*viewBox="0 0 (\d+ \d+)"/g)].map(([, size]) => size),
    ).toEqual(['128 72', '41 72']);
    expect(await s.page('/recording?name=rec-1')).toContain('canvas 1280 \u00d7 720');
    expect(await s.page('/recording?name=rec-2')).toContain('canvas 720 \u00d7 1280');
  });

  it('tells observed from assumed, and drift', async () => {
    const s = await serving({ 'w.yaml': WEB });
    await s.look();
    const watched = s.b.daemon.watched.get('web');
    if (!watched) throw new Error('not watched');
    watched.observed = { at: s.b.clock.now(), blocks: ['onhold'] };
    watched.drift = { since: s.b.clock.now(), blocks: ['onhold'] };
    s.news.changed();
    await s.b.clock.advance(1_000);
    const page = await s.page('/');
    expect(rows(page, 'attention')).toEqual([
      'web Drift onhold changed outside reelstate 1 s ago recordings/w.yaml:1',
    ]);
    expect(rows(page, 'recordings')[0]).toContain('onhold: observed rtmp: assumed');
    // What is applied after the observation is assumed again, and puts back what drifted.
    s.b.source.files.set('w.yaml', WEB.replace('onhold: true', 'onhold: false'));
    await s.look();
    const after = await s.page('/');
    expect(rows(after, 'attention')).toEqual([]);
    expect(rows(after, 'recordings')[0]).toContain('onhold: assumed rtmp: assumed');
  });

  it('is made once for many tabs, and anew when something has changed', async () => {
    const s = await serving({ '1.yaml': fileOf(1) });
    await s.look();
    const [one, two] = [await s.page('/'), await s.page('/')];
    expect(two).toBe(one);
    await s.b.clock.advance(3_000);
    expect(await s.page('/')).toBe(one);
    await s.b.clock.advance(3_000);
    expect(await s.page('/')).not.toBe(one);
    s.b.source.files.set('1.yaml', fileOf(1, { color: '#ABCDEF' }));
    await s.look();
    expect(await s.page('/')).toContain('#ABCDEF');
  });
});

describe('the page of a recording', () => {
  it('has the rows of its plan, both pictures, what is applied, and its calls', async () => {
    let answer = OK;
    const past = (n: number, name: string): PastCall => ({
      ...{ seq: n, at: new Date(1_700_000_000_000 + n).toISOString(), name, file: 'x', sid: 'sid-1' },
      ...{ endpoint: 'update', reason: 'changed' },
      answer: { at: new Date(1_700_000_000_900 + n).toISOString(), outcome: 'applied' },
    });
    const before = Array.from({ length: 30 }, (_, n) => past(n, n % 2 ? 'rec-1' : 'other'));
    const s = await serving({ '1.yaml': fileOf(1) }, () => answer, before);
    await s.look();
    answer = REFUSED;
    s.b.source.files.set('1.yaml', fileOf(1, { color: '#00FF00' }));
    await s.look();
    const page = await s.page('/recording?name=rec-1');
    expect(page).toContain('<h1>rec-1</h1>');
    expect(page).toContain('&quot;#101010&quot; → &quot;#00FF00&quot;');
    expect(page).toContain('Change of the layout of rec-1</title>');
    expect(page).toContain('aria-label="Last applied by updateLayout"');
    expect(page).toContain('sid <code>sid-1</code>');
    const calls = rows(page, 'calls');
    expect(calls).toHaveLength(18);
    expect(calls[0]).toMatch(
      /^\d+ s ago updateLayout refused 400 the service refuses the call \(400\): no such UID, code 2 1 \d+ ms$/,
    );
    expect(calls.at(-1)).toMatch(/update applied 1 900 ms$/);
    // What was before the start stays as it is: it is asked for once.
    await s.page('/recording?name=rec-1&x');
    expect(s.asked).toEqual(['rec-1']);
  });

  it('is none where there is no such recording', async () => {
    const s = await serving({ '1.yaml': fileOf(1) });
    await s.look();
    for (const path of [
      '/recording',
      '/recording?name=',
      '/recording?name=nowhere',
      '/recording?name=__proto__',
    ]) {
      const answer = await fetch(`${s.url}${path}`);
      expect([answer.status, await answer.text()]).toEqual([
        404,
        expect.stringContaining('No such recording'),
      ]);
    }
  });
});

it('pages and what they load forbid everything that is not from here', async () => {
  const s = await serving({ '1.yaml': fileOf(1) });
  await s.look();
  for (const path of ['/', '/calls', '/recording?name=rec-1', '/recording?name=x']) {
    const { headers } = await fetch(`${s.url}${path}`);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    const page = await s.page(path);
    for (const [, where] of page.matchAll(/ (?:src|href|action)="([^"]*)"/g))
      expect(where).toMatch(/^(\/(?!\/)|#|data:,$)/);
    expect(page).not.toMatch(/<script(?! src="\/page\/live\.js" defer><\/script>)| style=|<style| on\w+=/);
  }
  for (const [path, type] of [
    ['/page/look.css', 'text/css'],
    ['/page/live.js', 'text/javascript'],
    ['/page/worker.js', 'text/javascript'],
  ] as const)
    expect((await fetch(`${s.url}${path}`)).headers.get('content-type')).toBe(`${type}; charset=utf-8`);
  for (const path of ['/', '/api/events', '/page/live.js'])
    expect((await fetch(`${s.url}${path}`, { method: 'POST' })).status).toBe(405);
  expect((await fetch(`${s.url}/page/document.ts`)).status).toBe(404);
});

it("another site's page may lead here, and load nothing", async () => {
  const s = await serving({ '1.yaml': fileOf(1) });
  const asked = async (path: string, headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve) => {
      get(`${s.url}${path}`, { headers, agent: false }, (response) => {
        resolve(response.statusCode);
        response.destroy();
      });
    });
  for (const path of ['/', '/api/events', '/api/known', '/page/live.js']) {
    expect(await asked(path, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBe(403);
    expect(await asked(path, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' })).toBe(403);
    expect(await asked(path, { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).toBe(200);
  }
  expect(await asked('/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe(200);
});

describe('/api/events', () => {
  function follow(url: string) {
    const heard: string[] = [];
    const request = get(`${url}/api/events`, { agent: false }, (response) => {
      response
        .setEncoding('utf8')
        .on('data', (text: string) => heard.push(...text.split('\n\n').filter(Boolean)));
    });
    request.on('error', () => {});
    onTestFinished(() => void request.destroy());
    return {
      heard,
      request,
      type: () =>
        new Promise((resolve) => request.once('response', (r) => resolve(r.headers['content-type']))),
    };
  }
  const until = async (look: () => boolean) => {
    while (!look()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('tells of changes, never what, and that the daemon is alive', async () => {
    const s = await serving({ '1.yaml': fileOf(1) });
    await s.look();
    const { heard, type } = follow(s.url);
    expect(await type()).toBe('text/event-stream');
    await until(() => heard.length === 1);
    expect(heard[0]).toMatch(
      /^event: change\ndata: \{"version":\d+,"ready":true,"recordings":\{"Ready":1,"Reconciling":0,"Stalled":0\},"looked_at":"20/,
    );
    await s.b.clock.advance(10_000);
    await until(() => heard.length === 2);
    expect(heard[1]).toMatch(/^event: alive\n/);
    s.b.source.files.set('1.yaml', fileOf(1, { color: '#ABCDEF' }));
    await s.look();
    await until(() => heard.length > 2);
    expect(heard[2]).toMatch(/^event: change\n/);
    expect(heard.join()).not.toContain('rec-1');
  });

  it('forgets clients that have left, and takes only so many', { timeout: 60_000 }, async () => {
    const s = await serving({ '1.yaml': fileOf(1) });
    await s.look();
    const clients = Array.from({ length: 128 }, () => follow(s.url));
    await until(() => clients.every(({ heard }) => heard.length > 0) && s.news.listeners === 128);
    expect((await fetch(`${s.url}/api/events`)).status).toBe(503);
    expect((await fetch(`${s.url}/healthz`)).status).toBe(200);
    for (const { request } of clients) request.destroy();
    await until(() => s.news.listeners === 0);
  });
});
